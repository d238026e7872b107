//! The battery, temperatures and fans.

use psoxide_parse::macos::{iokit, smc};

use super::calls::{Question, SmcValues};
use super::{Macos, Source};
use crate::sys::SensorReadings;
use crate::{Battery, Error, Fan, Result, Temperature, TimeLeft};

/// The chip that measures.
const CHIP: &str = "AppleSMC";

impl SensorReadings for Macos {
    fn sensors_temperatures(source: &Source) -> Result<Vec<(String, Vec<Temperature>)>> {
        let unsupported = || Error::unsupported("sensors_temperatures");
        let found = controller(source.read(&Question::Smc(SmcValues::Temperatures), smc::temperatures))?;
        // Apple silicon answers for few of the keys, and some of its machines for none.
        let found = found.filter(|found| !found.is_empty()).ok_or_else(unsupported)?;
        let temperature = |of: smc::Temperature| Temperature {
            label: of.label.to_owned(),
            current: of.celsius,
            ..Temperature::default()
        };
        Ok(vec![(CHIP.to_owned(), found.into_iter().map(temperature).collect())])
    }

    fn sensors_fans(source: &Source) -> Result<Vec<(String, Vec<Fan>)>> {
        let found = controller(source.read(&Question::Smc(SmcValues::Fans), smc::fans))?;
        let found = found.flatten().ok_or_else(|| Error::unsupported("sensors_fans"))?;
        let fan = |of: smc::Fan| Fan { label: String::from_utf8_lossy(&of.label).into_owned(), current: of.rpm };
        // A machine without fans has a controller that counts none.
        Ok(if found.is_empty() { Vec::new() } else { vec![(CHIP.to_owned(), found.into_iter().map(fan).collect())] })
    }

    fn sensors_battery(source: &Source) -> Result<Option<Battery>> {
        let sources = source.read(&Question::PowerSources, iokit::power_sources)?;
        // An uninterruptible power supply stands for the machine's own battery if there is none.
        let Some(battery) = sources.iter().find(|source| source.is_internal).or(sources.first()) else {
            return Ok(None);
        };
        let secsleft = match battery.time_to_empty {
            _ if battery.is_plugged => TimeLeft::Unlimited,
            Some(time) => TimeLeft::For(time),
            None => TimeLeft::Unknown,
        };
        // Apple's batteries count percents. Others have units of their own.
        let is_whole = battery.percent.fract() == 0.0;
        Ok(Some(Battery { percent: battery.percent, secsleft, power_plugged: Some(battery.is_plugged), is_whole }))
    }
}

/// The answer of the controller; `None` without a controller, as in virtual machines.
fn controller<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.is_missing() => Ok(None),
        answer => answer.map(Some),
    }
}
