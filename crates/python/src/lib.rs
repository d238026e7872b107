//! The native half of the Python package. It converts readings to Python values, and errors to exceptions.
//!
//! The Python half (`python/psoxide`) keeps psutil's layers, so that replacing a function there takes effect. The
//! package calls `_pslinux`, which calls [`Api`](api::Api) for the machine and [`Process`](process::Process) for one
//! process. This module keeps no state: an `Api` belongs to the package that made it.

mod api;
mod cells;
mod columns;
mod convert;
mod errors;
mod ffi;
#[cfg(unix)]
mod fork;
#[cfg(target_os = "linux")]
mod history;
mod limits;
mod machine;
mod memory;
mod percent;
mod process;
mod rows;
#[cfg(unix)]
mod wait;

/// A Python object, or an exception.
type Object<'py> = pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>>;

/// The native half of the package.
#[pyo3::pymodule(gil_used = false)]
mod _psoxide {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::api::{Api, cpu_time_kinds};
    #[pymodule_export]
    use crate::columns::{have_grown, sums};
    #[cfg(unix)]
    #[pymodule_export]
    use crate::fork::ForkHooks;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use crate::history::{History, Recorded};
    #[pymodule_export]
    use crate::machine::{Machine, limits_of, no_limit};
    #[pymodule_export]
    use crate::percent::{busy_percent, cpu_busy_time, cpu_times_deltas, cpu_tot_time, each_percent};
    #[pymodule_export]
    use crate::process::{Process, all_processes};
    #[pymodule_export]
    use crate::rows::RowReader;
    #[cfg(unix)]
    #[pymodule_export]
    use crate::wait::wait_readable;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // The version that the Python half must have, in the format of psutil's C module.
        module.add("version", 722)
    }
}
