//! Live files to an archive: only those that readers use, without what is private.

use crate::steps::{Result, output};
use psoxide_capture::{Capture, Entry, Header, Origin};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Of the machine; `*` stands for the rest of a name.
const SYSTEM: &[&str] = &[
    "proc/stat",
    "proc/meminfo",
    "proc/vmstat",
    "proc/zoneinfo",
    "proc/cpuinfo",
    "proc/loadavg",
    "proc/uptime",
    "proc/pressure/*",
    "proc/diskstats",
    "proc/partitions",
    "proc/filesystems",
    "proc/self/mounts",
    "proc/net/dev",
    "sys/block/*/stat",
    "sys/class/net/*/mtu",
    "sys/class/net/*/flags",
    "sys/class/net/*/operstate",
    "sys/class/net/*/address",
    "sys/class/net/*/speed",
    "sys/class/net/*/duplex",
    "sys/devices/system/cpu/cpu*/topology/core_cpus_list",
    "sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
    "sys/devices/system/cpu/cpufreq/policy*/affected_cpus",
    "sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq",
    "sys/devices/system/cpu/cpufreq/policy*/scaling_min_freq",
    "sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq",
    "sys/devices/system/cpu/cpufreq/policy*/cpuinfo_cur_freq",
    "sys/class/hwmon/hwmon*/name",
    "sys/class/hwmon/hwmon*/temp*",
    "sys/class/hwmon/hwmon*/fan*",
    "sys/class/thermal/thermal_zone*/type",
    "sys/class/thermal/thermal_zone*/temp",
    "sys/class/thermal/thermal_zone*/trip_point_*",
    // By name: a battery's other files tell its serial number.
    "sys/class/power_supply/*/online",
    "sys/class/power_supply/*/status",
    "sys/class/power_supply/*/capacity",
    "sys/class/power_supply/*/energy_now",
    "sys/class/power_supply/*/energy_full",
    "sys/class/power_supply/*/charge_now",
    "sys/class/power_supply/*/charge_full",
    "sys/class/power_supply/*/power_now",
    "sys/class/power_supply/*/current_now",
    "sys/class/power_supply/*/time_to_empty_now",
];

/// Addresses of others are in these: only if asked for.
const SOCKETS: &[&str] = &["proc/net/tcp", "proc/net/tcp6", "proc/net/udp", "proc/net/udp6", "proc/net/unix"];

/// Of each process.
const PROCESS: &[&str] = &[
    "stat",
    "statm",
    "status",
    "cmdline",
    "environ",
    "io",
    "limits",
    "smaps_rollup",
    "smaps",
    "comm",
    "exe",
    "cwd",
    "root",
    "fd/*",
    "fdinfo/*",
    "task/*/stat",
];

/// What to copy, and to where.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directory that holds proc and sys
    #[arg(long, default_value = "/")]
    root: PathBuf,
    /// Process to copy; may be repeated
    #[arg(long)]
    pid: Vec<u32>,
    /// Copy the tables of sockets too, with the addresses in them
    #[arg(long)]
    sockets: bool,
    /// Archive to write
    #[arg(long)]
    out: PathBuf,
}

/// Writes the archive.
pub(crate) fn run(args: &Args) -> Result {
    let number = |name| -> Result<u64> {
        output("getconf", &[name])?.parse().map_err(|_| format!("getconf {name} printed no number"))
    };
    let mut header = Header::default();
    header.origin = Origin::Recorded;
    (header.release, header.machine) = (output("uname", &["-r"])?, output("uname", &["-m"])?);
    (header.page_size, header.clock_ticks) = (number("PAGESIZE")?, number("CLK_TCK")?);
    header.big_endian = cfg!(target_endian = "big");
    let mut archive = Capture::new(header);
    for pattern in SYSTEM.iter().chain(SOCKETS.iter().filter(|_| args.sockets)) {
        add(&mut archive, &args.root, pattern);
    }
    for pid in &args.pid {
        let before = archive.entries.len();
        for pattern in PROCESS {
            add(&mut archive, &args.root, &format!("proc/{pid}/{pattern}"));
        }
        if archive.entries.len() == before {
            return Err(format!("there is no process {pid}"));
        }
    }
    archive.scrub(&private(&args.root)?);
    fs::write(&args.out, archive.to_text()).map_err(|error| format!("cannot write {}: {error}", args.out.display()))
}

