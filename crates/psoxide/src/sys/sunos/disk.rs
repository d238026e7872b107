//! Disks and file systems.

use std::ffi::OsString;
use std::path::Path;

use psoxide_parse::sunos::kstat::Kstat;
use psoxide_parse::sunos::mnttab::{self, Mount};
use psoxide_parse::{ParseError, decimal, trim};

use super::calls::Question;
use super::{Source, Sunos};
use crate::sys::DiskReadings;
use crate::sys::bsd::text;
use crate::{DiskIo, DiskPartition, DiskUsage, Result};

/// File systems that hold no data. psutil reads the size of each file system instead, and hangs on a dead server.
const WITHOUT_DATA: [&[u8]; 11] =
    [b"autofs", b"bootfs", b"ctfs", b"dev", b"devfs", b"fd", b"lxproc", b"mntfs", b"objfs", b"proc", b"sharefs"];

impl DiskReadings for Sunos {
    fn disk_partitions(source: &Source, all: bool) -> Result<Vec<DiskPartition>> {
        source.read(&Question::File("/etc/mnttab".into()), |bytes| {
            // A line that is malformed costs itself.
            let mounts = mnttab::mounts(bytes).filter_map(Result::ok);
            Ok(mounts.filter(|mount| all || !WITHOUT_DATA.contains(&mount.fstype)).map(partition).collect())
        })
    }

    fn disk_usage(source: &Source, path: &Path) -> Result<DiskUsage> {
        let usage = source.read(&Question::FileSystem(path.to_owned()), |bytes| {
            let mut fields = trim(bytes).split(|byte| *byte == b'\t');
            let mut number = |field| decimal(fields.next().unwrap_or_default(), field);
            let (size, blocks) = (number("f_frsize")?, number("f_blocks")?);
            Ok(DiskUsage::of_blocks(size, blocks, number("f_bfree")?, number("f_bavail")?))
        });
        usage.map_err(|error| error.with_path(path))
    }

    /// `rtime` is how long a disk was busy, and `wtime` how long requests waited for it. psutil calls these the times of
    /// reading and of writing, which the kernel does not count separately.
    fn disk_io_counters(source: &Source) -> Result<Vec<(OsString, DiskIo)>> {
        disks(source, |kstat| {
            let io = DiskIo {
                read_count: kstat.number("reads")?,
                write_count: kstat.number("writes")?,
                read_bytes: kstat.number("nread")?,
                write_bytes: kstat.number("nwritten")?,
                read_time: Some(kstat.seconds("rtime")?),
                write_time: Some(kstat.seconds("wtime")?),
                busy_time: Some(kstat.seconds("rtime")?),
                ..DiskIo::default()
            };
            Ok((text(kstat.name), io))
        })
    }

    /// Pools of ZFS are of the class `disk` too, and their disks count the same bytes.
    fn whole_disks(source: &Source) -> Result<Vec<OsString>> {
        let named = disks(source, |kstat| Ok((kstat.module != b"zfs").then(|| text(kstat.name))))?;
        Ok(named.into_iter().flatten().collect())
    }
}

/// Reads the kstats of disks and of pools.
fn disks<T>(source: &Source, read: impl Fn(&Kstat<'_>) -> Result<T, ParseError>) -> Result<Vec<T>> {
    source.kstats(&Question::Class("disk"), |all| {
        all.iter().filter(|kstat| kstat.text("nread").is_some()).map(read).collect()
    })
}

fn partition(mount: Mount<'_>) -> DiskPartition {
    DiskPartition {
        device: if mount.special == b"none" { OsString::new() } else { text(mount.special) },
        mountpoint: text(mount.mountpoint).into(),
        fstype: text(mount.fstype),
        opts: text(mount.options),
    }
}
