//! Reads the battery.

use std::time::Duration;

use psoxide_parse::windows::machine::{self, Power};

use super::calls::Question;
use super::{Source, Windows};
use crate::sys::SensorReadings;
use crate::{Battery, Result, TimeLeft};

impl SensorReadings for Windows {
    fn sensors_battery(source: &Source) -> Result<Option<Battery>> {
        source.read(&Question::Power, |bytes| Ok(battery(&machine::power(bytes)?)))
    }
}

fn battery(power: &Power) -> Option<Battery> {
    /// A bit of SYSTEM_POWER_STATUS in winbase.h.
    const CHARGING: u8 = 8;
    const NO_BATTERY: u8 = 128;
    const UNKNOWN: u8 = 255;
    if power.flags == UNKNOWN || power.flags & NO_BATTERY != 0 || power.percent == UNKNOWN {
        return None;
    }
    let plugged = match power.line {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    Some(Battery {
        percent: power.percent.into(),
        is_whole: true,
        secsleft: if plugged == Some(true) || power.flags & CHARGING != 0 {
            TimeLeft::Unlimited
        } else if power.seconds == u32::MAX {
            TimeLeft::Unknown
        } else {
            TimeLeft::For(Duration::from_secs(power.seconds.into()))
        },
        power_plugged: plugged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_battery_that_is_there_has_time_left() {
        let of = |line, flags, percent, seconds| battery(&Power { line, flags, percent, seconds });
        let left = |line, flags, seconds| of(line, flags, 70, seconds).unwrap().secsleft;
        assert_eq!(of(0, 128, 0, 0), None);
        assert_eq!(of(255, 255, 255, u32::MAX), None);
        assert_eq!(left(1, 0, 0), TimeLeft::Unlimited);
        assert_eq!(left(0, 8, 0), TimeLeft::Unlimited);
        assert_eq!(left(0, 0, u32::MAX), TimeLeft::Unknown);
        assert_eq!(left(0, 2, 600), TimeLeft::For(Duration::from_secs(600)));
        assert_eq!(of(255, 2, 70, 600).map(|battery| (battery.percent, battery.power_plugged)), Some((70.0, None)));
    }
}
