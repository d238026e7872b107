//! The space of mounted file systems, of which one may never answer.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use psoxide::{DiskPartition, System};
use psoxide_parse::linux::mounts as parsed;

use crate::slow::Slow;
use crate::text::lossy;

/// A mounted file system.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FileSystem {
    pub(crate) device: String,
    pub(crate) mountpoint: String,
    pub(crate) fstype: String,
    pub(crate) options: String,
    /// `None`: it has not answered.
    pub(crate) space: Option<Space>,
    /// Why it has not answered.
    pub(crate) error: Option<&'static str>,
}

/// The space and the inodes of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) size: u64,
    pub(crate) free: u64,
    pub(crate) avail: u64,
    pub(crate) files: u64,
    pub(crate) files_free: u64,
}

impl FileSystem {
    pub(crate) fn is_readonly(&self) -> bool {
        self.options.split(',').any(|option| option == "ro")
    }
}

/// File systems without space of their own.
const PSEUDO: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "procfs",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
];

/// Directories of the kernel and of containers.
const KERNEL: &[&str] = &["dev", "proc", "sys"];
const CONTAINERS: &[&str] = &["run/credentials/", "var/lib/docker/", "var/lib/containers/storage/"];

/// Whether a mount is listed: those that node_exporter leaves out by default are not.
fn is_listed(mountpoint: &str, fstype: &str) -> bool {
    let path = mountpoint.strip_prefix('/').unwrap_or(mountpoint);
    let below = |prefix: &&str| path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let inside = |prefix: &&str| path.strip_prefix(*prefix).is_some_and(|rest| !rest.is_empty());
    !PSEUDO.contains(&fstype) && !KERNEL.iter().any(below) && !CONTAINERS.iter().any(inside)
}

/// The file systems of a machine, and which of them do not answer.
#[derive(Debug)]
pub(crate) struct FileSystems {
    /// How long one file system may take.
    patience: Duration,
    mounts: HashMap<PathBuf, Slow<Result<Space, &'static str>>>,
    all: Slow<Vec<Result<Space, &'static str>>>,
    /// Mounts that once did not answer in time are asked one by one.
    suspects: bool,
}

/// What node_exporter says of a file system that does not answer.
const TIMEOUT: &str = "mountpoint timeout";

impl Default for FileSystems {
    fn default() -> Self {
        let patience = Duration::from_millis(500);
        Self { patience, mounts: HashMap::new(), all: Slow::default(), suspects: false }
    }
}

impl FileSystems {
    /// Reads all file systems. Those that do not answer before the deadline have no space.
    pub(crate) fn read(&mut self, system: &System, deadline: Instant) -> Result<Vec<FileSystem>, psoxide::Error> {
        self.read_with(system, deadline, space)
    }

    fn read_with(
        &mut self,
        system: &System,
        deadline: Instant,
        ask: fn(&Path) -> Result<Space, &'static str>,
    ) -> Result<Vec<FileSystem>, psoxide::Error> {
        let mut found: Vec<FileSystem> = Vec::new();
        let mut paths = Vec::new();
        for mount in mounts(system)? {
            let (mountpoint, fstype) = (lossy(&mount.mountpoint), lossy(&mount.fstype));
            // What is mounted over another file system hides it.
            if let Some(at) = found.iter().position(|known| known.mountpoint == mountpoint) {
                found.remove(at);
                paths.remove(at);
            }
            if !is_listed(&mountpoint, &fstype) {
                continue;
            }
            let (device, options) = (lossy(&mount.device), lossy(&mount.opts));
            found.push(FileSystem { device, mountpoint, fstype, options, space: None, error: None });
            paths.push(mount.mountpoint);
        }
        if !system.is_live() {
            // A copy has the mounts, and no space.
            return Ok(found);
        }
        let left = deadline.saturating_duration_since(Instant::now()).min(self.patience);
        let together = paths.clone();
        let ask_all = move || together.iter().map(|path| ask(path)).collect();
        let answers = if self.suspects { None } else { self.all.run(left, ask_all) };
        match answers {
            Some(answers) => {
                for (fs, answer) in found.iter_mut().zip(answers) {
                    fs.take(answer);
                }
            }
            None => {
                self.suspects = true;
                self.one_by_one(&mut found, paths, deadline, ask);
            }
        }
        Ok(found)
    }

