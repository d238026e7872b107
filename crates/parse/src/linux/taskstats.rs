//! What taskstats tells of a thread that ends: Documentation/accounting/taskstats-struct.rst.

use super::netlink::{array, attribute, text};
use crate::{Cursor, ParseError, Result};

const AGGR_PID: u16 = 4;
const STATS: u16 = 3;

/// `CTRL_ATTR_FAMILY_ID` of generic netlink.
const FAMILY_ID: u16 = 1;

/// The flag of the last thread of a process.
const AGROUP: u8 = 0x20;

/// The first version that names the process of a thread (Linux 5.19).
const VERSION: u16 = 12;

/// A thread that has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exit<'a> {
    /// The id of the thread. The first thread of a process, its leader, has the pid of the process.
    pub pid: u32,
    /// The pid of its process.
    pub tgid: u32,
    /// Whether the process has ended with it.
    pub is_last: bool,
    /// Its name.
    pub comm: &'a [u8],
    /// The nice value.
    pub nice: i8,
    /// The real user.
    pub uid: u32,
    /// The parent of the process.
    pub ppid: u32,
    /// When the thread began, in seconds since 1970.
    pub began: u64,
    /// How long ago the thread began, microseconds.
    pub elapsed: u64,
    /// How long ago the process began, microseconds.
    pub process_elapsed: u64,
    /// What it has used.
    pub used: Used,
}

/// What a thread or a process has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// CPU time in user mode, microseconds.
    pub user: u64,
    /// CPU time in the kernel, microseconds.
    pub system: u64,
    /// Page faults without a read from the disk.
    pub minor_faults: u64,
    /// Page faults with a read from the disk.
    pub major_faults: u64,
    /// Bytes passed to read(2) and its like, whole KiB.
    pub read_chars: u64,
    /// Bytes passed to write(2) and its like, whole KiB.
    pub write_chars: u64,
    /// Calls of read(2) and its like.
    pub read_calls: u64,
    /// Calls of write(2) and its like.
    pub write_calls: u64,
    /// Bytes read from storage, whole KiB.
    pub read_bytes: u64,
    /// Bytes written to storage, whole KiB.
    pub write_bytes: u64,
    /// Voluntary context switches.
    pub voluntary: u64,
    /// Involuntary context switches.
    pub involuntary: u64,
}

impl Exit<'_> {
    /// Returns when the process began, in seconds since 1970. Any of its threads may be the last one to end.
    #[must_use]
    pub fn process_began(&self) -> u64 {
        const MICROS: u64 = 1_000_000;
        // The kernel has subtracted whole seconds from the time of the end.
        let ended = self.began.saturating_add(self.elapsed / MICROS);
        ended.saturating_sub(self.process_elapsed / MICROS)
    }
}

impl Used {
    /// Adds what another thread has used.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            user: self.user.saturating_add(other.user),
            system: self.system.saturating_add(other.system),
            minor_faults: self.minor_faults.saturating_add(other.minor_faults),
            major_faults: self.major_faults.saturating_add(other.major_faults),
            read_chars: self.read_chars.saturating_add(other.read_chars),
            write_chars: self.write_chars.saturating_add(other.write_chars),
            read_calls: self.read_calls.saturating_add(other.read_calls),
            write_calls: self.write_calls.saturating_add(other.write_calls),
            read_bytes: self.read_bytes.saturating_add(other.read_bytes),
            write_bytes: self.write_bytes.saturating_add(other.write_bytes),
            voluntary: self.voluntary.saturating_add(other.voluntary),
            involuntary: self.involuntary.saturating_add(other.involuntary),
        }
    }
}

/// Parses the number of a family of generic netlink: the payload of the answer to `CTRL_CMD_GETFAMILY`.
pub fn family(payload: &[u8]) -> Result<u16> {
    let id = find(&mut body(payload)?, FAMILY_ID)?.ok_or_else(|| ParseError::missing("family id"))?;
    array(&mut Cursor::new(id), "family id").map(u16::from_ne_bytes)
}

/// Parses the payload of a message about a thread that has ended; `None` if it is about something else.
pub fn exit(payload: &[u8]) -> Result<Option<Exit<'_>>> {
    let Some(aggregate) = find(&mut body(payload)?, AGGR_PID)? else { return Ok(None) };
    let stats = find(&mut Cursor::new(aggregate), STATS)?.ok_or_else(|| ParseError::missing("taskstats"))?;
    parse(stats).map(Some)
}

/// What follows the header of generic netlink.
fn body(payload: &[u8]) -> Result<Cursor<'_>> {
    let mut cursor = Cursor::new(payload);
    cursor.take(4).ok_or_else(|| ParseError::missing("genlmsghdr"))?;
    Ok(cursor)
}

