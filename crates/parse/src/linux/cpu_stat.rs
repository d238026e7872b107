//! `/proc/stat`: proc_stat(5).

use crate::cursor::{decimal, lines};
use crate::{Cursor, ParseError, Result};

/// Time spent by one CPU, or by all, in clock ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTicks {
    /// User mode, guests included.
    pub user: u64,
    /// User mode with low priority, guests included.
    pub nice: u64,
    /// System mode.
    pub system: u64,
    /// Idle.
    pub idle: u64,
    /// Idle while I/O was under way (since Linux 2.5.41).
    pub iowait: Option<u64>,
    /// Hardware interrupts (since Linux 2.6.0).
    pub irq: Option<u64>,
    /// Software interrupts (since Linux 2.6.0).
    pub softirq: Option<u64>,
    /// Taken by other guests of the host (since Linux 2.6.11).
    pub steal: Option<u64>,
    /// Running guests (since Linux 2.6.24).
    pub guest: Option<u64>,
    /// Running guests with low priority (since Linux 2.6.33).
    pub guest_nice: Option<u64>,
}

/// The whole file, but for the counts of single interrupts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuStat {
    /// All CPUs together.
    pub total: CpuTicks,
    /// The CPUs that are online, each with its number, in the kernel's order.
    pub cpus: Vec<(u32, CpuTicks)>,
    /// Context switches since boot.
    pub ctxt: Option<u64>,
    /// Interrupts since boot.
    pub intr: Option<u64>,
    /// Software interrupts since boot (since Linux 2.6.31).
    pub softirq: Option<u64>,
    /// Boot, in seconds since the epoch.
    pub btime: Option<u64>,
    /// Threads that run or are ready to run (since Linux 2.5.45).
    pub procs_running: Option<u64>,
    /// Threads that wait for I/O (since Linux 2.5.45).
    pub procs_blocked: Option<u64>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<CpuStat> {
    let mut total = None;
    let mut cpus = Vec::new();
    let (mut ctxt, mut intr, mut softirq, mut btime) = (None, None, None, None);
    let (mut procs_running, mut procs_blocked) = (None, None);
    for line in lines(bytes) {
        let mut cursor = Cursor::new(line);
        match cursor.token() {
            Some(b"cpu") => total = Some(ticks(&mut cursor)?),
            Some(b"ctxt") => ctxt = Some(cursor.decimal("ctxt")?),
            Some(b"intr") => intr = Some(cursor.decimal("intr")?),
            Some(b"softirq") => softirq = Some(cursor.decimal("softirq")?),
            Some(b"btime") => btime = Some(cursor.decimal("btime")?),
            Some(b"procs_running") => procs_running = Some(cursor.decimal("procs_running")?),
            Some(b"procs_blocked") => procs_blocked = Some(cursor.decimal("procs_blocked")?),
            Some(name) => {
                if let Some(number) = name.strip_prefix(b"cpu") {
                    let number = decimal(number, "cpu")?;
                    let number = u32::try_from(number).map_err(|_| ParseError::overflow("cpu", name))?;
                    cpus.push((number, ticks(&mut cursor)?));
                }
            }
            None => {}
        }
    }
    let total = total.ok_or_else(|| ParseError::missing("cpu"))?;
    Ok(CpuStat { total, cpus, ctxt, intr, softirq, btime, procs_running, procs_blocked })
}

/// Boot, in seconds since the epoch, without parsing the other lines.
pub fn btime(bytes: &[u8]) -> Result<u64> {
    number(bytes, "btime")
}

/// Processes and threads started since boot, without parsing the other lines.
pub fn processes(bytes: &[u8]) -> Result<u64> {
    number(bytes, "processes")
}

/// The number in the line that begins with `name`.
fn number(bytes: &[u8], name: &'static str) -> Result<u64> {
    for line in lines(bytes) {
        if line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b" ")) {
            return Cursor::new(line).skip_tokens(1).decimal(name);
        }
    }
    Err(ParseError::missing(name))
}

fn ticks(cursor: &mut Cursor<'_>) -> Result<CpuTicks> {
    Ok(CpuTicks {
        user: cursor.decimal("user")?,
        nice: cursor.decimal("nice")?,
        system: cursor.decimal("system")?,
        idle: cursor.decimal("idle")?,
        iowait: cursor.decimal_if_any("iowait")?,
        irq: cursor.decimal_if_any("irq")?,
        softirq: cursor.decimal_if_any("softirq")?,
        steal: cursor.decimal_if_any("steal")?,
        guest: cursor.decimal_if_any("guest")?,
        guest_nice: cursor.decimal_if_any("guest_nice")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAT: &[u8] = b"cpu  10132153 290696 3084719 46828483 16683 1 25195 2 175628 3\n\
        cpu0 1393280 32966 572056 13343292 6130 0 17875 0 23933 0\n\
        cpu3 1335498 31928 541891 13348374 5000 0 1875 0 2933 0\n\
        intr 1462898 0 9 7\nctxt 115315 \nbtime 769041601\nprocesses 86031\nprocs_running 6\nprocs_blocked 2\n\
        softirq 229245889 94 60001584 13619\n";

    #[test]
    fn every_field_is_the_one_proc5_documents() {
        let stat = parse(STAT).unwrap();
        let total = stat.total;
        assert_eq!((total.user, total.nice, total.system, total.idle), (10_132_153, 290_696, 3_084_719, 46_828_483));
        assert_eq!((total.iowait, total.irq, total.softirq), (Some(16_683), Some(1), Some(25_195)));
        assert_eq!((total.steal, total.guest, total.guest_nice), (Some(2), Some(175_628), Some(3)));
        assert_eq!(stat.cpus.iter().map(|(n, t)| (*n, t.user)).collect::<Vec<_>>(), [(0, 1_393_280), (3, 1_335_498)]);
        assert_eq!((stat.ctxt, stat.intr), (Some(115_315), Some(1_462_898)));
        assert_eq!((stat.softirq, stat.btime), (Some(229_245_889), Some(769_041_601)));
        assert_eq!((btime(STAT), processes(STAT)), (Ok(769_041_601), Ok(86_031)));
    }

    #[test]
    fn old_kernels_have_four_columns() {
        let stat = parse(b"cpu 1 2 3 4\n").unwrap();
        assert_eq!((stat.total.idle, stat.total.iowait, stat.total.guest_nice), (4, None, None));
        assert_eq!((stat.ctxt, stat.intr, stat.softirq, stat.btime), (None, None, None, None));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "cpu");
        assert_eq!(parse(b"cpu 1 2 3").unwrap_err().field(), "idle");
        assert_eq!(parse(b"cpu 1 2 3 4 x").unwrap_err().field(), "iowait");
        assert_eq!(parse(b"cpu 1 2 3 4\ncpux 1 2 3 4").unwrap_err().field(), "cpu");
        assert_eq!(parse(b"cpu 1 2 3 4\ncpu4294967296 1 2 3 4").unwrap_err().field(), "cpu");
        assert_eq!(parse(b"cpu 1 2 3 4\nctxt\n").unwrap_err().field(), "ctxt");
        assert_eq!(btime(b"cpu 1 2 3 4\n"), Err(ParseError::missing("btime")));
        assert!(btime(b"btime x\n").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..STAT.len()) {
            let _ = (parse(&bytes), btime(&bytes));
            let _ = (parse(STAT.split_at(at).0), btime(STAT.split_at(at).0));
        }
    }
}
