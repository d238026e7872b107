//! The choice between the files of /proc and faster ways to the same facts.

use std::env;
use std::str::FromStr;

use crate::{Error, Result};

/// From where a [`System`](crate::System) takes what the kernel offers in more than one way. The records are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Backend {
    /// From the fastest that this kernel has and this user may use.
    ///
    /// Linux: sockets from sock_diag(7), user ids from pidfds, all processes at once by the kernel's task iterators, a
    /// kind of BPF programs, and one process by such a program that is called. These need the capabilities CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, besides CAP_SYS_PTRACE
    /// and CAP_DAC_READ_SEARCH, the first pid, user and time namespaces, and Linux 6.16 or later with BTF; they are
    /// prepared when so many processes have been read that it pays, and kept with the `System`.
    #[default]
    Auto,
    /// From the files of /proc alone.
    Proc,
    /// As `Auto`, and by the kernel's task iterators from the first pass on, however long it takes to prepare them.
    ///
    /// Where they are not to be had, /proc is read: [`System::backend`](crate::System::backend) tells.
    Bpf,
}

impl Backend {
    const VARIABLE: &str = "PSOXIDE_BACKEND";
    const NAMES: [(&str, Self); 3] = [("auto", Self::Auto), ("proc", Self::Proc), ("bpf", Self::Bpf)];

    /// What the environment variable `PSOXIDE_BACKEND` says: `auto`, which is meant where it is not set, `proc` or `bpf`.
    ///
    /// A [`System`](crate::System) that is made while the variable holds anything else takes it as `auto`.
    ///
    /// # Errors
    /// The variable holds anything else.
    pub fn from_env() -> Result<Self> {
        match env::var_os(Self::VARIABLE) {
            None => Ok(Self::Auto),
            Some(name) => name.to_string_lossy().parse(),
        }
    }
}

impl FromStr for Backend {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, backend)| *backend).ok_or_else(|| {
            let names: Vec<_> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            Error::invalid(format!("{}: invalid backend {name:?}; it is one of {}", Self::VARIABLE, names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!("auto".parse::<Backend>().unwrap(), Backend::Auto);
        assert_eq!("proc".parse::<Backend>().unwrap(), Backend::Proc);
        let error = "netlink".parse::<Backend>().unwrap_err();
        assert!(error.to_string().contains("invalid backend \"netlink\""), "{error}");
    }
}
