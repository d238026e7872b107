//! Converts errors to psutil's exceptions.

use psoxide::{Error, ErrorKind};
use pyo3::exceptions::{PyNotImplementedError, PyOSError, PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The exception classes of the package.
pub(crate) struct Exceptions {
    no_such_process: Py<PyType>,
    zombie_process: Py<PyType>,
    access_denied: Py<PyType>,
}

/// The process that an exception names, as far as it is known without a further reading.
pub(crate) struct About<'py> {
    pub(crate) pid: i32,
    pub(crate) name: Option<Bound<'py, PyAny>>,
    pub(crate) ppid: Option<Bound<'py, PyAny>>,
}

impl Exceptions {
    pub(crate) fn of(common: &Bound<'_, PyAny>) -> PyResult<Self> {
        let class = |name| -> PyResult<Py<PyType>> { Ok(common.getattr(name)?.cast_into::<PyType>()?.unbind()) };
        Ok(Self {
            no_such_process: class("NoSuchProcess")?,
            zombie_process: class("ZombieProcess")?,
            access_denied: class("AccessDenied")?,
        })
    }

    /// Returns the exception for an error of a process. The system's own error, if any, is its cause.
    pub(crate) fn of_process(&self, py: Python<'_>, error: &Error, about: About<'_>) -> PyErr {
        let About { pid, name, ppid } = about;
        let exception = match error.kind() {
            ErrorKind::NoSuchProcess => self.no_such_process.bind(py).call1((pid, name)),
            ErrorKind::ZombieProcess => self.zombie_process.bind(py).call1((pid, name, ppid)),
            ErrorKind::AccessDenied => self.access_denied.bind(py).call1((pid, name)),
            _ => return of_machine(py, error),
        };
        let exception = match exception {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => return error,
        };
        if error.io_error().is_some() {
            exception.set_cause(py, Some(of_machine(py, error)));
        }
        exception
    }
}

impl Exceptions {
    /// Returns the exception for an error of a service. As in psutil, it is that of a process without a pid.
    pub(crate) fn of_service(&self, py: Python<'_>, error: &Error, name: &str) -> PyErr {
        let (class, text) = match error.kind() {
            ErrorKind::NoSuchProcess => (&self.no_such_process, format!("service {name:?} does not exist")),
            ErrorKind::AccessDenied => (&self.access_denied, format!("service {name:?} is not querable")),
            _ => return of_machine(py, error),
        };
        match class.bind(py).call1((py.None(), name, text)) {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    }
}

/// Returns the exception for an error of the machine as a whole.
pub(crate) fn of_machine(py: Python<'_>, error: &Error) -> PyErr {
    if let Some(source) = error.io_error() {
        let Some(number) = source.raw_os_error() else { return PyOSError::new_err(error.to_string()) };
        let text = py.import("os").and_then(|os| os.getattr("strerror")?.call1((number,)));
        let Ok(text) = text else { return PyOSError::new_err(number) };
        let text = text.unbind();
        return match error.path() {
            Some(path) => PyOSError::new_err((number, text, path.as_os_str().to_owned())),
            None => PyOSError::new_err((number, text)),
        };
    }
    match error.kind() {
        ErrorKind::Unsupported => PyNotImplementedError::new_err(error.to_string()),
        ErrorKind::Timeout => PyTimeoutError::new_err(error.to_string()),
        ErrorKind::InvalidInput => PyValueError::new_err(error.to_string()),
        _ => PyRuntimeError::new_err(error.to_string()),
    }
}
