//! Readings of the running machine beside what this program knows of itself, its children, its files and its sockets. The only
//! tool is `sleep`, so the test also runs on a system that has little else.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Barrier;
use std::time::{Duration, Instant, SystemTime};
use std::{env, thread};

use common::{animal, program, sleeper, this_animal, until};
use psoxide::{
    Child, Connection, ConnectionKind, ConnectionStatus, Endpoint, ErrorKind, ExitStatus, Field, NicAddress, Os,
    Process, ProcessStatus, Resource, Result, Signal, System, wait_procs,
};
use rustix::process as posix;

fn me() -> Process {
    System::host().current_process().unwrap()
}

/// Returns what a reading gave, or `None` on a system that lacks the reading.
#[track_caller]
fn supported<T>(reading: Result<T>) -> Option<T> {
    match reading {
        Err(error) if error.is_unsupported() => None,
        reading => Some(reading.unwrap()),
    }
}

#[test]
fn this_process() {
    let system = System::host();
    let me = me();
    assert_eq!(me.pid(), std::process::id());
    let parent = std::os::unix::process::parent_id();
    assert_eq!(me.ppid().unwrap(), parent);
    assert_eq!(me.parent().unwrap().map(|parent| parent.pid()), (parent != 0).then_some(parent));
    assert_eq!(me.cmdline().unwrap(), env::args_os().collect::<Vec<_>>());
    assert_eq!(me.cwd().unwrap(), env::current_dir().unwrap());
    let program = program();
    assert_eq!(me.name().unwrap(), program.file_name().unwrap());
    // OpenBSD keeps no path of a program.
    if Os::HOST != Os::Openbsd {
        assert_eq!(me.exe().unwrap().canonicalize().unwrap(), program.canonicalize().unwrap());
    }
    let (uids, gids) = (me.uids().unwrap(), me.gids().unwrap());
    assert_eq!((uids.real, uids.effective), (posix::getuid().as_raw(), posix::geteuid().as_raw()));
    assert_eq!((gids.real, gids.effective), (posix::getgid().as_raw(), posix::getegid().as_raw()));
    assert!(!me.username().unwrap().is_empty());
    assert_eq!(me.nice().unwrap(), posix::getpriority_process(None).unwrap());
    if let Some(terminal) = me.terminal().unwrap() {
        assert!(fs::metadata(&terminal).unwrap().file_type().is_char_device(), "{}", terminal.display());
    }
    if let Some(limit) = supported(me.rlimit(Resource::Nofile)) {
        let expected = posix::getrlimit(posix::Resource::Nofile);
        assert_eq!((limit.soft, limit.hard), (expected.current, expected.maximum));
    }
    assert!(me.is_running().unwrap());
    assert!(system.pid_exists(me.pid()).unwrap());
    assert!(system.pids().unwrap().contains(&me.pid()));
    let started = me.create_time().unwrap();
    assert!(system.boot_time().unwrap() <= started + Duration::from_secs(1));
    assert!(started <= SystemTime::now() + Duration::from_secs(1));
}

