//! Reads drives, volumes and disks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use psoxide_parse::windows::disk_performance;
use psoxide_parse::windows::process::number;
use psoxide_parse::windows::volume::{self, Space, Volume};

use super::abi::{INVALID_FUNCTION, NOT_SUPPORTED};
use super::calls::Question;
use super::source::{answered, span, text, texts_of};
use super::{Source, Windows};
use crate::memory::percent;
use crate::sys::{DiskReadings, PressureReadings};
use crate::{DiskIo, DiskPartition, DiskUsage, Result};

/// FILE_READ_ONLY_VOLUME and FILE_VOLUME_IS_COMPRESSED of winnt.h.
const READ_ONLY: u32 = 0x0008_0000;
const COMPRESSED: u32 = 0x0000_8000;

/// DRIVE_FIXED and DRIVE_REMOTE of fileapi.h.
const FIXED: u32 = 3;
const REMOTE: u32 = 4;

/// The number of disks that are looked for. Disk numbers may have gaps.
const DISKS: u32 = 32;

/// Describes what is mounted at a root directory. Returns `None` if only `all` lists it.
fn partition(
    source: &Source,
    device: OsString,
    mount: OsString,
    kind: u32,
    all: bool,
) -> Result<Option<DiskPartition>> {
    let (mut options, mut fstype) = (Vec::new(), OsString::new());
    match answered(source.read(&Question::Volume(mount.clone()), volume::volume))? {
        Some(Volume { flags, file_system }) => {
            fstype = text(&file_system);
            options.push(if flags & READ_ONLY == 0 { "rw" } else { "ro" });
            if flags & COMPRESSED != 0 {
                options.push("compressed");
            }
        }
        // The drive has no medium.
        None if !all => return Ok(None),
        None => {}
    }
    options.push(match kind {
        1 => "unmounted",
        2 => "removable",
        FIXED => "fixed",
        REMOTE => "remote",
        5 => "cdrom",
        6 => "ramdisk",
        _ => "unknown",
    });
    Ok(Some(DiskPartition { device, mountpoint: PathBuf::from(mount), fstype, opts: options.join(",").into() }))
}

impl DiskReadings for Windows {
    fn disk_partitions(source: &Source, all: bool) -> Result<Vec<DiskPartition>> {
        let drives = source.drives()?;
        let mut partitions = Vec::new();
        for root in drives.iter().map(OsString::from) {
            let kind = source.read(&Question::DriveType(root.clone()), |bytes| number(bytes, "type"))?;
            if all || ![0, 1, REMOTE].contains(&kind) {
                partitions.extend(partition(source, root.clone(), root, kind, all)?);
            }
        }
        for volume in answered(source.ask(&Question::Volumes))?.map(|bytes| texts_of(&bytes)).unwrap_or_default() {
            let mounts = answered(source.ask(&Question::MountPoints(volume.clone())))?;
            for mount in mounts.map(|bytes| texts_of(&bytes)).unwrap_or_default() {
                if drives.iter().all(|root| mount != **root) {
                    // The volume is mounted in a directory of another volume.
                    partitions.extend(partition(source, volume.clone(), mount, FIXED, all)?);
                }
            }
        }
        Ok(partitions)
    }

    fn disk_usage(source: &Source, path: &Path) -> Result<DiskUsage> {
        let question = Question::FreeSpace(path.to_owned());
        let Space { total, free } = source.read(&question, volume::space).map_err(|error| error.with_path(path))?;
        let used = total.saturating_sub(free);
        Ok(DiskUsage { total, used, free, percent: percent(used, total) })
    }

    fn disk_io_counters(source: &Source) -> Result<Vec<(OsString, DiskIo)>> {
        let mut disks = Vec::new();
        for number in 0..DISKS {
            let counters = match source.read(&Question::Disk(number), disk_performance::parse) {
                // No disk has this number, or Windows does not count its I/O.
                Err(error) if error.is_missing() || matches!(error.errno(), Some(INVALID_FUNCTION | NOT_SUPPORTED)) => {
                    continue;
                }
                counters => counters?,
            };
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
        // Windows does not count the I/O of partitions separately.
        Ok(Self::disk_io_counters(source)?.into_iter().map(|(name, _)| name).collect())
    }
}

impl PressureReadings for Windows {}
