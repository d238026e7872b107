//! Replaces `live` on other systems, where only captures are read. Its types have no values, so that no call is
//! possible.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::abi::{FileKind, NetlinkProtocol, OpenFileInfo, PidfdInfo, SelfSocket};
use super::user_names::Stamp;
use crate::{Backend, DiskUsage, Limit, Pid, Resource, Result};

/// Declares a type without values, and its methods.
macro_rules! without_values {
    ($($type:ident { $(fn $name:ident$(<$t:ident>)?($($arg:ident: $of:ty),*) $(-> $ret:ty)?;)* })+) => {$(
        #[derive(Debug, Clone)]
        pub(crate) enum $type {}

        #[allow(clippy::unused_self)]
        impl $type {
            $(pub(crate) fn $name$(<$t>)?(&self, $($arg: $of),*) $(-> $ret)? {
                $(let _ = $arg;)*
                match *self {}
            })*
        }
    )+};
}

without_values! {
    Live {
        fn backend() -> Backend;
        fn has_procfs() -> bool;
        fn may_ask() -> bool;
        fn has_own_pids() -> bool;
        fn pidfds_describe() -> bool;
        fn pidfd(pid: Pid) -> Result<Option<Pidfd>>;
        fn pidfd_info(pid: Pid) -> Result<Option<PidfdInfo>>;
        fn is_process(pid: Pid) -> Option<bool>;
        fn rlimit(pid: Pid, resource: Resource) -> Result<Limit>;
        fn cpu_affinity(pid: Pid) -> Result<Vec<u32>>;
        fn ioprio(pid: Pid) -> Result<i32>;
        fn user_name(uid: u32) -> Result<Option<OsString>>;
        fn since_boot() -> Duration;
        fn boot_second(stat: &Path) -> Option<u64>;
        fn online_cpus() -> Option<usize>;
        fn memory() -> (Option<u64>, Option<u64>);
        fn swap() -> Result<(u64, u64)>;
        fn machine() -> String;
        fn disk_usage(path: &Path) -> Result<DiskUsage>;
        fn disk_usage_within(path: &Path, timeout: Duration) -> Result<DiskUsage>;
        fn real_path_within(path: &Path, timeout: Duration) -> Result<PathBuf>;
        fn root_device() -> Option<(u32, u32)>;
        fn netlink(protocol: NetlinkProtocol) -> Result<NetlinkSocket>;
        fn is_own_network(namespace: &Path) -> bool;
        fn socket_protocol(path: &Path) -> Option<Vec<u8>>;
        fn self_socket(fd: i32) -> Option<SelfSocket>;
        fn self_inode(fd: i32) -> Option<u64>;
        fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T>;
        fn read_record<T>(path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T>;
        fn effective_user() -> u32;
        fn open_to_keep(path: &Path) -> Result<File>;
        fn read_again<T>(file: &File, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T>;
        fn link(path: &Path) -> Result<Vec<u8>>;
        fn kind(path: &Path) -> Result<FileKind>;
        fn describe(link: &Path) -> Result<OpenFileInfo>;
        fn exists(path: &Path) -> bool;
        fn size(path: &Path) -> Result<u64>;
        fn stamp(path: &Path) -> Option<Stamp>;
        fn open_dir(path: &Path) -> Result<OpenDir>;
        fn open_procfs() -> Option<OpenDir>;
        fn open_process(pid: Pid) -> Option<OpenDir>;
    }
    Pidfd {
        fn info() -> Result<Option<PidfdInfo>>;
    }
    CopiedTree {
        fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T>;
        fn read_record<T>(path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T>;
        fn link(path: &Path) -> Result<Vec<u8>>;
        fn kind(path: &Path) -> Result<FileKind>;
        fn stamp(path: &Path) -> Option<Stamp>;
        fn open_dir(path: &Path) -> Result<OpenDir>;
    }
    OpenDir {
        fn leaves(count: usize) -> bool;
        fn open_process(pid: Pid) -> Option<OpenDir>;
        fn is_of_a_process() -> bool;
        fn open(file: &[u8]) -> Result<OpenFile>;
        fn describe(link: u32) -> Result<OpenFileInfo>;
        fn each_name(path: &Path, each: impl FnMut(&[u8]) -> Result<()>) -> Result<()>;
        fn each_link(path: &Path, each: impl FnMut(u32, &[u8]) -> Result<()>) -> Result<()>;
    }
    OpenFile {
        fn read<T>(parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T>;
        fn read_record<T>(parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T>;
    }
    NetlinkSocket {
        fn send(request: &[u8]) -> Result<()>;
        fn receive(buffer: &mut Vec<u8>) -> Result<()>;
    }
}

impl Live {
    pub(crate) fn link_settings<'a>(&self, _: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Option<(u32, u8)>>> {
        match *self {}
    }
}
