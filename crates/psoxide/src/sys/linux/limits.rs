//! Reads resource limits: prlimit(2), /proc/PID/limits.

use psoxide_parse::linux::limits;

use super::Handle;
use crate::{Error, Limit, Resource, Result};

/// Reads a limit of a process.
pub(super) fn of_process(process: &Handle<'_>, resource: Resource) -> Result<Limit> {
    // prlimit(2) needs the permission to change limits. Everyone can read the file, which costs twenty times as much.
    if let Ok(limit) = process.kernel("rlimit").and_then(|kernel| kernel.rlimit(process.pid, resource)) {
        return Ok(limit);
    }
    let name = limit_name(resource).ok_or_else(|| Error::unsupported("rlimit"))?;
    let unsupported = || Error::unsupported("rlimit").with_path(process.path("limits"));
    let limit = process.read_record("limits", |bytes| {
        let limits = limits::parse(bytes)?;
        Ok(limits
            .into_iter()
            .find(|limit| limit.name == name.as_bytes())
            .map(|limit| Limit { soft: limit.soft, hard: limit.hard }))
    })?;
    match limit {
        Some(limit) => Ok(limit),
        None => process.empty(()).and_then(|()| Err(unsupported())),
    }
}

/// Returns the name of a resource in `/proc/PID/limits`, from fs/proc/base.c.
fn limit_name(resource: Resource) -> Option<&'static str> {
    Some(match resource {
        Resource::As => "Max address space",
        Resource::Core => "Max core file size",
        Resource::Cpu => "Max cpu time",
        Resource::Data => "Max data size",
        Resource::Fsize => "Max file size",
        Resource::Locks => "Max file locks",
        Resource::Memlock => "Max locked memory",
        Resource::Msgqueue => "Max msgqueue size",
        Resource::Nice => "Max nice priority",
        Resource::Nofile => "Max open files",
        Resource::Nproc => "Max processes",
        Resource::Rss => "Max resident set",
        Resource::Rtprio => "Max realtime priority",
        Resource::Rttime => "Max realtime timeout",
        Resource::Sigpending => "Max pending signals",
        Resource::Stack => "Max stack size",
        Resource::Sbsize | Resource::Npts | Resource::Swap | Resource::Kqueues | Resource::Umtxp | Resource::Nthr => {
            return None;
        }
    })
}
