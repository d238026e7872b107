//! The numbers of a process: one column for each field of each reading.

use psoxide::{
    CtxSwitches, Field, IoCounters, MemoryFootprint, MemoryInfo, PageFaults, Pid, ProcessCpuTimes, ProcessStatus,
    Reading, Row, Scheduling,
};

use crate::cell::{Column, Kind, NULL, Stored, reading, reason, stored};

stored! {
    ProcessCpuTimes { user, system, children_user, children_system, iowait }
    MemoryInfo { rss, vms, shared, text, data, stack }
    MemoryFootprint { uss, pss, swap }
    PageFaults { minor, major }
    IoCounters { read_count, write_count, read_bytes, write_bytes, read_chars, write_chars, other_count, other_bytes }
    CtxSwitches { voluntary, involuntary }
    Scheduling { policy, priority, realtime }
}

/// The column that says why values are missing.
pub const MISSING: &str = "missing";

/// Bits of [`MISSING`] for each reading.
const BITS: u32 = 3;

/// The one list of what is recorded of a process in each sample. The place of a reading is the place of its reason in
/// [`MISSING`], so new readings come last.
macro_rules! columns {
    ($($variant:ident $reading:ident: $type:ty;)+) => {
        /// The fields that can be recorded in each sample.
        pub const FIELDS: &[Field] = &[$(Field::$variant),+];

        /// The columns of a sample that has these fields.
        #[must_use]
        pub fn columns(fields: &[Field]) -> Vec<Column> {
            let mut columns = Vec::new();
            $(if fields.contains(&Field::$variant) {
                for (field, kind) in <$type as Stored>::fields() {
                    columns.push(Column { name: name(stringify!($reading), field), kind });
                }
            })+
            columns.push(Column { name: MISSING.to_owned(), kind: Kind::Int });
            columns
        }

        /// Stores the numbers of a row in the order of `columns(fields)`.
        pub(crate) fn store(row: &Row, fields: &[Field]) -> Vec<i64> {
            let mut cells = Vec::with_capacity(64);
            let mut missing = 0;
            let mut shift = 0;
            $(if fields.contains(&Field::$variant) {
                match &row.$reading {
                    Reading::Value(value) => value.store(&mut cells),
                    other => {
                        cells.resize(cells.len() + <$type as Stored>::width(), NULL);
                        missing |= reason(other) << shift;
                    }
                }
            }
            shift += BITS;)+
            let _ = shift;
            cells.push(missing);
            cells
        }

        impl Places {
            /// Puts the numbers of a process back into its row.
            pub(crate) fn restore(&self, cells: &[i64], row: &mut Row) {
                let at = |place: &Option<usize>| place.and_then(|place| cells.get(place).copied()).unwrap_or(NULL);
                let missing = self.missing.and_then(|place| cells.get(place).copied()).filter(|bits| *bits >= 0).unwrap_or(0);
                let mut places = self.places.iter();
                let mut shift = 0;
                $({
                    let cells: Vec<i64> = places.by_ref().take(<$type as Stored>::width()).map(at).collect();
                    row.$reading = reading(<$type as Stored>::restore(&cells), missing >> shift & 7);
                    shift += BITS;
                })+
                let _ = shift;
            }
        }
    };
}

columns! {
    Ppid ppid: Pid;
    Status status: ProcessStatus;
    Nice nice: i32;
    CpuNum cpu_num: u32;
    NumThreads num_threads: u64;
    CpuTimes cpu_times: ProcessCpuTimes;
    PageFaults page_faults: PageFaults;
    Scheduling scheduling: Scheduling;
    MemoryInfo memory_info: MemoryInfo;
    IoCounters io_counters: IoCounters;
    NumFds num_fds: u64;
    NumHandles num_handles: u64;
    NumCtxSwitches num_ctx_switches: CtxSwitches;
    MemoryFootprint memory_footprint: MemoryFootprint;
    OomScore oom_score: u64;
}

/// The fields that are recorded unless the user chooses others. HISTORY.md says what they cost and why they were chosen.
pub const DEFAULT: &[Field] = &[
    Field::Ppid,
    Field::Status,
    Field::Nice,
    Field::CpuNum,
    Field::NumThreads,
    Field::CpuTimes,
    Field::PageFaults,
    Field::Scheduling,
    Field::MemoryInfo,
    Field::IoCounters,
    Field::NumFds,
];

fn name(reading: &str, field: &str) -> String {
    if field.is_empty() { reading.to_owned() } else { format!("{reading}_{field}") }
}

/// Where the columns of this version are among those of a file.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    places: Vec<Option<usize>>,
    missing: Option<usize>,
}

impl Places {
    pub(crate) fn new(of: &[Column]) -> Self {
        let place = |name: &str| of.iter().position(|column| column.name == name);
        let all = columns(FIELDS);
        Self {
            places: all.iter().filter(|column| column.name != MISSING).map(|column| place(&column.name)).collect(),
            missing: place(MISSING),
        }
    }
}

#[cfg(test)]
mod tests {
    use psoxide::Record as _;

    use super::*;
    use crate::cell::assert_stores_all;

    #[test]
    fn every_field_of_a_record_is_stored() {
        assert_stores_all::<ProcessCpuTimes>();
        assert_stores_all::<MemoryInfo>();
        assert_stores_all::<MemoryFootprint>();
        assert_stores_all::<PageFaults>();
        assert_stores_all::<IoCounters>();
        assert_stores_all::<CtxSwitches>();
        assert_stores_all::<Scheduling>();
    }

    #[test]
    fn a_row_comes_back_as_it_was() {
        let mut row = Row::new(7, Some(9));
        row.ppid = Reading::Value(1);
        row.status = Reading::Value(ProcessStatus::Zombie);
        row.nice = Reading::Value(-5);
        row.cpu_times =
            Reading::Value(ProcessCpuTimes::with(|times| times.user = std::time::Duration::from_millis(20)));
        row.io_counters = Reading::Denied;
        row.memory_info = Reading::Gone;
        row.num_handles = Reading::Unsupported;
        let cells = store(&row, FIELDS);
        assert_eq!(cells.len(), columns(FIELDS).len());
        let mut back = Row::new(7, Some(9));
        Places::new(&columns(FIELDS)).restore(&cells, &mut back);
        assert_eq!(format!("{back:?}"), format!("{row:?}"));
        // Fewer columns, as another version or another choice of fields has them.
        let few = [Field::Nice, Field::IoCounters];
        let mut back = Row::new(7, Some(9));
        Places::new(&columns(&few)).restore(&store(&row, &few), &mut back);
        assert_eq!(back.nice.value(), Some(&-5));
        assert!(matches!((back.io_counters, back.ppid), (Reading::Denied, Reading::NotAsked)));
    }
}
