//! `/proc/diskstats` and `/sys/block/NAME/stat`: the kernel's `Documentation/admin-guide/iostats.rst`.

use crate::cursor::lines;
use crate::{Cursor, ParseError, Result};

/// The counters of one disk or partition since boot. A sector is 512 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk<'a> {
    /// Device number: major and minor; `None` from /sys, which does not hold it.
    pub device: Option<(u64, u64)>,
    /// Device name.
    pub name: &'a [u8],
    /// Reads completed.
    pub read_count: u64,
    /// Writes completed.
    pub write_count: u64,
    /// Sectors read.
    pub read_sectors: u64,
    /// Sectors written.
    pub write_sectors: u64,
    /// Milliseconds spent reading; absent for partitions before Linux 2.6.25.
    pub read_ms: Option<u64>,
    /// Milliseconds spent writing; absent for partitions before Linux 2.6.25.
    pub write_ms: Option<u64>,
    /// Reads merged; absent for partitions before Linux 2.6.25.
    pub read_merged: Option<u64>,
    /// Writes merged; absent for partitions before Linux 2.6.25.
    pub write_merged: Option<u64>,
    /// Milliseconds spent doing I/O; absent for partitions before Linux 2.6.25.
    pub busy_ms: Option<u64>,
    /// I/Os in progress; absent for partitions before Linux 2.6.25.
    pub in_flight: Option<u64>,
    /// Milliseconds of all I/Os together; absent for partitions before Linux 2.6.25.
    pub weighted_ms: Option<u64>,
    /// Discards (since Linux 4.18).
    pub discards: Option<Discards>,
    /// Flush requests, and milliseconds spent on them (since Linux 5.5).
    pub flushes: Option<(u64, u64)>,
}

/// The discards of a disk since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discards {
    /// Discards completed.
    pub count: u64,
    /// Discards merged.
    pub merged: u64,
    /// Sectors discarded.
    pub sectors: u64,
    /// Milliseconds spent discarding.
    pub ms: u64,
}

/// Parses the whole of `/proc/diskstats`.
pub fn parse(bytes: &[u8]) -> Result<Vec<Disk<'_>>> {
    lines(bytes).map(line).collect()
}

fn line(line: &[u8]) -> Result<Disk<'_>> {
    let mut cursor = Cursor::new(line);
    let mut counted = cursor;
    let count = std::iter::from_fn(|| counted.token()).count();
    let mut numbers = cursor;
    let device = numbers.decimal("major").ok().zip(numbers.decimal("minor").ok());
    cursor.skip_tokens(2);
    let disk = match count {
        14 | 18 | 20 => {
            let name = cursor.required("name")?;
            let read_count = cursor.decimal("read_count")?;
            let disk = counters(name, read_count, &mut cursor)?;
            with_newer(disk, &mut cursor)
        }
        // Linux 2.4: the number before the name.
        15 => {
            let read_count = cursor.decimal("read_count")?;
            let name = cursor.required("name")?;
            counters(name, read_count, &mut cursor)
        }
        // Partitions from Linux 2.6.0 to 2.6.24.
        7 => Ok(Disk {
            device,
            name: cursor.required("name")?,
            read_count: cursor.decimal("read_count")?,
            read_sectors: cursor.decimal("read_sectors")?,
            write_count: cursor.decimal("write_count")?,
            write_sectors: cursor.decimal("write_sectors")?,
            read_ms: None,
            write_ms: None,
            read_merged: None,
            write_merged: None,
            busy_ms: None,
            in_flight: None,
            weighted_ms: None,
            discards: None,
            flushes: None,
        }),
        _ => Err(ParseError::malformed("diskstats", line)),
    };
    disk.map(|disk| Disk { device, ..disk })
}

/// Parses `/sys/block/NAME/stat`, which does not hold the name.
pub fn parse_block_stat<'a>(name: &'a [u8], bytes: &[u8]) -> Result<Disk<'a>> {
    let mut cursor = Cursor::new(bytes);
    let read_count = cursor.decimal("read_count")?;
    let disk = counters(name, read_count, &mut cursor)?;
    with_newer(disk, &mut cursor)
}

/// Adds the counters that newer kernels append.
fn with_newer<'a>(disk: Disk<'a>, cursor: &mut Cursor<'_>) -> Result<Disk<'a>> {
    let discards = match cursor.decimal_if_any("discards")? {
        None => None,
        Some(count) => Some(Discards {
            count,
            merged: cursor.decimal("discards_merged")?,
            sectors: cursor.decimal("discarded_sectors")?,
            ms: cursor.decimal("discard_ms")?,
        }),
    };
    let flushes = match cursor.decimal_if_any("flushes")? {
        None => None,
        Some(count) => Some((count, cursor.decimal("flush_ms")?)),
    };
    Ok(Disk { discards, flushes, ..disk })
}

