//! Code that every system except Windows shares: signals, waiting for children, the user database, statvfs(3).

pub(crate) mod control;
// On other systems the space of a file system is the answer to a question.
#[cfg(target_os = "linux")]
pub(crate) mod disk;
pub(crate) mod ffi;
pub(crate) mod user_names;
