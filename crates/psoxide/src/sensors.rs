//! Temperatures, fans, battery and GPUs.

use std::time::Duration;

use crate::record::record;
use crate::sys::{self, SensorReadings as _};
use crate::value::{ToValue, Value};
use crate::{Result, System};

record! {
    /// A temperature.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Temperature = "shwtemp" {
        /// Name of the sensor. Empty if the chip has no label.
        label: String, Text, LINUX | MACOS | BSD;
        /// Current temperature.
        current: f64, Celsius, LINUX | MACOS | BSD;
        /// Temperature that counts as high.
        high: Option<f64>, Celsius, LINUX | BSD;
        /// Temperature that counts as critical.
        critical: Option<f64>, Celsius, LINUX | BSD;
    }
}

record! {
    /// A fan.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Fan = "sfan" {
        /// Name of the fan. Empty if the chip has no label.
        label: String, Text, LINUX | MACOS | NETBSD | OPENBSD;
        /// Current speed.
        current: u64, Rpm, LINUX | MACOS | NETBSD | OPENBSD;
    }
}

record! {
    /// The battery.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Battery = "sbattery" {
        /// Charge of the battery.
        percent: f64, Percent, LINUX | WINDOWS | MACOS | BSD;
        /// Time until the battery is empty at the current rate.
        secsleft: TimeLeft, Seconds, LINUX | WINDOWS | MACOS | BSD;
        /// Whether mains power is connected. Absent if unknown.
        power_plugged: Option<bool>, Plain, LINUX | WINDOWS | MACOS | BSD;
    }
    with
    /// Whether the system itself states the charge in percent. It then has no fraction.
    is_whole: bool;
}

impl Battery {
    /// Returns whether the system itself states the charge in percent, so that it has no fraction.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }
}

record! {
    /// A GPU.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Gpu = "gpu" {
        /// Name of the device, such as `card0`.
        name: String, Text, LINUX;
        /// Share of recent time in which the GPU worked. A GPU that is suspended to save energy has 0.
        busy: Option<f64>, Percent, LINUX;
        /// Video memory in use.
        memory_used: Option<u64>, Bytes, LINUX;
        /// Video memory.
        memory_total: Option<u64>, Bytes, LINUX;
    }
}

/// Time until a battery is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeLeft {
    /// The time is known.
    For(Duration),
    /// The time is unknown.
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
    /// Reads the temperatures of each chip, in degrees Celsius.
    ///
    /// Linux: `/sys/class/hwmon`, else `/sys/class/thermal`. FreeBSD: coretemp(4). macOS: AppleSMC, which on Apple silicon
    /// has few temperatures, and none of the processor.
    pub fn sensors_temperatures(&self) -> Result<Vec<(String, Vec<Temperature>)>> {
        sys::Os::sensors_temperatures(self.source())
    }

    /// Reads the fans of each chip.
    ///
    /// Linux: `/sys/class/hwmon`. macOS: AppleSMC.
    pub fn sensors_fans(&self) -> Result<Vec<(String, Vec<Fan>)>> {
        sys::Os::sensors_fans(self.source())
    }

    /// Reads the battery. Returns `None` if there is none.
    ///
    /// Linux: `/sys/class/power_supply`.
    pub fn sensors_battery(&self) -> Result<Option<Battery>> {
        sys::Os::sensors_battery(self.source())
    }

    /// Reads the GPUs whose driver reports how busy they are or how much of their memory is in use.
    ///
    /// Linux: `/sys/class/drm`. Only the driver amdgpu reports these values there.
    pub fn gpus(&self) -> Result<Vec<Gpu>> {
        sys::Os::gpus(self.source())
    }
}
