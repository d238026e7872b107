//! Who is whose child: one look at every process.

use std::sync::Arc;

use super::{Cache, Os, Pass, Source, bpf};
use crate::sys::{Handle, Kin, ProcessReadings as _};
use crate::{FieldSet, Result};

pub(super) fn of_all(source: &Source) -> Result<Vec<Kin>> {
    let walk = source.bpf().family(source).unwrap_or_default();
    let pass = Arc::new(Pass::over(source));
    let pids = source.bpf().pids(source, walk.iter().map(bpf::Relative::threads))?;
    let mut family = Vec::with_capacity(pids.len());
    for pid in pids {
        if let Some(relative) = bpf::Relative::find(&walk, pid) {
            family.push(relative.kin(source));
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
