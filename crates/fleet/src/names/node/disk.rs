//! Disks and file systems: diskstats, filesystem.

use std::time::Duration;

use psoxide::System;
use psoxide_parse::linux::diskstats::{self, Disk};
use psoxide_parse::{Cursor, lines};

use super::{file, number};
use crate::filesystems::FileSystem;
use crate::metric::{Families, Labels, Number};
use crate::sources::Outcome;
use crate::text::utf8;

const SECTOR: u64 = 512;

/// Whether node_exporter leaves a device out by default: memory disks, loops, and partitions.
fn is_ignored(name: &str) -> bool {
    let numbered = |rest: &str| rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    if ["ram", "zram", "loop", "fd"].iter().any(|prefix| name.strip_prefix(prefix).is_some_and(numbered)) {
        return true;
    }
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if base.len() == name.len() {
        return false;
    }
    // A letter and a number: sda1, hdb2, vdc3, xvda4.
    let letter = |prefix: &str| {
        let rest = base.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    if ["hd", "sd", "vd", "xvd"].into_iter().any(letter) {
        return true;
    }
    // nvme0n1p2
    name.starts_with("nvme") && base.ends_with('p') && base.contains('n')
}

pub(super) fn stats(system: &System, out: &mut Families) -> Outcome {
    let bytes = system.kernel_file("/proc/diskstats")?;
    for disk in diskstats::parse(&bytes)? {
        let device = utf8(disk.name);
        if !is_ignored(&device) {
            info(system, out, &device, disk.device);
            counters(out, &[("device", &device)], &disk);
        }
    }
    Ok(())
}

fn counters(out: &mut Families, labels: Labels<'_>, disk: &Disk<'_>) {
    let time = |milliseconds: u64| Duration::from_millis(milliseconds).into();
    let bytes = |sectors: u64| sectors.saturating_mul(SECTOR).into();
    let discards = disk.discards;
    let all: &[(&'static str, &'static str, Option<Number>)] = &[
        ("node_disk_reads_completed_total", "Reads completed.", Some(disk.read_count.into())),
        ("node_disk_reads_merged_total", "Reads merged.", disk.read_merged.map(Into::into)),
        ("node_disk_read_bytes_total", "Bytes read.", Some(bytes(disk.read_sectors))),
        ("node_disk_read_time_seconds_total", "Time of all reads.", disk.read_ms.map(time)),
        ("node_disk_writes_completed_total", "Writes completed.", Some(disk.write_count.into())),
        ("node_disk_writes_merged_total", "Writes merged.", disk.write_merged.map(Into::into)),
        ("node_disk_written_bytes_total", "Bytes written.", Some(bytes(disk.write_sectors))),
        ("node_disk_write_time_seconds_total", "Time of all writes.", disk.write_ms.map(time)),
        ("node_disk_io_time_seconds_total", "Time with at least one I/O in progress.", disk.busy_ms.map(time)),
        ("node_disk_io_time_weighted_seconds_total", "Time of all I/Os.", disk.weighted_ms.map(time)),
        ("node_disk_discards_completed_total", "Discards completed.", discards.map(|d| d.count.into())),
        ("node_disk_discards_merged_total", "Discards merged.", discards.map(|d| d.merged.into())),
        ("node_disk_discarded_sectors_total", "Sectors discarded.", discards.map(|d| d.sectors.into())),
        ("node_disk_discard_time_seconds_total", "Time of all discards.", discards.map(|d| time(d.ms))),
        ("node_disk_flush_requests_total", "Flush requests.", disk.flushes.map(|(count, _)| count.into())),
        ("node_disk_flush_requests_time_seconds_total", "Time of all flushes.", disk.flushes.map(|(_, ms)| time(ms))),
    ];
    for (name, help, value) in all {
        if let Some(value) = *value {
            out.counter(*name, help, labels, value);
        }
    }
    if let Some(count) = disk.in_flight {
        out.gauge("node_disk_io_now", "I/Os in progress.", labels, count);
    }
}

/// Adds what udev knows of a disk.
fn info(system: &System, out: &mut Families, device: &str, numbers: Option<(u64, u64)>) {
    let Some((major, minor)) = numbers else { return };
    let udev = system.kernel_file(format!("/run/udev/data/b{major}:{minor}")).unwrap_or_default();
    let property = |name: &str| {
        let line =
            lines(&udev).find_map(|line| line.strip_prefix(b"E:")?.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        line.map(utf8).unwrap_or_default()
    };
    let rotational = number(system, &format!("/sys/block/{device}/queue/rotational"));
    let rotational = rotational.map(|value| value.to_string()).unwrap_or_default();
    let labels = [
        ("device", device),
        ("major", &major.to_string()),
        ("minor", &minor.to_string()),
        ("model", &property("ID_MODEL")),
        ("path", &property("ID_PATH")),
        ("revision", &property("ID_REVISION")),
        ("rotational", &rotational),
        ("serial", &property("ID_SERIAL_SHORT")),
        ("wwn", &property("ID_WWN")),
    ];
    out.gauge("node_disk_info", "What the system knows of a disk.", &labels, true);
}

/// Adds the space of file systems.
pub(crate) fn filesystems(system: &System, out: &mut Families, all: &[FileSystem]) {
    let devices = mount_devices(system);
    for fs in all {
        let labels = [
            ("device", &*fs.device),
            ("device_error", fs.error.unwrap_or_default()),
            ("fstype", &fs.fstype),
            ("mountpoint", &fs.mountpoint),
        ];
        out.gauge(
            "node_filesystem_device_error",
            "Whether the file system failed to answer.",
            &labels,
            fs.error.is_some(),
        );
        out.gauge("node_filesystem_readonly", "Whether it is mounted read-only.", &labels, fs.is_readonly());
        if let Some((_, major, minor)) = devices.iter().find(|(path, ..)| *path == fs.mountpoint) {
            let labels = [("device", &*fs.device), ("major", major), ("minor", minor), ("mountpoint", &fs.mountpoint)];
            out.gauge("node_filesystem_mount_info", "The device number of a mount.", &labels, true);
        }
        let Some(space) = fs.space else { continue };
        for (name, help, value) in [
            ("node_filesystem_avail_bytes", "Space that users can use.", space.avail),
            ("node_filesystem_files", "Inodes.", space.files),
            ("node_filesystem_files_free", "Free inodes.", space.files_free),
            ("node_filesystem_free_bytes", "Free space.", space.free),
            ("node_filesystem_size_bytes", "Space.", space.size),
        ] {
            out.gauge(name, help, &labels, value);
        }
    }
}

/// The device numbers of mount points: proc_pid_mountinfo(5). Of two at one place the last is seen.
fn mount_devices(system: &System) -> Vec<(String, String, String)> {
    let read = |path| file(system, path).ok().flatten();
    let bytes = read("/proc/1/mountinfo").or_else(|| read("/proc/self/mountinfo")).unwrap_or_default();
    let mut all: Vec<_> = lines(&bytes)
        .filter_map(|line| {
            let mut cursor = Cursor::new(line);
            let numbers = utf8(cursor.skip_tokens(2).token()?);
            let (major, minor) = numbers.split_once(':')?;
            let path = utf8(cursor.skip_tokens(1).token()?).replace("\\040", " ");
            Some((path, major.to_owned(), minor.to_owned()))
        })
        .collect();
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_left_out_as_node_exporter_does() {
        for name in ["ram0", "zram1", "loop12", "fd0", "sda1", "vdb12", "xvda2", "nvme0n1p2"] {
            assert!(is_ignored(name), "{name}");
        }
        for name in ["sda", "vda", "xvdb", "nvme0n1", "dm-0", "md127", "mmcblk0p1", "sr0", "sdaa1"] {
            assert!(!is_ignored(name), "{name}");
        }
    }
}
