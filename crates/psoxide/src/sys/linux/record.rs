//! Copies the files that the readings of Linux use.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use psoxide_capture::Entry;
use psoxide_parse::{Cursor, lines};

use super::source::Source;
use crate::sys::question::Capture;
use crate::{Error, Pid, Result};

/// Files of the machine. `*` stands for the rest of a name.
const MACHINE: &[&str] = &[
    "proc/cpuinfo",
    "proc/diskstats",
    "proc/filesystems",
    "proc/loadavg",
    "proc/meminfo",
    "proc/interrupts",
    "proc/net/dev",
    "proc/net/netstat",
    "proc/net/snmp",
    "proc/net/snmp6",
    "proc/net/sockstat",
    "proc/net/sockstat6",
    "proc/net/softnet_stat",
    "proc/net/tcp",
    "proc/net/tcp6",
    "proc/net/udp",
    "proc/net/udp6",
    "proc/net/raw",
    "proc/net/raw6",
    "proc/net/unix",
    "proc/partitions",
    "proc/pressure/*",
    "proc/schedstat",
    "proc/self/mounts",
    "proc/stat",
    "proc/sys/fs/file-nr",
    "proc/sys/kernel/domainname",
    "proc/sys/kernel/hostname",
    "proc/sys/kernel/osrelease",
    "proc/sys/kernel/ostype",
    "proc/sys/kernel/pid_max",
    "proc/sys/kernel/random/entropy_avail",
    "proc/sys/kernel/random/poolsize",
    "proc/sys/kernel/task_delayacct",
    "proc/sys/kernel/threads-max",
    "proc/sys/kernel/version",
    "proc/uptime",
    "proc/vmstat",
    "proc/zoneinfo",
    "run/systemd/sessions/*",
    "sys/block/*/stat",
    "sys/class/drm/card*/device/gpu_busy_percent",
    "sys/class/drm/card*/device/mem_info_vram_total",
    "sys/class/drm/card*/device/mem_info_vram_used",
    "sys/class/drm/card*/device/power/runtime_status",
    "sys/class/hwmon/hwmon*/device/fan*",
    "sys/class/hwmon/hwmon*/device/name",
    "sys/class/hwmon/hwmon*/device/temp*",
    "sys/class/hwmon/hwmon*/fan*",
    "sys/class/hwmon/hwmon*/name",
    "sys/class/hwmon/hwmon*/temp*",
    "sys/class/net/*/addr_assign_type",
    "sys/class/net/*/address",
    "sys/class/net/*/broadcast",
    "sys/class/net/*/carrier",
    "sys/class/net/*/carrier_changes",
    "sys/class/net/*/carrier_down_count",
    "sys/class/net/*/carrier_up_count",
    "sys/class/net/*/dev_id",
    "sys/class/net/*/dormant",
    "sys/class/net/*/duplex",
    "sys/class/net/*/flags",
    "sys/class/net/*/ifalias",
    "sys/class/net/*/ifindex",
    "sys/class/net/*/iflink",
    "sys/class/net/*/link_mode",
    "sys/class/net/*/mtu",
    "sys/class/net/*/name_assign_type",
    "sys/class/net/*/netdev_group",
    "sys/class/net/*/operstate",
    "sys/class/net/*/speed",
    "sys/class/net/*/tx_queue_len",
    "sys/class/net/*/type",
    // By name, because a battery's other files hold its serial number.
    "sys/class/power_supply/*/capacity",
    "sys/class/power_supply/*/charge_full",
    "sys/class/power_supply/*/charge_now",
    "sys/class/power_supply/*/current_now",
    "sys/class/power_supply/*/energy_full",
    "sys/class/power_supply/*/energy_now",
    "sys/class/power_supply/*/online",
    "sys/class/power_supply/*/power_now",
    "sys/class/power_supply/*/status",
    "sys/class/power_supply/*/time_to_empty_now",
    "sys/class/thermal/thermal_zone*/temp",
    "sys/class/thermal/thermal_zone*/trip_point_*",
    "sys/class/thermal/thermal_zone*/type",
    "sys/dev/block/*/uevent",
    "sys/devices/system/cpu/cpu*/topology/core_cpus_list",
    "sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
    "sys/devices/system/cpu/cpufreq/policy*/affected_cpus",
    "sys/devices/system/cpu/cpufreq/policy*/cpuinfo_cur_freq",
    "sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq",
    "sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq",
    "sys/devices/system/cpu/cpufreq/policy*/scaling_min_freq",
    "var/run/utmp",
];

