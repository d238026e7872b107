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

/// The resource limits of a system: psutil's names and the numbers, getrlimit(2).
#[pyfunction]
pub(crate) fn limits_of(os: &str) -> Vec<(&'static str, i64)> {
    let limits = Os::of_name(os).map_or(&[][..], limits::of);
    limits.iter().map(|limit| (limit.name, limit.number)).collect()
}
