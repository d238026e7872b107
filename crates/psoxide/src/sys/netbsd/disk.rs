//! Disks and file systems.

use std::ffi::OsString;
use std::path::Path;

use psoxide_parse::netbsd::statvfs::FileSystem;
use psoxide_parse::netbsd::{iostat, statvfs};

use super::Netbsd;
use super::abi::DEVICE;
use crate::sys::DiskReadings;
use crate::sys::bsd::disk;
use crate::sys::netbsdlike::machine::{Machine, text};
use crate::sys::netbsdlike::question::Question;
use crate::{DiskIo, DiskPartition, DiskUsage, Result};

impl DiskReadings for Netbsd {
    /// As in psutil, all file systems are listed, whatever they are on.
    fn disk_partitions(machine: &Machine, _: bool) -> Result<Vec<DiskPartition>> {
        let answer = machine.answer(Question::call("getvfsstat"))?;
        let mounts = statvfs::file_systems(&answer.bytes).map(|mount| {
            let mount = answer.named(mount)?;
            Ok(disk::partition(mount.device(), mount.mount_point(), mount.fstype(), mount.options()))
        });
        mounts.collect()
    }

    fn disk_usage(machine: &Machine, path: &Path) -> Result<DiskUsage> {
        let answer = machine.answer(Question::call_of("statvfs", path)).map_err(|error| error.with_path(path))?;
        let space = answer.parse(FileSystem::new)?;
        Ok(disk::usage(space.fragment_size(), space.blocks(), space.free(), space.available()))
    }

    fn disk_io_counters(machine: &Machine) -> Result<Vec<(OsString, DiskIo)>> {
        let answer = machine.answer(Question::sysctl_of("hw.iostats", &[DEVICE]))?;
        let mut disks = Vec::new();
        for device in iostat::devices(&answer.bytes, DEVICE.unsigned_abs() as usize) {
            let device = answer.named(device)?;
            // Tapes and network file systems are counted too.
            if device.kind() == iostat::DISK {
                disks.push((text(device.name()), disk_io(&device)));
            }
        }
        Ok(disks)
    }
}

fn disk_io(device: &iostat::Device<'_>) -> DiskIo {
    DiskIo {
        read_count: device.reads(),
        write_count: device.writes(),
        read_bytes: device.bytes_read(),
        write_bytes: device.bytes_written(),
        busy_time: Some(device.busy_time()),
        ..DiskIo::default()
    }
}
