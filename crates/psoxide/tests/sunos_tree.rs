//! SunOS, from a directory that holds copies of its files.
#![cfg(all(unix, not(target_vendor = "apple")))] // rustix makes no FIFO there
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

#[path = "common/calls.rs"]
mod calls;

use std::fmt::Debug;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use psoxide::{ConnectionKind, ErrorKind, Field, Os, Process, Result, System};
use psoxide_capture::Capture;
use tempfile::TempDir;

const BUILT: [&str; 2] = ["5.11-i86pc-built.txt", "5.11-i86pc-ilp32-built.txt"];

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../testdata/sunos", name].iter().collect()
}

/// Unpacks a capture into a directory.
fn unpacked(name: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    Capture::read(path(name)).unwrap().unpack(dir.path()).unwrap();
    dir
}

/// Copies of the files of the machine with 64 bits, without the answers that are no files.
fn files_alone() -> TempDir {
    let mut capture = Capture::read(path(BUILT[0])).unwrap();
    capture.answers.clear();
    let dir = tempfile::tempdir().unwrap();
    capture.unpack(dir.path()).unwrap();
    fs::remove_file(dir.path().join(".psoxide")).unwrap();
    dir
}

fn open(dir: &TempDir) -> System {
    System::at_root(dir.path()).unwrap()
}

