//! macOS, by answers that a C compiler laid out with the headers of macOS: no kernel gave them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide::{
    AddressFamily, ConnectionKind, ConnectionStatus, Duplex, Endpoint, ErrorKind, Holder, Os, Process, ProcessStatus,
    SocketType, System, TimeLeft,
};

fn open(file: &str) -> System {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/macos", file].iter().collect();
    System::at_root(path).unwrap()
}

/// A MacBook as the user 501 sees it.
fn machine() -> System {
    open("14.1-arm64-built.txt")
}

/// An iMac with an Intel processor and a Fusion drive as root sees it.
fn intel() -> System {
    open("13.6-amd64-built.txt")
}

/// The MacBook, whose kernel refuses one question.
fn refusing(question: &str, error: &str) -> System {
    changed(|text| {
        let (before, rest) = text.split_once(&format!("ask {question}\n")).unwrap();
        let after = rest.split_once("\nask ").map_or("", |(_, after)| after);
        format!("{before}ask {question}\nerrno {error}\nask {after}")
    })
}

/// The MacBook, whose capture `change` has changed.
fn changed(change: impl FnOnce(&str) -> String) -> System {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/macos/14.1-arm64-built.txt"].iter().collect();
    let changed = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&changed, change(&std::fs::read_to_string(path).unwrap())).unwrap();
    System::at_root(changed.path()).unwrap()
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
    assert_eq!(machine().pids().unwrap(), [0, 1, 501, 502, 503, 504, 505]);
    assert!(machine().pid_exists(501).unwrap());
    let p = process();
    assert_eq!((p.comm().unwrap(), p.name().unwrap()), ("averyveryverylon".into(), "averyveryverylongname".into()));
    assert_eq!((p.ppid().unwrap(), p.status().unwrap(), p.nice().unwrap()), (1, ProcessStatus::Running, 5));
    assert_eq!(p.exe().unwrap(), PathBuf::from("/Applications/Long/averyveryverylongname"));
    // The program was removed. The kernel keeps 31 characters of its name.
    let removed = refusing("call proc_pidpath 501", "2 ENOENT").process(501).unwrap();
    assert_eq!((removed.name().unwrap(), removed.exe().unwrap()), ("averyveryverylongname".into(), PathBuf::new()));
    assert_eq!(p.cmdline().unwrap(), ["averyverylongname", "", "-x y"]);
    let variables = [("HOME", "/Users/me"), ("EMPTY", "")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(p.environ().unwrap(), variables);
    assert_eq!(p.cwd().unwrap(), PathBuf::from("/Users/me"));
    assert_eq!(p.terminal().unwrap(), Some("/dev/ttys002".into()));
    assert_eq!((p.username().unwrap(), p.uids().unwrap().effective, p.gids().unwrap().real), ("me".into(), 501, 20));
    assert_eq!(seconds(p.create_time().unwrap()), 1_700_000_100.25);
    assert_eq!(p.abi().unwrap(), "x86_64 (Rosetta)");
    assert_eq!(machine().process(503).unwrap().abi().unwrap(), "arm64");
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
    let io = p.io_counters().unwrap();
    assert_eq!((io.read_bytes, io.write_bytes, io.read_count), (Some(4096), Some(8192), None));
    let energy = p.energy().unwrap();
    assert_eq!((energy.total, energy.performance), (2.5, 1.5));
    let details = p.memory_details().unwrap();
    let sizes = (details.wired, details.phys_footprint, details.peak_phys_footprint);
    assert_eq!(sizes, (Some(1 << 20), Some(6 << 20), Some(9 << 20)));
}

