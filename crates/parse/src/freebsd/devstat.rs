//! `kern.devstat.all`: I/O statistics of each device, as devstat(9) keeps them.

use std::time::Duration;

use crate::view::{chunks, view};
use crate::{Cursor, ParseError, Result};

view! {
    /// A device. Of each array, read is the second element and write the third.
    pub struct Device = "devstat" (288) {
        /// Transactions begun.
        start_count: u32 = "start_count" @ 8,
        /// Transactions ended.
        end_count: u32 = "end_count" @ 12,
        /// Name of the driver.
        name: [text 16] = "device_name" @ 44,
        /// Number among the driver's devices.
        unit: i32 = "unit_number" @ 60,
        /// Bytes neither read nor written nor freed; first of four.
        bytes_none: u64 = "bytes[0]" @ 64,
        /// Bytes read.
        bytes_read: u64 = "bytes[1]" @ 72,
        /// Bytes written.
        bytes_written: u64 = "bytes[2]" @ 80,
        /// Reads.
        reads: u64 = "operations[1]" @ 104,
        /// Writes.
        writes: u64 = "operations[2]" @ 112,
        /// Time that reads took together.
        read_time: [Bintime] = "duration[1]" @ 144,
        /// Time that writes took together.
        write_time: [Bintime] = "duration[2]" @ 160,
        /// Time in which a transaction was under way.
        busy_time: [Bintime] = "busy_time" @ 192,
        /// `devstat_type_flags`: the kind of device in the lowest bits, `DEVSTAT_TYPE_PASS` above.
        device_type: u32 = "device_type" @ 260,
    }
}

view! {
    /// A time in seconds and fractions of 2^-64 seconds.
    pub struct Bintime = "bintime" (16) {
        /// Seconds.
        seconds: i64 = "sec" @ 0,
        /// The fraction.
        fraction: u64 = "frac" @ 8,
    }
}

impl Bintime<'_> {
    /// The time as a duration, to the nanosecond. A negative one is an error of `field`.
    pub fn duration(self, field: &'static str) -> Result<Duration> {
        let seconds = super::count(self.seconds(), field)?;
        let nanos = (u128::from(self.fraction()) * 1_000_000_000) >> 64;
        // The product of a fraction below 2^64 is below 10^9.
        let nanos = u32::try_from(nanos).map_err(|_| ParseError::overflow(field, &self.fraction().to_le_bytes()))?;
        Ok(Duration::new(seconds, nanos))
    }
}

/// A pass-through device (`DEVSTAT_TYPE_PASS`), which counts what another device counts too.
pub const TYPE_PASS: u32 = 0x100;
/// Bits of `device_type` that hold the kind of device; 0 is a disk.
pub const TYPE_MASK: u32 = 0xf;

impl Device<'_> {
    /// The name that users know the device by, such as "ada0".
    #[must_use]
    pub fn full_name(self) -> Vec<u8> {
        let mut name = self.name().to_vec();
        name.extend_from_slice(self.unit().to_string().as_bytes());
        name
    }

    /// Whether it is a disk of its own.
    #[must_use]
    pub fn is_disk(self) -> bool {
        self.device_type() & (TYPE_MASK | TYPE_PASS) == 0
    }
}

/// The devices of an answer, which begins with the generation of the list.
pub fn devices(bytes: &[u8]) -> Result<impl Iterator<Item = Result<Device<'_>>>> {
    let mut cursor = Cursor::new(bytes);
    cursor.array::<8>().ok_or_else(|| ParseError::missing("generation"))?;
    Ok(chunks(cursor.rest(), Device::SIZE, Device::STRUCT).map(|record| Device::new(record?)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_disk() {
        let mut made = Made::new(8 + 288);
        made.set(8 + 44, b"ada").u32(8 + 60, 2).u64(8 + 72, 512).u64(8 + 104, 3);
        made.u64(8 + 192, 2).u64(8 + 200, 1 << 63).u32(8 + 260, 0x20);
        let device = devices(&made.0).unwrap().next().unwrap().unwrap();
        assert_eq!((device.full_name(), device.bytes_read(), device.reads()), (b"ada2".to_vec(), 512, 3));
        assert_eq!(device.busy_time().duration("busy_time"), Ok(Duration::from_millis(2500)));
        assert!(device.is_disk());
        assert!(devices(&made.0[..7]).is_err());
        assert!(devices(&made.0[..295]).unwrap().next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            for device in devices(&bytes).into_iter().flatten().flatten() {
                let _ = (device.full_name(), device.read_time().duration("x"), device.busy_time().duration("x"));
            }
        }
    }
}
