//! Whether system calls and /proc speak of the same processes.

use psoxide_parse::{Cursor, lines};

use super::Live;
use super::files::is_procfs;
use crate::{Backend, Result};

impl Live {
    /// Whether /proc is a procfs, and no copy of one.
    pub(crate) fn has_procfs(&self) -> bool {
        self.procfs.as_os_str() == "/proc" || is_procfs(&self.procfs)
    }

    /// Whether processes may be read by system calls too.
    pub(crate) fn may_ask(&self) -> bool {
        self.backend != Backend::Proc && self.has_own_pids()
    }

    /// Whether a pid in this /proc means the same process to a system call. A container may have been given the /proc of
    /// another pid namespace, which has other pids.
    ///
    /// This is remembered for the process and for the file system that is mounted at /proc: chroot(2), unshare(2) and
    /// setns(2) may put another one there.
    pub(crate) fn has_own_pids(&self) -> bool {
        let Ok(procfs) = rustix::fs::stat(&self.procfs) else {
            // A filter refuses stat(2): nothing can be remembered.
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
            // No descriptor is free, say: a reason to try again, and nothing to remember. A link needs none.
            Err(_) => self.links_to_own_pid().unwrap_or(false),
        }
    }

    fn own_pids(&self) -> Result<bool> {
        // One pid for each namespace from the one of this /proc to the process's own (since Linux 4.1).
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

    /// Whether this /proc gives the calling process the pid that it has for itself.
    fn links_to_own_pid(&self) -> Result<bool> {
        Ok(self.link(&self.procfs.join("self"))? == std::process::id().to_string().as_bytes())
    }

    /// Whether the kernel describes a process through a pidfd, and this process may ask it to. Call it only if
    /// [`may_ask`](Self::may_ask).
    pub(crate) fn pidfds_describe(&self) -> bool {
        self.memo.pidfds_describe().unwrap_or_else(|| match self.pidfd_info(std::process::id()) {
            Ok(info) => {
                self.memo.set_pidfds_describe(info.is_some());
                info.is_some()
            }
            // No descriptor is free, or a filter refuses the call: nothing to remember.
            Err(_) => false,
        })
    }
}
