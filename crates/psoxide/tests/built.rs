//! Captures that a C compiler laid out from the systems' headers: what no recorded machine had.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure here is a failed test

use std::path::Path;
use std::time::Duration;

use psoxide::{ConnectionKind, ConnectionStatus, Field, ProcessStatus, System, TimeLeft};

fn machine(file: &str) -> System {
    System::at_root(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file)).unwrap()
}

fn freebsd() -> System {
    machine("freebsd/14.0-amd64-built.txt")
}

#[test]
fn freebsd_tells_every_state_of_tcp_over_ipv6() {
    let sockets = freebsd().net_connections(ConnectionKind::Tcp6).unwrap();
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
        let held = socket.status != ConnectionStatus::Close;
        assert_eq!((socket.pid, socket.fd.is_some()), (held.then_some(3), held), "{socket:?}");
        let port = if socket.status == ConnectionStatus::Listen { String::new() } else { socket.raddr.to_string() };
        assert!(port.is_empty() || port.starts_with("[2001:db8::2]:90"), "{port}");
    }
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
    assert_eq!((ids.real, ids.effective, ids.saved), (1000, 1001, 1002));
    let times = rows[5].cpu_times.value().unwrap();
    assert_eq!((times.user, times.system), (Duration::from_millis(5250), Duration::from_millis(1500)));
    assert_eq!(rows[1].memory_info.value().unwrap().rss, 100 * 4096);
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
