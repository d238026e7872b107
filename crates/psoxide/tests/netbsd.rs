//! A machine with NetBSD, as a real kernel described it: every reading beside what was true of the processes, sockets and
//! files that were alive (`testdata/netbsd/*.truth.txt`).
// Windows keeps names in UTF-16 and times in units of 100 ns, so it cannot hold all that these machines say.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::truth::Truth;
use psoxide::{
    AddressFamily, ConnectionKind, ConnectionStatus, Endpoint, ErrorKind, NicAddress, Os, Process, ProcessStatus,
    Resource, SocketType, System,
};

fn open(name: &str) -> System {
    System::at_root(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/netbsd").join(name)).unwrap()
}

fn machine() -> System {
    open("10.99.12-amd64-recorded.txt.gz")
}

fn truth() -> Truth {
    Truth::read("netbsd/10.99.12-amd64-recorded.truth.txt")
}

fn role(system: &System, role: &str) -> Process {
    system.process(truth().pid(role)).unwrap()
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

#[test]
fn it_is_netbsd() {
    let system = machine();
    assert_eq!((system.os(), system.is_live()), (Os::Netbsd, false));
    let host = system.host_info().unwrap();
    assert_eq!(
        (host.hostname.as_str(), host.system.as_str(), host.release.as_str()),
        ("probe-host", "NetBSD", "10.99.12")
    );
    assert_eq!(host.machine.as_deref(), Some("amd64"));
    assert_eq!(since_epoch(system.boot_time().unwrap()), Duration::new(1_795_902_983, 664_917_880));
    assert!((9.0..10.0).contains(&system.uptime().unwrap().as_secs_f64()));
}

#[test]
fn every_process_is_listed_and_none_else() {
    let system = machine();
    let mut expected: Vec<u32> = truth().processes().map(|process| process.pid).collect();
    expected.extend([0, 1]);
    expected.sort_unstable();
    assert_eq!(system.pids().unwrap(), expected);
    assert_eq!(system.processes().unwrap().len(), expected.len());
    assert!(system.pid_exists(0).unwrap() && !system.pid_exists(99_999).unwrap());
    assert_eq!(system.process(99_999).unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

#[test]
fn identity_names_and_times_are_true() {
    let system = machine();
    for expected in truth().processes() {
        let process = system.process(expected.pid).unwrap();
        assert_eq!(process.ppid().unwrap(), expected.ppid, "{}", expected.role);
        let (uids, gids) = (process.uids().unwrap(), process.gids().unwrap());
        assert_eq!((uids.real, uids.effective, uids.saved), (expected.uid, expected.uid, Some(expected.uid)));
        assert_eq!((gids.real, gids.effective, gids.saved), (expected.gid, expected.gid, Some(expected.gid)));
        if expected.role.starts_with("zombie") {
            assert_eq!(process.create_time().unwrap_err().kind(), ErrorKind::ZombieProcess);
            assert_eq!(process.status().unwrap(), ProcessStatus::Zombie);
            assert_eq!(process.memory_info().unwrap().rss, 0);
            continue;
        }
        // The kernel's clock for this has a resolution of a tick, 10 ms.
        let started = since_epoch(process.create_time().unwrap());
        let tick = Duration::from_millis(20);
        assert!(
            started + tick >= expected.started.0 && started <= expected.started.1,
            "{}: {started:?}",
            expected.role
        );
        assert!(process.since_boot().unwrap() < Duration::from_secs(10));
        let program = expected.exe.file_name().unwrap().as_encoded_bytes();
        let name = process.name().unwrap();
        assert_eq!(name.as_encoded_bytes(), &program[..program.len().min(16)], "{}", expected.role);
    }
    assert_eq!(role(&system, "noargs").name().unwrap(), "verylongcommandn");
    assert_eq!(system.process(0).unwrap().name().unwrap(), "system");
    assert!(system.process(0).unwrap().is_kernel_thread().unwrap());
}

#[test]
fn arguments_environments_and_paths_are_true() {
    let system = machine();
    for expected in truth().processes().filter(|expected| !expected.role.starts_with("zombie")) {
        let process = system.process(expected.pid).unwrap();
        let arguments: Vec<Vec<u8>> =
            process.cmdline().unwrap().into_iter().map(|argument| argument.into_encoded_bytes()).collect();
        match expected.role.as_str() {
            "title" => assert_eq!(arguments, [b"rec: renamed 42"]),
            _ => assert_eq!(arguments, expected.argv, "{}", expected.role),
        }
        let role = process.environ().unwrap().into_iter().find(|(name, _)| name == "ROLE");
        assert_eq!(role.unwrap().1.to_str(), Some(expected.role.as_str()));
        assert_eq!(process.exe().unwrap(), expected.exe, "{}", expected.role);
    }
    let odd = role(&system, "odd").environ().unwrap();
    let names: Vec<_> = odd.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["ROLE", "X", "EMPTY", "U", "SP"]);
    assert_eq!(role(&system, "file").cwd().unwrap(), Path::new("/data"));
    // A process in a chroot shows the path from outside.
    assert_eq!(role(&system, "chroot").cwd().unwrap(), Path::new("/data"));
    for zombie in ["zombie", "zombiesig"] {
        let zombie = role(&system, zombie);
        let errors = [
            zombie.cmdline().map(drop),
            zombie.environ().map(drop),
            zombie.exe().map(drop),
            zombie.cwd().map(drop),
            zombie.threads().map(drop),
            zombie.rlimit(Resource::Nofile).map(drop),
        ];
        assert!(
            errors.iter().all(|error| error.as_ref().unwrap_err().kind() == ErrorKind::ZombieProcess),
            "{errors:?}"
        );
        assert_eq!((zombie.num_fds().unwrap(), zombie.open_files().unwrap().len()), (0, 0));
    }
    let kernel = system.process(0).unwrap();
    // Asked for the files of process 0, the kernel returns those of all processes.
    assert_eq!((kernel.num_fds().unwrap(), kernel.net_connections(ConnectionKind::All).unwrap().len()), (0, 0));
    assert_eq!((kernel.cmdline().unwrap().len(), kernel.environ().unwrap().len()), (0, 0));
    assert_eq!((kernel.exe().unwrap(), kernel.cwd().unwrap()), (PathBuf::new(), PathBuf::from("/")));
}

#[test]
fn what_processes_use_is_true() {
    let system = machine();
    let busy = role(&system, "busy");
    let times = busy.cpu_times().unwrap();
    // What the process measured of itself, and a little later.
    assert!((2.0..2.1).contains(&times.user.as_secs_f64()), "{times:?}");
    assert!((0.02..0.2).contains(&times.system.as_secs_f64()), "{times:?}");
    assert!((0.46..0.48).contains(&times.children_user.unwrap().as_secs_f64()), "{times:?}");
    assert_eq!(busy.nice().unwrap(), 5);
    let memory = busy.memory_info().unwrap();
    // 8 MiB were touched.
    assert!(memory.rss > 8 << 20 && memory.vms > memory.rss, "{memory:?}");
    assert_eq!((memory.text, memory.data, memory.stack), (Some(67 * 4096), Some(1035 * 4096), Some(7 * 4096)));
    assert_eq!(busy.memory_details().unwrap().peak_rss, Some(8576 * 1024));
    let faults = busy.page_faults().unwrap();
    assert_eq!((faults.minor, faults.major), (2103, 2));
    let switches = busy.num_ctx_switches().unwrap();
    assert_eq!((switches.voluntary, switches.involuntary), (2, Some(6)));
    let io = role(&system, "net").io_counters().unwrap();
    assert_eq!((io.read_count, io.write_count, io.read_bytes), (Some(0), Some(5), None));
    assert_eq!(role(&system, "tty").terminal().unwrap(), Some(PathBuf::from("/dev/ttyp0")));
    assert_eq!((busy.terminal().unwrap(), busy.username().unwrap()), (None, "1000".into()));
    assert_eq!(role(&system, "stop").status().unwrap(), ProcessStatus::Stopped);
    assert_eq!(role(&system, "sleep").status().unwrap(), ProcessStatus::Sleeping);
    assert_eq!(system.process(1).unwrap().status().unwrap(), ProcessStatus::Running);
}

#[test]
fn threads_files_and_limits_are_true() {
    let system = machine();
    let threads = role(&system, "threads");
    let ids: Vec<u32> = threads.threads().unwrap().iter().map(|thread| thread.id).collect();
    assert_eq!((threads.num_threads().unwrap(), ids), (3, vec![116, 117, 118]));
    let details = threads.thread_details().unwrap();
    let names: Vec<_> = details.iter().map(|thread| (thread.id, thread.name.to_str().unwrap())).collect();
    assert_eq!(names, [(116, "mainthr0"), (117, "worker1"), (118, "worker2")]);
    assert!(details.iter().all(|thread| thread.status == ProcessStatus::Sleeping && thread.cpu_num.is_some()));
    // The kernel does not separate the times: both fields of psutil's tuple hold the sum.
    for (plain, thread) in threads.threads().unwrap().iter().zip(&details) {
        assert_eq!((plain.user_time, plain.system_time), (thread.user_time, thread.user_time));
    }
    assert!(threads.cpu_num().unwrap() < 2);
    let files = role(&system, "file");
    // 0 to 2, and 4 to 11.
    assert_eq!(files.num_fds().unwrap(), 11);
    let open: Vec<_> = files.open_files().unwrap().into_iter().map(|file| (file.fd, file.path)).collect();
    // The kernel does not return paths.
    assert_eq!(open, [4, 5, 6].map(|fd| (Some(fd), PathBuf::new())));
    let limit = role(&system, "sleep").rlimit(Resource::Nofile);
    // The recording has the soft limit only.
    assert_eq!(limit.unwrap_err().kind(), ErrorKind::NotCaptured);
}

#[test]
fn sockets_are_true() {
    let system = machine();
    let net = role(&system, "net");
    let all = system.net_connections(ConnectionKind::All).unwrap();
    let of_net = net.net_connections(ConnectionKind::All).unwrap();
    let find = |fd: i32| of_net.iter().find(|socket| socket.fd == Some(fd)).unwrap_or_else(|| panic!("{fd}"));
    let inet = |text: &str| Endpoint::Inet(text.parse::<SocketAddr>().unwrap());
    let unix = |path: &str| Endpoint::Unix(path.into());
    use AddressFamily::{Inet, Inet6, Unix};
    use ConnectionStatus::{Established, Listen};
    use SocketType::{Datagram, SeqPacket, Stream};
    let expected = [
        (4, Inet, Stream, inet("127.0.0.1:65535"), Endpoint::None, Listen),
        (5, Inet6, Stream, inet("[::1]:65535"), Endpoint::None, Listen),
        (6, Inet, Stream, inet("127.0.0.1:65534"), inet("127.0.0.1:65535"), Established),
        (7, Inet, Stream, inet("127.0.0.1:65535"), inet("127.0.0.1:65534"), Established),
        (8, Inet6, Stream, inet("[::1]:65534"), inet("[::1]:65535"), Established),
        (9, Inet6, Stream, inet("[::1]:65535"), inet("[::1]:65534"), Established),
        (10, Inet6, Stream, inet("[::]:8080"), Endpoint::None, Listen),
        (11, Inet, Stream, inet("0.0.0.0:8081"), Endpoint::None, Listen),
        (12, Inet, Datagram, inet("127.0.0.1:5353"), Endpoint::None, ConnectionStatus::None),
        (13, Inet6, Datagram, inet("[::1]:5354"), Endpoint::None, ConnectionStatus::None),
        (14, Inet, Datagram, inet("127.0.0.1:65534"), inet("127.0.0.1:5353"), ConnectionStatus::None),
        (15, Unix, Stream, unix("/data/listen.sock"), Endpoint::None, ConnectionStatus::None),
        (16, Unix, Stream, Endpoint::None, unix("/data/listen.sock"), Established),
        (17, Unix, Stream, unix("/data/listen.sock"), Endpoint::None, Established),
        (18, Unix, Datagram, unix("/data/dgram.sock"), Endpoint::None, ConnectionStatus::None),
        (19, Unix, SeqPacket, unix("/data/seq.sock"), Endpoint::None, ConnectionStatus::None),
        (20, Unix, Stream, Endpoint::None, Endpoint::None, Established),
        (21, Unix, Stream, Endpoint::None, Endpoint::None, Established),
    ];
    for (fd, family, kind, laddr, raddr, status) in &expected {
        let socket = find(*fd);
        let found = (socket.family, socket.kind, &socket.laddr, &socket.raddr, socket.status);
        assert_eq!(found, (*family, *kind, laddr, raddr, *status), "descriptor {fd}");
        assert!(all.iter().any(|other| other == socket), "{socket:?}");
        assert!(socket.recv_queue.is_some() && socket.send_queue == Some(0), "{socket:?}");
    }
    // A raw socket is of no kind.
    assert_eq!(of_net.len(), expected.len());
    let count = |kind| net.net_connections(kind).unwrap().len();
    let counts =
        [ConnectionKind::Tcp4, ConnectionKind::Tcp6, ConnectionKind::Udp, ConnectionKind::Inet, ConnectionKind::Unix];
    assert_eq!(counts.map(count), [4, 4, 3, 11, 7]);
    assert_eq!(role(&system, "sleep").net_connections(ConnectionKind::All).unwrap(), []);
}

#[test]
fn the_processors_are_true() {
    let system = machine();
    assert_eq!((system.cpu_count().unwrap(), system.cpu_count_cores().unwrap()), (Some(2), None));
    let seconds = |time: Duration| time.as_millis();
    let each = system.cpu_times_per_cpu().unwrap();
    let (number, first) = &each[0];
    let first = [first.user, first.nice.unwrap(), first.system, first.irq.unwrap(), first.idle].map(seconds);
    assert_eq!((each.len(), *number, first), (2, 0, [10, 1910, 440, 30, 5580]));
    let all = system.cpu_times().unwrap();
    let all = [all.user, all.nice.unwrap(), all.system, all.irq.unwrap(), all.idle].map(seconds);
    assert_eq!(all, [70, 2350, 570, 40, 12_890]);
    let stats = system.cpu_stats().unwrap();
    assert_eq!((stats.ctx_switches, stats.interrupts), (Some(512), 95));
    assert_eq!((stats.soft_interrupts, stats.syscalls), (Some(1983), Some(1676)));
    let load = system.load_average().unwrap();
    assert_eq!((load.one, load.five, load.fifteen), (0.0, 0.0, 0.0));
    assert_eq!(system.cpu_freq().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn memory_is_true() {
    let system = machine();
    let memory = system.virtual_memory().unwrap();
    let pages = |count: u64| count * 4096;
    assert_eq!(memory.total, pages(124_837));
    assert_eq!((memory.free, memory.active, memory.inactive), (pages(115_567), Some(pages(3600)), Some(0)));
    assert_eq!((memory.wired, memory.cached), (Some(pages(15)), Some(pages(3446 + 3 + 290))));
    assert_eq!((memory.used, memory.available), (pages(3615), pages(124_837 - 3615)));
    // vm.bufmem; what psutil reads from /proc/meminfo is the free memory by mistake of that file.
    assert_eq!((memory.buffers, memory.shared, memory.slab), (Some(93_184), None, None));
    let swap = system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.used, swap.free), (16 << 20, 0, 16 << 20));
    assert_eq!((swap.sin, swap.sout), (Some(0), Some(0)));
}

#[test]
fn disks_are_true() {
    let system = machine();
    let mounts = system.disk_partitions(true).unwrap();
    let mounts: Vec<_> = mounts
        .iter()
        .map(|mount| {
            [mount.device.to_str(), mount.mountpoint.to_str(), mount.fstype.to_str(), mount.opts.to_str()]
                .map(Option::unwrap)
        })
        .collect();
    let expected = [
        ["/dev/ld0a", "/", "ffs", "rw"],
        ["tmpfs", "/tmp", "tmpfs", "rw,nosuid,nodev"],
        ["procfs", "/proc", "procfs", "ro"],
        ["kernfs", "/kern", "kernfs", "rw"],
    ];
    assert_eq!(mounts, expected);
    let usage = system.disk_usage("/").unwrap();
    assert_eq!((usage.total, usage.used, usage.free), (65455 << 10, 1788 << 10, 60395 << 10));
    let missing = system.disk_usage("/nonexistent").unwrap_err();
    assert_eq!(missing.to_string(), "/nonexistent: call statvfs /nonexistent: ENOENT (NetBSD error 2)");
    let disks = system.disk_io_counters().unwrap();
    let names: Vec<_> = disks.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["ld0", "ld1", "ld2"]);
    let io = &disks[0].1;
    assert_eq!((io.read_count, io.write_count, io.read_bytes, io.write_bytes), (55, 31, 808_960, 497_664));
    assert_eq!(system.whole_disks().unwrap().len(), 3);
}

#[test]
fn interfaces_are_true() {
    let system = machine();
    let io = system.net_io_counters().unwrap();
    let (name, wired) = &io[0];
    assert_eq!((io.len(), name.to_str()), (2, Some("vioif0")));
    // Five datagrams of 20 bytes were sent, and the ARP and neighbour messages before them.
    assert_eq!((wired.bytes_sent, wired.packets_sent, wired.packets_recv), (684, 10, 0));
    let addresses = system.net_if_addrs().unwrap();
    let of = |name: &str| &addresses.iter().find(|(other, _)| other == name).unwrap().1;
    let vioif = of("vioif0");
    // By the number of the family: AF_INET is 2, AF_LINK 18, AF_INET6 24.
    let families: Vec<_> = vioif.iter().map(|address| address.family).collect();
    assert_eq!(families, [AddressFamily::Inet, AddressFamily::Link, AddressFamily::Inet6, AddressFamily::Inet6]);
    assert_eq!(vioif[1].address.to_string(), "52:54:00:12:34:56");
    let inet = vioif.iter().find(|address| address.family == AddressFamily::Inet).unwrap();
    let text = |address: &Option<NicAddress>| address.as_ref().map(ToString::to_string);
    assert_eq!(inet.address.to_string(), "10.0.2.15");
    assert_eq!(text(&inet.netmask).as_deref(), Some("255.255.255.0"));
    assert_eq!((text(&inet.broadcast).as_deref(), text(&inet.ptp)), (Some("10.0.2.255"), None));
    let inet6: Vec<_> = vioif.iter().filter(|address| address.family == AddressFamily::Inet6).collect();
    assert_eq!(inet6[0].address.to_string(), "fe80::5054:ff:fe12:3456%vioif0");
    assert_eq!(
        (inet6[1].address.to_string().as_str(), text(&inet6[1].netmask).as_deref()),
        ("fd00::15", Some("ffff:ffff:ffff:ffff::"))
    );
    // The loopback interface has no hardware address.
    assert!(of("lo0").iter().all(|address| address.family != AddressFamily::Link));
    let stats = system.net_if_stats().unwrap();
    let vioif = &stats.iter().find(|(name, _)| name == "vioif0").unwrap().1;
    assert_eq!((vioif.isup, vioif.mtu, vioif.speed), (true, 1500, None));
    assert_eq!(vioif.flags, ["up", "broadcast", "running", "multicast", "simplex"]);
}

#[test]
fn users_are_true() {
    let users = machine().users().unwrap();
    let user = &users[0];
    assert_eq!((users.len(), user.name.to_str(), user.pid), (1, Some("alice"), Some(4242)));
    assert_eq!(
        (user.terminal.as_deref(), user.host.as_deref()),
        (Some("ttyp0".as_ref()), Some("example.org".as_ref()))
    );
    assert_eq!(since_epoch(user.started.unwrap()), Duration::from_millis(1_700_000_001_250));
}

#[test]
fn an_ordinary_user_is_refused_the_environment_alone() {
    let system = open("10.99.12-amd64-recorded-user.txt.gz");
    let process = role(&system, "net");
    assert_eq!(process.environ().unwrap_err().kind(), ErrorKind::AccessDenied);
    assert_eq!(process.cmdline().unwrap().len(), 2);
    assert_eq!((process.exe().unwrap(), process.num_fds().unwrap()), (PathBuf::from("/bin/rec"), 22));
    // The addresses by which sockets and descriptors are joined are scrambled alike.
    assert_eq!(process.net_connections(ConnectionKind::Inet).unwrap().len(), 11);
}

#[test]
fn processes_behind_the_curtain_are_absent() {
    let system = open("10.99.12-amd64-recorded-user-curtain.txt.gz");
    assert!(!system.pids().unwrap().contains(&truth().pid("net")));
    assert_eq!(system.process(truth().pid("net")).unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert_eq!(system.net_connections(ConnectionKind::Inet).unwrap(), []);
    let own = role(&system, "user");
    assert_eq!(own.cmdline().unwrap(), ["rec", "user"]);
}

/// The command recorded this kernel, which has no sensors, and whose mappings were read (the other recording lacks them).
#[test]
fn release_11_lists_mappings_and_no_sensors() {
    let system = open("11.0_RC6-amd64-recorded.txt.gz");
    assert_eq!(system.host_info().unwrap().release, "11.0_RC6");
    assert_eq!(system.pids().unwrap(), [0, 1, 111, 112]);
    let sleep = system.process(111).unwrap();
    assert_eq!((sleep.ppid().unwrap(), sleep.cmdline().unwrap()), (1, vec!["/bin/sleep".into(), "300".into()]));
    let maps = sleep.memory_maps().unwrap();
    let text = maps.iter().find(|map| map.perms == "r-xp").unwrap();
    assert_eq!((text.path.to_str(), text.start, text.size), (Some("/bin/sleep"), 0x21_e000, Some(0x8_b000)));
    assert_eq!((maps[0].start, maps[0].path.to_str()), (0x20_0000, Some("/bin/sleep")));
    assert_eq!(system.sensors_temperatures().unwrap(), []);
    assert_eq!(system.sensors_fans().unwrap(), []);
    assert_eq!(system.sensors_battery().unwrap(), None);
}
