//! Computes psutil's percentages from two samples of CPU times.

use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyString, PyTuple};

use crate::Object;
use crate::cells::intern;
use crate::convert::rounded;
use crate::ffi::Maker;

/// The numbers of a tuple `scputimes`, and the positions of the fields that do not simply count as busy.
#[derive(Default)]
struct Times {
    all: Vec<f64>,
    idle: f64,
    iowait: f64,
    guest: f64,
    guest_nice: f64,
}

impl Times {
    fn of(times: &Bound<'_, PyTuple>, all: Vec<f64>) -> PyResult<Self> {
        let py = times.py();
        let names = times.getattr(intern!(py, "_fields"))?.cast_into::<PyTuple>()?;
        let mut of = Self::default();
        for (name, value) in names.iter().zip(&all) {
            // A field that the system or its kernel lacks counts as 0.
            let place = match &*name.cast::<PyString>()?.to_cow()? {
                "idle" => &mut of.idle,
                "iowait" => &mut of.iowait,
                "guest" => &mut of.guest,
                "guest_nice" => &mut of.guest_nice,
                _ => continue,
            };
            *place = *value;
        }
        of.all = all;
        Ok(of)
    }

    /// Returns all time that passed. User time already includes guest time.
    fn total(&self) -> f64 {
        self.all.iter().sum::<f64>() - self.guest - self.guest_nice
    }

    /// Returns the time spent working: neither idle nor waiting for I/O.
    fn busy(&self) -> f64 {
        self.total() - self.idle - self.iowait
    }
}

fn numbers(times: &Bound<'_, PyTuple>) -> PyResult<Vec<f64>> {
    times.iter().map(|value| value.extract()).collect()
}

/// Returns the differences between two samples. A counter that decreased counts as unchanged.
fn deltas(then: &Bound<'_, PyTuple>, now: &Bound<'_, PyTuple>) -> PyResult<Times> {
    let (before, after) = (numbers(then)?, numbers(now)?);
    Times::of(now, before.iter().zip(&after).map(|(before, after)| (after - before).max(0.0)).collect())
}

/// Makes a tuple of the class of `like` with these numbers.
fn alike<'py>(like: &Bound<'py, PyTuple>, values: Vec<f64>) -> Object<'py> {
    let py = like.py();
    Maker::of(py)?.make(&like.get_type(), values.into_iter().map(|value| PyFloat::new(py, value).into_any()))
}

#[pyfunction]
pub(crate) fn cpu_tot_time(times: &Bound<'_, PyTuple>) -> PyResult<f64> {
    Ok(Times::of(times, numbers(times)?)?.total())
}

#[pyfunction]
pub(crate) fn cpu_busy_time(times: &Bound<'_, PyTuple>) -> PyResult<f64> {
    Ok(Times::of(times, numbers(times)?)?.busy())
}

#[pyfunction]
pub(crate) fn cpu_times_deltas<'py>(t1: &Bound<'py, PyTuple>, t2: &Bound<'py, PyTuple>) -> Object<'py> {
    alike(t2, deltas(t1, t2)?.all)
}

/// Returns the share of busy time in percent.
#[pyfunction]
pub(crate) fn busy_percent(t1: &Bound<'_, PyTuple>, t2: &Bound<'_, PyTuple>) -> PyResult<f64> {
    let deltas = deltas(t1, t2)?;
    let total = deltas.total();
    Ok(if total > 0.0 { rounded(deltas.busy() / total * 100.0) } else { 0.0 })
}

/// Returns the share of each kind of time in percent.
#[pyfunction]
pub(crate) fn each_percent<'py>(t1: &Bound<'py, PyTuple>, t2: &Bound<'py, PyTuple>) -> Object<'py> {
    let deltas = deltas(t1, t2)?;
    // Below one second in total, the shares are of one second.
    let scale = 100.0 / deltas.total().max(1.0);
    alike(t2, deltas.all.iter().map(|delta| rounded(delta * scale).min(100.0)).collect())
}
