//! Inputs that have surprised readers of /proc and /sys, one tree each.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, UNIX_EPOCH};

use psoxide::{ConnectionKind, CpuFreq, Error, ErrorKind, Record as _, Result, System, User};
use psoxide_capture::unpacked;

const KIB: u64 = 1024;

/// The machine in an archive; its files go away with the second.
macro_rules! machine {
    ($name:literal) => {{
        let root = unpacked(include_str!(concat!("../../../testdata/linux/", $name, ".txt"))).unwrap();
        (System::at_root(root.path()).unwrap(), root)
    }};
}

/// The error, which names the file whose path ends so.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T>, kind: ErrorKind, file: &str) -> Error {
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.path().is_some_and(|path| path.ends_with(file)), "{error:?}");
    error
}

#[test]
fn memory_of_linux_2_4_has_its_old_names() {
    let (system, _root) = machine!("memory-on-linux-2.4");
    let memory = system.virtual_memory().unwrap();
    assert_eq!((memory.total, memory.free), (1_024_000 * KIB, 424_000 * KIB));
    assert_eq!((memory.shared, memory.inactive), (Some(2000 * KIB), Some(12_300 * KIB)));
    assert_eq!(memory.available, (424_000 + 300_000) * KIB);
    assert_eq!(system.swap_memory().unwrap().total, 512_000 * KIB);
}

#[test]
fn cpus_are_counted_by_the_first_file_that_tells() {
    assert_eq!(machine!("cpus-in-cpuinfo").0.cpu_count().unwrap(), Some(2));
    let (system, root) = machine!("cpus-in-stat-alone");
    assert_eq!(system.cpu_count().unwrap(), Some(3));
    assert_eq!(system.cpu_count_cores().unwrap(), None);
    drop(root);
    let (system, _root) = machine!("cpus-nowhere");
    assert_eq!((system.cpu_count().unwrap(), system.cpu_count_cores().unwrap()), (None, None));
    assert_eq!(system.cpu_freq().unwrap(), []);
    refused(system.cpu_times(), ErrorKind::Io, "proc/stat");
    refused(system.cpu_stats(), ErrorKind::Io, "proc/stat");
}

fn freq(current: f64, min: Option<f64>, max: Option<f64>) -> CpuFreq {
    CpuFreq::with(|freq| (freq.current, freq.min, freq.max) = (current, min, max))
}

#[test]
fn frequency_of_a_cpu_comes_from_either_file() {
    let all = machine!("cpufreq-of-each-cpu").0.cpu_freq().unwrap();
    assert_eq!(all, [freq(1200.0, Some(800.0), Some(3000.0)), freq(1300.0, Some(900.0), Some(3100.0)),]);
}

#[test]
fn measured_frequencies_are_preferred_and_offline_cpus_left_out() {
    let all = machine!("cpufreq-measured").0.cpu_freq().unwrap();
    assert_eq!(all, [freq(1111.25, Some(400.0), Some(3500.0)), freq(2222.5, None, None),]);
}

#[test]
fn a_malformed_unix_socket_is_an_error_and_a_continued_line_is_not() {
    let (system, root) = machine!("unix-socket-malformed");
    let kind: ConnectionKind = "unix".parse().unwrap();
    refused(system.net_connections(kind), ErrorKind::Parse, "proc/net/unix");
    let path = root.path().join("proc/net/unix");
    let text = std::fs::read_to_string(&path).unwrap();
    let (whole, _) = text.trim_end().rsplit_once('\n').unwrap();
    std::fs::write(&path, format!("{whole}\n")).unwrap();
    assert_eq!(system.net_connections(kind).unwrap().len(), 1);
}

#[test]
fn partitions_are_what_lies_on_disks() {
    let (system, root) = machine!("mounts-of-all-kinds");
    let seen = |all| -> Vec<(OsString, OsString)> {
        let partitions = system.disk_partitions(all).unwrap();
        partitions.into_iter().map(|found| (found.device, found.mountpoint.into_os_string())).collect()
    };
    let pair = |device: &str, mountpoint: &str| (OsString::from(device), OsString::from(mountpoint));
    let physical = [
        pair("/dev/root", "/"), // what it is, only the machine itself could tell
        pair("tank/home", "/home"),
        pair("/dev/sdb1", "/media/My Stick"),
        pair("/dev/sdc1", "/mnt/back\\slash\ttab"),
    ];
    assert_eq!(seen(false), physical);
    let all = seen(true);
    assert_eq!((all.len(), &all[2]), (6, &pair("", "/run/user")));
    std::fs::remove_file(root.path().join("proc/self/mounts")).unwrap();
    refused(system.disk_partitions(false), ErrorKind::Io, "proc/self/mounts");
}

