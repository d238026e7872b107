//! The battery.

use std::time::Duration;

use super::{Os, Source, ffi};
use crate::sys::SensorReadings;
use crate::{Battery, Result, TimeLeft};

impl SensorReadings for Os {
    fn sensors_battery(_: &Source) -> Result<Option<Battery>> {
        /// SYSTEM_POWER_STATUS of winbase.h.
        const CHARGING: u8 = 8;
        const NO_BATTERY: u8 = 128;
        const UNKNOWN: u8 = 255;
        let power = ffi::battery()?;
        if power.flags == UNKNOWN || power.flags & NO_BATTERY != 0 || power.percent == UNKNOWN {
            return Ok(None);
        }
        let plugged = match power.line {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        Ok(Some(Battery {
            percent: power.percent.into(),
            secsleft: if plugged == Some(true) || power.flags & CHARGING != 0 {
                TimeLeft::Unlimited
            } else if power.seconds == u32::MAX {
                TimeLeft::Unknown
            } else {
                TimeLeft::For(Duration::from_secs(power.seconds.into()))
            },
            power_plugged: plugged,
        }))
    }
}