    /// Asks each on a thread of its own.
    fn one_by_one(
        &mut self,
        found: &mut [FileSystem],
        paths: Vec<PathBuf>,
        deadline: Instant,
        ask: fn(&Path) -> Result<Space, &'static str>,
    ) {
        self.mounts.retain(|path, _| paths.contains(path));
        let mut all_answered = true;
        for (fs, path) in found.iter_mut().zip(paths) {
            let left = deadline.saturating_duration_since(Instant::now()).min(self.patience);
            let mount = self.mounts.entry(path.clone()).or_default();
            match mount.run(left, move || ask(&path)) {
                Some(answer) => fs.take(answer),
                None => {
                    all_answered = false;
                    fs.error = Some(TIMEOUT);
                }
            }
        }
        self.suspects = !all_answered;
    }
}

impl FileSystem {
    fn take(&mut self, answer: Result<Space, &'static str>) {
        match answer {
            Ok(space) => self.space = Some(space),
            Err(error) => self.error = Some(error),
        }
    }
}

fn space(path: &Path) -> Result<Space, &'static str> {
    use rustix::io::Errno;
    match rustix::fs::statvfs(path) {
        Ok(fs) => Ok(Space {
            size: fs.f_blocks.saturating_mul(fs.f_frsize),
            free: fs.f_bfree.saturating_mul(fs.f_frsize),
            avail: fs.f_bavail.saturating_mul(fs.f_frsize),
            files: fs.f_files,
            files_free: fs.f_ffree,
        }),
        Err(Errno::ACCESS) => Err("permission denied"),
        Err(Errno::NOTCONN) => Err("transport endpoint is not connected"),
        Err(Errno::STALE) => Err("stale file handle"),
        Err(_) => Err("statfs failed"),
    }
}

/// Lists the mounts as process 1 sees them, else as this process does. A service may have mounts of its own, in which
/// everything is read-only.
fn mounts(system: &System) -> Result<Vec<DiskPartition>, psoxide::Error> {
    if system.is_live()
        && let Ok(bytes) = system.kernel_file("/proc/1/mounts")
    {
        let text = |bytes: Vec<u8>| OsString::from_vec(bytes);
        let mounts = parsed::parse(&bytes)?.into_iter().map(|mount| {
            let mut partition = DiskPartition::default();
            partition.device = text(mount.device);
            partition.mountpoint = text(mount.mountpoint).into();
            partition.fstype = text(mount.fstype);
            partition.opts = text(mount.opts);
            partition
        });
        return Ok(mounts.collect());
    }
    system.disk_partitions(true)
}

/// Names a file system that does not answer.
pub(crate) fn silent(found: &[FileSystem]) -> Option<String> {
    let silent = found.iter().find(|fs| fs.error == Some(TIMEOUT))?;
    Some(format!("{}: the file system does not answer", silent.mountpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_listed_as_node_exporter_lists_them() {
        for (path, fstype, listed) in [
            ("/", "ext4", true),
            ("/run", "tmpfs", true),
            ("/dev/shm", "tmpfs", false),
            ("/devices", "ext4", true),
            ("/var/lib/docker/x", "xfs", false),
            ("/var/lib/docker", "xfs", true),
            ("/x", "overlay", false),
        ] {
            assert_eq!(is_listed(path, fstype), listed, "{path} {fstype}");
        }
    }

    #[test]
    fn one_that_does_not_answer_costs_its_own_series_only() {
        fn ask(path: &Path) -> Result<Space, &'static str> {
            if path == Path::new("/") {
                std::thread::sleep(Duration::from_secs(600));
            }
            Ok(Space { size: 3, free: 2, avail: 1, files: 0, files_free: 0 })
        }
        // Long enough for a thread of a busy machine.
        let mut all = FileSystems { patience: Duration::from_secs(3), ..FileSystems::default() };
        let deadline = Instant::now() + Duration::from_secs(3600);
        let found = all.read_with(&System::host(), deadline, ask).unwrap();
        for fs in &found {
            assert_eq!(fs.space.is_none(), fs.mountpoint == "/", "{fs:?}");
        }
        assert!(silent(&found).is_some() || found.iter().all(|fs| fs.mountpoint != "/"));
        // It is not asked again while it waits.
        let found = all.read_with(&System::host(), deadline, ask).unwrap();
        assert!(found.iter().all(|fs| fs.space.is_none() == (fs.mountpoint == "/")), "{found:?}");
    }
}
