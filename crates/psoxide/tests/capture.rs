//! A capture of this machine is read back as this machine.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure here is a failed test

use std::fs;

use psoxide::{CaptureOptions, ConnectionKind, ErrorKind, Os, System};

fn options(raw: bool) -> CaptureOptions {
    let mut options = CaptureOptions::default();
    options.raw = raw;
    options.pids = vec![std::process::id()];
    options
}

/// The machine of a capture's text.
fn open(text: &str) -> System {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    System::at_root(file.path()).unwrap()
}

#[test]
fn a_capture_tells_what_the_machine_told() {
    let host = System::host();
    let text = host.capture(&options(false)).unwrap();
    let copy = open(&text);
    assert_eq!((copy.os(), copy.is_live()), (Os::Linux, false));
    assert_eq!(copy.cpu_count().unwrap(), host.cpu_count().unwrap());
    assert_eq!(copy.cpu_count_cores().unwrap(), host.cpu_count_cores().unwrap());
    assert_eq!(copy.virtual_memory().unwrap().total, host.virtual_memory().unwrap().total);
    assert_eq!(copy.boot_time().unwrap(), host.boot_time().unwrap());
    assert!(copy.uptime().unwrap() <= host.uptime().unwrap());
    assert_eq!(copy.host_info().unwrap().release, host.host_info().unwrap().release);
    let names = |system: &System| system.net_io_counters().unwrap().into_iter().map(|(nic, _)| nic).collect::<Vec<_>>();
    assert_eq!(names(&copy), names(&host));
    copy.net_connections(ConnectionKind::All).unwrap();
    assert_eq!(copy.disk_partitions(true).unwrap(), host.disk_partitions(true).unwrap());
    assert_eq!(copy.whole_disks().unwrap(), host.whole_disks().unwrap());
    let me = std::process::id();
    assert_eq!(copy.pids().unwrap(), [me]);
    let (copied, live) = (copy.process(me).unwrap(), host.process(me).unwrap());
    assert_eq!((copied.start(), copied.name().unwrap()), (live.start(), live.name().unwrap()));
    assert_eq!(copied.uids().unwrap(), live.uids().unwrap());
    assert!(copied.memory_footprint().unwrap().uss > 0);
    assert!(!copied.memory_maps().unwrap().is_empty());
    assert!(!copied.threads().unwrap().is_empty());
    assert_eq!(copied.cgroup().ok(), live.cgroup().ok());
    assert_eq!(copied.environ().unwrap(), [("SCRUBBED".into(), "1".into())]);
    // Each reading of this machine that needs no running kernel has an answer in the capture.
    assert_eq!(copy.cpu_stats().is_ok(), host.cpu_stats().is_ok());
    assert_eq!(copy.load_average().unwrap().one.is_finite(), host.load_average().is_ok());
    assert_eq!(copy.swap_memory().unwrap().total, host.swap_memory().unwrap().total);
}

/// An ordinary user's capture says of another user's process what the kernel said: refused, not gone.
#[test]
fn what_was_refused_stays_refused() {
    let mut options = options(true);
    options.pids.push(1);
    let host = System::host();
    let copy = open(&host.capture(&options).unwrap());
    let answers = |system: &System| {
        let init = system.process(1).unwrap();
        [
            init.name().map(drop),
            init.exe().map(drop),
            init.cwd().map(drop),
            init.io_counters().map(drop),
            init.environ().map(drop),
            init.memory_maps().map(drop),
            init.open_files().map(drop),
            init.memory_footprint().map(drop),
        ]
        .map(|answer| answer.map_err(|error| error.kind()))
    };
    assert_eq!(answers(&copy), answers(&host));
}

