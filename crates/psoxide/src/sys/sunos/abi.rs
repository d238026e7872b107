//! Numbers of illumos' headers, without libc: Solaris has the same ones. `live` uses most of them.
#![cfg_attr(not(any(target_os = "illumos", target_os = "solaris")), allow(dead_code))]

/// sys/errno.h.
pub(super) const ENOENT: i32 = 2;
pub(super) const ENXIO: i32 = 6;
pub(super) const EINVAL: i32 = 22;
pub(super) const EOVERFLOW: i32 = 79;
pub(super) const EADDRNOTAVAIL: i32 = 126;

/// sys/socket.h.
pub(super) const AF_INET: u16 = 2;
pub(super) const AF_INET6: u16 = 26;

/// sys/swap.h.
pub(super) const SC_LIST: i32 = 2;
pub(super) const SC_GETNSWP: i32 = 4;

/// sys/tihdr.h.
pub(super) const T_SVR4_OPTMGMT_REQ: u32 = 9;
pub(super) const T_ERROR_ACK: u32 = 18;
pub(super) const T_OPTMGMT_ACK: u32 = 22;
/// sys/tpicommon.h.
pub(super) const T_CURRENT: u32 = 0x80;
/// inet/mib2.h: `IPPROTO_MAX + 4`. The modules answer this level with all tables of all protocols.
pub(super) const MIB2_IP: u32 = 256 + 4;

/// sys/kstat.h.
pub(super) const KSTAT_TYPE_NAMED: u8 = 1;
pub(super) const KSTAT_TYPE_IO: u8 = 3;

/// net/if.h: also interfaces that do not transmit, addresses that change, and those of other zones.
pub(super) const LIFC_EVERY: i32 = LIFC_NOXMIT | LIFC_TEMPORARY | LIFC_ALLZONES;
const LIFC_NOXMIT: i32 = 0x01;
const LIFC_TEMPORARY: i32 = 0x04;
const LIFC_ALLZONES: i32 = 0x08;

/// The sizes of `struct lifreq` and `struct lifnum`, and of `struct lifconf` with 32 bits, which its request is named after.
pub(super) const LIFREQ: usize = 376;
const LIFNUM: usize = 12;
const LIFCONF: usize = 16;

/// sys/sockio.h.
pub(super) const SIOCGLIFNUM: i32 = iowr(130, LIFNUM);
pub(super) const SIOCGLIFCONF: i32 = iowr(165, LIFCONF);
pub(super) const SIOCGLIFDSTADDR: i32 = iowr(115, LIFREQ);
pub(super) const SIOCGLIFFLAGS: i32 = iowr(117, LIFREQ);
pub(super) const SIOCGLIFMTU: i32 = iowr(122, LIFREQ);
pub(super) const SIOCGLIFBRDADDR: i32 = iowr(123, LIFREQ);
pub(super) const SIOCGLIFNETMASK: i32 = iowr(125, LIFREQ);
pub(super) const SIOCGLIFHWADDR: i32 = iowr(192, LIFREQ);

/// `_IOWR('i', number, …)` of sys/ioccom.h, which keeps eight bits of the size (`IOCPARM_MASK`).
#[allow(clippy::cast_possible_truncation)] // the mask is why
const fn iowr(number: u32, size: usize) -> i32 {
    (0xc000_0000 | (size as u32 & 0xff) << 16 | 0x6900 | number).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that a compiler on Solaris gave golang.org/x/net/lif.
    #[test]
    fn requests_have_the_numbers_of_a_compiler() {
        let requests = [
            (SIOCGLIFDSTADDR, -0x3f87_968d),
            (SIOCGLIFFLAGS, -0x3f87_968b),
            (SIOCGLIFMTU, -0x3f87_9686),
            (SIOCGLIFNETMASK, -0x3f87_9683),
            (SIOCGLIFNUM, -0x3ff3_967e),
            (SIOCGLIFCONF, -0x3fef_965b),
            (SIOCGLIFHWADDR, -0x3f87_9640),
        ];
        for (ours, theirs) in requests {
            assert_eq!(ours, theirs, "{ours:#x}");
        }
        assert_eq!(LIFREQ, psoxide_parse::sunos::lif::Request::SIZE);
    }
}
