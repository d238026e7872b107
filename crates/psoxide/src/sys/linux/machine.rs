//! Reads the machine and lists its processes: /proc, /proc/stat, /proc/uptime, /proc/sys/kernel.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use psoxide_parse::linux::status::Status;
use psoxide_parse::linux::{cpu_stat, status, uptime};
use psoxide_parse::{ParseError, decimal, trim};

use super::live::Live;
use super::{Linux, Source, fingerprints, parentage};
use crate::sys::{Parentage, SystemReadings, text};
use crate::{Error, Fingerprints, HostInfo, Pid, Result};

impl SystemReadings for Linux {
    fn boot_time(source: &Source) -> Result<SystemTime> {
        let file = source.procfs("stat");
        let seconds = match source.live().and_then(|kernel| kernel.boot_second(&file)) {
            Some(seconds) => seconds,
            None => source.read(&file, cpu_stat::btime)?,
        };
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or_else(|| Error::out_of_range("btime", seconds))
    }

    fn uptime(source: &Source) -> Result<Duration> {
        let path = source.procfs("uptime");
        let seconds = source.read(&path, uptime::parse)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| Error::out_of_range("uptime", seconds).with_path(path))
    }

    fn kernel_file(source: &Source, path: &Path) -> Result<Vec<u8>> {
        source.read(&source.kernel(path), |bytes| Ok(bytes.to_vec()))
    }

    fn kernel_names(source: &Source, path: &Path) -> Result<Vec<OsString>> {
        source.names(&source.kernel(path))
    }

    fn kernel_link(source: &Source, path: &Path) -> Result<PathBuf> {
        Ok(text::owned(source.link(&source.kernel(path))?).into())
    }

    fn host_info(source: &Source) -> Result<HostInfo> {
        let text = |file| {
            let line = source.line(&source.procfs("sys/kernel").join(file))?;
            Ok::<_, Error>(line.map(|line| String::from_utf8_lossy(&line).into_owned()))
        };
        let required = |file| text(file)?.ok_or_else(|| Error::unsupported("host_info"));
        // The file exists since Linux 6.1.
        let machine = match text("arch")? {
            None => source.live().map(Live::machine),
            machine => machine,
        };
        Ok(HostInfo {
            hostname: required("hostname")?,
            system: required("ostype")?,
            release: required("osrelease")?,
            version: text("version")?.unwrap_or_default(),
            machine,
        })
    }

    fn pids(source: &Source) -> Result<Vec<Pid>> {
        source.pids()
    }

    fn fingerprints(source: &Source, known: &mut Fingerprints) -> Result<()> {
        fingerprints::read(source, known)
    }

    fn parentage(source: &Source, of: Pid, recursive: bool) -> Result<Vec<Parentage>> {
        parentage::of_process(source, of, recursive)
    }

    fn pid_exists(source: &Source, pid: Pid) -> Result<bool> {
        if let Some(exists) = source.own_kernel().and_then(|kernel| kernel.is_process(pid)) {
            return Ok(exists);
        }
        // /proc also has a directory for each thread id, which no listing shows. Only for a process does Tgid equal the
        // id.
        match source.read_if_any(&source.process(pid, "status"), status::parse) {
            Ok(Some(Status { tgid: Some(tgid), .. })) => Ok(tgid == u64::from(pid)),
            Ok(None) => Ok(false),
            _ => Ok(source.pids()?.contains(&pid)),
        }
    }

    fn current_pid(source: &Source) -> Result<Pid> {
        if source.require_live("current_process")?.has_own_pids() {
            return Ok(std::process::id());
        }
        // In a /proc of another pid namespace, this process has another pid.
        let link = source.procfs("self");
        decimal(&source.link(&link)?, "self")
            .and_then(|pid| u32::try_from(pid).map_err(|_| ParseError::malformed("self", b"")))
            .map_err(|error| Error::from(error).with_path(link))
    }

    fn delay_accounting(source: &Source) -> Result<bool> {
        let path = source.procfs("sys/kernel/task_delayacct");
        let enabled = source.read_if_any(&path, |bytes| decimal(trim(bytes), "task_delayacct"))?;
        enabled.map(|value| value != 0).ok_or_else(|| Error::unsupported("delay_accounting").with_path(path))
    }
}
