//! Names and numbers of signals on each system.

use super::Os;

/// A signal, by its number on the system that receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(pub i32);

impl Signal {
    /// Hangup: the terminal or its session has ended.
    pub const HUP: Self = Self(1);
    /// Interrupt, sent by Ctrl+C.
    pub const INT: Self = Self(2);
    /// Quit with a core file.
    pub const QUIT: Self = Self(3);
    /// Abort with a core file.
    pub const ABRT: Self = Self(6);
    /// Kill: cannot be caught or ignored.
    pub const KILL: Self = Self(9);
    /// User-defined signal 1.
    pub const USR1: Self = Self::on_host(10, 30, 16);
    /// User-defined signal 2.
    pub const USR2: Self = Self::on_host(12, 31, 17);
    /// Broken pipe: a write to a pipe without a reader.
    pub const PIPE: Self = Self(13);
    /// Alarm: a timer has expired.
    pub const ALRM: Self = Self(14);
    /// Terminate: asks the program to end.
    pub const TERM: Self = Self(15);
    /// Continue after a stop.
    pub const CONT: Self = Self::on_host(18, 19, 25);
    /// Stop: cannot be caught or ignored.
    pub const STOP: Self = Self::on_host(19, 17, 23);
    /// Stop, sent by Ctrl+Z.
    pub const TSTP: Self = Self::on_host(20, 18, 24);
    /// The size of the terminal window has changed.
    pub const WINCH: Self = Self::on_host(28, 28, 20);
    /// Ctrl+Break, with its number in the C library of Windows.
    pub const BREAK: Self = Self(match Os::HOST {
        Os::Windows => 21,
        Os::Linux | Os::Macos | Os::Freebsd | Os::Openbsd | Os::Netbsd | Os::Sunos => -21,
    });

    /// Returns the number of a signal on this program's system. A signal that the system lacks gets a negative number,
    /// which no signal has. Sending it fails with `Unsupported`.
    const fn on_host(linux: i32, bsd: i32, sunos: i32) -> Self {
        Self(match Os::HOST {
            Os::Linux => linux,
            Os::Macos | Os::Freebsd | Os::Openbsd | Os::Netbsd => bsd,
            Os::Sunos => sunos,
            Os::Windows => -linux,
        })
    }

    /// Returns whether this program's system lacks the signal.
    pub(crate) const fn is_absent(self) -> bool {
        self.0 < 0
    }

    /// Returns the name of the signal on a system, without `SIG`. Returns `None` for a number without a name.
    #[must_use]
    pub fn name(self, os: Os) -> Option<&'static str> {
        os.signals().find(|(_, signal)| *signal == self).map(|(name, _)| name)
    }

    /// Returns the signal with this name on a system. The name may begin with `SIG`, in upper or lower case.
    #[must_use]
    pub fn of_name(name: &str, os: Os) -> Option<Self> {
        let plain = match name.get(..3) {
            Some(prefix) if prefix.eq_ignore_ascii_case("SIG") => name.get(3..)?,
            _ => name,
        };
        os.signals().find(|(known, _)| known.eq_ignore_ascii_case(plain)).map(|(_, signal)| signal)
    }
}

impl Os {
    /// Lists the signals of this system by number: names without `SIG`, and numbers.
    pub fn signals(self) -> impl Iterator<Item = (&'static str, Signal)> {
        let names: &[&str] = match self {
            Self::Linux => &[LINUX],
            Self::Windows => &[WINDOWS],
            Self::Macos => &[BSD],
            Self::Freebsd => &[BSD, "THR", "LIBRT"],
            Self::Openbsd => &[BSD, "THR"],
            Self::Netbsd => &[BSD, "PWR"],
            Self::Sunos => &[SUNOS],
        };
        let names = names.iter().flat_map(|names| names.split(' '));
        (1..).zip(names).filter(|(_, name)| *name != "-").map(|(number, name)| (name, Signal(number)))
    }
}

/// The names by number, from 1 on, for most architectures. `-` marks an unused number.
const LINUX: &str = "\
    HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU \
    XFSZ VTALRM PROF WINCH IO PWR SYS";

/// The names that all BSDs and macOS share.
const BSD: &str = "\
    HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM URG STOP TSTP CONT CHLD TTIN TTOU IO XCPU XFSZ \
    VTALRM PROF WINCH INFO USR1 USR2";

const SUNOS: &str = "\
    HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM USR1 USR2 CHLD PWR WINCH URG POLL STOP TSTP CONT \
    TTIN TTOU VTALRM PROF XCPU XFSZ WAITING LWP FREEZE THAW CANCEL LOST XRES JVM1 JVM2 INFO";

/// The signals that can be sent to a Windows process.
const WINDOWS: &str = "- INT - - - - - - KILL - - - - - TERM - - - - - BREAK";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_own_numbers() {
        let number = |name| Os::ALL.map(|os| Signal::of_name(name, os).map_or(0, |signal| signal.0));
        // Linux, Windows, macOS, FreeBSD, OpenBSD, NetBSD, SunOS
        assert_eq!(number("KILL"), [9; 7]);
        assert_eq!(number("sigusr1"), [10, 0, 30, 30, 30, 30, 16]);
        assert_eq!(number("SIGSTOP"), [19, 0, 17, 17, 17, 17, 23]);
        assert_eq!(number("INFO"), [0, 0, 29, 29, 29, 29, 41]);
        assert_eq!(number("BREAK"), [0, 21, 0, 0, 0, 0, 0]);
        assert_eq!(number("SIG"), [0; 7]);
        assert_eq!(Signal(32).name(Os::Netbsd), Some("PWR"));
        assert_eq!(Signal(40).name(Os::Linux), None);
    }

    #[test]
    fn constants_agree_with_the_table() {
        let all = [
            ("HUP", Signal::HUP),
            ("INT", Signal::INT),
            ("QUIT", Signal::QUIT),
            ("ABRT", Signal::ABRT),
            ("KILL", Signal::KILL),
            ("USR1", Signal::USR1),
            ("USR2", Signal::USR2),
            ("PIPE", Signal::PIPE),
            ("ALRM", Signal::ALRM),
            ("TERM", Signal::TERM),
            ("CONT", Signal::CONT),
            ("STOP", Signal::STOP),
            ("TSTP", Signal::TSTP),
            ("WINCH", Signal::WINCH),
            ("BREAK", Signal::BREAK),
        ];
        for (name, signal) in all {
            let known = Signal::of_name(name, Os::HOST);
            assert!(known == Some(signal) || known.is_none() && (signal.is_absent() || Os::HOST == Os::Windows));
        }
    }
}
