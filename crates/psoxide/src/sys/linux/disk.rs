//! Reads disks: /proc/self/mounts, /proc/diskstats, /sys/block.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use psoxide_parse::linux::diskstats::{self, Disk};
use psoxide_parse::linux::mounts;
use psoxide_parse::{Cursor, lines};

use super::mounts::Mounts;
use super::source::if_any;
use super::{Linux, Source};
use crate::sys::{DiskReadings, text};
use crate::{DiskIo, DiskPartition, DiskUsage, Error, Result};

const SECTOR: u64 = 512;

impl DiskReadings for Linux {
    fn disk_partitions(source: &Source, all: bool) -> Result<Vec<DiskPartition>> {
        let physical: Vec<Vec<u8>> = if all {
            Vec::new()
        } else {
            source.read_one(&source.procfs("filesystems"), |bytes| {
                Ok(mounts::device_filesystems(bytes).into_iter().map(<[u8]>::to_vec).collect())
            })?
        };
        let mut partitions = Vec::new();
        for mount in source.read(&source.procfs("self/mounts"), mounts::parse)? {
            let device = match &*mount.device {
                b"none" => OsString::new(),
                b"/dev/root" | b"rootfs" => root_device(source).unwrap_or_else(|| text::owned(mount.device)),
                _ => text::owned(mount.device),
            };
            if !all && (device.is_empty() || !physical.contains(&mount.fstype)) {
                continue;
            }
            partitions.push(DiskPartition {
                device,
                mountpoint: PathBuf::from(text::owned(mount.mountpoint)),
                fstype: text::owned(mount.fstype),
                opts: text::owned(mount.opts),
            });
        }
        Ok(partitions)
    }

    fn disk_usage(source: &Source, path: &Path) -> Result<DiskUsage> {
        source.require_live("disk_usage")?.disk_usage(path)
    }

    fn disk_usage_within(source: &Source, path: &Path, timeout: Duration) -> Result<DiskUsage> {
        source.require_live("disk_usage")?.disk_usage_within(path, timeout)
    }

    fn may_wait(source: &Source, path: &Path) -> bool {
        Mounts::new(source).may_wait(path.as_os_str().as_encoded_bytes())
    }

    fn real_path_within(source: &Source, path: &Path, timeout: Duration) -> Result<PathBuf> {
        source.require_live("real_path_within")?.real_path_within(path, timeout)
    }

    fn disk_io_counters(source: &Source) -> Result<Vec<(OsString, DiskIo)>> {
        let counters = source.read_if_any(&source.procfs("diskstats"), |bytes| {
            Ok(diskstats::parse(bytes)?.iter().map(counters).collect())
        })?;
        if let Some(counters) = counters {
            return Ok(counters);
        }
        let block = source.file("sys/block");
        let Some(mut disks) = if_any(source.names(&block))? else {
            return Err(Error::unsupported("disk_io_counters"));
        };
        disks.sort_unstable();
        let mut all = Vec::new();
        for disk in disks {
            let folder = block.join(&disk);
            all.extend(block_stat(source, &folder, &disk)?);
            let mut parts = if_any(source.names(&folder))?.unwrap_or_default();
            parts.retain(|part| part.as_encoded_bytes().starts_with(disk.as_encoded_bytes()));
            parts.sort_unstable();
            for part in parts {
                all.extend(block_stat(source, &folder.join(&part), &part)?);
            }
        }
        Ok(all)
    }

    fn whole_disks(source: &Source) -> Result<Vec<OsString>> {
        let mut disks: Vec<OsString> = if_any(source.names(&source.file("sys/block")))?
            .unwrap_or_default()
            .iter()
            .map(|name| device_name(name))
            .collect();
        disks.sort_unstable();
        Ok(disks)
    }
}

/// Replaces the exclamation marks that sysfs writes for slashes in device names (`cciss/c0d0`).
fn device_name(name: &OsStr) -> OsString {
    text::owned(name.as_encoded_bytes().iter().map(|byte| if *byte == b'!' { b'/' } else { *byte }).collect())
}

fn block_stat(source: &Source, folder: &Path, name: &OsStr) -> Result<Option<(OsString, DiskIo)>> {
    let name = device_name(name);
    source.read_if_any(&folder.join("stat"), |bytes| {
        Ok(counters(&diskstats::parse_block_stat(name.as_encoded_bytes(), bytes)?))
    })
}

fn counters(disk: &Disk<'_>) -> (OsString, DiskIo) {
    let io = DiskIo {
        read_count: disk.read_count,
        write_count: disk.write_count,
        read_bytes: disk.read_sectors.saturating_mul(SECTOR),
        write_bytes: disk.write_sectors.saturating_mul(SECTOR),
        read_time: disk.read_ms.map(Duration::from_millis),
        write_time: disk.write_ms.map(Duration::from_millis),
        read_merged_count: disk.read_merged,
        write_merged_count: disk.write_merged,
        busy_time: disk.busy_ms.map(Duration::from_millis),
    };
    (text::of(disk.name), io)
}

/// Finds the device behind "/dev/root", which is not a real path.
fn root_device(source: &Source) -> Option<OsString> {
    let (major, minor) = source.live()?.root_device()?;
    let partition = source.read(&source.procfs("partitions"), |bytes| {
        Ok(lines(bytes).find_map(|line| {
            let mut cursor = Cursor::new(line);
            let here =
                cursor.decimal("major").ok()? == u64::from(major) && cursor.decimal("minor").ok()? == u64::from(minor);
            cursor.skip_tokens(1); // blocks
            cursor.token().filter(|_| here).map(<[u8]>::to_vec)
        }))
    });
    let name = partition.ok().flatten().or_else(|| {
        let uevent = source.file(format!("sys/dev/block/{major}:{minor}/uevent"));
        source
            .read(&uevent, |bytes| Ok(lines(bytes).find_map(|line| line.strip_prefix(b"DEVNAME=")).map(<[u8]>::to_vec)))
            .ok()
            .flatten()
    })?;
    let mut path = OsString::from("/dev/");
    path.push(text::owned(name));
    Some(path)
}
