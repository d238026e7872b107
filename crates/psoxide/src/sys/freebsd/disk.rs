//! Disks and file systems.

use std::ffi::OsString;
use std::path::Path;

use psoxide_parse::freebsd::devstat::{self, Device};
use psoxide_parse::freebsd::mount::{self, Mount};

use super::calls::Question;
use super::{Freebsd, Source};
use crate::sys::DiskReadings;
use crate::sys::bsd::{disk, text};
use crate::{DiskIo, DiskPartition, DiskUsage, Result};

impl DiskReadings for Freebsd {
    // `all` makes no difference, as in psutil: the kernel does not say which file systems are on devices.
    fn disk_partitions(source: &Source, _: bool) -> Result<Vec<DiskPartition>> {
        source.read(&Question::Mounts, |bytes| mount::mounts(bytes).map(|mount| Ok(partition(mount?))).collect())
    }

    fn disk_usage(source: &Source, path: &Path) -> Result<DiskUsage> {
        let question = Question::FileSystem(path.to_owned());
        source.read(&question, |bytes| Ok(usage(Mount::new(bytes)?))).map_err(|error| error.with_path(path))
    }

    fn disk_io_counters(source: &Source) -> Result<Vec<(OsString, DiskIo)>> {
        source.read(&Question::sysctl("kern.devstat.all"), |bytes| {
            devstat::devices(bytes)?.map(|device| counters(device?)).collect()
        })
    }

    fn whole_disks(source: &Source) -> Result<Vec<OsString>> {
        source.read(&Question::sysctl("kern.devstat.all"), |bytes| {
            let disks =
                devstat::devices(bytes)?.filter(|device| device.as_ref().map_or(true, |device| device.is_disk()));
            disks.map(|device| Ok(text(&device?.full_name()))).collect()
        })
    }
}

fn partition(mount: Mount<'_>) -> DiskPartition {
    disk::partition(mount.device(), mount.mount_point(), mount.fstype(), mount.options())
}

fn usage(mount: Mount<'_>) -> DiskUsage {
    disk::usage(mount.block_size(), mount.blocks(), mount.free(), mount.available())
}

fn counters(device: Device<'_>) -> psoxide_parse::Result<(OsString, DiskIo)> {
    let io = DiskIo {
        read_count: device.reads(),
        write_count: device.writes(),
        read_bytes: device.bytes_read(),
        write_bytes: device.bytes_written(),
        read_time: Some(device.read_time().duration("duration[1]")?),
        write_time: Some(device.write_time().duration("duration[2]")?),
        busy_time: Some(device.busy_time().duration("busy_time")?),
        ..DiskIo::default()
    };
    Ok((text(&device.full_name()), io))
}
