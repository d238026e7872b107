//! Numbers that differ between systems: address families, resources, I/O classes.

use super::Os;
use crate::{AddressFamily, IoPriorityClass, Resource};

impl Os {
    /// Returns the number of an address family on this system, from `sys/socket.h`. Windows has no family for hardware
    /// addresses. There the number is psutil's -1.
    #[must_use]
    pub const fn family_number(self, family: AddressFamily) -> i32 {
        match family {
            AddressFamily::Unix => 1,
            AddressFamily::Inet => 2,
            AddressFamily::Inet6 => match self {
                Self::Linux => 10,
                Self::Windows => 23,
                Self::Macos => 30,
                Self::Freebsd => 28,
                Self::Openbsd | Self::Netbsd => 24,
                Self::Sunos => 26,
            },
            AddressFamily::Link => match self {
                Self::Linux => 17,
                Self::Windows => -1,
                Self::Macos | Self::Freebsd | Self::Openbsd | Self::Netbsd => 18,
                Self::Sunos => 25,
            },
        }
    }

    /// Returns the address family with this number on this system. Returns `None` for an unknown number.
    #[must_use]
    pub fn family(self, number: i32) -> Option<AddressFamily> {
        use AddressFamily::{Inet, Inet6, Link, Unix};
        [Unix, Inet, Inet6, Link].into_iter().find(|family| self.family_number(*family) == number)
    }

    /// Lists the resources that can be limited on this system, each at the position of its number in `sys/resource.h`.
    /// On MIPS and SPARC, Linux numbers some resources differently. The numbers are those of the build's architecture.
    #[must_use]
    pub const fn resources(self) -> &'static [Resource] {
        use Resource::{
            As, Core, Cpu, Data, Fsize, Kqueues, Locks, Memlock, Msgqueue, Nice, Nofile, Nproc, Npts, Nthr, Rss,
            Rtprio, Rttime, Sbsize, Sigpending, Stack, Swap, Umtxp,
        };
        match self {
            #[cfg(any(target_arch = "mips", target_arch = "mips64"))]
            Self::Linux => &[
                Cpu, Fsize, Data, Stack, Core, Nofile, As, Rss, Nproc, Memlock, Locks, Sigpending, Msgqueue, Nice,
                Rtprio, Rttime,
            ],
            #[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
            Self::Linux => &[
                Cpu, Fsize, Data, Stack, Core, Rss, Nofile, Nproc, Memlock, As, Locks, Sigpending, Msgqueue, Nice,
                Rtprio, Rttime,
            ],
            #[cfg(not(any(
                target_arch = "mips",
                target_arch = "mips64",
                target_arch = "sparc",
                target_arch = "sparc64"
            )))]
            Self::Linux => &[
                Cpu, Fsize, Data, Stack, Core, Rss, Nproc, Nofile, Memlock, As, Locks, Sigpending, Msgqueue, Nice,
                Rtprio, Rttime,
            ],
            Self::Windows => &[],
            Self::Macos => &[Cpu, Fsize, Data, Stack, Core, As, Memlock, Nproc, Nofile],
            Self::Freebsd => {
                &[Cpu, Fsize, Data, Stack, Core, Rss, Memlock, Nproc, Nofile, Sbsize, As, Npts, Swap, Kqueues, Umtxp]
            }
            Self::Openbsd => &[Cpu, Fsize, Data, Stack, Core, Rss, Memlock, Nproc, Nofile],
            Self::Netbsd => &[Cpu, Fsize, Data, Stack, Core, Rss, Memlock, Nproc, Nofile, Sbsize, As, Nthr],
            Self::Sunos => &[Cpu, Fsize, Data, Stack, Core, Nofile, As],
        }
    }

    /// Returns the number of a resource on this system. Returns `None` if it cannot be limited there.
    #[must_use]
    pub fn resource_number(self, resource: Resource) -> Option<u32> {
        (0..).zip(self.resources()).find(|(_, known)| **known == resource).map(|(number, _)| number)
    }

    /// Lists the I/O scheduling classes of this system, each at the position of its number. The list is empty if there
    /// are none.
    #[must_use]
    pub const fn io_classes(self) -> &'static [IoPriorityClass] {
        use IoPriorityClass::{BestEffort, High, Idle, Low, None, Normal, Realtime, VeryLow};
        match self {
            Self::Linux => &[None, Realtime, BestEffort, Idle],
            Self::Windows => &[VeryLow, Low, Normal, High],
            Self::Macos | Self::Freebsd | Self::Openbsd | Self::Netbsd | Self::Sunos => &[],
        }
    }

    /// Returns the number of an I/O scheduling class on this system. Returns `None` for a class of another system.
    #[must_use]
    pub fn io_class_number(self, class: IoPriorityClass) -> Option<u32> {
        (0..).zip(self.io_classes()).find(|(_, known)| **known == class).map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back_to_what_they_stand_for() {
        for os in Os::ALL {
            for family in [AddressFamily::Unix, AddressFamily::Inet, AddressFamily::Inet6, AddressFamily::Link] {
                assert_eq!(os.family(os.family_number(family)), Some(family));
            }
        }
        assert_eq!(Os::Freebsd.family(10), None);
        assert_eq!(Os::Linux.resource_number(Resource::Nofile), Some(7));
        assert_eq!(Os::Netbsd.resource_number(Resource::Nofile), Some(8));
        assert_eq!(Os::Windows.resource_number(Resource::Nofile), None);
        assert_eq!(Os::Linux.io_class_number(IoPriorityClass::Idle), Some(3));
        assert_eq!(Os::Linux.io_class_number(IoPriorityClass::High), None);
    }
}
