//! Captures that a C compiler laid out from the systems' headers: what no recorded machine had.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure here is a failed test

use std::path::Path;
use std::time::Duration;

use psoxide::{ConnectionKind, ConnectionStatus, Duplex, ErrorKind, Field, ProcessStatus, Resource, System, TimeLeft};

fn machine(file: &str) -> System {
    System::at_root(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file)).unwrap()
}

fn freebsd() -> System {
    machine("freebsd/14.0-amd64-built.txt")
}

fn freebsd_15() -> System {
    machine("freebsd/15.0-amd64-built.txt")
}

fn netbsd() -> System {
    machine("netbsd/10.1-amd64-built.txt")
}

fn openbsd() -> System {
    machine("openbsd/7.8-amd64-built.txt")
}

/// Compares the sockets of a capture with one of each state, of which process 3 holds those that `is_held` says.
fn expect_every_tcp_state(system: &System, is_held: fn(ConnectionStatus) -> bool) {
    let sockets = system.net_connections(ConnectionKind::Tcp6).unwrap();
    let mut found: Vec<_> = sockets.iter().map(|socket| (socket.laddr.to_string(), socket.status)).collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
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
    let expected: Vec<_> =
        states.into_iter().enumerate().map(|(at, state)| (format!("[2001:db8::1]:{}", 8000 + at), state)).collect();
    assert_eq!(found, expected);
    for socket in &sockets {
        let held = is_held(socket.status);
        assert_eq!((socket.pid, socket.fd.is_some()), (held.then_some(3), held), "{socket:?}");
        assert!(socket.status != ConnectionStatus::Established || socket.send_queue == Some(104), "{socket:?}");
        let port = if socket.status == ConnectionStatus::Listen { String::new() } else { socket.raddr.to_string() };
        assert!(port.is_empty() || port.starts_with("[2001:db8::2]:90"), "{port}");
    }
}

#[test]
fn every_state_of_tcp_over_ipv6_is_read() {
    for system in [freebsd(), freebsd_15()] {
        expect_every_tcp_state(&system, |status| status != ConnectionStatus::Close);
    }
    expect_every_tcp_state(&netbsd(), |status| !matches!(status, ConnectionStatus::Close | ConnectionStatus::TimeWait));
    expect_every_tcp_state(&openbsd(), |_| true);
}

#[test]
fn openbsd_keeps_the_zone_in_the_address() {
    let sockets = openbsd().net_connections(ConnectionKind::Udp6).unwrap();
    let found: Vec<_> = sockets.iter().map(|socket| (socket.laddr.to_string(), socket.fd)).collect();
    assert_eq!(found, [("[fe80::1%2]:5353".to_owned(), Some(30))]);
}

/// The states of a capture's processes, without process 0.
fn states(system: &System) -> Vec<ProcessStatus> {
    let rows = system.snapshot([Field::Status]).unwrap().processes;
    rows.iter().filter(|row| row.pid != 0).map(|row| *row.status.value().unwrap()).collect()
}

#[test]
fn every_state_of_a_process_is_read() {
    use ProcessStatus::{Idle, Running, Sleeping, Stopped, Suspended, Waking, Zombie};
    assert_eq!(states(&netbsd()), [Idle, Waking, Sleeping, Stopped, Zombie, Running, Suspended]);
    // SDEAD is a process that has ended, as SZOMB.
    assert_eq!(states(&openbsd()), [Idle, Waking, Sleeping, Stopped, Zombie, Zombie, Running]);
    for system in [netbsd(), openbsd()] {
        let ids = system.process(3).unwrap().uids().unwrap();
        assert_eq!((ids.real, ids.effective, ids.saved), (1000, 1001, Some(1002)));
        let rows = system.snapshot([Field::CpuTimes, Field::MemoryInfo]).unwrap().processes;
        let times = rows.iter().find(|row| row.pid == 7).unwrap().cpu_times.value().unwrap();
        assert_eq!((times.user, times.system), (Duration::from_millis(5250), Duration::from_secs(1)));
        let memory = rows.iter().find(|row| row.pid == 2).unwrap().memory_info.value().unwrap();
        assert_eq!((memory.rss, memory.vms), (100 * 4096, 256 * 4096));
    }
}