/// The value of the first attribute of this type.
fn find<'a>(attributes: &mut Cursor<'a>, wanted: u16) -> Result<Option<&'a [u8]>> {
    while let Some((kind, value)) = attribute(attributes)? {
        if kind == wanted {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Parses `struct taskstats`. Later versions only grow at the end.
fn parse(stats: &[u8]) -> Result<Exit<'_>> {
    let mut cursor = Cursor::new(stats);
    let version = array(&mut cursor, "version").map(u16::from_ne_bytes)?;
    if version < VERSION {
        return Err(ParseError::malformed("version", &version.to_ne_bytes()));
    }
    let skip = |cursor: &mut Cursor<'_>, bytes: usize, field| {
        cursor.take(bytes).map(drop).ok_or_else(|| ParseError::missing(field))
    };
    let word = |cursor: &mut Cursor<'_>, field| array(cursor, field).map(u32::from_ne_bytes);
    let long = |cursor: &mut Cursor<'_>, field| array(cursor, field).map(u64::from_ne_bytes);
    skip(&mut cursor, 6, "ac_exitcode")?;
    let [flag, nice] = array(&mut cursor, "ac_nice")?;
    // Eight counters of delays.
    skip(&mut cursor, 6 + 64, "cpu_run_virtual_total")?;
    let comm = cursor.take(32).ok_or_else(|| ParseError::missing("ac_comm"))?;
    skip(&mut cursor, 8, "ac_sched")?;
    let uid = word(&mut cursor, "ac_uid")?;
    skip(&mut cursor, 4, "ac_gid")?;
    let pid = word(&mut cursor, "ac_pid")?;
    let ppid = word(&mut cursor, "ac_ppid")?;
    // Too narrow from 2106 on, and padding.
    skip(&mut cursor, 8, "ac_btime")?;
    let elapsed = long(&mut cursor, "ac_etime")?;
    let mut used =
        Used { user: long(&mut cursor, "ac_utime")?, system: long(&mut cursor, "ac_stime")?, ..Used::default() };
    used.minor_faults = long(&mut cursor, "ac_minflt")?;
    used.major_faults = long(&mut cursor, "ac_majflt")?;
    skip(&mut cursor, 32, "hiwater_vm")?;
    used.read_chars = long(&mut cursor, "read_char")?;
    used.write_chars = long(&mut cursor, "write_char")?;
    used.read_calls = long(&mut cursor, "read_syscalls")?;
    used.write_calls = long(&mut cursor, "write_syscalls")?;
    used.read_bytes = long(&mut cursor, "read_bytes")?;
    used.write_bytes = long(&mut cursor, "write_bytes")?;
    skip(&mut cursor, 8, "cancelled_write_bytes")?;
    used.voluntary = long(&mut cursor, "nvcsw")?;
    used.involuntary = long(&mut cursor, "nivcsw")?;
    skip(&mut cursor, 56, "thrashing_delay_total")?;
    let began = long(&mut cursor, "ac_btime64")?;
    skip(&mut cursor, 16, "compact_delay_total")?;
    let tgid = word(&mut cursor, "ac_tgid")?;
    skip(&mut cursor, 4, "ac_tgetime")?; // padding
    let process_elapsed = long(&mut cursor, "ac_tgetime")?;
    Ok(Exit {
        pid,
        tgid,
        is_last: flag & AGROUP != 0,
        comm: text(comm),
        nice: nice.cast_signed(),
        uid,
        ppid,
        began,
        elapsed,
        process_elapsed,
        used,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::netlink::tests::attr;
    use super::*;

    /// The offsets of include/uapi/linux/taskstats.h.
    fn stats(version: u16) -> Vec<u8> {
        let mut bytes = vec![0; 560];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &version.to_ne_bytes());
        put(8, &[AGROUP | 1, (-5_i8).cast_unsigned()]);
        put(80, b"worker\0");
        put(120, &1000_u32.to_ne_bytes());
        put(128, &43_u32.to_ne_bytes());
        put(132, &7_u32.to_ne_bytes());
        put(144, &2_900_000_u64.to_ne_bytes());
        let longs =
            [(152, 1), (160, 2), (168, 3), (176, 4), (216, 5), (224, 6), (232, 7), (240, 8), (248, 9), (256, 10)];
        for (at, value) in longs.into_iter().chain([(272, 11), (280, 12), (344, 1_795_874_400)]) {
            put(at, &u64::to_ne_bytes(value));
        }
        put(368, &42_u32.to_ne_bytes());
        put(376, &9_100_000_u64.to_ne_bytes());
        bytes
    }

    fn message(stats: &[u8]) -> Vec<u8> {
        let aggregate = [attr(1, &43_u32.to_ne_bytes()), attr(STATS, stats)].concat();
        [&[2, 1, 0, 0][..], &attr(AGGR_PID, &aggregate)].concat()
    }

    #[test]
    fn a_thread_that_has_ended() {
        let used = Used {
            user: 1,
            system: 2,
            minor_faults: 3,
            major_faults: 4,
            read_chars: 5,
            write_chars: 6,
            read_calls: 7,
            write_calls: 8,
            read_bytes: 9,
            write_bytes: 10,
            voluntary: 11,
            involuntary: 12,
        };
        let bytes = message(&stats(16));
        let expected = Exit {
            pid: 43,
            tgid: 42,
            is_last: true,
            comm: b"worker",
            nice: -5,
            uid: 1000,
            ppid: 7,
            began: 1_795_874_400,
            elapsed: 2_900_000,
            process_elapsed: 9_100_000,
            used,
        };
        assert_eq!(exit(&bytes), Ok(Some(expected)));
        assert_eq!(expected.process_began(), 1_795_874_393);
        assert_eq!(used.plus(&used).involuntary, 24);
        assert_eq!(exit(&message(&stats(11))).unwrap_err().field(), "version");
        assert_eq!(exit(&message(&stats(16)[..371])).unwrap_err().field(), "ac_tgid");
        assert_eq!(exit(&message(&stats(16)[..383])).unwrap_err().field(), "ac_tgetime");
        assert_eq!(exit(&[2, 1, 0, 0]), Ok(None));
        assert_eq!(
            family(&[&[1, 2, 0, 0][..], &attr(2, b"TASKSTATS\0"), &attr(1, &31_u16.to_ne_bytes())].concat()),
            Ok(31)
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = (exit(&bytes), family(&bytes), parse(&bytes));
        }
    }
}
