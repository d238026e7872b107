//! Drives, volumes and disks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use psoxide_parse::windows::disk_performance;

use super::ffi::{self, Drive};
use super::source::span;
use super::{Source, Windows};
use crate::memory::percent;
use crate::sys::{DiskReadings, PressureReadings};
use crate::{DiskIo, DiskPartition, DiskUsage, Error, Result};

/// FILE_READ_ONLY_VOLUME and FILE_VOLUME_IS_COMPRESSED of winnt.h.
const READ_ONLY: u32 = 0x0008_0000;
const COMPRESSED: u32 = 0x0000_8000;

/// How many disks a machine can be thought to have: their numbers may have gaps.
const DISKS: u32 = 32;

/// A partition of what a drive's root tells; `None` for what is only of interest with `all`.
fn partition(device: OsString, mount: OsString, kind: Drive, all: bool) -> Option<DiskPartition> {
    let (mut options, mut fstype) = (Vec::new(), OsString::new());
    match ffi::volume_information(&mount) {
        Ok((name, flags)) => {
            fstype = name;
            options.push(if flags & READ_ONLY == 0 { "rw" } else { "ro" });
            if flags & COMPRESSED != 0 {
                options.push("compressed");
            }
        }
        // No medium is in.
        Err(_) if !all => return None,
        Err(_) => {}
    }
    options.push(match kind {
        Drive::Unknown => "unknown",
        Drive::NoRoot => "unmounted",
        Drive::Removable => "removable",
        Drive::Fixed => "fixed",
        Drive::Remote => "remote",
        Drive::Cdrom => "cdrom",
        Drive::RamDisk => "ramdisk",
    });
    Some(DiskPartition { device, mountpoint: PathBuf::from(mount), fstype, opts: options.join(",").into() })
}

impl DiskReadings for Windows {
    fn disk_partitions(_: &Source, all: bool) -> Result<Vec<DiskPartition>> {
        let drives = ffi::drives();
        let local = |kind: Drive| !matches!(kind, Drive::Unknown | Drive::NoRoot | Drive::Remote);
        let mut partitions: Vec<DiskPartition> = drives
            .iter()
            .filter(|(_, kind)| all || local(*kind))
            .filter_map(|(root, kind)| partition(root.clone(), root.clone(), *kind, all))
            .collect();
        for volume in ffi::volumes() {
            for mount in ffi::mount_points(&volume) {
                if drives.iter().all(|(root, _)| *root != mount) {
                    // It has a folder of another volume for its root.
                    partitions.extend(partition(volume.clone(), mount, Drive::Fixed, all));
                }
            }
        }
        Ok(partitions)
    }

    fn disk_usage(_: &Source, path: &Path) -> Result<DiskUsage> {
        let (total, free, _) = ffi::free_space(path)?;
        let used = total.saturating_sub(free);
        Ok(DiskUsage { total, used, free, percent: percent(used, total) })
    }

    fn disk_io_counters(_: &Source) -> Result<Vec<(OsString, DiskIo)>> {
        let mut disks = Vec::new();
        for number in 0..DISKS {
            let filled = match ffi::disk_performance(number) {
                Ok(Some(filled)) => filled,
                Ok(None) => continue,
                // ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED: a disk that is not counted.
                Err(error) if matches!(error.errno(), Some(1 | 50)) => continue,
                Err(error) => return Err(error),
            };
            let counters = disk_performance::parse(filled.bytes())?;
            let io = DiskIo {
                read_count: counters.reads.into(),
                write_count: counters.writes.into(),
                read_bytes: counters.read_bytes,
                write_bytes: counters.write_bytes,
                read_time: Some(span(counters.read_time)),
                write_time: Some(span(counters.write_time)),
                ..DiskIo::default()
            };
            disks.push((format!("PhysicalDrive{number}").into(), io));
        }
        Ok(disks)
    }

    fn whole_disks(source: &Source) -> Result<Vec<OsString>> {
        // Partitions are not counted on their own.
        Ok(Self::disk_io_counters(source)?.into_iter().map(|(name, _)| name).collect())
    }
}

impl PressureReadings for Windows {}

/// A process whose file or memory went while it was read looks like one that may not be read.
pub(super) fn is_partial(error: &Error) -> bool {
    /// ERROR_PARTIAL_COPY, ERROR_NOACCESS
    const PARTIAL: [Option<i32>; 2] = [Some(299), Some(998)];
    PARTIAL.contains(&error.errno())
}
