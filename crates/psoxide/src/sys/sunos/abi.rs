//! Numbers of illumos' headers, without libc: Solaris has the same ones.

/// sys/errno.h.
pub(super) const ENOENT: i32 = 2;
pub(super) const ENXIO: i32 = 6;
pub(super) const EINVAL: i32 = 22;
pub(super) const EOVERFLOW: i32 = 79;
pub(super) const EADDRNOTAVAIL: i32 = 126;
