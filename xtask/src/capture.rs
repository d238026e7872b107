//! Live files to an archive: only those that readers use, without what is private.

use crate::steps::{Result, output};
use psoxide_fixture::{Archive, Entry};
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
    "proc/diskstats",
    "proc/filesystems",
    "proc/self/mounts",
    "proc/net/dev",
    "sys/class/net/*/mtu",
    "sys/class/net/*/flags",
    "sys/class/net/*/operstate",
    "sys/class/net/*/address",
    "sys/class/net/*/speed",
    "sys/class/net/*/duplex",
    "sys/devices/system/cpu/cpu*/topology/core_cpus_list",
    "sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
];

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
    "maps",
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
    /// Archive to write
    #[arg(long)]
    out: PathBuf,
}

/// Writes the archive.
pub(crate) fn run(args: &Args) -> Result {
    let number = |name| -> Result<u64> {
        output("getconf", &[name])?.parse().map_err(|_| format!("getconf {name} printed no number"))
    };
    let mut archive = Archive {
        page_size: number("PAGESIZE")?,
        clock_ticks: number("CLK_TCK")?,
        big_endian: cfg!(target_endian = "big"),
        kernel: output("uname", &["-r", "-m"])?,
        ..Archive::default()
    };
    for pattern in SYSTEM {
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
    archive.scrub(&private()?);
    fs::write(&args.out, archive.to_text()).map_err(|error| format!("cannot write {}: {error}", args.out.display()))
}

/// What must not leave this machine, longest meaning first: the home directory contains the user's name.
fn private() -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let named = |name| std::env::var_os(name).unwrap_or_default().into_vec();
    let all =
        [(named("HOME"), "/home/user"), (named("USER"), "user"), (output("uname", &["-n"])?.into_bytes(), "host")];
    // These are no secret, and are parts of other words.
    let plain: [&[u8]; 4] = [b"", b"/", b"root", b"localhost"];
    let secret = all.into_iter().filter(|(from, _)| !plain.contains(&from.as_slice()));
    Ok(secret.map(|(from, to)| (from, to.as_bytes().to_vec())).collect())
}

/// Adds every path that the pattern matches and that can be read.
fn add(archive: &mut Archive, root: &Path, pattern: &str) {
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
