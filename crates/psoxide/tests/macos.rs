//! macOS, by answers that a C compiler laid out with the headers of macOS: no kernel gave them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide::{
    AddressFamily, ConnectionKind, ConnectionStatus, Duplex, Endpoint, ErrorKind, Os, Process, ProcessStatus,
    SocketType, System,
};

fn machine() -> System {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/macos/23.1.0-arm64-headers.txt"].iter().collect();
    System::at_root(path).unwrap()
}

/// A program of x86_64 under Rosetta, with a long name, files and sockets.
fn process() -> Process {
    machine().process(501).unwrap()
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn a_process() {
    assert_eq!((machine().os(), machine().is_live()), (Os::Macos, false));
    assert_eq!(machine().pids().unwrap(), [0, 1, 501, 502, 503, 504]);
    assert!(machine().pid_exists(501).unwrap());
    let p = process();
    assert_eq!((p.comm().unwrap(), p.name().unwrap()), ("averyveryverylon".into(), "averyveryverylongname".into()));
    assert_eq!((p.ppid().unwrap(), p.status().unwrap(), p.nice().unwrap()), (1, ProcessStatus::Running, 5));
    assert_eq!(p.exe().unwrap(), PathBuf::from("/Applications/Long/averyveryverylongname"));
    assert_eq!(p.cmdline().unwrap(), ["averyverylongname", "", "-x y"]);
    let variables = [("HOME", "/Users/me"), ("EMPTY", "")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(p.environ().unwrap(), variables);
    assert_eq!(p.cwd().unwrap(), PathBuf::from("/Users/me"));
    assert_eq!(p.terminal().unwrap(), Some("/dev/ttys002".into()));
    assert_eq!((p.username().unwrap(), p.uids().unwrap().effective, p.gids().unwrap().real), ("me".into(), 501, 20));
    assert_eq!(seconds(p.create_time().unwrap()), 1_700_000_100.25);
    assert_eq!(p.abi().unwrap(), "x86_64 (Rosetta)");
    assert_eq!(machine().process(503).unwrap().abi().unwrap(), "native");
}

#[test]
fn counters() {
    let p = process();
    let times = p.cpu_times().unwrap();
    // 48 and 12 million ticks of 125/3 nanoseconds.
    assert_eq!((times.user, times.system), (Duration::from_secs(2), Duration::from_millis(500)));
    assert_eq!(times.children_user, None);
    let memory = p.memory_info().unwrap();
    assert_eq!((memory.rss, memory.vms), (8 << 20, 1 << 30));
    assert_eq!(p.memory_footprint().unwrap().uss, 6 << 20);
    let faults = p.page_faults().unwrap();
    assert_eq!((faults.minor, faults.major, p.num_threads().unwrap()), (93, 7, 2));
    let switches = p.num_ctx_switches().unwrap();
    assert_eq!((switches.voluntary, switches.involuntary), (55, None));
    // The other thread ended after it was listed.
    let threads = p.threads().unwrap();
    assert_eq!((threads.len(), threads[0].id, threads[0].user_time), (1, 1, Duration::from_millis(1500)));
}

#[test]
fn files_and_sockets() {
    let p = process();
    assert_eq!(p.num_fds().unwrap(), 9);
    let files: Vec<_> = p.open_files().unwrap().into_iter().map(|file| (file.fd, file.path)).collect();
    // Descriptor 4 was closed after it was listed.
    assert_eq!(files, [(Some(3), PathBuf::from("/Users/me/notes.txt"))]);
    let sockets = p.net_connections(ConnectionKind::All).unwrap();
    let found: Vec<_> = sockets.iter().map(|s| (s.fd, s.family, s.kind, s.laddr.clone(), s.status)).collect();
    let inet = |address: &str| Endpoint::Inet(address.parse().unwrap());
    let expected = [
        (Some(10), AddressFamily::Inet, SocketType::Stream, inet("127.0.0.1:8080"), ConnectionStatus::Established),
        (Some(11), AddressFamily::Inet6, SocketType::Stream, inet("[fe80::1%4]:22"), ConnectionStatus::Listen),
        (Some(12), AddressFamily::Inet, SocketType::Datagram, inet("0.0.0.0:5353"), ConnectionStatus::None),
        (
            Some(13),
            AddressFamily::Unix,
            SocketType::Stream,
            Endpoint::Unix("/tmp/launch.sock".into()),
            ConnectionStatus::None,
        ),
    ];
    assert_eq!(found, expected);
    assert_eq!(sockets[0].raddr, inet("10.0.2.2:50000"));
    assert_eq!(p.net_connections(ConnectionKind::Udp4).unwrap().len(), 1);
    // Those of processes that may not be read are left out.
    assert_eq!(machine().net_connections(ConnectionKind::Tcp).unwrap().len(), 2);
}

#[test]
fn zombies_and_processes_of_others() {
    let zombie = machine().process(502).unwrap();
    assert_eq!(zombie.status().unwrap(), ProcessStatus::Zombie);
    let other = machine().process(504).unwrap();
    assert_eq!((other.name().unwrap(), other.username().unwrap()), ("other".into(), "502".into()));
    for (process, kind) in [(zombie, ErrorKind::ZombieProcess), (other, ErrorKind::AccessDenied)] {
        let errors = [
            process.cmdline().unwrap_err(),
            process.environ().unwrap_err(),
            process.cpu_times().unwrap_err(),
            process.memory_info().unwrap_err(),
            process.cwd().unwrap_err(),
            process.num_fds().unwrap_err(),
            process.exe().unwrap_err(),
            process.threads().unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
    assert_eq!(machine().process(0).unwrap().exe().unwrap(), PathBuf::new());
}

#[test]
fn the_machine() {
    let system = machine();
    let host = system.host_info().unwrap();
    assert_eq!(
        (host.hostname.as_str(), host.system.as_str(), host.machine.as_deref()),
        ("mac.local", "Darwin", Some("arm64"))
    );
    assert_eq!((seconds(system.boot_time().unwrap()), system.uptime().unwrap().as_secs()), (1_700_000_000.0, 600));
    assert_eq!((system.cpu_count().unwrap(), system.cpu_count_cores().unwrap()), (Some(2), Some(2)));
    let times = system.cpu_times().unwrap();
    assert_eq!((times.user, times.system), (Duration::from_secs(3), Duration::from_millis(750)));
    assert_eq!((times.idle, times.nice), (Duration::from_secs(15), Some(Duration::from_millis(50))));
    assert_eq!(system.cpu_times_per_cpu().unwrap().len(), 2);
    assert_eq!(system.load_average().unwrap().one, 0.5);
    // Apple silicon.
    assert!(system.cpu_freq().unwrap().is_empty());
    let memory = system.virtual_memory().unwrap();
    assert_eq!((memory.total, memory.free), (8192 * 16384, 900 * 16384));
    assert_eq!((memory.available, memory.used), (2500 * 16384, 2700 * 16384));
    assert_eq!(memory.wired, Some(700 * 16384));
    let swap = system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.used, swap.percent), (1 << 30, 1 << 28, 25.0));
    assert_eq!((swap.sin, swap.sout), (Some(3 * 16384), Some(4 * 16384)));
    assert_eq!(system.cpu_stats().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn disks_interfaces_and_users() {
    let system = machine();
    let partitions = system.disk_partitions(false).unwrap();
    assert_eq!((partitions.len(), partitions[0].fstype.to_str().unwrap()), (1, "apfs"));
    assert_eq!(partitions[0].opts, "ro,local,rootfs,journaled");
    assert_eq!(system.disk_partitions(true).unwrap().len(), 2);
    let usage = system.disk_usage("/").unwrap();
    assert_eq!((usage.total, usage.used, usage.free), (4_096_000, 600 * 4096, 300 * 4096));
    let io = system.net_io_counters().unwrap();
    assert_eq!((io[0].0.to_str().unwrap(), io[0].1.bytes_recv, io[0].1.dropin), ("en0", 5_000_000_000, 3));
    let addresses = system.net_if_addrs().unwrap();
    let shown: Vec<String> = addresses[0].1.iter().map(|address| address.address.to_string()).collect();
    assert_eq!(shown, ["192.168.0.5", "02:00:00:00:00:01", "fe80::9%en0"]);
    assert_eq!(addresses[0].1[0].broadcast.as_ref().map(ToString::to_string), Some("192.168.0.255".into()));
    let stats = system.net_if_stats().unwrap();
    assert_eq!((stats[0].1.isup, stats[0].1.speed, stats[0].1.duplex), (true, Some(1000), Duplex::Full));
    assert_eq!((stats[1].0.to_str().unwrap(), stats[1].1.mtu, stats[1].1.speed), ("lo0", 16384, None));
    let users = system.users().unwrap();
    assert_eq!((users.len(), users[0].name.clone()), (1, OsString::from("me")));
    assert_eq!(
        (users[0].terminal.clone(), seconds(users[0].started.unwrap())),
        (Some("console".into()), 1_700_000_060.5)
    );
}