/// A value, or the kind of the error in its place.
fn shown<T: Debug>(result: Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// Every reading of a process.
fn readings(p: &Process) -> Vec<String> {
    vec![
        shown(p.name()),
        shown(p.comm()),
        shown(p.ppid()),
        shown(p.exe()),
        shown(p.cmdline()),
        shown(p.environ()),
        shown(p.cwd()),
        shown(p.status()),
        shown(p.username()),
        shown(p.uids()),
        shown(p.gids()),
        shown(p.terminal()),
        shown(p.create_time()),
        shown(p.nice()),
        shown(p.cpu_num()),
        shown(p.cpu_times()),
        shown(p.memory_info()),
        shown(p.memory_maps()),
        shown(p.num_threads()),
        shown(p.threads()),
        shown(p.num_fds()),
        shown(p.open_files()),
        shown(p.num_ctx_switches()),
        shown(p.page_faults()),
        shown(p.net_connections(ConnectionKind::All)),
        shown(p.containment()),
        shown(p.abi()),
        shown(p.children(true).map(|children| children.iter().map(Process::pid).collect::<Vec<_>>())),
    ]
}

/// Every reading of a machine.
fn machine(system: &System) -> Vec<String> {
    vec![
        shown(system.pids()),
        shown(system.boot_time()),
        shown(system.uptime()),
        shown(system.host_info()),
        shown(system.users()),
        shown(system.cpu_times()),
        shown(system.cpu_times_per_cpu()),
        shown(system.cpu_count()),
        shown(system.cpu_count_cores()),
        shown(system.cpu_stats()),
        shown(system.cpu_freq()),
        shown(system.load_average()),
        shown(system.virtual_memory()),
        shown(system.swap_memory()),
        shown(system.disk_partitions(true)),
        shown(system.disk_usage("/")),
        shown(system.disk_io_counters()),
        shown(system.net_io_counters()),
        shown(system.net_if_addrs()),
        shown(system.net_if_stats()),
        shown(system.net_connections(ConnectionKind::All)),
    ]
}

#[test]
fn a_tree_reads_as_its_capture() {
    for name in BUILT {
        let dir = unpacked(name);
        let (tree, capture) = (open(&dir), System::at_root(path(name)).unwrap());
        assert_eq!((tree.os(), tree.is_live()), (Os::Sunos, false));
        assert_eq!(machine(&tree), machine(&capture), "{name}");
        for pid in capture.pids().unwrap() {
            let [from_tree, from_capture] = [&tree, &capture].map(|system| readings(&system.process(pid).unwrap()));
            assert_eq!(from_tree, from_capture, "process {pid} of {name}");
        }
        let all = Field::ALL.iter().copied();
        let rows = |system: &System| format!("{:?}", system.snapshot(all.clone()).unwrap().processes);
        assert_eq!(rows(&tree), rows(&capture), "{name}");
    }
}

#[test]
fn calls_of_other_systems_are_unsupported() {
    let dir = unpacked(BUILT[0]);
    let system = open(&dir);
    let process = system.process(700).unwrap();
    // The others are about the calling process.
    for call in psoxide::support::CALLS.iter().filter(|call| !call.os.contains(Os::Sunos) && call.name.contains("::")) {
        let answer = calls::make(call.name, &system, &process).unwrap();
        assert!(answer.as_ref().is_err_and(psoxide::Error::is_unsupported), "{}: {answer:?}", call.name);
    }
}

#[test]
fn files_alone_are_recognised_and_read() {
    let dir = files_alone();
    let system = open(&dir);
    assert_eq!(system.os(), Os::Sunos);
    let process = system.process(700).unwrap();
    assert_eq!(process.name().unwrap(), "postgres");
    assert_eq!(process.cmdline().unwrap(), ["/opt/pg/bin/postgres", "-D", "/var/pg data"]);
    assert_eq!(process.memory_maps().unwrap().len(), 5);
    assert_eq!(process.uids().unwrap().saved, Some(0));
    assert_eq!(process.net_connections(ConnectionKind::Unix).unwrap().len(), 2);
    // The name of a user is in no copied file, so the number takes its place.
    assert_eq!(process.username().unwrap(), "90");
    assert_eq!(process.containment().unwrap().zone, None);
    fs::write(dir.path().join("etc/passwd"), "root:x:0:0:::\npostgres:x:90:90:::\n").unwrap();
    assert_eq!(process.username().unwrap(), "postgres");
    // The record of the boot takes the place of the kstat.
    let boot = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_500);
    assert_eq!(system.boot_time().unwrap(), boot);
    fs::rename(dir.path().join("var/adm/utmpx"), dir.path().join("utmpx")).unwrap();
    assert_eq!(system.boot_time().unwrap(), system.process(0).unwrap().create_time().unwrap());
    fs::rename(dir.path().join("utmpx"), dir.path().join("var/adm/utmpx")).unwrap();
    assert_eq!(system.users().unwrap().len(), 1);
    assert_eq!(system.disk_partitions(true).unwrap().len(), 5);
    let zombie = system.process(702).unwrap();
    assert_eq!(zombie.exe().unwrap_err().kind(), ErrorKind::ZombieProcess);
    assert_eq!(zombie.num_fds().unwrap_err().kind(), ErrorKind::ZombieProcess);
    assert_eq!(system.process(999).unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert!(!system.pid_exists(999).unwrap());
}

#[test]
fn what_was_not_copied_is_an_error() {
    let dir = files_alone();
    let system = open(&dir);
    for error in [
        system.cpu_times().unwrap_err(),
        system.virtual_memory().unwrap_err(),
        system.swap_memory().unwrap_err(),
        system.net_connections(ConnectionKind::Inet).unwrap_err(),
        system.net_if_addrs().unwrap_err(),
        system.host_info().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotCaptured, "{error}");
    }
    let process = dir.path().join("proc/700");
    for name in ["usage", "lusage", "xmap", "map", "cred", "path/cwd", "path/a.out", "path/0", "path/3"] {
        fs::remove_file(process.join(name)).unwrap();
    }
    fs::remove_dir(process.join("path")).unwrap();
    let process = system.process(700).unwrap();
    for error in [
        process.num_ctx_switches().unwrap_err(),
        process.threads().unwrap_err(),
        process.memory_maps().unwrap_err(),
        process.uids().unwrap_err(),
        process.cwd().unwrap_err(),
        process.exe().unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.pid()), (ErrorKind::NotCaptured, Some(700)), "{error}");
    }
}

