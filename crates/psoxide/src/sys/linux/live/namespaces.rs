//! Finds out whether system calls and /proc refer to the same processes.

use psoxide_parse::{Cursor, lines};

use super::Live;
use super::files::is_procfs;
use crate::{Backend, Result};

impl Live {
    /// Returns whether /proc is a procfs, and not a copy of one.
    pub(crate) fn has_procfs(&self) -> bool {
        self.procfs.as_os_str() == "/proc" || is_procfs(&self.procfs)
    }

    /// Returns whether system calls may read processes too.
    pub(crate) fn may_ask(&self) -> bool {
        self.backend != Backend::Proc && self.has_own_pids()
    }

    /// Returns whether a pid in this /proc means the same process to a system call. A container may see the /proc of
    /// another pid namespace, which has other pids.
    ///
    /// The result is cached for the process and for the file system at /proc, because chroot(2), unshare(2) and
    /// setns(2) can change the file system there.
    pub(crate) fn has_own_pids(&self) -> bool {
        let Ok(procfs) = rustix::fs::stat(&self.procfs) else {
            // A filter refuses stat(2), so the result cannot be cached.
            return self.own_pids().or_else(|_| self.links_to_own_pid()).unwrap_or(false);
        };
        if let Some(own) = self.memo.own_pids(procfs.st_dev) {
            return own;
        }
        match self.own_pids() {
            Ok(own) => {
                self.memo.set_own_pids(procfs.st_dev, own);
                own
            }
            // For example, no descriptor is free. The next call tries again. Reading a link needs no descriptor.
            Err(_) => self.links_to_own_pid().unwrap_or(false),
        }
    }

    fn own_pids(&self) -> Result<bool> {
        // NSpid has a pid for each namespace, from that of this /proc to the process's own (since Linux 4.1).
        let pids = self.read(&self.procfs.join("self/status"), |bytes| {
            Ok(lines(bytes)
                .find_map(|line| line.strip_prefix(b"NSpid:"))
                .map(|pids| Cursor::new(pids).tokens().count()))
        })?;
        match pids {
            Some(pids) => Ok(pids == 1),
            None => self.links_to_own_pid(),
        }
    }

    /// Returns whether this /proc gives the calling process the same pid as getpid(2).
    fn links_to_own_pid(&self) -> Result<bool> {
        Ok(self.link(&self.procfs.join("self"))? == std::process::id().to_string().as_bytes())
    }

    /// Returns whether the kernel describes processes through pidfds, and permits this process to ask. Call it only if
    /// [`may_ask`](Self::may_ask) returns true.
    pub(crate) fn pidfds_describe(&self) -> bool {
        self.memo.pidfds_describe().unwrap_or_else(|| match self.pidfd_info(std::process::id()) {
            Ok(info) => {
                self.memo.set_pidfds_describe(info.is_some());
                info.is_some()
            }
            // No descriptor is free, or a filter refuses the call. The result is not cached.
            Err(_) => false,
        })
    }
}
