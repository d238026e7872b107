//! The battery. No public interface of macOS reads temperatures or fans.

use psoxide_parse::macos::iokit;

use super::calls::Question;
use super::{Macos, Source};
use crate::sys::SensorReadings;
use crate::{Battery, Result, TimeLeft};

impl SensorReadings for Macos {
    fn sensors_battery(source: &Source) -> Result<Option<Battery>> {
        let sources = source.read(&Question::PowerSources, iokit::power_sources)?;
        // The machine's own before that of an uninterruptible power supply.
        let Some(battery) = sources.iter().find(|source| source.is_internal).or(sources.first()) else {
            return Ok(None);
        };
        let secsleft = match battery.time_to_empty {
            _ if battery.is_plugged => TimeLeft::Unlimited,
            Some(time) => TimeLeft::For(time),
            None => TimeLeft::Unknown,
        };
        Ok(Some(Battery { percent: battery.percent, secsleft, power_plugged: Some(battery.is_plugged) }))
    }
}
