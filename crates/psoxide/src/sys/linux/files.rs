//! Lists the files that the Linux readings use. A capture holds those that the machine had.

/// Files of the machine. `*` stands for the rest of a name.
pub(super) const MACHINE: &[&str] = &[
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
    "proc/sys/kernel/arch",
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
    // Listed by name, because other files of a battery hold its serial number.
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
pub(super) const PROCESS: &[&str] = &[
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

/// Files of a capture that the recorder writes itself.
const WRITTEN: &[&str] = &["etc/passwd", ".psoxide"];

/// Returns whether the recorder looked for a path, given by its names, or for something below it.
pub(super) fn are_recorded(names: &[&[u8]]) -> bool {
    match names {
        [b"proc", pid, rest @ ..] if pid.iter().all(u8::is_ascii_digit) => covers(PROCESS, rest),
        _ => covers(MACHINE, names) || covers(WRITTEN, names),
    }
}

fn covers(patterns: &[&str], names: &[&[u8]]) -> bool {
    patterns.iter().any(|pattern| {
        let mut parts = pattern.split('/');
        names.iter().all(|name| {
            parts.next().is_some_and(|part| match part.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix.as_bytes()),
                None => part.as_bytes() == *name,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_recorder_looks_for_is_known() {
        let is_recorded = |path: &str| are_recorded(&path.split('/').map(str::as_bytes).collect::<Vec<_>>());
        for path in
            ["proc", "proc/12", "proc/12/fd/3", "proc/net/tcp", "sys/class/hwmon/hwmon0/temp1_input", "etc/passwd"]
        {
            assert!(is_recorded(path), "{path}");
        }
        for path in ["proc/12/net/tcp", "proc/12/stat/x", "proc/modules", "etc/shadow", "sys/class/hwmon/other", "home"]
        {
            assert!(!is_recorded(path), "{path}");
        }
    }
}
