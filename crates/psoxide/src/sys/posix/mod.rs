//! What every system but Windows has: signals, waiting for children, the user database, statvfs(3).

pub(crate) mod control;
// The BSDs and macOS ask for the space of a file system together with its mount.
#[cfg(not(any(target_os = "freebsd", target_os = "macos", target_os = "netbsd", target_os = "openbsd")))]
pub(crate) mod disk;
pub(crate) mod ffi;
