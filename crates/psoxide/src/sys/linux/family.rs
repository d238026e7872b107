//! Who is whose child: one look at every process.

use std::sync::Arc;

use super::{Cache, Os, Pass, Source, bpf};
use crate::sys::{Handle, Kin, ProcessReadings as _};
use crate::{FieldSet, Result};

pub(super) fn of_all(source: &Source) -> Result<Vec<Kin>> {
    let walk = source.bpf().processes(source, false).unwrap_or_default();
    let pass = Arc::new(Pass::over(source));
    let pids = source.bpf().pids(source, &walk)?;
    let mut family = Vec::with_capacity(pids.len());
    for pid in pids {
        if let Some(process) = bpf::find(&walk, pid) {
            family.push(process.kin(source));
            continue;
        }
        let cache = Cache::in_pass(&pass, source, pid, FieldSet::default());
        let process = Handle { source, pid, start: None, cache: &cache };
        match Os::start(&process).and_then(|start| Ok(Kin { pid, start, ppid: Os::ppid(&process)? })) {
            Ok(kin) => family.push(kin),
            // It has ended since the pids were listed.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error.with_pid(pid)),
        }
    }
    Ok(family)
}
