//! `hw.sensors`: devices with sensors, as `struct sensordev` and `struct sensor`.

use crate::view::view;
use crate::{ParseError, Result};

view! {
    /// A device with sensors.
    pub struct Device = "sensordev" (116) {
        /// The device's number.
        number: i32 = "num" @ 0,
        /// Its name, such as "cpu0".
        name: [text 16] = "xname" @ 4,
        /// How many sensors of each [`kind`] it has, as numbers of 32 bits.
        counts: [bytes 92] = "maxnumt" @ 20,
    }
}

view! {
    /// A sensor.
    pub struct Sensor = "sensor" (72) {
        /// What it is called; often empty.
        description: [text 32] = "desc" @ 0,
        /// The value: microkelvins, turns a minute, millionths of other units, thousandths of a percent.
        value: i64 = "value" @ 48,
        /// 0 unspecified, 1 good, 2 warning, 3 critical, 4 unknown.
        status: i32 = "status" @ 60,
        /// Whether the value counts, [`INVALID`] and [`UNKNOWN`].
        flags: i32 = "flags" @ 68,
    }
}

/// The kinds of sensors, in the order of `maxnumt`.
#[allow(missing_docs)] // the names are those of sys/sensors.h, without SENSOR
pub mod kind {
    pub const TEMP: u8 = 0;
    pub const FANRPM: u8 = 1;
    pub const VOLTS_DC: u8 = 2;
    pub const WATTS: u8 = 5;
    pub const AMPS: u8 = 6;
    pub const WATTHOUR: u8 = 7;
    pub const AMPHOUR: u8 = 8;
    pub const INDICATOR: u8 = 9;
    pub const INTEGER: u8 = 10;
    pub const PERCENT: u8 = 11;
}

/// `SENSOR_FINVALID`.
pub const INVALID: i32 = 1;
/// `SENSOR_FUNKNOWN`.
pub const UNKNOWN: i32 = 2;

impl Device<'_> {
    /// The numbers of the sensors of a kind, of which no device has thousands.
    pub fn sensors(self, kind: u8) -> Result<std::ops::Range<i32>> {
        const MOST: i32 = 4096;
        let count = self.count(kind);
        let known = i32::try_from(count).ok().filter(|count| *count <= MOST);
        known.map(|count| 0..count).ok_or_else(|| ParseError::malformed("maxnumt", &count.to_le_bytes()))
    }

    /// How many sensors of a kind the device has.
    #[must_use]
    pub fn count(self, kind: u8) -> u32 {
        let mut cursor = crate::Cursor::new(self.counts());
        let mut counts = std::iter::from_fn(|| cursor.array().map(u32::from_le_bytes));
        counts.nth(kind.into()).unwrap_or_default()
    }
}

impl Sensor<'_> {
    /// The value, if the sensor has one.
    #[must_use]
    pub fn reading(self) -> Option<i64> {
        (self.flags() & (INVALID | UNKNOWN) == 0).then(|| self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn a_device_counts_its_sensors() {
        let mut made = Made::new(Device::SIZE);
        made.set(4, b"acpibat0").u32(20 + 4 * 7, 4).u32(20 + 4 * 10, 2);
        let device = Device::new(&made.0).unwrap();
        assert_eq!(
            (device.name(), device.count(kind::WATTHOUR), device.count(kind::INTEGER)),
            (&b"acpibat0"[..], 4, 2)
        );
        assert_eq!((device.count(kind::TEMP), device.count(200)), (0, 0));
    }

    #[test]
    fn a_sensor_without_a_value() {
        let mut made = Made::new(Sensor::SIZE);
        made.u64(48, 300);
        assert_eq!(Sensor::new(&made.0).unwrap().reading(), Some(300));
        made.u32(68, 2);
        assert_eq!(Sensor::new(&made.0).unwrap().reading(), None);
        assert_eq!(Sensor::new(&made.0[..71]).unwrap_err().field(), "sensor");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..150), kind: u8) {
            let _ = (Device::new(&bytes).map(|device| device.count(kind)), Sensor::new(&bytes).map(|sensor| sensor.reading()));
        }
    }
}
