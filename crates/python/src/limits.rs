//! The resource limits of each system.

use psoxide::{Os, Resource};

/// A resource limit.
pub(crate) struct Limit {
    /// psutil's name.
    pub(crate) name: &'static str,
    /// Its number in getrlimit(2).
    pub(crate) number: i64,
    /// `None` where the library cannot read it yet.
    pub(crate) resource: Option<Resource>,
}

const fn limit(name: &'static str, number: i64, resource: Resource) -> Limit {
    Limit { name, number, resource: Some(resource) }
}

/// The limits that psutil has on a system.
pub(crate) const fn of(os: Os) -> &'static [Limit] {
    match os {
        Os::Linux => LINUX,
        Os::Freebsd => FREEBSD,
        // psutil has no `rlimit` elsewhere.
        _ => &[],
    }
}

/// asm-generic/resource.h. MIPS and SPARC exchange some of the numbers.
#[cfg(not(any(target_arch = "mips", target_arch = "mips64", target_arch = "sparc", target_arch = "sparc64")))]
const NUMBERS: [i64; 5] = [5, 6, 7, 8, 9];
/// asm/resource.h
#[cfg(any(target_arch = "mips", target_arch = "mips64"))]
const NUMBERS: [i64; 5] = [7, 8, 5, 9, 6];
/// asm/resource.h
#[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
const NUMBERS: [i64; 5] = [5, 7, 6, 8, 9];

const LINUX: &[Limit] = &[
    limit("RLIMIT_AS", NUMBERS[4], Resource::As),
    limit("RLIMIT_CORE", 4, Resource::Core),
    limit("RLIMIT_CPU", 0, Resource::Cpu),
    limit("RLIMIT_DATA", 2, Resource::Data),
    limit("RLIMIT_FSIZE", 1, Resource::Fsize),
    limit("RLIMIT_LOCKS", 10, Resource::Locks),
    limit("RLIMIT_MEMLOCK", NUMBERS[3], Resource::Memlock),
    limit("RLIMIT_MSGQUEUE", 12, Resource::Msgqueue),
    limit("RLIMIT_NICE", 13, Resource::Nice),
    limit("RLIMIT_NOFILE", NUMBERS[2], Resource::Nofile),
    limit("RLIMIT_NPROC", NUMBERS[1], Resource::Nproc),
    limit("RLIMIT_RSS", NUMBERS[0], Resource::Rss),
    limit("RLIMIT_RTPRIO", 14, Resource::Rtprio),
    limit("RLIMIT_RTTIME", 15, Resource::Rttime),
    limit("RLIMIT_SIGPENDING", 11, Resource::Sigpending),
    limit("RLIMIT_STACK", 3, Resource::Stack),
];

/// sys/resource.h
const FREEBSD: &[Limit] = &[
    limit("RLIMIT_AS", 10, Resource::As),
    limit("RLIMIT_CORE", 4, Resource::Core),
    limit("RLIMIT_CPU", 0, Resource::Cpu),
    limit("RLIMIT_DATA", 2, Resource::Data),
    limit("RLIMIT_FSIZE", 1, Resource::Fsize),
    limit("RLIMIT_MEMLOCK", 6, Resource::Memlock),
    limit("RLIMIT_NOFILE", 8, Resource::Nofile),
    limit("RLIMIT_NPROC", 7, Resource::Nproc),
    Limit { name: "RLIMIT_NPTS", number: 11, resource: None },
    limit("RLIMIT_RSS", 5, Resource::Rss),
    Limit { name: "RLIMIT_SBSIZE", number: 9, resource: None },
    limit("RLIMIT_STACK", 3, Resource::Stack),
    Limit { name: "RLIMIT_SWAP", number: 12, resource: None },
];

/// `psutil.RLIM_INFINITY`: what stands for no limit.
pub(crate) const fn infinity(os: Os) -> i64 {
    match os {
        Os::Freebsd => i64::MAX,
        _ => -1,
    }
}