/// The counters after the first, which all layouts but one have in common.
fn counters<'a>(name: &'a [u8], read_count: u64, cursor: &mut Cursor<'_>) -> Result<Disk<'a>> {
    let read_merged = Some(cursor.decimal("read_merged")?);
    let read_sectors = cursor.decimal("read_sectors")?;
    let read_ms = Some(cursor.decimal("read_ms")?);
    let write_count = cursor.decimal("write_count")?;
    let write_merged = Some(cursor.decimal("write_merged")?);
    let write_sectors = cursor.decimal("write_sectors")?;
    let write_ms = Some(cursor.decimal("write_ms")?);
    let in_flight = cursor.decimal("in_flight")?;
    let busy_ms = Some(cursor.decimal("busy_ms")?);
    let weighted_ms = cursor.decimal_if_any("weighted_ms")?;
    Ok(Disk {
        device: None,
        in_flight: Some(in_flight),
        weighted_ms,
        discards: None,
        flushes: None,
        name,
        read_count,
        write_count,
        read_sectors,
        write_sectors,
        read_ms,
        write_ms,
        read_merged,
        write_merged,
        busy_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DISK: Disk<'_> = Disk {
        device: Some((3, 0)),
        in_flight: Some(9),
        weighted_ms: Some(11),
        discards: None,
        flushes: None,
        name: b"hda",
        read_count: 1,
        read_merged: Some(2),
        read_sectors: 3,
        read_ms: Some(4),
        write_count: 5,
        write_merged: Some(6),
        write_sectors: 7,
        write_ms: Some(8),
        busy_ms: Some(10),
    };

    #[test]
    fn every_layout_since_linux_2_6() {
        let text = b"   3    0 hda 1 2 3 4 5 6 7 8 9 10 11\n   3    0 hda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n   \
            3    0 hda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n";
        let discards = Some(Discards { count: 12, merged: 13, sectors: 14, ms: 15 });
        let with_flushes = Disk { discards, flushes: Some((16, 17)), ..DISK };
        assert_eq!(parse(text), Ok(vec![DISK, Disk { discards, ..DISK }, with_flushes]));
        assert_eq!(parse(b""), Ok(vec![]));
    }

    #[test]
    fn linux_2_4_has_the_first_number_before_the_name() {
        assert_eq!(parse(b"   3     0   1 hda 2 3 4 5 6 7 8 9 10 11 12").unwrap(), [DISK]);
    }

    #[test]
    fn old_partitions_have_four_counters() {
        let disks = parse(b"   3    1 hda1 1 2 3 4\n").unwrap();
        let disk = &disks[0];
        assert_eq!((disk.name, disk.read_count, disk.read_sectors), (&b"hda1"[..], 1, 2));
        assert_eq!((disk.write_count, disk.write_sectors, disk.busy_ms, disk.read_ms), (3, 4, None, None));
    }

    #[test]
    fn sysfs() {
        let discards = Some(Discards { count: 0, merged: 0, sectors: 0, ms: 0 });
        let disk = Disk { device: None, discards, flushes: Some((0, 0)), ..DISK };
        assert_eq!(parse_block_stat(b"hda", b"   1   2  3  4 5 6 7 8 9 10 11 0 0 0 0 0 0\n"), Ok(disk));
        assert_eq!(parse_block_stat(b"hda", b"1 2 3 4 5 6 7 8 9").unwrap_err().field(), "busy_ms");
        assert_eq!(parse_block_stat(b"hda", b"").unwrap_err().field(), "read_count");
    }

    #[test]
    fn odd_input_names_the_field() {
        for odd in
            [&b"3 0 hda 1 2\n"[..], b"\n", b"3 0 hda 1 2 3 4 5 6 7 8 9 10", b"3 0 1 hda 1 2 3 4 5 6 7 8 9 10 11 12"]
        {
            assert_eq!(parse(odd).unwrap_err().field(), "diskstats");
        }
        assert_eq!(parse(b"3 0 hda 1 2 x 4 5 6 7 8 9 10 11").unwrap_err().field(), "read_sectors");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "[0-9a-z \n]{0,80}") {
            let _ = (parse(&bytes), parse_block_stat(b"x", &bytes));
            let _ = (parse(text.as_bytes()), parse_block_stat(b"x", text.as_bytes()));
        }
    }
}
