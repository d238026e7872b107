//! Sums and comparisons of tuples of numbers, one tuple for each disk, interface or CPU.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyTuple, PyType};

use crate::Object;
use crate::cells::intern;

/// Returns whether both dicts of tuples have the same keys, and no number in `now` is less than in `before`.
#[pyfunction]
pub(crate) fn have_grown(before: &Bound<'_, PyDict>, now: &Bound<'_, PyDict>) -> PyResult<bool> {
    if before.len() != now.len() {
        return Ok(false);
    }
    for (key, now) in now {
        let Some(then) = before.get_item(key)? else { return Ok(false) };
        let (now, then) = (now.cast_into::<PyTuple>()?, then.cast_into::<PyTuple>()?);
        for (now, then) in now.iter().zip(&then) {
            // The interpreter has one object for each small number.
            if now.is(&then) {
                continue;
            }
            let less = match (now.extract::<u64>(), then.extract::<u64>()) {
                (Ok(now), Ok(then)) => now < then,
                _ => now.lt(&then)?,
            };
            if less {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// A sum that stays a machine integer until it overflows.
enum Sum<'py> {
    Small(u64),
    Any(Bound<'py, PyAny>),
}

impl<'py> Sum<'py> {
    fn into_object(self, py: Python<'py>) -> Bound<'py, PyAny> {
        match self {
            Self::Small(sum) => PyInt::new(py, sum).into_any(),
            Self::Any(sum) => sum,
        }
    }

    fn plus(self, value: Bound<'py, PyAny>) -> PyResult<Self> {
        if let Self::Small(sum) = self
            && value.is_exact_instance_of::<PyInt>()
            && let Some(sum) = value.extract().ok().and_then(|value| sum.checked_add(value))
        {
            return Ok(Self::Small(sum));
        }
        Ok(Self::Any(self.into_object(value.py()).add(value)?))
    }
}

/// Returns a named tuple of the columns' sums, or of their means.
#[pyfunction]
#[pyo3(signature = (class, rows, mean = false))]
pub(crate) fn sums<'py>(class: &Bound<'py, PyType>, rows: &Bound<'py, PyAny>, mean: bool) -> Object<'py> {
    let py = class.py();
    let mut sums: Vec<Sum<'py>> = Vec::new();
    let mut count = 0;
    for row in rows.try_iter()? {
        let row = row?.cast_into::<PyTuple>()?;
        sums.resize_with(row.len(), || Sum::Small(0));
        sums = sums.into_iter().zip(&row).map(|(sum, value)| sum.plus(value)).collect::<PyResult<_>>()?;
        count += 1;
    }
    let mut values: Vec<_> = sums.into_iter().map(|sum| sum.into_object(py)).collect();
    if mean {
        values = values.into_iter().map(|sum| sum.div(count)).collect::<PyResult<_>>()?;
    }
    class.call_method1(intern!(py, "_make"), (values,))
}