#[test]
fn no_disk_to_sum_is_none_and_not_zeros() {
    let (system, _root) = machine!("disks-of-no-sysfs");
    assert_eq!(system.disk_io_counters().unwrap().len(), 1);
    assert_eq!(system.disk_io_total().unwrap(), None);
}

#[test]
fn a_process_is_known_by_the_listing_where_status_does_not_tell() {
    let (system, _root) = machine!("status-without-tgid");
    assert!(system.pid_exists(7).unwrap());
    assert!(!system.pid_exists(8).unwrap());
}

#[test]
fn what_a_living_process_lacks_is_no_reason_to_call_it_gone() {
    let (system, root) = machine!("process-without-links-and-smaps");
    let process = system.process(7).unwrap();
    assert_eq!((process.exe().unwrap().as_os_str(), process.cwd().unwrap().as_os_str()), ("".as_ref(), "".as_ref()));
    let error = refused(process.memory_maps(), ErrorKind::Io, "proc/7/smaps");
    assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::NotFound);
    refused(process.memory_footprint(), ErrorKind::Io, "proc/7/smaps");
    assert_eq!(process.memory_info().unwrap().rss, 5 * 4096);
    std::fs::remove_dir_all(root.path().join("proc/7")).unwrap();
    for gone in [process.memory_maps().map(drop), process.exe().map(drop), process.memory_info().map(drop)] {
        assert!(gone.unwrap_err().is_no_such_process());
    }
    assert!(!process.is_running().unwrap());
}

#[test]
fn an_empty_proc_is_an_error_that_names_the_file() {
    let (system, _root) = machine!("proc-empty");
    assert_eq!(system.pids().unwrap(), []);
    assert!(system.processes().unwrap().is_empty());
    refused(system.virtual_memory(), ErrorKind::Io, "proc/meminfo");
    refused(system.cpu_times_per_cpu(), ErrorKind::Io, "proc/stat");
    refused(system.net_io_counters(), ErrorKind::Io, "proc/net/dev");
    refused(system.boot_time(), ErrorKind::Io, "proc/stat");
    assert!(system.process(1).unwrap_err().is_no_such_process());
    assert_eq!(system.users().unwrap(), []);
}

#[test]
fn a_proc_that_is_not_there_yet_is_no_error_until_it_is_read() {
    let root = tempfile::tempdir().unwrap();
    let system = System::with_procfs(root.path().join("later")).unwrap();
    refused(system.cpu_times(), ErrorKind::Io, "later/stat");
    std::fs::create_dir(root.path().join("later")).unwrap();
    std::fs::write(root.path().join("later/stat"), "cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 1\nctxt 1\nbtime 5\n").unwrap();
    assert_eq!(system.cpu_times_per_cpu().unwrap().len(), 1);
    assert_eq!(system.boot_time().unwrap(), UNIX_EPOCH + Duration::from_secs(5));
}

fn user(name: &OsStr, terminal: Option<&str>, host: Option<&str>, started: u64, pid: Option<u32>) -> User {
    User::with(|user| {
        user.name = name.to_owned();
        user.terminal = terminal.map(OsString::from);
        user.host = host.map(OsString::from);
        user.started = Some(UNIX_EPOCH + Duration::from_millis(started));
        user.pid = pid;
    })
}

#[test]
fn users_are_those_of_utmp() {
    let anna = user("anna".as_ref(), Some("pts/0"), Some("203.0.113.7"), 1_700_001_000_250, Some(4001));
    let bo = user(OsStr::from_bytes(b"bo\xff"), Some("tty7"), None, 1_700_002_000_000, Some(4002));
    let carl = user("carl".as_ref(), None, None, 1_700_004_000_000, None);
    assert_eq!(machine!("users-in-utmp").0.users().unwrap(), [anna, bo, carl]);
}

#[test]
fn users_are_those_of_logind_where_there_is_no_utmp() {
    let anna = user("anna".as_ref(), Some("pts/0"), Some("203.0.113.7"), 1_700_001_000_250, Some(4001));
    let bo = user("bo".as_ref(), None, None, 1_700_002_000_000, Some(4002));
    assert_eq!(machine!("users-in-sessions").0.users().unwrap(), [anna, bo]);
}