#[test]
fn mappings_are_read() {
    let maps = |system: System| {
        let maps = system.process(3).unwrap().memory_maps().unwrap();
        maps.into_iter().map(|map| (map.start, map.perms, map.path.display().to_string())).collect::<Vec<_>>()
    };
    let named = |start: u64, perms: &str, path: &str| (start, perms.to_owned(), path.to_owned());
    assert_eq!(maps(netbsd()), [named(0x40_0000, "r-xp", "/usr/bin/sleep"), named(0x7f7f_f000_0000, "r--s", "")]);
    assert_eq!(maps(openbsd()), [named(0x40_0000, "r-xp", ""), named(0x7f7f_f000_0000, "rw-s", "[stack]")]);
}

#[test]
fn netbsd_tells_limits() {
    let process = netbsd().process(3).unwrap();
    let limit = process.rlimit(Resource::Nofile).unwrap();
    assert_eq!((limit.soft, limit.hard), (Some(1024), Some(4096)));
    let limit = process.rlimit(Resource::Core).unwrap();
    assert_eq!((limit.soft, limit.hard), (None, None));
    assert_eq!(process.rlimit(Resource::Swap).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn interfaces_count_lost_packets_and_have_the_other_end_of_a_tunnel() {
    for (system, dropped) in [(freebsd_15(), 14), (netbsd(), 0), (openbsd(), 14)] {
        let counters = system.net_io_counters().unwrap();
        let (name, io) = &counters[0];
        assert_eq!((name.to_str(), io.bytes_recv, io.packets_recv), (Some("mce0"), 7_000_000_000_000, 5_000_000_000));
        assert_eq!((io.errin, io.errout, io.dropin, io.dropout), (11, 12, 13, dropped));
        let addresses = system.net_if_addrs().unwrap();
        let (name, tunnel) = &addresses[0];
        let text = |address: &Option<psoxide::NicAddress>| address.as_ref().map(ToString::to_string);
        assert_eq!((name.to_str(), tunnel[0].address.to_string().as_str()), (Some("tun0"), "10.0.0.1"));
        assert_eq!(text(&tunnel[0].netmask).as_deref(), Some("255.255.255.255"));
        assert_eq!((text(&tunnel[0].ptp).as_deref(), text(&tunnel[0].broadcast)), (Some("10.0.0.2"), None));
        let stats = system.net_if_stats().unwrap();
        assert_eq!((stats[0].1.speed, stats[0].1.duplex, stats[0].1.mtu), (Some(100_000), Duplex::Full, 9000));
        assert_eq!((stats[1].1.speed, stats[1].1.isup, stats[1].1.mtu), (None, true, 1500));
        assert_eq!(stats[1].1.flags, ["up", "pointopoint", "running"]);
    }
}

#[test]
fn sensors_are_read() {
    for (system, high) in [(netbsd(), Some(90.0)), (openbsd(), None)] {
        let temperatures = system.sensors_temperatures().unwrap();
        // A sensor of OpenBSD without a value is left out.
        assert_eq!((temperatures.len(), temperatures[0].1.len()), (1, 1));
        let core = &temperatures[0].1[0];
        assert_eq!((core.current, core.high, core.critical), (50.0, high, high.map(|high| high + 10.0)));
        let fans = system.sensors_fans().unwrap();
        assert_eq!(fans[0].1[0].current, 1200);
        let battery = system.sensors_battery().unwrap().unwrap();
        assert_eq!((battery.percent, battery.power_plugged), (75.0, Some(false)));
        // 30 watt hours at 10 watts.
        assert_eq!(battery.secsleft, TimeLeft::For(Duration::from_secs(3 * 3600)));
    }
}

#[test]
fn memory_and_swap_are_read() {
    for system in [netbsd(), openbsd()] {
        let swap = system.swap_memory().unwrap();
        // A device that takes no new pages does not count.
        assert_eq!((swap.total, swap.used, swap.percent), (512 << 20, 128 << 20, 25.0));
        assert_eq!((swap.sin, swap.sout), (Some(12 * 4096), Some(34 * 4096)));
        assert_eq!(system.load_average().unwrap().one, 0.5);
    }
    let memory = netbsd().virtual_memory().unwrap();
    assert_eq!(
        (memory.total, memory.inactive, memory.cached),
        (2_000_000 * 4096, Some(300_000 * 4096), Some(117_000 * 4096))
    );
    assert_eq!((memory.buffers, memory.shared), (Some(123_456_789), None));
    let memory = openbsd().virtual_memory().unwrap();
    assert_eq!((memory.total, memory.inactive), (8 << 30, Some(300_000 * 4096)));
    assert_eq!((memory.cached, memory.shared), (Some(50_000 * 4096), Some(1500 * 4096)));
    assert_eq!(memory.available, 450_000 * 4096);
}

#[test]
fn freebsd_tells_the_cache_of_zfs_and_the_topology() {
    let system = freebsd_15();
    let memory = system.virtual_memory().unwrap();
    assert_eq!((memory.total, memory.arc, memory.wired), (8 << 30, Some(1_234_567_890), Some(400_000 * 4096)));
    assert_eq!((memory.shared, memory.cached), (Some(1500 * 4096), Some(0)));
    // Two packages of two cores with two threads each.
    assert_eq!(system.cpu_count_cores().unwrap(), Some(4));
    // A core with two threads and two cores with one.
    assert_eq!(freebsd().cpu_count_cores().unwrap(), Some(3));
}

#[test]
fn freebsd_tells_every_state_of_a_process() {
    let fields = [Field::Status, Field::Uids, Field::CpuTimes, Field::MemoryInfo];
    let rows = freebsd().snapshot(fields).unwrap().processes;
    let states: Vec<_> = rows.iter().map(|row| *row.status.value().unwrap()).collect();
    assert_eq!(
        states,
        [
            ProcessStatus::Idle,
            ProcessStatus::Running,
            ProcessStatus::Sleeping,
            ProcessStatus::Stopped,
            ProcessStatus::Zombie,
            ProcessStatus::Waiting,
            ProcessStatus::Locked,
        ]
    );
    let ids = rows[2].uids.value().unwrap();
    assert_eq!((ids.real, ids.effective, ids.saved), (1000, 1001, Some(1002)));
    let times = rows[5].cpu_times.value().unwrap();
    assert_eq!((times.user, times.system), (Duration::from_millis(5250), Duration::from_millis(1500)));
    assert_eq!(rows[1].memory_info.value().unwrap().rss, 100 * 4096);
}

#[test]
fn freebsd_tells_jails_and_programs_of_linux() {
    for system in [freebsd(), freebsd_15()] {
        assert_eq!(system.process(3).unwrap().jail().unwrap(), 7);
        assert_eq!(system.process(4).unwrap().jail().unwrap(), 0);
        assert_eq!(system.process(4).unwrap().abi().unwrap(), "Linux ELF64");
    }
}

#[test]
fn freebsd_adds_up_swap_devices() {
    let swap = freebsd().swap_memory().unwrap();
    assert_eq!(swap.total, (1000 + (1 << 20)) * 4096);
    assert_eq!(swap.used, 251 * 4096);
}

#[test]
fn freebsd_reads_sensors_frequencies_and_interfaces() {
    let system = freebsd();
    let temperatures = system.sensors_temperatures().unwrap();
    let found: Vec<_> = temperatures.iter().flat_map(|(_, all)| all).map(|one| (one.current, one.high)).collect();
    // In tenths of a kelvin: 313.2 K and 330.2 K.
    assert_eq!(found.len(), 2);
    assert!(
        (found[0].0 - 40.05).abs() < 0.01 && found[0].1.is_some_and(|high| (high - 100.05).abs() < 0.01),
        "{found:?}"
    );
    assert!((found[1].0 - 57.05).abs() < 0.01 && found[1].1.is_none(), "{found:?}");
    let battery = system.sensors_battery().unwrap().unwrap();
    assert_eq!((battery.percent, battery.power_plugged), (81.0, Some(false)));
    assert_eq!(battery.secsleft, TimeLeft::For(Duration::from_secs(123 * 60)));
    let frequency = system.cpu_freq().unwrap();
    let range = frequency.iter().map(|one| (one.current, one.min, one.max)).next().unwrap();
    assert_eq!(range, (2400.0, Some(800.0), Some(3600.0)));
}
