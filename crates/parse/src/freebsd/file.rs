//! `kern.proc.filedesc` and `kern.proc.cwd`: open files of one process, as packed `struct kinfo_file`. `kern.file`: the open
//! files of all processes, as `struct xfile`.

use crate::Result;
use crate::view::{packed, text, view};

view! {
    /// The part of a record before the path.
    pub struct Header = "kinfo_file" (368) {
        /// The size of the record with its path.
        structsize: i32 = "kf_structsize" @ 0,
        /// What kind of object it is, [`kind`].
        kind: i32 = "kf_type" @ 4,
        /// The descriptor, or a negative number for what a process uses without one, [`special`].
        fd: i32 = "kf_fd" @ 8,
        /// `KF_FLAG_` bits: how it was opened.
        flags: i32 = "kf_flags" @ 16,
        /// Offset of the next read or write, -1 if there is none.
        offset: i64 = "kf_offset" @ 24,
        /// A file: its type, 1 is regular.
        vnode_type: i32 = "kf_un.kf_file.kf_file_type" @ 32,
        /// A file: its inode number.
        fileid: u64 = "kf_un.kf_file.kf_file_fileid" @ 304,
        /// A file: its size.
        size: u64 = "kf_un.kf_file.kf_file_size" @ 312,
        /// A socket: address family.
        domain: i32 = "kf_un.kf_sock.kf_sock_domain0" @ 36,
        /// A socket: type.
        socket_type: i32 = "kf_un.kf_sock.kf_sock_type0" @ 40,
        /// A socket: protocol.
        protocol: i32 = "kf_un.kf_sock.kf_sock_protocol0" @ 44,
        /// A socket: its own address, as `struct sockaddr_storage`.
        local: [bytes 128] = "kf_un.kf_sock.kf_sa_local" @ 48,
        /// A socket: the peer's address.
        peer: [bytes 128] = "kf_un.kf_sock.kf_sa_peer" @ 176,
        /// A socket: address of its protocol block in the kernel.
        pcb: u64 = "kf_un.kf_sock.kf_sock_pcb" @ 304,
        /// A UNIX socket: address of the peer's block in the kernel.
        unpconn: u64 = "kf_un.kf_sock.kf_sock_unpconn" @ 320,
        /// A process descriptor: the pid.
        pid: i32 = "kf_un.kf_proc.kf_pid" @ 304,
    }
}

/// `kf_type`.
#[allow(missing_docs)] // the names are those of sys/user.h
pub mod kind {
    pub const VNODE: i32 = 1;
    pub const SOCKET: i32 = 2;
}

/// Negative values of `kf_fd`.
#[allow(missing_docs)] // the names are those of sys/user.h
pub mod special {
    pub const CWD: i32 = -1;
    pub const ROOT: i32 = -2;
    pub const TEXT: i32 = -5;
    pub const CTTY: i32 = -6;
}

/// A regular file, of `vnode_type`.
pub const REGULAR: i32 = 1;

/// A file that a process has open or uses.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Everything but the path.
    pub header: Header<'a>,
    /// The path as the kernel found it; empty if it found none.
    pub path: &'a [u8],
}

/// The records of an answer, each as long as it says it is. A record that is cut off is an error, after those before it.
pub fn files(bytes: &[u8]) -> impl Iterator<Item = Result<File<'_>>> {
    packed(bytes, "kinfo_file").map(|record| {
        let record = record?;
        Ok(File { header: Header::new(record)?, path: text(record.get(Header::SIZE..).unwrap_or_default()) })
    })
}

view! {
    /// An entry of the table of all open files.
    pub struct Entry = "xfile" (128) {
        /// The size of the record.
        size: u64 = "xf_size" @ 0,
        /// The process.
        pid: i32 = "xf_pid" @ 8,
        /// The descriptor.
        fd: i32 = "xf_fd" @ 16,
        /// `DTYPE_` number: the kind of object, 2 is a socket.
        kind: i16 = "xf_type" @ 32,
        /// Address of the object in the kernel: for a socket, what socket lists call `xso_so`.
        data: u64 = "xf_data" @ 56,
    }
}

/// `DTYPE_SOCKET` of `xf_type`.
pub const DTYPE_SOCKET: i16 = 2;

/// The entries of `kern.file`.
pub fn table(bytes: &[u8]) -> impl Iterator<Item = Result<Entry<'_>>> {
    packed(bytes, Entry::STRUCT).map(|record| Entry::new(record?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    fn record(fd: i32, path: &str) -> Vec<u8> {
        let size = (368 + path.len() + 1).next_multiple_of(8);
        let mut made = Made::new(size);
        made.u32(0, u32::try_from(size).unwrap()).u32(4, 1).u32(8, fd.cast_unsigned()).set(368, path);
        made.0
    }

    #[test]
    fn records_are_as_long_as_their_paths() {
        let bytes = [record(-1, "/"), record(3, "/etc/hosts"), record(4, "")].concat();
        let found: Vec<_> = files(&bytes).map(|file| file.map(|file| (file.header.fd(), file.path))).collect();
        assert_eq!(found, [Ok((-1, &b"/"[..])), Ok((3, b"/etc/hosts")), Ok((4, b""))]);
        let cut: Vec<_> = files(&bytes[..bytes.len() - 8]).collect();
        assert!(cut.len() == 3 && cut[1].is_ok() && cut[2].is_err());
    }

    #[test]
    fn a_record_too_short_for_its_fields_is_an_error() {
        let mut made = Made::new(368);
        made.u32(0, 8);
        assert_eq!(files(&made.0).next().unwrap().unwrap_err().field(), "kinfo_file");
        assert_eq!(files(&made.u32(0, 0).0).count(), 1);
    }

    #[test]
    fn entries_of_the_table() {
        let mut made = Made::new(256);
        made.u64(0, 128).u32(8, 7).u64(56, 99).u64(128, 128);
        let pids: Vec<_> = table(&made.0).map(|entry| entry.map(|entry| (entry.pid(), entry.data()))).collect();
        assert_eq!(pids, [Ok((7, 99)), Ok((0, 0))]);
        assert_eq!(table(&made.u64(0, u64::MAX).0).next().unwrap().unwrap_err().field(), "xfile");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..900)) {
            let _ = (files(&bytes).count(), table(&bytes).count());
        }
    }
}
