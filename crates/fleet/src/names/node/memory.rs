//! Memory: meminfo, vmstat.

use psoxide::System;
use psoxide_parse::linux::{meminfo as lines, vmstat as counters};

use crate::metric::Families;
use crate::sources::Outcome;
use crate::text::utf8;

pub(super) fn meminfo(system: &System, out: &mut Families) -> Outcome {
    let file = system.kernel_file("/proc/meminfo")?;
    for (key, value, is_size) in lines::each(&file)? {
        // `Active(anon)` becomes `Active_anon`.
        let key = utf8(key).replace('(', "_").replace(')', "");
        let unit = if is_size { "_bytes" } else { "" };
        out.gauge(format!("node_memory_{key}{unit}"), "A line of /proc/meminfo.", &[], value);
    }
    Ok(())
}

pub(super) fn vmstat(system: &System, out: &mut Families) -> Outcome {
    let file = system.kernel_file("/proc/vmstat")?;
    for (key, value) in counters::each(&file)? {
        let key = utf8(key);
        if ["oom_kill", "pgpg", "pswp"].iter().any(|prefix| key.starts_with(prefix)) || is_fault(&key) {
            out.unknown(format!("node_vmstat_{key}"), "A line of /proc/vmstat.", &[], value);
        }
    }
    Ok(())
}

/// `pgfault`, `pgmajfault` …
fn is_fault(key: &str) -> bool {
    key.strip_prefix("pg").is_some_and(|rest| rest.contains("fault"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults() {
        assert!(is_fault("pgfault") && is_fault("pgmajfault") && !is_fault("pgscan") && !is_fault("thp_fault_alloc"));
    }
}
