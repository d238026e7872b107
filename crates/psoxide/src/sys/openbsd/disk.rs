//! Disks and file systems.

use std::ffi::OsString;
use std::path::Path;

use psoxide_parse::openbsd::statfs::FileSystem;
use psoxide_parse::openbsd::{disk as parse, statfs};

use super::Openbsd;
use crate::sys::DiskReadings;
use crate::sys::bsd::disk;
use crate::sys::netbsdlike::machine::{Machine, text};
use crate::sys::netbsdlike::question::Question;
use crate::{DiskIo, DiskPartition, DiskUsage, Result};

impl DiskReadings for Openbsd {
    /// As in psutil, all file systems are listed, whatever they are on.
    fn disk_partitions(machine: &Machine, _: bool) -> Result<Vec<DiskPartition>> {
        let answer = machine.answer(Question::call("getfsstat"))?;
        let mounts = statfs::file_systems(&answer.bytes).map(|mount| {
            let mount = answer.named(mount)?;
            Ok(disk::partition(mount.device(), mount.mount_point(), mount.fstype(), mount.options()))
        });
        mounts.collect()
    }

    fn disk_usage(machine: &Machine, path: &Path) -> Result<DiskUsage> {
        let answer = machine.answer(Question::call_of("statfs", path)).map_err(|error| error.with_path(path))?;
        let space = answer.parse(FileSystem::new)?;
        Ok(disk::usage(space.block_size().into(), space.blocks(), space.free(), space.available()))
    }

    fn disk_io_counters(machine: &Machine) -> Result<Vec<(OsString, DiskIo)>> {
        let answer = machine.answer(Question::sysctl("hw.diskstats"))?;
        let disks = parse::disks(&answer.bytes).map(|disk| {
            let disk = answer.named(disk)?;
            let io = DiskIo {
                read_count: disk.reads(),
                write_count: disk.writes(),
                read_bytes: disk.bytes_read(),
                write_bytes: disk.bytes_written(),
                busy_time: Some(answer.named(disk.busy_time())?),
                ..DiskIo::default()
            };
            Ok((text(disk.name()), io))
        });
        disks.collect()
    }
}
