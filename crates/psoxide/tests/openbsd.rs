//! A machine with OpenBSD, as a real kernel described it: every reading beside what was true of the processes, sockets and
//! files that were alive (`testdata/openbsd/*.truth.txt`).
// Windows keeps names in UTF-16 and times in units of 100 ns, so it cannot hold all that these machines say.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::truth::Truth;
use psoxide::{
    AddressFamily, ConnectionKind, ConnectionStatus, ErrorKind, Os, Process, ProcessStatus, Resource, System,
};

fn open(name: &str) -> System {
    System::at_root(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/openbsd").join(name)).unwrap()
}

fn machine() -> System {
    open("8.0-amd64-recorded.txt.gz")
}

fn truth() -> Truth {
    Truth::read("openbsd/8.0-amd64-recorded.truth.txt")
}

fn role(system: &System, role: &str) -> Process {
    system.process(truth().pid(role)).unwrap()
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

#[test]
fn every_process_is_listed_and_none_of_the_kernel_but_0() {
    let system = machine();
    assert_eq!((system.os(), system.host_info().unwrap().hostname.as_str()), (Os::Openbsd, "probe-host.example.org"));
    let mut expected: Vec<u32> = truth().processes().map(|process| process.pid).collect();
    expected.extend([0, 1]);
    expected.sort_unstable();
    assert_eq!(system.pids().unwrap(), expected);
    assert_eq!(system.processes().unwrap().len(), expected.len());
}

#[test]
fn identity_names_arguments_and_times_are_true() {
    let system = machine();
    for expected in truth().processes() {
        let process = system.process(expected.pid).unwrap();
        assert_eq!(process.ppid().unwrap(), expected.ppid, "{}", expected.role);
        let uids = process.uids().unwrap();
        assert_eq!((uids.real, uids.effective, uids.saved), (expected.uid, expected.uid, Some(expected.uid)));
        if expected.role.starts_with("zombie") {
            assert_eq!(process.status().unwrap(), ProcessStatus::Zombie);
            assert_eq!(process.create_time().unwrap_err().kind(), ErrorKind::ZombieProcess);
            assert_eq!(process.cmdline().unwrap_err().kind(), ErrorKind::ZombieProcess);
            assert_eq!(process.cwd().unwrap_err().kind(), ErrorKind::ZombieProcess);
            assert_eq!(process.open_files().unwrap_err().kind(), ErrorKind::ZombieProcess);
            continue;
        }
        let started = since_epoch(process.create_time().unwrap());
        assert!(started >= expected.started.0 && started <= expected.started.1, "{}: {started:?}", expected.role);
        let arguments: Vec<Vec<u8>> =
            process.cmdline().unwrap().into_iter().map(|argument| argument.into_encoded_bytes()).collect();
        match expected.role.as_str() {
            "title" => assert_eq!(arguments, [b"rec: renamed 42"]),
            _ => assert_eq!(arguments, expected.argv, "{}", expected.role),
        }
        let program = expected.exe.file_name().unwrap().as_encoded_bytes();
        let name = process.name().unwrap();
        assert_eq!(name.as_encoded_bytes(), &program[..program.len().min(23)], "{}", expected.role);
        let environment = process.environ().unwrap();
        assert_eq!(environment[0], ("ROLE".into(), expected.role.as_str().into()));
    }
    // The kernel does not return the program. It is searched for as a shell does.
    assert_eq!(role(&system, "sleep").exe().unwrap(), Path::new("/bin/rec"));
    assert_eq!(role(&system, "noargs").exe().unwrap(), PathBuf::new());
    assert_eq!(role(&system, "file").cwd().unwrap(), Path::new("/data"));
    assert_eq!(role(&system, "gonecwd").cwd().unwrap(), PathBuf::new());
    assert_eq!(role(&system, "tty").terminal().unwrap(), Some(PathBuf::from("/dev/ttyp0")));
}

#[test]
fn what_processes_use_is_true() {
    let system = machine();
    let busy = role(&system, "busy");
    let times = busy.cpu_times().unwrap();
    assert!((2.0..2.1).contains(&times.user.as_secs_f64()), "{times:?}");
    assert!((0.03..0.2).contains(&times.system.as_secs_f64()), "{times:?}");
    assert_eq!(times.children_user, Some(Duration::from_millis(220)));
    assert_eq!((busy.nice().unwrap(), busy.status().unwrap()), (5, ProcessStatus::Sleeping));
    let memory = busy.memory_info().unwrap();
    assert_eq!((memory.rss, memory.vms), (2105 * 4096, (2572 + 7 + 32) * 4096));
    assert_eq!(role(&system, "spin").status().unwrap(), ProcessStatus::Running);
    assert_eq!(role(&system, "stop").status().unwrap(), ProcessStatus::Stopped);
    let threads: Vec<u32> = role(&system, "threads").threads().unwrap().iter().map(|thread| thread.id).collect();
    assert_eq!(threads, [158_847, 420_974, 440_357]);
    let details = role(&system, "threads").thread_details().unwrap();
    let names: Vec<_> = details.iter().map(|thread| (thread.id, thread.name.to_str().unwrap())).collect();
    assert_eq!(names, [(158_847, "worker1"), (420_974, "worker2"), (440_357, "mainthr")]);
    assert!(busy.cpu_num().unwrap() < 2);
    let files = role(&system, "file");
    // 0 to 2, and 4 to 12.
    assert_eq!(files.num_fds().unwrap(), 12);
    let open: Vec<_> = files.open_files().unwrap().into_iter().map(|file| file.fd.unwrap()).collect();
    assert_eq!(open, [4, 5, 6, 12]);
    let maps = role(&system, "sleep").memory_maps().unwrap();
    assert!(
        maps.iter().any(|map| map.perms.starts_with("r-x")) && maps.iter().any(|map| map.path == Path::new("[stack]"))
    );
    assert_eq!(files.rlimit(Resource::Nofile).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn sockets_are_true() {
    let system = machine();
    let of_net = role(&system, "net").net_connections(ConnectionKind::All).unwrap();
    let text = |fd: i32| {
        let socket = of_net.iter().find(|socket| socket.fd == Some(fd)).unwrap_or_else(|| panic!("{fd}"));
        format!("{} {} {} {}", socket.family, socket.laddr, socket.raddr, socket.status)
    };
    assert_eq!(text(4), "AF_INET 127.0.0.1:44750  LISTEN");
    assert_eq!(text(6), "AF_INET 127.0.0.1:26302 127.0.0.1:44750 ESTABLISHED");
    assert_eq!(text(8), "AF_INET6 [::1]:11214 [::1]:31449 ESTABLISHED");
    assert_eq!(text(10), "AF_INET6 [::]:8080  LISTEN");
    assert_eq!(text(12), "AF_INET 127.0.0.1:5353  NONE");
    assert_eq!(text(14), "AF_INET 127.0.0.1:29989 127.0.0.1:5353 NONE");
    assert_eq!(text(15), "AF_UNIX /data/listen.sock  NONE");
    assert_eq!(text(19), "AF_UNIX /data/seq.sock  NONE");
    // A socket that is not bound yet. Raw and routing sockets, 22 and 23, are of no kind.
    assert_eq!(of_net.iter().find(|socket| socket.fd == Some(24)).unwrap().status, ConnectionStatus::Close);
    assert_eq!(of_net.len(), 19);
    let all = system.net_connections(ConnectionKind::All).unwrap();
    assert!(of_net.iter().all(|socket| all.iter().any(|other| other.laddr == socket.laddr && other.fd == socket.fd)));
}

#[test]
fn the_machine_is_true() {
    let system = machine();
    assert_eq!(since_epoch(system.boot_time().unwrap()), Duration::from_micros(1_795_914_532_927_544));
    assert_eq!((system.cpu_count().unwrap(), system.cpu_times_per_cpu().unwrap().len()), (Some(2), 2));
    let times = system.cpu_times().unwrap();
    // 59 ticks in the kernel and 3 spinning for its locks.
    assert_eq!((times.user.as_millis(), times.system.as_millis(), times.idle.as_millis()), (630, 620, 5630));
    let stats = system.cpu_stats().unwrap();
    assert_eq!((stats.ctx_switches, stats.interrupts, stats.syscalls), (Some(9528), 159, Some(2862)));
    let load = system.load_average().unwrap();
    assert_eq!((load.one, load.five), (0.1533203125, 0.03271484375));
    assert_eq!(system.cpu_freq().unwrap()[0].current, 2301.0);
    let memory = system.virtual_memory().unwrap();
    assert_eq!((memory.total, memory.free, memory.cached), (519_938_048, 120_482 * 4096, Some(224 * 4096)));
    let swap = system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.used), (32 << 20, 0));
    let mounts = system.disk_partitions(true).unwrap();
    assert_eq!((mounts.len(), mounts[1].opts.to_str()), (2, Some("rw,nosuid")));
    assert_eq!(system.disk_usage("/").unwrap().total, 32_231 * 2048);
    let disks = system.disk_io_counters().unwrap();
    assert_eq!((disks[0].0.to_str(), disks[0].1.read_bytes, disks[1].1.read_count), (Some("sd0"), 619_520, 9));
    let users = system.users().unwrap();
    assert_eq!(
        (users.len(), users[0].name.to_str(), users[0].host.as_deref()),
        (2, Some("alice"), Some("192.0.2.7".as_ref()))
    );
    // A name that fills its field has no NUL.
    assert_eq!(users[1].name.len(), 32);
    // The kernel has sensors, none of which measures a temperature, a fan or a battery.
    assert_eq!(system.sensors_temperatures().unwrap(), []);
    assert_eq!((system.sensors_fans().unwrap().len(), system.sensors_battery().unwrap()), (0, None));
}

#[test]
fn interfaces_are_true() {
    let system = machine();
    let addresses = system.net_if_addrs().unwrap();
    let vio = &addresses.iter().find(|(name, _)| name == "vio0").unwrap().1;
    let text: Vec<_> = vio.iter().map(|address| address.address.to_string()).collect();
    assert_eq!(text, ["10.0.2.15", "52:54:00:12:34:56", "fe80::5054:ff:fe12:3456%vio0", "fd00::15"]);
    let inet = vio.iter().find(|address| address.family == AddressFamily::Inet).unwrap();
    assert_eq!(inet.broadcast.as_ref().unwrap().to_string(), "10.0.2.255");
    let stats = system.net_if_stats().unwrap();
    let vio = &stats.iter().find(|(name, _)| name == "vio0").unwrap().1;
    assert_eq!((vio.isup, vio.mtu, vio.speed), (true, 1500, None));
    let io = system.net_io_counters().unwrap();
    let names: Vec<_> = io.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["lo0", "vio0", "enc0"]);
    assert_eq!((io[1].1.bytes_sent, io[1].1.bytes_recv, io[1].1.packets_sent), (1066, 64, 15));
}

#[test]
fn an_ordinary_user_reads_what_the_kernel_lets_it() {
    let system = open("8.0-amd64-recorded-user.txt.gz");
    let process = role(&system, "net");
    assert_eq!(process.environ().unwrap_err().kind(), ErrorKind::AccessDenied);
    assert_eq!(role(&system, "user").environ().unwrap()[0].0, "ROLE");
    assert_eq!(process.cmdline().unwrap(), ["rec", "net"]);
}

#[test]
fn a_frequency_that_makes_no_sense_is_an_error() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/openbsd/8.0-amd64-recorded.txt.gz");
    let mut capture = psoxide_capture::Capture::read(path).unwrap();
    capture.answers.insert("sysctl hw.cpuspeed".to_owned(), Ok((1_u64 << 33).to_le_bytes().to_vec()));
    let changed = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&changed, capture.to_text()).unwrap();
    let error = System::at_root(changed.path()).unwrap().cpu_freq().unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::OutOfRange, Some("frequency")));
}
