//! `PROC_PIDLISTFDS` and `PROC_PIDFDVNODEPATHINFO`: open files of a process.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// A descriptor.
    pub struct Descriptor = "proc_fdinfo" (8) {
        /// Its number.
        fd: i32 = "proc_fd" @ 0,
        /// What it refers to, [`VNODE`] or another.
        kind: u32 = "proc_fdtype" @ 4,
    }
}

view! {
    /// A file and its path.
    pub struct File = "vnode_fdinfowithpath" (1200) {
        /// Offset of the next read or write.
        offset: i64 = "pfi.fi_offset" @ 8,
        /// Mode, with the type of file.
        mode: u16 = "pvip.vip_vi.vi_stat.vst_mode" @ 28,
        /// Path.
        path: [text 1024] = "pvip.vip_path" @ 176,
    }
}

/// `PROX_FDTYPE_VNODE`.
pub const VNODE: u32 = 1;
/// `PROX_FDTYPE_SOCKET`.
pub const SOCKET: u32 = 2;

impl File<'_> {
    /// Whether it is a regular file (`S_IFREG`).
    #[must_use]
    pub fn is_regular(self) -> bool {
        self.mode() & 0o170_000 == 0o100_000
    }
}

/// The descriptors of an answer.
pub fn descriptors(bytes: &[u8]) -> impl Iterator<Item = Result<Descriptor<'_>>> {
    chunks(bytes, Descriptor::SIZE, Descriptor::STRUCT).map(|record| Descriptor::new(record?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn a_descriptor_and_its_file() {
        let found: Vec<_> = descriptors(&[3, 0, 0, 0, 1, 0, 0, 0, 4]).collect();
        assert_eq!(found[0].as_ref().map(|found| (found.fd(), found.kind())), Ok((3, VNODE)));
        assert!(found.len() == 2 && found[1].is_err());
        let mut made = Made::new(1200);
        made.set(28, 0o100_644u16.to_le_bytes()).set(176, b"/etc/hosts");
        let file = File::new(&made.0).unwrap();
        assert_eq!((file.is_regular(), file.path()), (true, &b"/etc/hosts"[..]));
        made.set(28, 0o040_755u16.to_le_bytes());
        assert!(!File::new(&made.0).unwrap().is_regular());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1300)) {
            let _ = (descriptors(&bytes).count(), File::new(&bytes).map(File::is_regular));
        }
    }
}
