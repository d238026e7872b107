//! Opens captured machines.

use std::path::PathBuf;

use psoxide::{Os, System};
use pyo3::prelude::*;

use crate::errors::of_machine;
use crate::limits;

/// A captured machine, which a package reads in place of the host.
#[pyclass(frozen, module = "psoxide._psoxide")]
pub(crate) struct Machine {
    pub(crate) system: System,
}

#[pymethods]
impl Machine {
    /// Opens a capture, or a directory that holds a copied /proc and /sys.
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let system = py.detach(|| System::at_root(path)).map_err(|error| of_machine(py, &error))?;
        Ok(Self { system })
    }

    /// Returns the machine's system, by its name in the package's `_system`.
    #[getter]
    fn os(&self) -> String {
        self.system.os().name().to_ascii_lowercase()
    }
}

/// Lists the resource limits of a system: psutil's names and the numbers of getrlimit(2).
#[pyfunction]
pub(crate) fn limits_of(os: &str) -> Vec<(String, i64)> {
    let Some(os) = Os::of_name(os) else { return Vec::new() };
    let limit = |resource| Some((limits::name(resource), limits::number(os, resource)?));
    limits::of(os).iter().copied().filter_map(limit).collect()
}

/// Returns the number that means "no limit" on a system: `psutil.RLIM_INFINITY`.
#[pyfunction]
pub(crate) fn no_limit(os: &str) -> i64 {
    limits::infinity(Os::of_name(os).unwrap_or(Os::HOST))
}