#[test]
fn smaller_files_take_the_place_of_larger_ones() {
    let dir = files_alone();
    let process = dir.path().join("proc/700");
    let lusage = fs::read(process.join("lusage")).unwrap();
    for name in ["xmap", "lusage", "argv"] {
        fs::remove_file(process.join(name)).unwrap();
    }
    for (lwp, record) in lusage.get(16..).unwrap().chunks(504).enumerate().skip(1) {
        let folder = process.join("lwp").join(lwp.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("lwpusage"), record).unwrap();
    }
    let process = open(&dir).process(700).unwrap();
    let threads = process.threads().unwrap();
    assert_eq!(threads.iter().map(|thread| thread.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(threads.last().unwrap().user_time, Duration::from_secs(30));
    let maps = process.memory_maps().unwrap();
    let first = maps.first().unwrap();
    assert_eq!(
        (first.perms.as_str(), first.path.as_path(), first.rss),
        ("r-x-", Path::new("/opt/pg/bin/postgres"), None)
    );
    // The words that the kernel copied, without the memory and without `argv`.
    assert_eq!(process.cmdline().unwrap(), ["/opt/pg/bin/postgres", "-D", "/var/pg", "data"]);
}

#[test]
fn pages_are_as_large_as_a_process_says() {
    let dir = files_alone();
    let auxv = [3u64, 0, 6, 8192, 0, 0].map(u64::to_le_bytes).concat();
    for pid in [1, 700, 701, 703] {
        fs::write(dir.path().join(format!("proc/{pid}/auxv")), &auxv).unwrap();
    }
    let pages = "ask call sysconf pages\n>2\t1\n";
    let total = |system: &System| system.virtual_memory().map(|memory| memory.total);
    fs::write(dir.path().join(".psoxide"), format!("system sunos\n{pages}")).unwrap();
    assert_eq!(total(&open(&dir)).unwrap(), 2 * 8192);
    // The description knows better.
    fs::write(dir.path().join(".psoxide"), format!("system sunos\npage_size 4096\n{pages}")).unwrap();
    assert_eq!(total(&open(&dir)).unwrap(), 2 * 4096);
}

#[test]
fn a_hostile_tree_reads_nothing_outside() {
    let outside = tempfile::tempdir().unwrap();
    let secret = fs::read(files_alone().path().join("proc/1/psinfo")).unwrap();
    fs::write(outside.path().join("psinfo"), &secret).unwrap();
    let dir = files_alone();
    let root = dir.path();
    // A link that leads out of the tree, to a file and to a directory.
    fs::remove_file(root.join("proc/1/psinfo")).unwrap();
    symlink(outside.path().join("psinfo"), root.join("proc/1/psinfo")).unwrap();
    symlink(outside.path(), root.join("proc/8")).unwrap();
    fs::remove_file(root.join("proc/3/cred")).unwrap();
    symlink("../../../../../../../../dev/zero", root.join("proc/3/cred")).unwrap();
    // A link to itself, a device, a FIFO that nobody writes to, a file without an end.
    symlink("psinfo", root.join("proc/9")).unwrap();
    for pid in [10, 11, 12, 13] {
        fs::create_dir_all(root.join(format!("proc/{pid}"))).unwrap();
    }
    symlink("/dev/zero", root.join("proc/10/psinfo")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("proc/11/psinfo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    fs::File::create(root.join("proc/12/psinfo")).unwrap().set_len(20 << 30).unwrap();
    fs::write(root.join("proc/13/psinfo"), b"short").unwrap();
    let system = open(&dir);
    for pid in [1, 8, 9, 10, 11, 12, 13] {
        assert!(system.process(pid).is_err(), "process {pid}");
    }
    assert!(system.process(3).unwrap().uids().is_err());
    // The others are read.
    let snapshot = system.snapshot([Field::Name, Field::Ppid]).unwrap();
    let names: Vec<_> = snapshot.processes.iter().filter_map(|row| row.name.value()).collect();
    assert_eq!(names, ["sched", "fsflush", "postgres", "bash", "sleep", "vi", "averyverylongname"]);
    let children = system.process(701).unwrap().children(true).unwrap();
    assert_eq!(children.iter().map(Process::pid).collect::<Vec<_>>(), [702, 703]);
}

#[test]
fn other_trees_are_of_linux() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("proc/1")).unwrap();
    assert_eq!(open(&dir).os(), Os::Linux);
    fs::write(dir.path().join("proc/1/stat"), "").unwrap();
    fs::write(dir.path().join("proc/1/psinfo"), "").unwrap();
    assert_eq!(open(&dir).os(), Os::Sunos);
    fs::write(dir.path().join(".psoxide"), "system linux\n").unwrap();
    assert_eq!(open(&dir).os(), Os::Linux);
    fs::remove_dir_all(dir.path().join("proc")).unwrap();
    fs::write(dir.path().join(".psoxide"), "system sunos\n").unwrap();
    let error = System::at_root(dir.path()).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::InvalidInput, Some(dir.path().join("proc").as_path())),
        "{error}"
    );
    fs::create_dir(dir.path().join("proc")).unwrap();
    fs::write(dir.path().join(".psoxide"), "system sunos\nnonsense\n").unwrap();
    assert_eq!(System::at_root(dir.path()).unwrap_err().path(), Some(dir.path().join(".psoxide").as_path()));
}