/// Environments are read as they were at the start.
#[test]
fn environment() {
    const NAME: &str = "environment";
    if this_animal().is_some() {
        let expected: BTreeSet<_> = env::vars_os().collect();
        assert_eq!(me().environ().unwrap().into_iter().collect::<BTreeSet<_>>(), expected);
        return;
    }
    let mut child = animal(NAME, "reader");
    child.env("PSOXIDE_ODD", OsStr::new("ä = \t b")).env("PSOXIDE_EMPTY", "");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn cpu_time_and_memory_of_this_process() {
    let me = me();
    let before = me.cpu_times().unwrap();
    until("a tenth of a second of CPU time", || {
        let now = me.cpu_times().unwrap();
        now.user + now.system >= before.user + before.system + Duration::from_millis(100)
    });
    assert!(me.num_ctx_switches().is_ok());
    const SIZE: usize = 64 << 20;
    let before = me.memory_info().unwrap();
    let pages = vec![1u8; SIZE];
    let after = me.memory_info().unwrap();
    assert!(pages.iter().all(|byte| *byte == 1));
    assert!(after.rss >= before.rss + SIZE as u64 / 2, "{before:?} {after:?}");
    assert!(after.vms >= after.rss, "{after:?}");
    let faults = me.page_faults().unwrap();
    assert!(faults.minor > 0, "{faults:?}");
    if let Some(maps) = supported(me.memory_maps()) {
        let address = pages.as_ptr() as u64;
        assert!(maps.iter().any(|map| map.start <= address && address < map.end), "{address:#x} is in no mapping");
    }
}

#[test]
fn threads() {
    const NAME: &str = "threads";
    const COUNT: usize = 3;
    if this_animal().is_none() {
        // The harness of the tests has threads of its own, which come and go.
        let output = animal(NAME, "threads").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let me = me();
    let before = me.num_threads().unwrap();
    let (started, ended) = (Barrier::new(COUNT + 1), Barrier::new(COUNT + 1));
    let wait = || {
        started.wait();
        ended.wait();
    };
    thread::scope(|scope| {
        for number in 0..COUNT {
            thread::Builder::new().name(format!("psoxide-{number}")).spawn_scoped(scope, wait).unwrap();
        }
        started.wait();
        let count = me.num_threads().unwrap();
        let ids: BTreeSet<_> = me.threads().unwrap().iter().map(|thread| thread.id).collect();
        let names: Vec<_> = supported(me.thread_details()).unwrap_or_default().into_iter().map(|t| t.name).collect();
        ended.wait();
        assert_eq!(count, before + COUNT as u64);
        assert_eq!(ids.len() as u64, count);
        if !names.is_empty() {
            assert_eq!(names.len() as u64, count);
            for number in 0..COUNT {
                assert!(names.contains(&OsString::from(format!("psoxide-{number}"))), "{names:?}");
            }
        }
    });
}

#[test]
fn open_files() {
    const NAME: &str = "open_files";
    if this_animal().is_none() {
        // Other tests open and close files meanwhile.
        let output = animal(NAME, "files").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let me = me();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let before = me.num_fds().unwrap();
    let paths: Vec<_> = ["one", "two", "name with spaces"].iter().map(|name| folder.join(name)).collect();
    let files: Vec<_> = paths.iter().map(|path| File::create(path).unwrap()).collect();
    assert_eq!(me.num_fds().unwrap(), before + files.len() as u64);
    let open = me.open_files().unwrap();
    // NetBSD and OpenBSD keep no paths of open files.
    let has_paths = !matches!(Os::HOST, Os::Netbsd | Os::Openbsd);
    for (path, file) in paths.iter().zip(&files) {
        let fd = Some(file.as_raw_fd());
        let path = if has_paths { path.clone() } else { PathBuf::new() };
        assert!(open.iter().any(|open| open.fd == fd && open.path == path), "{fd:?} {path:?} {open:?}");
    }
}

/// Returns the sockets of this process that have this local end.
fn with_end(connections: &[Connection], end: &Endpoint, status: ConnectionStatus) -> Option<Connection> {
    connections.iter().find(|connection| connection.laddr == *end && connection.status == status).cloned()
}

fn tcp_and_udp(host: &str) {
    let system = System::host();
    let pid = std::process::id();
    let listener = TcpListener::bind(format!("{host}:0")).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let udp = UdpSocket::bind(format!("{host}:0")).unwrap();
    let of_process = me().net_connections(ConnectionKind::Inet).unwrap();
    let of_system = system.net_connections(ConnectionKind::Inet).unwrap();
    let inet = |address: std::io::Result<SocketAddr>| Endpoint::Inet(address.unwrap());
    let expected = [
        (listener.as_raw_fd(), inet(listener.local_addr()), Endpoint::None, ConnectionStatus::Listen),
        (client.as_raw_fd(), inet(client.local_addr()), inet(client.peer_addr()), ConnectionStatus::Established),
        (server.as_raw_fd(), inet(server.local_addr()), inet(server.peer_addr()), ConnectionStatus::Established),
        (udp.as_raw_fd(), inet(udp.local_addr()), Endpoint::None, ConnectionStatus::None),
    ];
    for (fd, local, remote, status) in expected {
        for (list, name) in [(&of_process, "process"), (&of_system, "system")] {
            let found = with_end(list, &local, status)
                .unwrap_or_else(|| panic!("{name}: no {local:?} {status:?} in {list:#?}"));
            assert_eq!(found.raddr, remote, "{name}: {found:?}");
            assert!(
                found.holders.iter().any(|holder| holder.pid == pid && holder.fd == Some(fd)),
                "{name}: {fd} {found:?}"
            );
        }
    }
}

#[test]
fn ipv4_sockets() {
    tcp_and_udp("127.0.0.1");
}

#[test]
fn ipv6_sockets() {
    if TcpListener::bind("[::1]:0").is_ok() {
        tcp_and_udp("[::1]");
    } else {
        psoxide_testing::skip("this machine has no address ::1");
    }
}

#[test]
fn unix_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let (server, _) = listener.accept().unwrap();
    let connections = me().net_connections(ConnectionKind::Unix).unwrap();
    let holds = |connection: &Connection, fd| connection.holders.iter().any(|holder| holder.fd == Some(fd));
    for fd in [listener.as_raw_fd(), client.as_raw_fd(), server.as_raw_fd()] {
        assert!(connections.iter().any(|connection| holds(connection, fd)), "{fd}: {connections:#?}");
    }
    let bound = connections.iter().find(|connection| holds(connection, listener.as_raw_fd())).unwrap();
    assert_eq!(bound.laddr, Endpoint::Unix(path.into()));
}

#[test]
fn life_of_a_child() {
    let system = System::host();
    let child = sleeper();
    let pid = child.0.pid();
    assert_eq!(child.0.ppid().unwrap(), std::process::id());
    assert!(me().children(false).unwrap().iter().any(|child| child.pid() == pid));
    until("the child runs sleep", || child.0.name().unwrap() == "sleep");
    assert_eq!(child.0.cmdline().unwrap(), ["sleep", "60"]);
    until("the child sleeps", || child.0.status().unwrap() == ProcessStatus::Sleeping);
    child.0.suspend().unwrap();
    until("the child is stopped", || child.0.status().unwrap() == ProcessStatus::Stopped);
    child.0.resume().unwrap();
    until("the child sleeps again", || child.0.status().unwrap() == ProcessStatus::Sleeping);
    assert!(child.0.wait(Some(Duration::from_millis(20))).is_err_and(|error| error.kind() == ErrorKind::Timeout));
    child.0.terminate().unwrap();
    assert_eq!(child.0.wait(Some(Duration::from_secs(30))).unwrap(), Some(ExitStatus::Signal(Signal::TERM)));
    assert!(!child.0.is_running().unwrap());
    assert!(!system.pid_exists(pid).unwrap());
    assert_eq!(child.0.cmdline().unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert_eq!(child.0.send_signal(Signal::TERM).unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

#[test]
fn a_zombie() {
    let mut child = sleeper();
    child.0.pipes().kill().unwrap();
    until("the child is a zombie", || child.0.status().unwrap() == ProcessStatus::Zombie);
    assert!(child.0.is_running().unwrap());
    assert_eq!(child.0.ppid().unwrap(), std::process::id());
    // FreeBSD keeps the command line until the process is reaped.
    match child.0.cmdline() {
        Ok(cmdline) => assert_eq!(cmdline, ["sleep", "60"]),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ZombieProcess),
    }
    child.0.pipes().wait().unwrap();
    assert!(!child.0.is_running().unwrap());
}

#[test]
fn waiting_for_many() {
    let mut children: Vec<_> = (0..20).map(|_| sleeper()).collect();
    let processes: Vec<Process> = children.iter().map(|child| (*child.0).clone()).collect();
    for process in &processes[..10] {
        process.kill().unwrap();
    }
    let mut ended = 0;
    let outcome = wait_procs(&processes[..10], Some(Duration::from_secs(30)), |_, _| ended += 1).unwrap();
    assert_eq!((outcome.gone.len(), outcome.alive.len(), ended), (10, 0, 10));
    assert!(outcome.gone.iter().all(|(_, status)| *status == Some(ExitStatus::Signal(Signal::KILL))));
    let outcome = wait_procs(&processes[10..], Some(Duration::from_millis(20)), |_, _| {}).unwrap();
    assert_eq!((outcome.gone.len(), outcome.alive.len()), (0, 10));
    for child in &mut children[10..] {
        child.0.pipes().kill().unwrap();
    }
    let outcome = wait_procs(&outcome.alive, Some(Duration::from_secs(30)), |_, _| {}).unwrap();
    assert_eq!((outcome.gone.len(), outcome.alive.len()), (10, 0));
}

#[test]
fn exit_codes() {
    let child = Child::spawn(&mut animal("exits_with_seven", "exit")).unwrap();
    assert_eq!(child.wait(Some(Duration::from_secs(60))).unwrap(), Some(ExitStatus::Code(7)));
}

#[test]
fn exits_with_seven() {
    if this_animal().is_some() {
        std::process::exit(7);
    }
}

#[test]
fn a_snapshot_holds_what_the_getters_return() {
    let child = sleeper();
    until("the child runs sleep", || child.0.name().unwrap() == "sleep");
    let fields = [Field::Name, Field::Ppid, Field::Cmdline, Field::CreateTime, Field::Uids, Field::NumThreads];
    let snapshot = System::host().snapshot(fields).unwrap();
    for process in [&me(), &*child.0] {
        let row = snapshot.processes.iter().find(|row| row.pid == process.pid()).unwrap();
        assert_eq!(row.name.value().unwrap(), &process.name().unwrap());
        assert_eq!(row.ppid.value().unwrap(), &process.ppid().unwrap());
        assert_eq!(row.cmdline.value().unwrap(), &process.cmdline().unwrap());
        assert_eq!(row.create_time.value().unwrap(), &process.create_time().unwrap());
        assert_eq!(row.uids.value().unwrap(), &process.uids().unwrap());
    }
}

#[test]
fn the_machine() {
    let system = System::host();
    let count = system.cpu_count().unwrap().unwrap();
    assert!(count >= thread::available_parallelism().unwrap().get());
    assert_eq!(system.cpu_times_per_cpu().unwrap().len(), count);
    assert!(system.boot_time().unwrap() < SystemTime::now());
    let memory = system.virtual_memory().unwrap();
    assert!(memory.available <= memory.total && memory.used <= memory.total, "{memory:?}");
    let swap = system.swap_memory().unwrap();
    assert!(swap.used <= swap.total, "{swap:?}");
    system.load_average().unwrap();
    system.users().unwrap();
    let usage = system.disk_usage("/").unwrap();
    let expected = rustix::fs::statvfs("/").unwrap();
    assert_eq!(usage.total, expected.f_blocks * expected.f_frsize);
    let partitions = system.disk_partitions(true).unwrap();
    assert!(partitions.iter().any(|partition| partition.mountpoint == OsStr::new("/")), "{partitions:?}");
    let info = system.host_info().unwrap();
    let expected = rustix::system::uname();
    assert_eq!(info.release.as_str(), expected.release().to_str().unwrap());
}

#[test]
fn time_passes() {
    let system = System::host();
    let (before, start) = (system.cpu_times().unwrap(), Instant::now());
    let of = |times: psoxide::CpuTimes| times.user + times.system + times.idle;
    until("CPU time passes", || of(system.cpu_times().unwrap()) > of(before.clone()) + Duration::from_millis(100));
    assert!(start.elapsed() > Duration::ZERO);
}

#[test]
fn the_loopback_interface() {
    let system = System::host();
    let address = NicAddress::Inet(Ipv4Addr::LOCALHOST);
    let addresses = system.net_if_addrs().unwrap();
    let has = |list: &Vec<psoxide::NicAddr>| list.iter().any(|entry| entry.address == address);
    let (name, list) = addresses.iter().find(|(_, list)| has(list)).unwrap();
    let entry = list.iter().find(|entry| entry.address == address).unwrap();
    assert_eq!(entry.netmask, Some(NicAddress::Inet(Ipv4Addr::new(255, 0, 0, 0))));
    let stats = system.net_if_stats().unwrap();
    let (_, stats) = stats.iter().find(|(other, _)| other == name).unwrap();
    assert!(stats.isup && stats.mtu >= 1500, "{stats:?}");

    let counters = || system.net_io_counters().unwrap().into_iter().find(|(other, _)| other == name).unwrap().1;
    let before = counters();
    const SIZE: usize = 1 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&vec![7; SIZE]).unwrap();
        });
        let mut received = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut received).unwrap();
        assert_eq!(received.len(), SIZE);
    });
    let after = counters();
    assert!(after.bytes_sent >= before.bytes_sent + SIZE as u64, "{before:?} {after:?}");
    assert!(after.bytes_recv >= before.bytes_recv + SIZE as u64, "{before:?} {after:?}");
    assert!(after.packets_sent > before.packets_sent);
}
