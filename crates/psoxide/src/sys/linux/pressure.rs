//! Reads pressure stall information: /proc/pressure.

use std::time::Duration;

use psoxide_parse::linux::pressure;

use super::abi::EOPNOTSUPP;
use super::{Linux, Source};
use crate::sys::PressureReadings;
use crate::{Error, Pressure, PressureOf, Result, Stall};

impl PressureReadings for Linux {
    fn pressure(source: &Source, what: PressureOf) -> Result<Pressure> {
        let path = source.procfs("pressure").join(what.name());
        // If the kernel is built without it, there is no file. If it is switched off (psi=0), the file cannot be
        // opened.
        let off = |error: &Error| error.is_missing() || error.errno() == Some(EOPNOTSUPP);
        match source.read(&path, pressure::parse) {
            Ok(pressure) => Ok(Pressure { some: pressure.some.map(stall), full: pressure.full.map(stall) }),
            Err(error) if off(&error) => Err(Error::unsupported("pressure").with_path(path)),
            Err(error) => Err(error),
        }
    }
}

fn stall(stall: pressure::Stall) -> Stall {
    let pressure::Stall { avg10, avg60, avg300, total } = stall;
    Stall { avg10, avg60, avg300, total: Duration::from_micros(total) }
}
