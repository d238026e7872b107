//! The processors: their times, their cores and groups, their clocks.

use crate::fields::{Fields, Rows};
use crate::{Cursor, ParseError, Result};

/// Times of one processor in units of 100 ns, of `SystemProcessorPerformanceInformation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Times {
    pub idle: u64,
    /// With idle, DPC and interrupt time in it.
    pub kernel: u64,
    pub user: u64,
    pub dpc: u64,
    pub interrupt: u64,
    /// How many interrupts; wraps at 32 bits.
    pub interrupts: u32,
}

/// The times of all processors in the buffer.
pub fn times(bytes: &[u8]) -> Result<Vec<Times>> {
    let rows = Rows::all(bytes, 48).map(|row| {
        Ok(Times {
            idle: row.u64(0, "IdleTime")?,
            kernel: row.u64(8, "KernelTime")?,
            user: row.u64(16, "UserTime")?,
            dpc: row.u64(24, "DpcTime")?,
            interrupt: row.u64(32, "InterruptTime")?,
            interrupts: row.u32(40, "InterruptCount")?,
        })
    });
    rows.collect()
}

/// A processor's clock in MHz, of `CallNtPowerInformation(ProcessorInformation)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Clock {
    pub max: u32,
    pub current: u32,
}

/// The clocks of all processors in the buffer.
pub fn clocks(bytes: &[u8]) -> Result<Vec<Clock>> {
    let rows =
        Rows::all(bytes, 24).map(|row| Ok(Clock { max: row.u32(4, "MaxMhz")?, current: row.u32(8, "CurrentMhz")? }));
    rows.collect()
}

/// What `GetLogicalProcessorInformationEx` tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// Physical cores.
    pub cores: usize,
    /// The active processors of each group, in the order of their numbers.
    pub groups: Vec<u8>,
}

/// The records in the whole buffer: `RelationAll`, or those that were asked for.
pub fn topology(bytes: &[u8]) -> Result<Topology> {
    const CORE: u32 = 0;
    const GROUP: u32 = 4;
    let mut topology = Topology::default();
    let mut cursor = Cursor::new(bytes);
    while !cursor.is_empty() {
        let relationship = Fields(cursor.rest()).u32(0, "Relationship")?;
        let size = Fields(cursor.rest()).u32(4, "Size")?;
        if size < 8 {
            return Err(ParseError::malformed("Size", size.to_string().as_bytes()));
        }
        let record = cursor.take(size as usize).map(Fields).ok_or_else(|| ParseError::missing("Size"))?;
        match relationship {
            CORE => topology.cores += 1,
            GROUP => {
                let count = usize::from(record.u16(10, "ActiveGroupCount")?);
                for group in record.rows(32, 48, count, "GroupInfo")? {
                    topology.groups.push(group.u8(1, "ActiveProcessorCount")?);
                }
            }
            _ => {}
        }
    }
    Ok(topology)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_of_each() {
        let mut made = Made::new(96);
        made.u64(0, 1).u64(8, 2).u64(16, 3).u64(24, 4).u64(32, 5).u32(40, 6).u64(48, 10);
        let times = times(&made.0).unwrap();
        assert_eq!(times[0], Times { idle: 1, kernel: 2, user: 3, dpc: 4, interrupt: 5, interrupts: 6 });
        assert_eq!((times.len(), times[1].idle), (2, 10));
    }

    #[test]
    fn clocks_of_each() {
        let mut made = Made::new(48);
        made.u32(4, 3000).u32(8, 1200).u32(24, 1).u32(28, 3000).u32(32, 2900);
        assert_eq!(clocks(&made.0).unwrap(), [Clock { max: 3000, current: 1200 }, Clock { max: 3000, current: 2900 }]);
    }

    #[test]
    fn cores_and_groups() {
        let mut core = Made::new(48);
        core.u32(4, 48);
        let mut groups = Made::new(32 + 96);
        groups.u32(0, 4).u32(4, 128).set(8, [2, 0, 2, 0]).set(33, [64]).set(81, [16]);
        let bytes = [&core.0[..], &core.0, &groups.0].concat();
        assert_eq!(topology(&bytes), Ok(Topology { cores: 2, groups: vec![64, 16] }));
        // Groups that may be, but have no processors yet, are not counted, and a cache in between is no core.
        groups.set(8, [4, 0, 2, 0]);
        let mut cache = Made::new(56);
        cache.u32(0, 2).u32(4, 56);
        let bytes = [&core.0[..], &cache.0, &groups.0, &core.0].concat();
        assert_eq!(topology(&bytes), Ok(Topology { cores: 2, groups: vec![64, 16] }));
        groups.set(10, [3, 0]);
        assert_eq!(topology(&groups.0).unwrap_err().field(), "GroupInfo");
        core.u32(4, 0);
        assert_eq!(topology(&core.0).unwrap_err().field(), "Size");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (times(&bytes), clocks(&bytes), topology(&bytes));
        }
    }
}
