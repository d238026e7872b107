//! Temperatures, fans and battery.

use std::time::Duration;

use crate::record::record;
use crate::sys::{self, SensorReadings as _};
use crate::value::{ToValue, Value};
use crate::{Result, System};

record! {
    /// A temperature.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Temperature = "shwtemp" {
        /// What is measured; empty where the chip does not say.
        label: String, Text, LINUX | BSD;
        /// Now.
        current: f64, Celsius, LINUX | BSD;
        /// Where it is considered high.
        high: Option<f64>, Celsius, LINUX | BSD;
        /// Where it is considered critical.
        critical: Option<f64>, Celsius, LINUX | BSD;
    }
}

record! {
    /// A fan.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Fan = "sfan" {
        /// Which fan; empty where the chip does not say.
        label: String, Text, LINUX | NETBSD | OPENBSD;
        /// Its speed now.
        current: u64, Rpm, LINUX | NETBSD | OPENBSD;
    }
}

record! {
    /// The battery.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Battery = "sbattery" {
        /// Charge.
        percent: f64, Percent, LINUX | WINDOWS | MACOS | BSD;
        /// Time left at the present rate.
        secsleft: TimeLeft, Seconds, LINUX | WINDOWS | MACOS | BSD;
        /// Whether it hangs on mains; `None` where this is not known.
        power_plugged: Option<bool>, Plain, LINUX | WINDOWS | MACOS | BSD;
    }
}

/// How long a battery lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeLeft {
    /// This long.
    For(Duration),
    /// Not known.
    #[default]
    Unknown,
    /// On mains power.
    Unlimited,
}

impl ToValue for TimeLeft {
    fn to_value(&self) -> Value<'_> {
        match self {
            Self::For(time) => time.to_value(),
            Self::Unknown => "unknown".to_value(),
            Self::Unlimited => "unlimited".to_value(),
        }
    }
}

impl System {
    /// Temperatures by chip, in degrees Celsius.
    ///
    /// Linux: `/sys/class/hwmon`, else `/sys/class/thermal`. FreeBSD: coretemp(4).
    pub fn sensors_temperatures(&self) -> Result<Vec<(String, Vec<Temperature>)>> {
        sys::Os::sensors_temperatures(self.source())
    }

    /// Fans by chip.
    ///
    /// Linux: `/sys/class/hwmon`.
    pub fn sensors_fans(&self) -> Result<Vec<(String, Vec<Fan>)>> {
        sys::Os::sensors_fans(self.source())
    }

    /// The battery, if there is one.
    ///
    /// Linux: `/sys/class/power_supply`.
    pub fn sensors_battery(&self) -> Result<Option<Battery>> {
        sys::Os::sensors_battery(self.source())
    }
}
