//! Numbers of FreeBSD, written out so that they are known on every machine. `live` checks them against the C library's.

/// `AF_INET6`.
pub(super) const AF_INET6: u8 = 28;

/// `CTL_KERN`.
pub(super) const CTL_KERN: i32 = 1;
/// `CTL_NET`.
pub(super) const CTL_NET: i32 = 4;
/// `KERN_PROC`.
pub(super) const KERN_PROC: i32 = 14;
/// `KERN_FILE`.
pub(super) const KERN_FILE: i32 = 15;
/// `PF_ROUTE`.
pub(super) const PF_ROUTE: i32 = 17;
/// `NET_RT_IFLIST`.
pub(super) const NET_RT_IFLIST: i32 = 3;

/// `ENOENT`.
pub(super) const ENOENT: i32 = 2;
/// `ENOMEM`.
pub(super) const ENOMEM: i32 = 12;
/// `EINVAL`.
pub(super) const EINVAL: i32 = 22;
