//! What every system but Windows has: signals, waiting for children, the user database, statvfs(3).

pub(crate) mod control;
// Elsewhere the space of a file system is the answer to a question.
#[cfg(target_os = "linux")]
pub(crate) mod disk;
pub(crate) mod ffi;
