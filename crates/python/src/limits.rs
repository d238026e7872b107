//! Resource limits of each system, see getrlimit(2).

use psoxide::{Os, Resource};

/// Returns the limits that psutil has on a system.
pub(crate) const fn of(os: Os) -> &'static [Resource] {
    match os {
        Os::Linux => os.resources(),
        // psutil lacks the newest limits of FreeBSD.
        Os::Freebsd => {
            use Resource::{As, Core, Cpu, Data, Fsize, Memlock, Nofile, Nproc, Npts, Rss, Sbsize, Stack, Swap};
            &[As, Core, Cpu, Data, Fsize, Memlock, Nofile, Nproc, Npts, Rss, Sbsize, Stack, Swap]
        }
        // psutil has no `rlimit` on these systems.
        Os::Windows | Os::Macos | Os::Openbsd | Os::Netbsd | Os::Sunos => &[],
    }
}

/// Returns psutil's name of a limit, such as `RLIMIT_NOFILE`.
pub(crate) fn name(resource: Resource) -> String {
    format!("RLIMIT_{}", resource.name().to_ascii_uppercase())
}

/// Returns the number of a limit on a system.
pub(crate) fn number(os: Os, resource: Resource) -> Option<i64> {
    os.resource_number(resource).map(i64::from)
}

/// Returns the number that means "no limit".
pub(crate) const fn infinity(os: Os) -> i64 {
    match os {
        Os::Freebsd => i64::MAX,
        Os::Linux | Os::Windows | Os::Macos | Os::Openbsd | Os::Netbsd | Os::Sunos => -1,
    }
}