/// Files of each process.
const PROCESS: &[&str] = &[
    "cgroup",
    "cmdline",
    "comm",
    "cwd",
    "environ",
    "exe",
    "fd/*",
    "fdinfo/*",
    "io",
    "limits",
    "ns/net",
    "oom_score",
    "root",
    "smaps",
    "smaps_rollup",
    "stat",
    "statm",
    "status",
    "task/*/comm",
    "task/*/stat",
    "task/*/status",
];

/// Copies into `capture` the files of the machine and of the processes `pids`, or of all if there are none.
///
/// A file that cannot be read is left out, as most are in most of /proc for most users.
pub(super) fn record(source: &Source, mut capture: Capture, pids: &[Pid]) -> Result<Capture> {
    source.require_live("recording a capture")?;
    capture.header.page_size = source.page_size();
    capture.header.clock_ticks = source.clock_ticks();
    capture.header.big_endian = !source.little_endian();
    for pattern in MACHINE {
        add(&mut capture, pattern);
    }
    let all = if pids.is_empty() { source.pids()? } else { Vec::new() };
    for pid in pids.iter().chain(&all) {
        let before = capture.entries.len();
        for pattern in PROCESS {
            add(&mut capture, &format!("proc/{pid}/{pattern}"));
        }
        if capture.entries.len() == before && !pids.is_empty() {
            return Err(Error::no_such_process(*pid));
        }
    }
    // Names and ids only: the other fields hold full names and home directories.
    let passwd = fs::read("/etc/passwd").unwrap_or_default();
    capture.entries.insert(b"etc/passwd".to_vec(), Entry::File(names(&passwd)));
    Ok(capture)
}

/// The lines of /etc/passwd with names and ids only.
fn names(passwd: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines(passwd) {
        let mut cursor = Cursor::new(line);
        let mut field = || cursor.until(b':');
        if let (Some(name), Some(_), Some(uid), Some(gid)) = (field(), field(), field(), field()) {
            out.extend_from_slice(&[name, b":x:", uid, b":", gid, b":::\n"].concat());
        }
    }
    out
}

/// Adds every path that the pattern matches and that can be read.
fn add(capture: &mut Capture, pattern: &str) {
    let mut found = vec![PathBuf::new()];
    for part in pattern.split('/') {
        found = match part.strip_suffix('*') {
            None => found.iter().map(|path| path.join(part)).collect(),
            Some(prefix) => found.iter().flat_map(|path| children(path, prefix)).collect(),
        };
    }
    for path in found {
        let live = Path::new("/").join(&path);
        let entry = match fs::read_link(&live) {
            Ok(target) => Ok(Entry::Link(target.into_os_string().into_vec())),
            // Devices and pipes would block.
            Err(_) if live.is_file() => fs::read(&live).map(Entry::File),
            Err(error) => Err(error),
        };
        if let Ok(entry) = entry {
            capture.entries.insert(path.as_os_str().as_bytes().to_vec(), entry);
        }
    }
}

/// The entries of a directory whose names begin with `prefix`.
fn children(path: &Path, prefix: &str) -> Vec<PathBuf> {
    let names = fs::read_dir(Path::new("/").join(path)).into_iter().flatten().flatten().map(|item| item.file_name());
    let wanted = |name: &OsString| name.as_bytes().starts_with(prefix.as_bytes());
    names.filter(wanted).map(|name| path.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_ids_of_users_are_copied() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\nanna:secret:1000:100:Anna M.:/home/anna:/bin/sh\nodd\n";
        assert_eq!(names(passwd), b"root:x:0:0:::\nanna:x:1000:100:::\n");
    }
}
