//! Makes `pmem` of psutil 7, whose fields differ between systems.

use psoxide::{MemoryDetails, MemoryInfo, Os, PageFaults, Process, Result};
use pyo3::prelude::*;
use pyo3::types::PyInt;

use crate::convert::Tuples;

/// The readings behind psutil 7's `pmem`. `details` and `faults` are read on systems whose fields need them.
pub(crate) struct Memory {
    pub(crate) info: MemoryInfo,
    pub(crate) details: Option<MemoryDetails>,
    pub(crate) faults: Option<PageFaults>,
}

impl Memory {
    pub(crate) fn read(process: &Process, os: Os) -> Result<Self> {
        Ok(Self {
            info: process.memory_info()?,
            details: if os == Os::Windows { Some(process.memory_details()?) } else { None },
            faults: if matches!(os, Os::Windows | Os::Macos) { Some(process.page_faults()?) } else { None },
        })
    }
}

/// Returns the fields of psutil 7's `pmem`.
pub(crate) fn memory_fields<'py>(
    py: Python<'py>,
    tuples: &Tuples,
    memory: &Memory,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let mut values = tuples.fields(py, &memory.info)?;
    let faults = memory.faults.clone().unwrap_or_default();
    match tuples.os {
        // rss, vms, shared, text, lib, data, dirty. `lib` and `dirty` are 0 since Linux 2.6.
        Os::Linux => {
            let zero = PyInt::new(py, 0).into_any();
            values.insert(4, zero.clone());
            values.push(zero);
        }
        // rss, vms, pfaults, pageins
        Os::Macos => {
            let all = faults.minor.saturating_add(faults.major);
            values.extend([all, faults.major].map(|value| PyInt::new(py, value).into_any()));
        }
        // num_page_faults, peak_wset, wset, peak_paged_pool, paged_pool, peak_nonpaged_pool, nonpaged_pool, pagefile,
        // peak_pagefile, private. rss is also wset, and vms is also pagefile.
        Os::Windows => {
            let details = memory.details.clone().unwrap_or_default();
            let known = |value: Option<u64>| value.unwrap_or(0);
            let more = [
                faults.minor.saturating_add(faults.major),
                known(details.peak_rss),
                memory.info.rss,
                known(details.peak_paged_pool),
                known(details.paged_pool),
                known(details.peak_nonpaged_pool),
                known(details.nonpaged_pool),
                memory.info.vms,
                known(details.peak_vms),
                known(details.private_bytes),
            ];
            values.extend(more.into_iter().map(|value| PyInt::new(py, value).into_any()));
        }
        Os::Freebsd | Os::Openbsd | Os::Netbsd | Os::Sunos => {}
    }
    Ok(values)
}