/// What must not leave this machine, longest meaning first: the home directory contains the user's name.
fn private(root: &Path) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let named = |name| std::env::var_os(name).unwrap_or_default().into_vec();
    let node = output("uname", &["-n"])?.into_bytes();
    let mut secrets: Vec<(Vec<u8>, Vec<u8>)> =
        [(named("HOME"), "/home/user"), (named("USER"), "user"), (node, "host")].map(|(s, to)| (s, to.into())).into();
    // These are no secret, and are parts of other words.
    let plain: [&[u8]; 4] = [b"", b"/", b"root", b"localhost"];
    secrets.retain(|(secret, _)| !plain.contains(&secret.as_slice()));
    // A hardware address is one machine's alone. These are "locally administered".
    let nics = children(root, Path::new("sys/class/net"), "");
    for (number, nic) in nics.iter().enumerate() {
        let address = fs::read_to_string(root.join(nic).join("address")).unwrap_or_default();
        let address = address.trim();
        if address.chars().any(|c| c != '0' && c != ':') {
            secrets.push((address.into(), format!("02:00:00:00:00:{:02x}", number % 256).into()));
        }
    }
    Ok(secrets)
}

/// Adds every path that the pattern matches and that can be read.
fn add(archive: &mut Capture, root: &Path, pattern: &str) {
    let mut found = vec![PathBuf::new()];
    for part in pattern.split('/') {
        found = match part.strip_suffix('*') {
            None => found.iter().map(|path| path.join(part)).collect(),
            Some(prefix) => found.iter().flat_map(|path| children(root, path, prefix)).collect(),
        };
    }
    for path in found {
        let live = root.join(&path);
        let entry = match fs::read_link(&live) {
            Ok(target) => Ok(Entry::Link(target.into_os_string().into_vec())),
            // Devices and pipes would block: only what says that it is a file is read.
            Err(_) if live.is_file() => fs::read(&live).map(Entry::File),
            Err(error) => Err(error),
        };
        if let Ok(entry) = entry {
            archive.entries.insert(path.as_os_str().as_bytes().to_vec(), entry);
        }
    }
}

/// Paths of the entries of a directory whose names begin with `prefix`.
fn children(root: &Path, path: &Path, prefix: &str) -> Vec<PathBuf> {
    let names = fs::read_dir(root.join(path)).into_iter().flatten().flatten().map(|item| item.file_name());
    let wanted = |name: &OsString| name.as_bytes().starts_with(prefix.as_bytes());
    names.filter(wanted).map(|name| path.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use psoxide::System;

    #[test]
    fn a_copy_tells_what_the_machine_told() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("archive");
        let me = std::process::id();
        run(&Args { root: "/".into(), pid: vec![me], sockets: true, out: out.clone() }).unwrap();
        let text = fs::read_to_string(&out).unwrap();
        let root = psoxide_capture::unpacked(&text).unwrap();
        let (copy, host) = (System::at_root(root.path()).unwrap(), System::host());
        assert_eq!(copy.cpu_count().unwrap(), host.cpu_count().unwrap());
        assert_eq!(copy.cpu_count_cores().unwrap(), host.cpu_count_cores().unwrap());
        assert_eq!(copy.virtual_memory().unwrap().total, host.virtual_memory().unwrap().total);
        assert_eq!(copy.boot_time().unwrap(), host.boot_time().unwrap());
        assert!(copy.uptime().unwrap() <= host.uptime().unwrap());
        let names =
            |system: &System| system.net_io_counters().unwrap().into_iter().map(|(nic, _)| nic).collect::<Vec<_>>();
        assert_eq!(names(&copy), names(&host));
        copy.net_connections(psoxide::ConnectionKind::All).unwrap();
        let (copied, live) = (copy.process(me).unwrap(), host.process(me).unwrap());
        assert_eq!((copied.start(), copied.name().unwrap()), (live.start(), live.name().unwrap()));
        assert_eq!(copied.uids().unwrap(), live.uids().unwrap());
        assert!(copied.memory_footprint().unwrap().uss > 0);
        assert!(!copied.memory_maps().unwrap().is_empty());
        assert_eq!(copied.environ().unwrap(), [("SCRUBBED".into(), "1".into())]);
        // Nothing of the environment, and no hardware address but made-up ones.
        for (name, value) in std::env::vars().filter(|(_, value)| value.len() > 20) {
            assert!(!text.contains(&format!("{name}={value}")), "{name} is in the archive");
        }
        for (nic, addresses) in host.net_if_addrs().unwrap() {
            for address in addresses.iter().map(|a| a.address.to_string()).filter(|a| a.len() == 17) {
                assert!(address == "00:00:00:00:00:00" || !text.contains(&address), "{nic:?}'s is in the archive");
            }
        }
    }
}
