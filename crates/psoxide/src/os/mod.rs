//! The operating systems and their numbers. A capture is read with the numbers of its own system.

mod errors;
mod numbers;
mod signals;

pub use signals::Signal;

/// An operating system that psoxide knows.
///
/// A program can match it without a wildcard: then the compiler names each place that a new system needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Os {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// FreeBSD.
    Freebsd,
    /// OpenBSD.
    Openbsd,
    /// NetBSD.
    Netbsd,
    /// illumos and Solaris.
    Sunos,
}

impl Os {
    /// All systems, in the order of the support matrix.
    pub const ALL: [Self; 7] =
        [Self::Linux, Self::Windows, Self::Macos, Self::Freebsd, Self::Openbsd, Self::Netbsd, Self::Sunos];

    /// The system for which this program was compiled.
    pub const HOST: Self = HOST;

    /// Returns the usual spelling of the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
            Self::Macos => "macOS",
            Self::Freebsd => "FreeBSD",
            Self::Openbsd => "OpenBSD",
            Self::Netbsd => "NetBSD",
            Self::Sunos => "SunOS",
        }
    }

    /// Returns the system with this name, in upper or lower case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|os| os.name().eq_ignore_ascii_case(name))
    }
}

#[cfg(target_os = "linux")]
const HOST: Os = Os::Linux;
#[cfg(windows)]
const HOST: Os = Os::Windows;
#[cfg(target_os = "macos")]
const HOST: Os = Os::Macos;
#[cfg(target_os = "freebsd")]
const HOST: Os = Os::Freebsd;
#[cfg(target_os = "openbsd")]
const HOST: Os = Os::Openbsd;
#[cfg(target_os = "netbsd")]
const HOST: Os = Os::Netbsd;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
const HOST: Os = Os::Sunos;

/// A set of operating systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OsSet(u8);

impl OsSet {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// Linux.
    pub const LINUX: Self = Self::of(Os::Linux);
    /// Windows.
    pub const WINDOWS: Self = Self::of(Os::Windows);
    /// macOS.
    pub const MACOS: Self = Self::of(Os::Macos);
    /// FreeBSD.
    pub const FREEBSD: Self = Self::of(Os::Freebsd);
    /// OpenBSD.
    pub const OPENBSD: Self = Self::of(Os::Openbsd);
    /// NetBSD.
    pub const NETBSD: Self = Self::of(Os::Netbsd);
    /// illumos and Solaris.
    pub const SUNOS: Self = Self::of(Os::Sunos);
    /// FreeBSD, OpenBSD and NetBSD.
    pub const BSD: Self = Self::FREEBSD.or(Self::OPENBSD).or(Self::NETBSD);
    /// All systems except Windows.
    pub const POSIX: Self = Self::LINUX.or(Self::MACOS).or(Self::BSD).or(Self::SUNOS);
    /// All systems.
    pub const ALL: Self = Self::POSIX.or(Self::WINDOWS);

    /// Makes a set of one system.
    #[must_use]
    pub const fn of(os: Os) -> Self {
        Self(1 << os as u8)
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether `os` is in the set.
    #[must_use]
    pub const fn contains(self, os: Os) -> bool {
        self.0 & Self::of(os).0 != 0
    }
}
