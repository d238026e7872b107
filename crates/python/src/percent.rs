//! What two samples of CPU times say about the time between them: as psutil computes it, from the tuples.

use psoxide::{CpuTimes, Os, Record as _, support};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyTuple};

use crate::convert::{Object, rounded};
use crate::ffi::Maker;

/// A tuple `scputimes`.
fn numbers(times: &Bound<'_, PyTuple>) -> PyResult<Vec<f64>> {
    times.iter().map(|value| value.extract()).collect()
}

/// The field of this name; 0 where this system has none, or this kernel.
fn field(times: &[f64], name: &str) -> f64 {
    let mut fields = CpuTimes::FIELDS.iter().filter(|field| support::in_tuple(CpuTimes::NAME, field, Os::HOST));
    fields.position(|field| field.name == name).and_then(|place| times.get(place)).copied().unwrap_or(0.0)
}

/// All time that passed; guest time is part of user time already.
fn total(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() - field(times, "guest") - field(times, "guest_nice")
}

/// Time in which work was done: neither idle nor waiting for I/O.
fn busy(times: &[f64]) -> f64 {
    total(times) - field(times, "idle") - field(times, "iowait")
}

/// What passed between two samples; a counter that went back counts as unchanged.
fn deltas(then: &Bound<'_, PyTuple>, now: &Bound<'_, PyTuple>) -> PyResult<Vec<f64>> {
    let (then, now) = (numbers(then)?, numbers(now)?);
    Ok(then.iter().zip(&now).map(|(then, now)| (now - then).max(0.0)).collect())
}

/// A tuple of the class of `like`, with these numbers.
fn alike<'py>(like: &Bound<'py, PyTuple>, values: Vec<f64>) -> Object<'py> {
    let py = like.py();
    Maker::of(py)?.make(&like.get_type(), values.into_iter().map(|value| PyFloat::new(py, value).into_any()))
}

#[pyfunction]
pub(crate) fn cpu_tot_time(times: &Bound<'_, PyTuple>) -> PyResult<f64> {
    Ok(total(&numbers(times)?))
}

#[pyfunction]
pub(crate) fn cpu_busy_time(times: &Bound<'_, PyTuple>) -> PyResult<f64> {
    Ok(busy(&numbers(times)?))
}

#[pyfunction]
pub(crate) fn cpu_times_deltas<'py>(t1: &Bound<'py, PyTuple>, t2: &Bound<'py, PyTuple>) -> Object<'py> {
    alike(t2, deltas(t1, t2)?)
}

/// The busy part.
#[pyfunction]
pub(crate) fn busy_percent(t1: &Bound<'_, PyTuple>, t2: &Bound<'_, PyTuple>) -> PyResult<f64> {
    let deltas = deltas(t1, t2)?;
    let total = total(&deltas);
    Ok(if total > 0.0 { rounded(busy(&deltas) / total * 100.0) } else { 0.0 })
}

/// The part of each kind.
#[pyfunction]
pub(crate) fn each_percent<'py>(t1: &Bound<'py, PyTuple>, t2: &Bound<'py, PyTuple>) -> Object<'py> {
    let deltas = deltas(t1, t2)?;
    // Less than a second is too little to make parts of.
    let scale = 100.0 / total(&deltas).max(1.0);
    alike(t2, deltas.iter().map(|delta| rounded(delta * scale).min(100.0)).collect())
}