#[test]
fn threads_have_ids_names_and_states() {
    let threads = process().thread_details().unwrap();
    let found: Vec<_> = threads.iter().map(|t| (t.id, t.name.to_str().unwrap(), t.status, t.started)).collect();
    // 4244 ended after it was listed.
    let expected = [
        (4242, "main", ProcessStatus::Sleeping, None),
        (4243, "", ProcessStatus::Running, None),
        (4245, "disk", ProcessStatus::DiskSleep, None),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_id_of_a_thread_has_64_bits() {
    let system = changed(|text| {
        text.replace("93100000 00000000 92100000 00000000", "93100000 01000000 92100000 00000000")
            .replace("threadid64info 501 4243", &format!("threadid64info 501 {}", (1_u64 << 32) + 4243))
    });
    let threads = system.process(501).unwrap().thread_details().unwrap();
    assert_eq!(threads.iter().map(|thread| thread.id).collect::<Vec<_>>(), [4242, 4245, (1 << 32) + 4243]);
    assert!(psoxide::Thread::try_from(&threads[2]).is_err_and(|error| error.kind() == ErrorKind::OutOfRange));
    assert_eq!(psoxide::Thread::try_from(&threads[0]).unwrap().id, 4242);
}

#[test]
fn frequencies_under_other_names_are_unsupported() {
    let system = changed(|text| text.replace("voltage-states5-sram", "voltage-states50-sram"));
    assert_eq!(system.cpu_freq().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn states_of_processes() {
    let states = |system: &System| -> Vec<_> {
        system.processes().unwrap().iter().map(|process| (process.pid(), process.status().unwrap())).collect()
    };
    let expected = [
        (0, ProcessStatus::Idle),
        (1, ProcessStatus::Running),
        (501, ProcessStatus::Running),
        (502, ProcessStatus::Zombie),
        (503, ProcessStatus::Stopped),
        (504, ProcessStatus::Running),
        (505, ProcessStatus::Sleeping),
    ];
    assert_eq!(states(&machine()), expected);
    // One is in exit(2), and one waits for its child's exec(2).
    assert_eq!(states(&intel())[3..], [(701, ProcessStatus::Idle), (702, ProcessStatus::Idle)]);
    // The first one is still listed, and libproc no longer finds it.
    assert_eq!(intel().process(701).unwrap().num_fds().unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

#[test]
fn a_pid_that_another_process_has_taken() {
    // The table still has the shell, and the task is another process's.
    let shell = machine().process(505).unwrap();
    assert_eq!(shell.name().unwrap(), "zsh");
    assert_eq!(shell.cpu_times().unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

#[test]
fn files_and_sockets() {
    let p = process();
    assert_eq!(p.num_fds().unwrap(), 11);
    let files: Vec<_> = p.open_files().unwrap().into_iter().map(|file| (file.fd, file.path)).collect();
    // Descriptor 4 was closed after it was listed. The path of 16 is not known.
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
    assert_eq!((sockets[0].recv_queue, sockets[0].send_queue), (Some(300), Some(4096)));
    // Connections that wait to be accepted.
    assert_eq!((sockets[1].recv_queue, sockets[1].send_queue), (Some(2), Some(0)));
    // The stopped process has a descriptor of the listener, and a duplicate of it.
    let inherited = machine().process(503).unwrap().net_connections(ConnectionKind::All).unwrap();
    assert_eq!((inherited.len(), inherited[0].fd, &inherited[0].laddr), (1, Some(7), &inet("[fe80::1%4]:22")));
    assert_eq!(inherited[0].holders, [Holder::new(503, Some(7)), Holder::new(503, Some(8))]);
}

#[test]
fn sockets_of_all_users() {
    let shown = |kind| -> Vec<String> {
        let sockets = machine().net_connections(kind).unwrap();
        let holders = |holders: &[Holder]| holders.iter().map(|h| format!("{}/{}", h.pid, h.fd.unwrap())).collect();
        let line = |s: &psoxide::Connection| {
            let holders: Vec<String> = holders(&s.holders);
            format!("{} {} {} {}", s.laddr, s.raddr, s.status, holders.join(" ")).trim_end().to_owned()
        };
        sockets.iter().map(line).collect()
    };
    // The second socket has two holders. The others are root's, whose processes may not be read, and nobody's.
    let tcp = [
        "127.0.0.1:8080 10.0.2.2:50000 ESTABLISHED 501/10",
        "[fe80::1%4]:22  LISTEN 501/11 503/7 503/8",
        "0.0.0.0:22  LISTEN",
        "[2001:db8::5]:49154 [2001:db8::9]:443 TIME_WAIT",
    ];
    assert_eq!(shown(ConnectionKind::Tcp), tcp);
    assert_eq!(shown(ConnectionKind::Tcp4), [tcp[0], tcp[2]]);
    let udp = ["0.0.0.0:5353  NONE 501/12", "[::]:5353  NONE", "192.168.0.5:49155 1.1.1.1:443 NONE"];
    assert_eq!(shown(ConnectionKind::Udp), udp);
    assert_eq!(shown(ConnectionKind::Udp6), [udp[1]]);
    let unix = ["/tmp/launch.sock  NONE 501/13", " /var/run/x ESTABLISHED", "/var/run/syslog  NONE"];
    assert_eq!(shown(ConnectionKind::Unix), unix);
    let sockets = machine().net_connections(ConnectionKind::All).unwrap();
    assert_eq!(sockets.len(), tcp.len() + udp.len() + unix.len());
    let queues = |laddr: &str| {
        let socket = sockets.iter().find(|socket| socket.laddr.to_string() == laddr).unwrap();
        (socket.pid, socket.recv_queue, socket.send_queue)
    };
    assert_eq!(queues("0.0.0.0:22"), (None, Some(5), Some(0)));
    assert_eq!(queues("[::]:5353"), (None, Some(120), Some(0)));
    assert_eq!(queues("[fe80::1%4]:22"), (Some(503), Some(2), Some(0)));
    let of = |kind| sockets.iter().filter(|socket| socket.kind == kind).count();
    assert_eq!((of(SocketType::Stream), of(SocketType::Datagram)), (6, 4));
}

#[test]
fn zombies_and_processes_of_others() {
    let zombie = machine().process(502).unwrap();
    assert_eq!(zombie.status().unwrap(), ProcessStatus::Zombie);
    assert_eq!(zombie.exe().unwrap_err().kind(), ErrorKind::ZombieProcess);
    // The kernel still counts what a zombie has used.
    assert_eq!((zombie.io_counters().unwrap().read_bytes, zombie.energy().unwrap().total), (Some(0), 9e-9));
    let other = machine().process(504).unwrap();
    // The path is no secret.
    assert_eq!(other.exe().unwrap(), PathBuf::from("/usr/local/bin/other"));
    assert_eq!(other.energy().unwrap_err().kind(), ErrorKind::AccessDenied);
    assert_eq!((other.name().unwrap(), other.username().unwrap()), ("other".into(), "502".into()));
    for (process, kind) in [(zombie, ErrorKind::ZombieProcess), (other, ErrorKind::AccessDenied)] {
        let errors = [
            process.cmdline().unwrap_err(),
            process.environ().unwrap_err(),
            process.cpu_times().unwrap_err(),
            process.memory_info().unwrap_err(),
            process.cwd().unwrap_err(),
            process.num_fds().unwrap_err(),
            process.threads().unwrap_err(),
            process.thread_details().unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
    // The kernel's own process has no program and no descriptors, whoever asks.
    let kernel = machine().process(0).unwrap();
    assert_eq!((kernel.exe().unwrap(), kernel.cmdline().unwrap(), kernel.environ().unwrap()), Default::default());
    assert_eq!((kernel.num_fds().unwrap(), kernel.open_files().unwrap()), (0, Vec::new()));
    assert_eq!(kernel.net_connections(ConnectionKind::All).unwrap(), []);
    assert_eq!(kernel.cpu_times().unwrap_err().kind(), ErrorKind::AccessDenied);
    // Others are shown without what is refused, and the whole listing does not fail.
    let rows = machine().snapshot([psoxide::Field::Name, psoxide::Field::MemoryInfo]).unwrap().processes;
    assert_eq!(rows.iter().filter(|row| row.name.value().is_some()).count(), 7);
    assert_eq!(rows.iter().filter(|row| row.memory_info.value().is_some()).count(), 2);
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
    let frequency = system.cpu_freq().unwrap();
    assert_eq!((frequency.len(), frequency[0].current), (1, 3504.0));
    assert_eq!((frequency[0].min, frequency[0].max), (Some(600.0), Some(3504.0)));
    let kinds: Vec<_> = system.core_kinds().unwrap().into_iter().map(|kind| (kind.name, kind.cores)).collect();
    assert_eq!(kinds, [("Performance".to_owned(), 1), ("Efficiency".to_owned(), 1)]);
    let memory = system.virtual_memory().unwrap();
    assert_eq!((memory.total, memory.free), (8192 * 16384, 900 * 16384));
    assert_eq!((memory.available, memory.used), (2500 * 16384, 2700 * 16384));
    assert_eq!((memory.wired, memory.compressed), (Some(700 * 16384), Some(50 * 16384)));
    let swap = system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.used, swap.percent), (1 << 30, 1 << 28, 25.0));
    assert_eq!((swap.sin, swap.sout), (Some(30 * 16384), Some(40 * 16384)));
    let stats = system.cpu_stats().unwrap();
    assert_eq!((stats.interrupts, stats.ctx_switches, stats.syscalls), (5790, None, None));
    let battery = system.sensors_battery().unwrap().unwrap();
    assert_eq!((battery.percent, battery.power_plugged), (62.0, Some(false)));
    assert_eq!(battery.secsleft, TimeLeft::For(Duration::from_secs(214 * 60)));
    let temperatures = system.sensors_temperatures().unwrap();
    let shown: Vec<_> = temperatures[0].1.iter().map(|one| (one.label.as_str(), one.current, one.high)).collect();
    let expected = [("Battery", 31.25, None), ("Battery sensor 1", 31.5, None), ("Wireless module", 42.25, None)];
    assert_eq!((temperatures.len(), temperatures[0].0.as_str(), &shown[..]), (1, "AppleSMC", &expected[..]));
    let fans = system.sensors_fans().unwrap();
    let shown: Vec<_> = fans[0].1.iter().map(|fan| (fan.label.as_str(), fan.current)).collect();
    assert_eq!((fans.len(), fans[0].0.as_str(), &shown[..]), (1, "AppleSMC", &[("Left", 1346), ("Fan 2", 1353)][..]));
}

#[test]
fn disks_interfaces_and_users() {
    let system = machine();
    let partitions = system.disk_partitions(false).unwrap();
    let shown: Vec<_> =
        partitions.iter().map(|one| (one.mountpoint.to_str().unwrap(), one.opts.to_str().unwrap())).collect();
    let expected = [
        ("/", "ro,local,rootfs,journaled"),
        ("/System/Volumes/Data", "rw,local,dontbrowse,journaled"),
        ("/Volumes/Install Disk", "ro,nosuid,local,ignore-ownership,quarantine"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(
        (partitions[0].fstype.to_str().unwrap(), partitions[2].device.to_str().unwrap()),
        ("apfs", "/dev/disk4s2")
    );
    // A file server is no device.
    assert_eq!(system.disk_partitions(true).unwrap().len(), 6);
    // The volume uses 250 of the 600 blocks that are taken in its container.
    let usage = system.disk_usage("/").unwrap();
    assert_eq!((usage.total, usage.used, usage.free), (4_096_000, 250 * 4096, 300 * 4096));
    assert!((usage.percent - 100.0 * 250.0 / 550.0).abs() < 1e-9, "{usage:?}");
    // Without that number, what is not free is used.
    let usage = refusing("call getattrlist spaceused /", "1 EPERM").disk_usage("/").unwrap();
    assert_eq!((usage.total, usage.used, usage.free), (4_096_000, 600 * 4096, 300 * 4096));
    let counters = system.disk_io_counters().unwrap();
    assert_eq!(counters.iter().map(|(name, _)| name.to_str().unwrap()).collect::<Vec<_>>(), ["disk0", "disk4"]);
    let disk = &counters[0].1;
    assert_eq!((disk.read_count, disk.write_count, disk.read_bytes), (40_000, 30_000, 1_638_400_000));
    assert_eq!((disk.read_time, disk.write_time), (Some(Duration::from_secs(20)), Some(Duration::from_secs(5))));
    assert_eq!(system.whole_disks().unwrap(), ["disk0", "disk4"]);
    assert_eq!(system.disk_io_total().unwrap().unwrap().read_count, 40_012);
    let io = system.net_io_counters().unwrap();
    assert_eq!((io[0].0.to_str().unwrap(), io[0].1.bytes_recv, io[0].1.dropin), ("en0", 5_000_000_000, 3));
    let addresses = system.net_if_addrs().unwrap();
    let shown: Vec<String> = addresses[0].1.iter().map(|address| address.address.to_string()).collect();
    assert_eq!(shown, ["192.168.0.5", "02:00:00:00:00:01", "fe80::9%en0"]);
    assert_eq!(addresses[0].1[0].broadcast.as_ref().map(ToString::to_string), Some("192.168.0.255".into()));
    let stats = system.net_if_stats().unwrap();
    assert_eq!((stats[0].1.isup, stats[0].1.speed, stats[0].1.duplex), (true, Some(1000), Duplex::Full));
    assert_eq!(stats[0].1.flags, ["up", "broadcast", "notrailers", "running", "multicast", "simplex"]);
    assert_eq!((stats[1].0.to_str().unwrap(), stats[1].1.mtu, stats[1].1.speed), ("lo0", 16384, None));
    let users = system.users().unwrap();
    assert_eq!((users.len(), users[0].name.clone()), (1, OsString::from("me")));
    assert_eq!(
        (users[0].terminal.clone(), seconds(users[0].started.unwrap())),
        (Some("console".into()), 1_700_000_060.5)
    );
}

#[test]
fn a_fusion_drive_is_two_disks() {
    let system = intel();
    assert_eq!(system.whole_disks().unwrap(), ["disk0", "disk1"]);
    let total = system.disk_io_total().unwrap().unwrap();
    assert_eq!((total.read_count, total.write_bytes), (901_000, 20_128_000_000));
    assert_eq!((total.read_time, total.write_time), (Some(Duration::from_secs(98)), Some(Duration::from_secs(96))));
    // The file system does not count what it uses.
    let usage = system.disk_usage("/").unwrap();
    assert_eq!((usage.used, usage.free), (100_000_000 * 4096, 150_000_000 * 4096));
    // The third one is of a file server.
    assert_eq!((system.disk_partitions(false).unwrap().len(), system.disk_partitions(true).unwrap().len()), (2, 3));
}

#[test]
fn an_intel_machine() {
    let system = intel();
    let frequency = system.cpu_freq().unwrap();
    assert_eq!((frequency[0].current, frequency[0].min, frequency[0].max), (3600.0, None, Some(3600.0)));
    assert_eq!((system.cpu_count().unwrap(), system.cpu_count_cores().unwrap()), (Some(4), Some(2)));
    let kinds = system.core_kinds().unwrap();
    assert_eq!((kinds.len(), kinds[0].name.as_str(), kinds[0].logical), (1, "Standard", 4));
    assert_eq!(system.cpu_stats().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(system.sensors_battery().unwrap(), None);
    // The sensor of the GPU is not fitted.
    let temperatures = system.sensors_temperatures().unwrap();
    let shown: Vec<_> = temperatures[0].1.iter().map(|one| (one.label.as_str(), one.current)).collect();
    assert_eq!(shown, [("CPU proximity", 45.5), ("CPU die", 61.0)]);
    let fans = system.sensors_fans().unwrap();
    assert_eq!((fans[0].1.len(), fans[0].1[0].label.as_str(), fans[0].1[0].current), (1, "Fan 1", 2001));
    let users = system.users().unwrap();
    assert_eq!((users.len(), users[0].host.clone(), users[0].pid), (1, Some("192.0.2.9".into()), Some(650)));
    let swap = system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.percent), (0, 0.0));
    let server = system.process(700).unwrap();
    assert_eq!(server.abi().unwrap(), "x86_64");
    // The clock counts nanoseconds.
    assert_eq!(server.cpu_times().unwrap().user, Duration::from_secs(3));
    assert_eq!((server.energy().unwrap_err().kind(), server.exe().unwrap()), (ErrorKind::Unsupported, PathBuf::new()));
    assert_eq!(server.environ().unwrap().len(), 2);
    assert_eq!(system.process(0).unwrap().cpu_times().unwrap().system, Duration::from_secs(90));
}

#[test]
fn every_state_of_tcp_over_ipv6_with_zones() {
    let sockets = intel().net_connections(ConnectionKind::Tcp6).unwrap();
    let states = [
        ConnectionStatus::Close,
        ConnectionStatus::Listen,
        ConnectionStatus::SynSent,
        ConnectionStatus::SynRecv,
        ConnectionStatus::Established,
        ConnectionStatus::CloseWait,
        ConnectionStatus::FinWait1,
        ConnectionStatus::Closing,
        ConnectionStatus::LastAck,
        ConnectionStatus::FinWait2,
        ConnectionStatus::TimeWait,
    ];
    assert_eq!(sockets.len(), states.len() + 1);
    for (number, (socket, status)) in sockets.iter().zip(states).enumerate() {
        assert_eq!((socket.laddr.to_string(), socket.status), (format!("[fe80::17%11]:{}", 8000 + number), status));
        let peer = if status == ConnectionStatus::Listen { String::new() } else { "[fe80::18%11]:9000".to_owned() };
        assert!(socket.raddr.to_string() == peer || peer.is_empty(), "{socket:?}");
        assert_eq!((socket.pid, socket.fd), (Some(700), Some(20 + i32::try_from(number).unwrap())));
    }
    // An address of IPv4 in a socket of IPv6.
    assert_eq!(sockets[11].laddr.to_string(), "10.0.0.2:49153");
    let unix = intel().net_connections(ConnectionKind::Unix).unwrap();
    assert_eq!((unix.len(), unix[0].raddr.clone()), (1, Endpoint::Unix("/var/run/syslog".into())));
}

#[test]
fn tunnels_and_interfaces_that_go() {
    let system = intel();
    let addresses = system.net_if_addrs().unwrap();
    let (name, tunnel) = &addresses[1];
    let shown: Vec<String> = tunnel.iter().map(|address| address.address.to_string()).collect();
    assert_eq!((name.to_str().unwrap(), shown.len()), ("utun3", 3));
    for expected in ["fe80::17%utun3", "2001:db8::7", "10.0.0.2"] {
        assert!(shown.iter().any(|address| address == expected), "{expected}: {shown:?}");
    }
    let v4 = tunnel.iter().find(|address| address.family == AddressFamily::Inet).unwrap();
    assert_eq!((v4.ptp.as_ref().map(ToString::to_string), v4.broadcast.is_none()), (Some("10.0.0.1".into()), true));
    let stats = system.net_if_stats().unwrap();
    let shown: Vec<_> = stats.iter().map(|(name, one)| (name.to_str().unwrap(), one.isup, one.speed)).collect();
    assert_eq!(shown, [("en0", false, Some(10_000)), ("utun3", true, None)]);
    assert!(stats[1].1.flags.contains(&"pointopoint"), "{stats:?}");
}

#[test]
fn an_idle_machine() {
    let system = open("15.1-arm64-charging-built.txt");
    let times = system.cpu_times().unwrap();
    assert_eq!((times.user, times.system), (Duration::from_millis(100), Duration::from_millis(200)));
    assert_eq!(times.idle, Duration::from_millis(5_999_700));
    let each = system.cpu_times_per_cpu().unwrap();
    assert!(each.len() == 10 && each[1..].iter().all(|(_, cpu)| cpu.user.is_zero() && cpu.system.is_zero()));
    let load = system.load_average().unwrap();
    assert!(load.one < 0.01 && load.fifteen == 0.0, "{load:?}");
    let (memory, swap) = (system.virtual_memory().unwrap(), system.swap_memory().unwrap());
    assert_eq!((memory.available, memory.free), (890_000 * 16384, 799_000 * 16384));
    assert_eq!((swap.total, swap.percent, swap.sin, swap.sout), (0, 0.0, Some(0), Some(0)));
    // Its controller has no fans, and no temperature under the keys that are known.
    assert_eq!(system.sensors_fans().unwrap(), []);
    assert_eq!(system.sensors_temperatures().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_machine_that_charges() {
    let system = open("15.1-arm64-charging-built.txt");
    let battery = system.sensors_battery().unwrap().unwrap();
    // The battery of the machine, not that of the power supply.
    assert_eq!((battery.percent, battery.power_plugged), (80.0, Some(true)));
    assert_eq!(battery.secsleft, TimeLeft::Unlimited);
    let frequency = system.cpu_freq().unwrap();
    assert_eq!((frequency[0].min, frequency[0].max), (Some(1020.0), Some(4512.0)));
    let kinds: Vec<_> = system.core_kinds().unwrap().iter().map(|kind| (kind.cores, kind.logical)).collect();
    assert_eq!(kinds, [(4, 4), (6, 6)]);
    // Its one disk has no counters.
    assert_eq!(system.disk_io_total().unwrap(), None);
}

#[test]
fn a_virtual_machine_under_rosetta() {
    let system = open("11.7-arm64-vm-built.txt");
    // Rosetta answers with a constant.
    assert_eq!(system.cpu_freq().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(system.core_kinds().unwrap_err().kind(), ErrorKind::Unsupported);
    let process = system.process(90).unwrap();
    // The kernel counts in units of 125/3 nanoseconds, whatever Rosetta says.
    assert_eq!(process.cpu_times().unwrap().user, Duration::from_secs(1));
    // Its kernel has no version 6 of the usage.
    assert_eq!(process.io_counters().unwrap().read_bytes, Some(512));
    assert_eq!(process.energy().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(system.process(1).unwrap().io_counters().unwrap_err().kind(), ErrorKind::AccessDenied);
    assert_eq!(process.memory_details().unwrap().peak_phys_footprint, Some(2 << 20));
    assert_eq!(process.abi().unwrap(), "arm64");
    // The kernel counts pages of 16 KiB, whatever the size of the program's own.
    let memory = system.virtual_memory().unwrap();
    assert_eq!((memory.active, memory.available), (Some(2000 * 16384), 2500 * 16384));
    assert_eq!(system.swap_memory().unwrap().sin, Some(5 * 16384));
    for error in [system.sensors_temperatures().unwrap_err(), system.sensors_fans().unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
