//! File systems.

use std::ffi::OsString;
use std::path::Path;

use psoxide_parse::macos::iokit::{self, Disk};
use psoxide_parse::macos::mount::{self, Mount};

use super::calls::Question;
use super::{Macos, Source};
use crate::memory::percent;
use crate::sys::DiskReadings;
use crate::sys::bsd::{self, disk};
use crate::{DiskIo, DiskPartition, DiskUsage, Result};

impl DiskReadings for Macos {
    fn disk_partitions(source: &Source, all: bool) -> Result<Vec<DiskPartition>> {
        source.read(&Question::Mounts, |bytes| {
            // psutil keeps those whose device is an existing path. Two slashes begin the address of a file server.
            let is_device = |device: &[u8]| device.starts_with(b"/") && !device.starts_with(b"//");
            let mounts = mount::mounts(bytes)
                .filter(|mount| all || mount.as_ref().map_or(true, |mount: &Mount<'_>| is_device(mount.device())));
            mounts.map(|mount| Ok(partition(mount?))).collect()
        })
    }

    fn disk_usage(source: &Source, path: &Path) -> Result<DiskUsage> {
        let question = Question::FileSystem(path.to_owned());
        let usage = source.read(&question, |bytes| Ok(usage(Mount::new(bytes)?)));
        let mut usage = usage.map_err(|error| error.with_path(path))?;
        // The volumes of an APFS container share its free blocks, so what a volume lacks of its total may be another's.
        let used = source.read(&Question::SpaceUsed(path.to_owned()), mount::space_used);
        match used {
            Ok(used) => {
                usage.used = used;
                usage.percent = percent(used, used.saturating_add(usage.free));
            }
            // The path is not where a volume is mounted, the file system does not count it, or the system is older than
            // macOS 12. A refusal, as in a sandbox, takes nothing from what statfs(2) has answered.
            Err(error) if error.errno().is_some() => {}
            Err(error) => return Err(error.with_path(path)),
        }
        Ok(usage)
    }

    fn disk_io_counters(source: &Source) -> Result<Vec<(OsString, DiskIo)>> {
        // Each is a whole disk: partitions and volumes are counted by their disk.
        let disks = source.read(&Question::Disks, iokit::disks)?;
        Ok(disks.into_iter().map(|disk| (bsd::text(&disk.name), counters(&disk))).collect())
    }
}

fn partition(mount: Mount<'_>) -> DiskPartition {
    disk::partition(mount.device(), mount.mount_point(), mount.fstype(), mount.options())
}

fn usage(mount: Mount<'_>) -> DiskUsage {
    disk::usage(mount.block_size().into(), mount.blocks(), mount.free(), mount.available())
}

fn counters(disk: &Disk) -> DiskIo {
    DiskIo {
        read_count: disk.reads,
        write_count: disk.writes,
        read_bytes: disk.bytes_read,
        write_bytes: disk.bytes_written,
        read_time: disk.read_time,
        write_time: disk.write_time,
        ..DiskIo::default()
    }
}
