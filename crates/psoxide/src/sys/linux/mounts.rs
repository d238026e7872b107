//! Finds out which paths only a server can look up: those on network file systems and on FUSE.

use std::cell::OnceCell;

use psoxide_parse::linux::mounts::{self, Mount};

use super::Source;

/// The mounts that this process sees. They are read on first use.
pub(super) struct Mounts<'a> {
    source: &'a Source,
    mounts: OnceCell<Vec<Mount>>,
}

impl<'a> Mounts<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, mounts: OnceCell::new() }
    }

    /// Returns whether looking up an absolute path can block. If the server is gone, it blocks forever.
    pub(super) fn may_wait(&self, path: &[u8]) -> bool {
        if !self.source.is_live() {
            return false;
        }
        // Without the list, every path is looked up.
        let read = || self.source.read(&self.source.procfs("self/mounts"), mounts::parse).unwrap_or_default();
        has_server(self.mounts.get_or_init(read), path)
    }
}

/// Returns whether the innermost mount that holds a path has a server. If a directory has several mounts, the last
/// counts.
fn has_server(mounts: &[Mount], path: &[u8]) -> bool {
    let holds = |mount: &&Mount| {
        let rest = path.strip_prefix(mount.mountpoint.strip_suffix(b"/").unwrap_or(&mount.mountpoint));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let innermost = mounts.iter().filter(holds).max_by_key(|mount| mount.mountpoint.len());
    innermost.is_some_and(|mount| SERVED.contains(&&*mount.fstype) || mount.fstype.starts_with(b"fuse."))
}

/// Types of file systems that a server answers for. A server can be a program on this machine.
const SERVED: [&[u8]; 23] = [
    b"9p",
    b"afs",
    b"autofs",
    b"beegfs",
    b"ceph",
    b"cifs",
    b"coda",
    b"davfs",
    b"fuse",
    b"fuseblk",
    b"glusterfs",
    b"gpfs",
    b"lustre",
    b"ncpfs",
    b"nfs",
    b"nfs4",
    b"ocfs2",
    b"orangefs",
    b"smb3",
    b"smbfs",
    b"vboxsf",
    b"virtiofs",
    b"vmhgfs",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_and_last_mount_counts() {
        let mounts = mounts::parse(
            b"/dev/a / ext4 rw 0 0\nserver:/x /net nfs4 rw 0 0\n/dev/b /net/local ext4 rw 0 0\n\
              sshfs /home/u fuse.sshfs rw 0 0\ntmpfs /tmp tmpfs rw 0 0\nserver:/y /tmp nfs rw 0 0\n\
              server:/z /over nfs rw 0 0\ntmpfs /over tmpfs rw 0 0\n",
        )
        .unwrap();
        let of = |path: &str| has_server(&mounts, path.as_bytes());
        assert!(of("/net") && of("/net/file") && of("/net/localhost") && of("/home/u/file") && of("/tmp/file"));
        assert!(
            !of("/") && !of("/file") && !of("/network") && !of("/net/local/file") && !of("/home") && !of("/over/file")
        );
        assert!(!has_server(&[], b"/file"));
    }
}
