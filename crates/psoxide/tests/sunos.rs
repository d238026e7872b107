//! SunOS, by answers that were laid out with the declarations in its headers: no kernel gave them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide::{
    AddressFamily, ConnectionKind, ConnectionStatus, Duplex, Endpoint, ErrorKind, Field, NicAddress, Os, Process,
    ProcessStatus, Reading, SocketType, System,
};

fn of(name: &str) -> System {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/sunos", name].iter().collect();
    System::at_root(path).unwrap()
}

/// A machine whose /proc is read with 64 bits, and the same with 32.
fn machines() -> [System; 2] {
    [of("5.11-i86pc-built.txt"), of("5.11-i86pc-ilp32-built.txt")]
}

fn machine() -> System {
    of("5.11-i86pc-built.txt")
}

/// Runs a test on a process as either reader sees it.
fn with(pid: u32, test: impl Fn(&Process)) {
    for system in machines() {
        test(&system.process(pid).unwrap());
    }
}

fn texts(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

#[test]
fn a_process_with_64_bits() {
    assert_eq!((machine().os(), machine().is_live()), (Os::Sunos, false));
    assert_eq!(machine().pids().unwrap(), [0, 1, 3, 700, 701, 702, 703, 704]);
    with(700, |p| {
        assert_eq!((p.name().unwrap(), p.ppid().unwrap()), ("postgres".into(), 1));
        assert_eq!((p.status().unwrap(), p.nice().unwrap()), (ProcessStatus::Running, 4));
        assert_eq!(p.exe().unwrap(), PathBuf::from("/opt/pg/bin/postgres"));
        assert_eq!(p.cwd().unwrap(), PathBuf::from("/export/home"));
        assert_eq!((p.num_threads().unwrap(), p.cpu_num().unwrap()), (3, 1));
        assert_eq!(p.username().unwrap(), "postgres");
        let (uids, gids) = (p.uids().unwrap(), p.gids().unwrap());
        assert_eq!((uids.real, uids.effective, uids.saved, gids.real, gids.saved), (90, 90, Some(0), 100, Some(3)));
        assert_eq!(since_1970(p.create_time().unwrap()), Duration::from_millis(1_700_000_700_250));
        let memory = p.memory_info().unwrap();
        assert_eq!((memory.rss, memory.vms), (8700 * 1024, 20_700 * 1024));
        assert_eq!((p.abi().unwrap(), p.terminal().unwrap()), ("64-bit".into(), None));
    });
}

#[test]
fn arguments_are_in_the_memory_of_the_process() {
    let [large, small] = machines().map(|system| system.process(700).unwrap());
    assert_eq!(large.cmdline().unwrap(), texts(&["/opt/pg/bin/postgres", "-D", "/var/pg data"]));
    let variables = [("LANG", "C"), ("PGDATA", "/var/pg data"), ("EMPTY", "")];
    assert_eq!(large.environ().unwrap(), variables.map(|(name, value)| (name.into(), value.into())));
    // Of a process with 64 bits a program with 32 sees the words that the kernel copied.
    assert_eq!(small.cmdline().unwrap(), texts(&["/opt/pg/bin/postgres", "-D", "/var/pg", "data"]));
    assert_eq!(small.environ().unwrap_err().kind(), ErrorKind::Unsupported);
    with(701, |p| {
        assert_eq!((p.cmdline().unwrap(), p.abi().unwrap()), (texts(&["-bash"]), "32-bit".into()));
        assert_eq!(p.environ().unwrap(), [("TERM".into(), "xterm".into())]);
        assert_eq!(p.terminal().unwrap(), Some("/dev/pts/1".into()));
    });
    // The first descriptor is no terminal.
    with(703, |p| assert_eq!(p.terminal().unwrap(), Some("/dev/pts/1".into())));
}

#[test]
fn counters_and_threads() {
    let [large, small] = machines().map(|system| system.process(700).unwrap().cpu_times().unwrap());
    assert_eq!((large.user, large.system), (Duration::from_secs(41), Duration::from_secs(2)));
    assert_eq!(large.children_user, Some(Duration::from_millis(750)));
    assert_eq!((small.user, small.children_user), (Duration::from_secs(40), None));
    with(701, |p| {
        assert_eq!(p.cpu_times().unwrap().children_system, Some(Duration::from_secs(1)));
    });
    with(700, |p| {
        let switches = p.num_ctx_switches().unwrap();
        assert_eq!((switches.voluntary, switches.involuntary), (200, Some(30)));
        assert_eq!((p.page_faults().unwrap().minor, p.page_faults().unwrap().major), (1700, 7));
        let threads = p.threads().unwrap();
        assert_eq!(threads.iter().map(|thread| thread.id).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((threads[1].user_time, threads[1].system_time), (Duration::from_secs(20), Duration::from_millis(2)));
    });
}

#[test]
fn files_and_mappings() {
    with(700, |p| {
        assert_eq!(p.num_fds().unwrap(), 5);
        let files: Vec<_> = p.open_files().unwrap().into_iter().map(|file| (file.fd, file.path)).collect();
        // One is a device, one a socket, and the path of one is not known.
        assert_eq!(files, [(Some(3), PathBuf::from("/var/pg data/base/1"))]);
    });
    for (p, program) in
        [(machine().process(700), "/opt/pg/bin/postgres"), (machines()[1].process(701), "/usr/bin/bash")]
    {
        let maps = p.unwrap().memory_maps().unwrap();
        let shown: Vec<_> = maps.iter().map(|map| (map.path.to_str().unwrap(), map.perms.as_str(), map.rss)).collect();
        let expected = [
            (program, "r-x-", 30),
            ("[heap]", "rw--", 12),
            ("[stack]", "rw--", 2),
            ("[shmid]", "rw-s", 8),
            ("[anon]", "rw--", 1),
        ];
        assert_eq!(shown, expected.map(|(path, rights, pages)| (path, rights, Some(pages * 4096))));
        assert_eq!((maps[1].anonymous, maps[1].locked), (Some(12 * 4096), Some(4096)));
        assert_eq!((maps[0].start, maps[0].end), (0x40_0000, 0x44_0000));
    }
}

#[test]
fn kinds_of_processes() {
    with(0, |p| {
        assert_eq!((p.name().unwrap(), p.ppid().unwrap()), ("sched".into(), 0));
        assert_eq!((p.exe().unwrap(), p.cmdline().unwrap()), (PathBuf::new(), texts(&[])));
        assert_eq!(p.nice().unwrap_err().kind(), ErrorKind::Unsupported);
    });
    with(702, |p| {
        assert_eq!((p.status().unwrap(), p.num_threads().unwrap()), (ProcessStatus::Zombie, 0));
        assert_eq!(p.cmdline().unwrap_err().kind(), ErrorKind::ZombieProcess);
    });
    with(703, |p| {
        assert_eq!((p.status().unwrap(), p.cwd().unwrap()), (ProcessStatus::Stopped, PathBuf::new()));
    });
    assert!(!machine().pid_exists(999).unwrap());
    assert_eq!(machine().process(999).unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

#[test]
fn what_is_refused_loses_fields() {
    with(704, |p| {
        // The name is in the arguments that everybody sees.
        assert_eq!((p.comm().unwrap(), p.name().unwrap()), ("averyverylongna".into(), "averyverylongname".into()));
        assert_eq!(p.cmdline().unwrap(), texts(&["/opt/averyverylongname", "--serve"]));
        assert!(!p.environ().unwrap_err().is_no_such_process());
        // `cred` is refused, and `psinfo` has all ids but the saved ones.
        let (uids, gids) = (p.uids().unwrap(), p.gids().unwrap());
        assert_eq!((uids.real, uids.effective, uids.saved), (102, 102, None));
        assert_eq!((gids.real, gids.effective, gids.saved), (112, 112, None));
        let unix = p.net_connections(ConnectionKind::Unix);
        for error in [p.exe().unwrap_err(), unix.unwrap_err(), p.num_fds().unwrap_err()] {
            assert_eq!((error.kind(), error.pid()), (ErrorKind::AccessDenied, Some(704)), "{error}");
        }
        let times = p.cpu_times().unwrap();
        assert_eq!((times.user, times.children_user), (Duration::from_secs(40), None));
        assert_eq!(times.system, Duration::from_millis(2500));
        // Nobody has this number.
        assert_eq!(p.username().unwrap(), "102");
    });
    let snapshot = machine().snapshot([Field::Name, Field::Exe]).unwrap();
    assert_eq!(snapshot.processes.len(), 8);
    let row = snapshot.processes.iter().find(|row| row.pid == 704).unwrap();
    assert!(matches!(row.exe, Reading::Denied), "{:?}", row.exe);
}

#[test]
fn processors() {
    let system = machine();
    let times = system.cpu_times().unwrap();
    assert_eq!((times.user, times.system), (Duration::from_millis(200_500), Duration::from_secs(401)));
    assert_eq!((times.idle, times.iowait), (Duration::from_secs(172_000), Some(Duration::from_secs(3))));
    let each = system.cpu_times_per_cpu().unwrap();
    assert_eq!(each.iter().map(|(cpu, _)| *cpu).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((system.cpu_count().unwrap(), system.cpu_count_cores().unwrap()), (Some(2), Some(2)));
    let stats = system.cpu_stats().unwrap();
    assert_eq!((stats.ctx_switches, stats.interrupts, stats.syscalls), (Some(4000), 2000, Some(6000)));
    let load = system.load_average().unwrap();
    assert_eq!((load.one, load.five, load.fifteen), (1.0, 0.5, 0.25));
    let frequency = &system.cpu_freq().unwrap()[0];
    assert_eq!((frequency.current, frequency.min, frequency.max), (1200.0, Some(800.0), Some(2900.0)));
}

#[test]
fn memory_and_disks() {
    let system = machine();
    let memory = system.virtual_memory().unwrap();
    assert_eq!((memory.total, memory.free, memory.available), (4 << 30, 1 << 30, 1 << 30));
    assert_eq!((memory.used, memory.percent), (3 << 30, 75.0));
    let swap = system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.free), (524_288 * 4096, 500_000 * 4096));
    assert_eq!((swap.sin, swap.sout), (Some(6 * 4096), Some(8 * 4096)));
    let shown = |all| -> Vec<_> { system.disk_partitions(all).unwrap().into_iter().map(|p| p.mountpoint).collect() };
    assert_eq!(shown(false), ["/", "/tmp", "/net/a b"].map(PathBuf::from));
    assert_eq!(shown(true).len(), 5);
    let usage = system.disk_usage("/").unwrap();
    assert_eq!((usage.total, usage.used, usage.percent), (41_943_040 * 512, 20_971_520 * 512, 50.0));
    let (name, io) = &system.disk_io_counters().unwrap()[0];
    assert_eq!((name, io.read_count, io.read_bytes), (&OsString::from("sd0"), 16, 1 << 20));
    assert_eq!((io.busy_time, io.write_time), (Some(Duration::from_millis(1500)), Some(Duration::from_millis(250))));
    // The pool is on these disks.
    let names: Vec<_> = system.disk_io_counters().unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["sd0", "sd1", "rpool"]);
    assert_eq!(system.whole_disks().unwrap(), ["sd0", "sd1"]);
    assert_eq!(system.disk_io_total().unwrap().unwrap().read_bytes, 1 << 20);
}

#[test]
fn interfaces() {
    let system = machine();
    let io = system.net_io_counters().unwrap();
    // The driver of the link counts its packets a second time, as `e1000g:0:mac`. No interface uses net1.
    assert_eq!((io.len(), io[0].0.as_os_str()), (1, "net0".as_ref()));
    assert_eq!((io[0].1.bytes_recv, io[0].1.bytes_sent, io[0].1.dropin), (1 << 33, (1 << 32) + 1, 5));
    let stats = system.net_if_stats().unwrap();
    let named = |name: &str| &stats.iter().find(|(known, _)| known == name).unwrap().1;
    let (lo, net, tunnel) = (named("lo0"), named("net0"), named("ip.tun0"));
    assert_eq!((tunnel.isup, tunnel.mtu, tunnel.speed), (true, 1480, None));
    assert_eq!((lo.isup, lo.mtu, lo.speed, lo.duplex), (true, 8232, None, Duplex::Unknown));
    assert_eq!((net.isup, net.mtu, net.speed, net.duplex), (true, 1500, Some(1000), Duplex::Full));
    assert_eq!(net.flags, ["up", "broadcast", "running", "multicast"]);
    // The logical interface net0:1 is an address of net0.
    let names: Vec<_> = stats.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["ip.tun0", "lo0", "net0"]);
    let addresses = system.net_if_addrs().unwrap();
    let tunnel = &addresses.iter().find(|(name, _)| name == "ip.tun0").unwrap().1;
    assert_eq!((tunnel.len(), &tunnel[0].broadcast), (1, &None));
    assert_eq!(tunnel[0].ptp, Some(NicAddress::Inet("10.9.0.2".parse().unwrap())));
    let net = &addresses.iter().find(|(name, _)| name == "net0").unwrap().1;
    let families: Vec<_> = net.iter().map(|address| address.family).collect();
    assert_eq!(families, [AddressFamily::Inet, AddressFamily::Link, AddressFamily::Inet, AddressFamily::Inet6]);
    assert_eq!(net[0].address, NicAddress::Inet("10.0.0.2".parse().unwrap()));
    assert_eq!(net[0].netmask, Some(NicAddress::Inet("255.255.255.0".parse().unwrap())));
    assert_eq!(net[0].broadcast, Some(NicAddress::Inet("10.0.0.255".parse().unwrap())));
    assert_eq!(net[1].address, NicAddress::Link(vec![0, 8, 0x20, 1, 0, 2]));
    assert_eq!(net[2].address, NicAddress::Inet("10.0.0.3".parse().unwrap()));
    assert_eq!(net[3].address, NicAddress::Inet6("fe80::208:20ff:fe01:2".parse().unwrap(), Some("net0".into())));
    assert_eq!(addresses.len(), 3);
}

#[test]
fn sockets() {
    let system = machine();
    let all = system.net_connections(ConnectionKind::Inet).unwrap();
    let states: Vec<_> = all.iter().take(13).map(|socket| socket.status).collect();
    use ConnectionStatus::{
        Bound, Close, CloseWait, Closing, Established, FinWait1, FinWait2, Idle, LastAck, Listen, SynRecv, SynSent,
        TimeWait,
    };
    assert_eq!(
        states,
        [
            Close,
            Idle,
            Bound,
            Listen,
            SynSent,
            SynRecv,
            Established,
            CloseWait,
            FinWait1,
            Closing,
            LastAck,
            FinWait2,
            TimeWait
        ]
    );
    assert_eq!(all[3].laddr, Endpoint::Inet("10.0.0.2:5003".parse().unwrap()));
    assert_eq!((all[3].raddr.clone(), all[3].pid), (Endpoint::None, Some(700)));
    let six = system.net_connections(ConnectionKind::Tcp6).unwrap();
    assert_eq!(six[0].laddr, Endpoint::Inet("[fe80::208:20ff:fe01:2%2]:22".parse().unwrap()));
    let udp = system.net_connections(ConnectionKind::Udp).unwrap();
    assert_eq!(udp.iter().map(|socket| socket.kind).collect::<Vec<_>>(), [SocketType::Datagram; 2]);
    assert_eq!((udp[0].pid, udp[1].pid), (Some(1), None));
    let own = system.process(700).unwrap().net_connections(ConnectionKind::Tcp).unwrap();
    assert_eq!(own.len(), 13);
}

#[test]
fn queues_are_those_of_connections() {
    let all = machine().net_connections(ConnectionKind::Tcp4).unwrap();
    let queues = |status| {
        let socket = all.iter().find(|socket| socket.status == status).unwrap();
        (socket.recv_queue, socket.send_queue)
    };
    assert_eq!(queues(ConnectionStatus::Established), (Some(3), Some(5)));
    assert_eq!((queues(ConnectionStatus::Listen), queues(ConnectionStatus::SynSent)), ((None, None), (None, None)));
    let udp = &machine().net_connections(ConnectionKind::Udp).unwrap()[0];
    assert_eq!((udp.recv_queue, udp.send_queue), (None, None));
}

#[test]
fn unix_sockets() {
    const PATH: &str = "/var/run/pg/.s.PGSQL.5432";
    let unix = |path: &str| Endpoint::Unix(path.into());
    // The kernel names no process for the sockets of a zone.
    let all = machine().net_connections(ConnectionKind::Unix).unwrap();
    let shown: Vec<_> = all.iter().map(|socket| (socket.kind, socket.laddr.clone(), socket.raddr.clone())).collect();
    let (stream, datagram) = (SocketType::Stream, SocketType::Datagram);
    assert_eq!(
        shown,
        [
            (stream, unix(PATH), unix("")),
            (stream, unix(""), unix(PATH)),
            (stream, unix(""), unix("")),
            (datagram, unix(""), unix(""))
        ]
    );
    assert!(all.iter().all(|socket| socket.family == AddressFamily::Unix && socket.pid.is_none()));
    let states: Vec<_> = all.iter().map(|socket| socket.status).collect();
    let (connected, none) = (ConnectionStatus::Established, ConnectionStatus::None);
    assert_eq!(states, [ConnectionStatus::Listen, connected, connected, none]);
    assert_eq!(machine().net_connections(ConnectionKind::All).unwrap().len(), 16 + all.len());
    // Those of a process are among its descriptors.
    let [new, old] = machines().map(|system| system.process(700).unwrap());
    let sockets = new.net_connections(ConnectionKind::Unix).unwrap();
    let shown: Vec<_> = sockets.iter().map(|socket| (socket.fd, socket.laddr.clone(), socket.pid)).collect();
    assert_eq!(shown, [(Some(4), unix(PATH), Some(700)), (Some(8), unix(""), Some(700))]);
    assert_eq!(new.net_connections(ConnectionKind::All).unwrap().len(), 13 + 2);
    // An older kernel does not show them. The others are there all the same.
    assert_eq!(old.net_connections(ConnectionKind::Unix).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(old.net_connections(ConnectionKind::All).unwrap().len(), 13);
    with(702, |p| {
        assert_eq!(p.net_connections(ConnectionKind::Unix).unwrap_err().kind(), ErrorKind::ZombieProcess);
    });
}

#[test]
fn zones_projects_tasks_and_contracts() {
    with(704, |p| {
        let of = p.containment().unwrap();
        assert_eq!((of.zone, of.zone_id, of.project, of.task), (Some("web".into()), 5, 3, 45));
        assert_eq!(of.contract, Some(764));
    });
    with(0, |p| {
        let of = p.containment().unwrap();
        assert_eq!((of.zone, of.zone_id, of.project, of.contract), (Some("global".into()), 0, 0, None));
    });
    let snapshot = machine().snapshot([Field::Containment]).unwrap();
    let zones: Vec<_> = snapshot.processes.iter().map(|row| row.containment.value().unwrap().zone_id).collect();
    assert_eq!(zones, [0, 0, 0, 0, 0, 0, 0, 5]);
}

#[test]
fn the_machine() {
    let system = machine();
    assert_eq!(since_1970(system.boot_time().unwrap()), Duration::from_secs(1_700_000_000));
    assert_eq!(system.uptime().unwrap(), Duration::from_secs(86_400));
    let host = system.host_info().unwrap();
    assert_eq!(
        (host.system.as_str(), host.release.as_str(), host.machine.as_deref()),
        ("SunOS", "5.11", Some("i86pc"))
    );
    let users = system.users().unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!((users[0].name.as_os_str(), users[0].pid), ("anna".as_ref(), Some(701)));
    assert_eq!(users[0].terminal.as_deref(), Some("pts/1".as_ref()));
    assert_eq!(system.process(1).unwrap().children(true).unwrap().len(), 5);
}

#[test]
fn a_question_that_was_not_captured_is_an_error() {
    let error = machine().disk_usage("/elsewhere").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotCaptured, "{error}");
}

#[test]
fn a_frequency_that_makes_no_sense_is_an_error() {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/sunos/5.11-i86pc-built.txt"].iter().collect();
    let text = std::fs::read_to_string(path).unwrap();
    let changed = tempfile::NamedTempFile::new().unwrap();
    let fast = text.replace("current_clock_Hz\t1200000000", "current_clock_Hz\t5000000000000000000");
    assert_ne!(fast, text);
    std::fs::write(&changed, fast).unwrap();
    let error = System::at_root(changed.path()).unwrap().cpu_freq().unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::OutOfRange, Some("frequency")));
}
