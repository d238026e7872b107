//! A machine that was copied: a capture, or a directory of files.

use std::path::PathBuf;

use psoxide::{Os, System};
use pyo3::prelude::*;

use crate::errors::of_machine;
use crate::limits;

/// A machine that a package reads in place of the one that it runs on.
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

    /// The system of the machine, by its name in the package's `_system`.
    #[getter]
    fn os(&self) -> String {
        self.system.os().name().to_ascii_lowercase()
    }
}

/// Lists the resource limits of a system: psutil's names and the numbers, getrlimit(2).
#[pyfunction]
pub(crate) fn limits_of(os: &str) -> Vec<(String, i64)> {
    let Some(os) = Os::of_name(os) else { return Vec::new() };
    let limit = |resource| Some((limits::name(resource), limits::number(os, resource)?));
    limits::of(os).iter().copied().filter_map(limit).collect()
}

/// Returns what stands for no limit on a system: `psutil.RLIM_INFINITY`.
#[pyfunction]
pub(crate) fn no_limit(os: &str) -> i64 {
    limits::infinity(Os::of_name(os).unwrap_or(Os::HOST))
}
