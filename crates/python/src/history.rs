//! The history that `psoxide record` writes: its samples, and columns of them.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use psoxide_history::{NULL, Values};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList};

use crate::Object;
use crate::cells::intern;
use crate::convert::text;
use crate::machine::Machine;

/// A stretch of the history, as `psoxide history list` shows it.
type Segment = (u64, f64, f64, u64, u64, bool, String, f64, Vec<String>);

/// The history in a directory.
#[pyclass(module = "psoxide._psoxide")]
pub(crate) struct History(psoxide_history::History);

/// The machine and its processes at one moment.
#[pyclass(frozen, module = "psoxide._psoxide")]
pub(crate) struct Recorded(psoxide_history::Sample);

/// The exception for an error of a file of the history.
fn of_io(folder: &std::path::Path, error: &io::Error) -> PyErr {
    let path = folder.display().to_string();
    match (error.raw_os_error(), error.kind()) {
        (Some(number), _) => PyOSError::new_err((number, error.to_string(), path)),
        (None, io::ErrorKind::InvalidInput) => PyValueError::new_err(error.to_string()),
        (None, io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(format!("{path}: {error}")),
        (None, _) => PyOSError::new_err(format!("{path}: {error}")),
    }
}

#[allow(clippy::cast_precision_loss)] // exact to a microsecond for another 200 years
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1e3
}

impl History {
    /// Reads without the GIL. Another thread that uses the history meanwhile gets a `RuntimeError`.
    fn read<T: Send>(
        &mut self,
        py: Python<'_>,
        read: impl FnOnce(&mut psoxide_history::History) -> io::Result<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| read(&mut self.0)).map_err(|error| of_io(self.0.path(), &error))
    }
}

#[pymethods]
impl History {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| psoxide_history::History::open(&path)).map(Self).map_err(|error| of_io(&path, &error))
    }

    /// Lists the stretches of the history; reads every sample of them if `verify` is true.
    fn segments(&mut self, py: Python<'_>, verify: bool) -> PyResult<Vec<Segment>> {
        let all = self.read(py, |history| {
            history.refresh()?;
            if verify { history.verify() } else { history.list() }
        })?;
        let segment = |one: psoxide_history::Summary| {
            let (first, last, jump) = (seconds(one.first), seconds(one.last), seconds(one.jump));
            (one.number, first, last, one.samples, one.size, one.is_log, one.host, jump, one.damage)
        };
        Ok(all.into_iter().map(segment).collect())
    }

    /// Returns the last sample that was taken at or before a time.
    fn at(&mut self, py: Python<'_>, millis: i64) -> PyResult<Option<Recorded>> {
        let found = self.read(py, |history| {
            history.refresh()?;
            history.at(millis)
        })?;
        Ok(found.map(Recorded))
    }

    /// Returns the sample before another one.
    fn before(&mut self, py: Python<'_>, sample: &Recorded) -> PyResult<Option<Recorded>> {
        self.read(py, |history| history.before(&sample.0)).map(|found| found.map(Recorded))
    }

    /// Returns the sample after another one.
    fn after(&mut self, py: Python<'_>, sample: &Recorded) -> PyResult<Option<Recorded>> {
        self.read(py, |history| history.after(&sample.0)).map(|found| found.map(Recorded))
    }

    /// Returns the first sample of a stretch of time, or the next one.
    fn within(&mut self, py: Python<'_>, start: i64, end: i64, last: Option<&Recorded>) -> PyResult<Option<Recorded>> {
        let last = last.map(|last| &last.0);
        self.read(py, |history| history.within((start, end), last)).map(|found| found.map(Recorded))
    }

    /// Returns the columns of a table, by name, each as a list.
    fn columns<'py>(
        &mut self,
        py: Python<'py>,
        table: &str,
        names: Option<Vec<String>>,
        start: i64,
        end: i64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (names, range) = (names.as_deref(), (start, end));
        let columns = self.read(py, |history| {
            history.refresh()?;
            match table {
                "samples" => history.gather_samples(names, range),
                "processes" => history.gather_processes(names, range),
                "system" => history.gather_system(names, range),
                other => {
                    let message = format!("there is no table {other:?}; the tables are samples, processes and system");
                    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
                }
            }
        })?;
        let all = PyDict::new(py);
        for (name, values) in columns {
            all.set_item(name, list(py, &values)?)?;
        }
        Ok(all)
    }
}

#[pymethods]
impl Recorded {
    /// When the sample was taken, in seconds since 1970.
    #[getter]
    fn time(&self) -> f64 {
        seconds(self.0.time)
    }

    #[getter]
    fn sequence(&self) -> u64 {
        self.0.sequence
    }

    /// By how many seconds the clock was set since the sample before.
    #[getter]
    fn jump(&self) -> f64 {
        seconds(self.0.jump)
    }

    #[getter]
    fn host(&self) -> &str {
        &self.0.header.host
    }

    /// The machine as it was.
    fn machine(&self, py: Python<'_>) -> Machine {
        Machine { system: py.detach(|| self.0.system()) }
    }
}

/// Makes a list of values; `None` stands for a missing one.
fn list<'py>(py: Python<'py>, values: &Values) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let each = |cells: &[i64], value: &mut dyn FnMut(i64) -> Object<'py>| -> PyResult<()> {
        for cell in cells {
            if *cell == NULL {
                list.append(py.None())?;
            } else {
                list.append(value(*cell)?)?;
            }
        }
        Ok(())
    };
    match values {
        Values::Int(cells) => each(cells, &mut |cell| Ok(PyInt::new(py, cell).into_any()))?,
        Values::Bool(cells) => each(cells, &mut |cell| Ok(PyBool::new(py, cell != 0).to_owned().into_any()))?,
        #[allow(clippy::cast_precision_loss)] // as psutil has it
        Values::Micros(cells) => each(cells, &mut |cell| Ok(PyFloat::new(py, cell as f64 / 1e6).into_any()))?,
        Values::Real(cells) => {
            each(cells, &mut |cell| Ok(PyFloat::new(py, f64::from_bits(cell.cast_unsigned())).into_any()))?;
        }
        Values::Instant(cells) => {
            let datetime = py.import("datetime")?;
            let utc = datetime.getattr("timezone")?.getattr("utc")?;
            let class = datetime.getattr("datetime")?;
            // All rows of a sample have the same time.
            let mut last: Option<(i64, Bound<'py, PyAny>)> = None;
            each(cells, &mut |cell| match &last {
                Some((known, time)) if *known == cell => Ok(time.clone()),
                _ => {
                    let time = class.call_method1(intern!(py, "fromtimestamp"), (seconds(cell), &utc))?;
                    last = Some((cell, time.clone()));
                    Ok(time)
                }
            })?;
        }
        Values::Text(cells, texts) => {
            let texts = texts.iter().map(|one| text(py, OsStr::from_bytes(one))).collect::<PyResult<Vec<_>>>()?;
            let none = py.None().into_bound(py);
            let find = |cell: i64| usize::try_from(cell).ok().and_then(|place| texts.get(place)).unwrap_or(&none);
            each(cells, &mut |cell| Ok(find(cell).clone()))?;
        }
        Values::Words(cells, lists) => each(cells, &mut |cell| {
            let words = usize::try_from(cell).ok().and_then(|place| lists.get(place));
            let words = words.into_iter().flatten().map(|word| text(py, OsStr::from_bytes(word)));
            words.collect::<PyResult<Vec<_>>>()?.into_bound_py_any(py)
        })?,
    }
    Ok(list)
}