#[test]
fn what_is_private_is_left_out() {
    let host = System::host();
    let text = host.capture(&options(false)).unwrap();
    for (name, value) in std::env::vars().filter(|(_, value)| value.len() > 20) {
        assert!(!text.contains(&format!("{name}={value}")), "{name} is in the capture");
    }
    for (nic, addresses) in host.net_if_addrs().unwrap() {
        for address in addresses.iter().map(|a| a.address.to_string()).filter(|a| a.len() == 17) {
            assert!(address == "00:00:00:00:00:00" || !text.contains(&address), "{nic:?}'s is in the capture");
        }
    }
    let hostname = host.host_info().unwrap().hostname;
    let copy = open(&text);
    assert!(hostname == "localhost" || copy.host_info().unwrap().hostname == "host");
    let raw = open(&host.capture(&options(true)).unwrap());
    assert_eq!(raw.host_info().unwrap().hostname, hostname);
    let me = std::process::id();
    assert_eq!(raw.process(me).unwrap().environ().unwrap(), host.process(me).unwrap().environ().unwrap());
}

#[test]
fn neither_captures_nor_processes_that_do_not_exist_are_recorded() {
    let copy = open("psoxide-capture 1\nsystem linux\ndir proc\n");
    assert_eq!(copy.capture(&CaptureOptions::default()).unwrap_err().kind(), ErrorKind::Unsupported);
    let mut nobody = options(false);
    nobody.pids = vec![u32::MAX];
    assert_eq!(System::host().capture(&nobody).unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

/// A kernel whose files are real, beside those that are written after proc(5).
#[test]
fn a_recorded_kernel_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/linux/6.18-x86_64-recorded.txt");
    let system = System::at_root(path).unwrap();
    assert_eq!(system.pids().unwrap(), [2, 300]);
    assert_eq!((system.cpu_count().unwrap(), system.cpu_count_cores().unwrap()), (Some(2), Some(2)));
    let memory = system.virtual_memory().unwrap();
    assert!(memory.total == 24_684_092 * 1024 && memory.available < memory.total, "{memory:?}");
    assert_eq!(system.net_connections(ConnectionKind::Tcp4).unwrap().len(), 1);
    assert_eq!(system.whole_disks().unwrap().len(), 10);
    let (thread, sleep) = (system.process(2).unwrap(), system.process(300).unwrap());
    assert_eq!((thread.name().unwrap(), thread.is_kernel_thread().unwrap()), ("kthreadd".into(), true));
    assert_eq!(sleep.cmdline().unwrap(), ["/usr/bin/sleep", "400"]);
    assert_eq!((sleep.ppid().unwrap() > 2, sleep.num_threads().unwrap()), (true, 1));
    assert!(sleep.memory_footprint().unwrap().uss < sleep.memory_info().unwrap().rss);
    assert_eq!(sleep.num_fds().unwrap(), 3);
}

#[test]
fn two_captures_give_rates() {
    let at = |uptime: u32, ticks: u32, sectors: u32| {
        open(&format!(
            "psoxide-capture 1\nsystem linux\nfile proc/stat\n|cpu {ticks} 0 0 {ticks}\n|cpu0 {ticks} 0 0 {ticks}\n|btime 9\n\
             file proc/uptime\n|{uptime}.00 1.00\nfile proc/1/stat\n\
             |1 (init) S 0 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 5 0 0\n\
             file sys/block/sda/stat\n|1 0 {sectors} 0 0 0 0 0 0 0 0\n"
        ))
    };
    let taken = |system: &System| {
        let query = psoxide::Query::from([psoxide::Field::CpuTimes]).with_counters();
        system.snapshot(query).unwrap()
    };
    let (earlier, later) = (at(100, 1000, 10), at(110, 1500, 30));
    let rates = taken(&later).since(&taken(&earlier));
    assert_eq!(rates.elapsed.as_secs(), 10);
    // 5 of 10 seconds.
    assert_eq!(rates.processes[0].cpu_percent, Some(50.0));
    assert_eq!(rates.cpu_percent, Some(50.0));
    assert_eq!(rates.disks[0].1.read_bytes, 20 * 512);
}
