//! Chooses between /proc and faster sources of the same values.

use std::env;
use std::str::FromStr;

use crate::{Error, Result};

/// The source of readings that the kernel offers in more than one way. All sources give the same records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Backend {
    /// /proc, and faster system calls where the user may make them: sock_diag(7) for sockets, pidfds for user ids.
    /// Loads nothing into the kernel.
    #[default]
    Auto,
    /// Only the files of /proc.
    Proc,
    /// The sources of `Auto`, and BPF programs for passes over many processes. The `System` loads the programs on first
    /// use, which takes about 3 ms, and keeps them.
    ///
    /// This backend needs Linux 6.16 or later with BTF, the first pid, user and time namespaces, and the capabilities
    /// CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. The library must be built with the feature `bpf`.
    /// If something is missing, readings come from /proc, and
    /// [`System::backend_refusal`](crate::System::backend_refusal) says why.
    Bpf,
}

impl Backend {
    const VARIABLE: &str = "PSOXIDE_BACKEND";
    const NAMES: [(&str, Self); 3] = [("auto", Self::Auto), ("proc", Self::Proc), ("bpf", Self::Bpf)];

    /// Reads the environment variable `PSOXIDE_BACKEND`: `auto`, `proc` or `bpf`. Returns `None` if it is not set.
    ///
    /// A [`System`](crate::System) that is made while the variable has another value uses `auto`.
    ///
    /// # Errors
    /// Fails if the variable has another value.
    pub fn from_env() -> Result<Option<Self>> {
        match env::var_os(Self::VARIABLE) {
            None => Ok(None),
            Some(name) => {
                let parsed = name.to_string_lossy().parse();
                parsed.map(Some).map_err(|error| Error::invalid(format!("{}: {error}", Self::VARIABLE)))
            }
        }
    }
}

impl FromStr for Backend {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, backend)| *backend).ok_or_else(|| {
            let names: Vec<_> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            Error::invalid(format!("invalid backend {name:?}; use {}", names.join(", ")))
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
