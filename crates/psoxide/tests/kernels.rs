//! One machine under kernels from 2.6.9 to 6.18. What a kernel shows is read, and what it does not show is never a zero.
//! The captures are read in memory, on any system.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::path::Path;
use std::time::Duration;

use psoxide::{
    ConnectionKind, ConnectionStatus, CtxSwitches, DiskIo, Endpoint, ErrorKind, IoCounters, Limit, MemoryFootprint,
    MemoryMap, PageFaults, Process, ProcessStatus, Record as _, Resource, Result, System,
};

const KIB: u64 = 1024;

/// A kernel's version, and what its architecture makes different.
struct Kernel {
    capture: &'static str,
    version: (u32, u32, u32),
    page: u64,
    mhz: f64,
}

macro_rules! kernel {
    ($name:literal, $version:expr, $page:literal, $mhz:literal) => {
        Kernel {
            capture: concat!("../../testdata/linux/proc5-", $name, ".txt"),
            version: $version,
            page: $page,
            mhz: $mhz,
        }
    };
}

const KERNELS: &[Kernel] = &[
    kernel!("2.6.9-i686", (2, 6, 9), 4096, 2400.0),
    kernel!("2.6.18-x86_64", (2, 6, 18), 4096, 2400.0),
    kernel!("2.6.32-x86_64", (2, 6, 32), 4096, 2400.0),
    kernel!("3.10-ppc64", (3, 10, 0), 65536, 3425.0),
    kernel!("4.4-x86_64", (4, 4, 0), 4096, 2400.0),
    kernel!("4.18-s390x", (4, 18, 0), 4096, 5000.0),
    kernel!("5.15-x86_64", (5, 15, 0), 4096, 2400.0),
    kernel!("6.18-x86_64", (6, 18, 0), 4096, 2400.0),
];

impl Kernel {
    /// `value` on kernels that tell it, from `version` on.
    fn since<T>(&self, version: (u32, u32, u32), value: T) -> Option<T> {
        (self.version >= version).then_some(value)
    }
}

/// Runs `check` on each kernel, which is named if it fails.
fn on_each(check: impl Fn(&Kernel, &System)) {
    for kernel in KERNELS {
        let system = System::at_root(Path::new(env!("CARGO_MANIFEST_DIR")).join(kernel.capture)).unwrap();
        println!("kernel {:?}", kernel.version);
        check(kernel, &system);
    }
}

fn on_its_process(check: impl Fn(&Kernel, &Process)) {
    on_each(|kernel, system| {
        let process = system.process(1234).unwrap();
        check(kernel, &process);
        check(kernel, &process.oneshot());
    });
}

/// A reading that older kernels do not have.
#[track_caller]
fn told<T: PartialEq + std::fmt::Debug>(answer: Result<T>, expected: Option<T>) {
    match (answer, expected) {
        (Ok(value), Some(expected)) => assert_eq!(value, expected),
        (Err(error), None) => assert!(matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Io), "{error:?}"),
        (answer, expected) => panic!("{answer:?} is not {expected:?}"),
    }
}

fn seconds(hundredths: u64) -> Duration {
    Duration::from_millis(hundredths * 10)
}

#[test]
fn cpus() {
    on_each(|kernel, system| {
        let all = system.cpu_times().unwrap();
        assert_eq!((all.user, all.nice, all.system), (seconds(1000), Some(seconds(50)), seconds(300)));
        assert_eq!((all.idle, all.iowait), (seconds(9000), Some(seconds(70))));
        assert_eq!((all.irq, all.softirq), (Some(seconds(8)), Some(seconds(12))));
        assert_eq!(all.steal, kernel.since((2, 6, 11), seconds(5)));
        assert_eq!(all.guest, kernel.since((2, 6, 24), seconds(40)));
        assert_eq!(all.guest_nice, kernel.since((2, 6, 33), seconds(4)));
        assert_eq!(system.cpu_times_per_cpu().unwrap().len(), 2);
        assert_eq!(system.cpu_count().unwrap(), Some(2));
        let stats = system.cpu_stats().unwrap();
        assert_eq!((stats.ctx_switches, stats.interrupts), (Some(7000), 5000));
        assert_eq!(stats.soft_interrupts, kernel.since((2, 6, 31), 3000));
        let frequencies = system.cpu_freq().unwrap();
        assert_eq!(frequencies.len(), 2);
        for frequency in frequencies {
            assert!((frequency.current - kernel.mhz).abs() < 1e-6, "{frequency:?}");
            assert_eq!((frequency.min, frequency.max), (None, None));
        }
        assert!((system.load_average().unwrap().five - 0.2).abs() < 1e-9);
    });
}

#[test]
fn memory() {
    on_each(|kernel, system| {
        let memory = system.virtual_memory().unwrap();
        assert_eq!((memory.total, memory.free), (2_000_000 * KIB, 400_000 * KIB));
        // Before MemAvailable, what the kernel would say: free, page cache and slabs, each less the low watermark.
        let low = 200 * kernel.page;
        let available = match kernel.version {
            (3, 14.., _) | (4.., _, _) => 1_200_000 * KIB,
            (2, 6, 28..) | (3, ..) => (400_000 + 900_000 + 70_000) * KIB - 3 * low,
            _ => (400_000 + 800_000) * KIB,
        };
        assert_eq!((memory.available, memory.used), (available, 2_000_000 * KIB - available));
        assert_eq!((memory.active, memory.inactive), (Some(700_000 * KIB), Some(500_000 * KIB)));
        assert_eq!(memory.buffers, Some(50_000 * KIB));
        let reclaimable = kernel.since((2, 6, 19), 70_000).unwrap_or(0);
        assert_eq!(memory.cached, Some((800_000 + reclaimable) * KIB));
        assert_eq!(memory.shared, kernel.since((2, 6, 32), 30_000 * KIB));
        assert_eq!(memory.slab, Some(90_000 * KIB));
        let swap = system.swap_memory().unwrap();
        assert_eq!((swap.total, swap.used), (1_000_000 * KIB, 100_000 * KIB));
        assert_eq!((swap.sin, swap.sout), (Some(3 * kernel.page), Some(5 * kernel.page)));
    });
}

#[test]
fn disks_and_network() {
    on_each(|kernel, system| {
        let disks = system.disk_io_counters().unwrap();
        let ms = |ms| Some(Duration::from_millis(ms));
        let disk = DiskIo::with(|io| {
            (io.read_count, io.write_count) = (100, 50);
            (io.read_bytes, io.write_bytes) = (2000 * 512, 1000 * 512);
            (io.read_time, io.write_time, io.busy_time) = (ms(300), ms(200), ms(400));
            (io.read_merged_count, io.write_merged_count) = (Some(10), Some(5));
        });
        assert_eq!(disks[0].1, disk);
        let part = &disks[1].1;
        assert_eq!((part.read_count, part.read_bytes, part.write_bytes), (90, 1900 * 512, 1000 * 512));
        assert_eq!(part.busy_time, kernel.since((2, 6, 25), Duration::from_millis(390)));
        assert_eq!(part.read_merged_count, kernel.since((2, 6, 25), 10));
        assert_eq!(system.disk_io_total().unwrap(), Some(disk));
        let partitions = system.disk_partitions(false).unwrap();
        assert_eq!(partitions.len(), 1);
        assert_eq!((&*partitions[0].device, &*partitions[0].fstype), ("/dev/sda1".as_ref(), "ext3".as_ref()));
        let nics = system.net_io_counters().unwrap();
        assert_eq!((&*nics[1].0, nics[1].1.bytes_recv, nics[1].1.packets_sent), ("eth0".as_ref(), 123_456_789, 30_000));
        assert_eq!((nics[1].1.errin, nics[1].1.dropout), (1, 4));
    });
}

#[test]
fn process_identity_and_time() {
    on_its_process(|kernel, process| {
        assert_eq!(process.name().unwrap(), "server");
        assert_eq!((process.ppid().unwrap(), process.nice().unwrap()), (1, 0));
        assert_eq!(process.status().unwrap(), ProcessStatus::Sleeping);
        assert_eq!(process.username().unwrap(), "anna");
        assert_eq!((process.uids().unwrap().saved, process.gids().unwrap().real), (Some(1000), 1000));
        assert_eq!(process.cmdline().unwrap(), ["server", "--listen", "8080"]);
        let created = process.create_time().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(created, Duration::from_secs(1_500_000_500));
        let times = process.cpu_times().unwrap();
        assert_eq!((times.user, times.system), (seconds(120), seconds(40)));
        assert_eq!((times.children_user, times.children_system), (Some(seconds(7)), Some(seconds(8))));
        assert_eq!(times.iowait, kernel.since((2, 6, 18), seconds(25)));
        assert_eq!(process.page_faults().unwrap(), PageFaults::with(|faults| (faults.minor, faults.major) = (1500, 3)));
        assert_eq!((process.cpu_num().unwrap(), process.num_threads().unwrap()), (1, 2));
        assert_eq!(process.threads().unwrap().iter().map(|t| t.id).collect::<Vec<_>>(), [1234, 1240]);
        told(
            process.num_ctx_switches(),
            kernel.since(
                (2, 6, 23),
                CtxSwitches::with(|switches| (switches.voluntary, switches.involuntary) = (77, Some(11))),
            ),
        );
        told(process.cpu_affinity(), kernel.since((2, 6, 26), vec![0, 1]));
        let unlimited = Limit { soft: None, hard: None };
        told(process.rlimit(Resource::Core), kernel.since((2, 6, 24), Limit { soft: Some(0), hard: None }));
        told(process.rlimit(Resource::Rttime), kernel.since((2, 6, 25), unlimited));
    });
}

#[test]
fn process_memory_and_files() {
    on_its_process(|kernel, process| {
        let memory = process.memory_info().unwrap();
        assert_eq!((memory.rss, memory.vms), (2560 * kernel.page, 25600 * kernel.page));
        assert_eq!(
            (memory.shared, memory.text, memory.data),
            (Some(1024 * kernel.page), Some(256 * kernel.page), Some(3072 * kernel.page))
        );
        let footprint = MemoryFootprint::with(|footprint| {
            footprint.uss = 384 * KIB;
            footprint.pss = kernel.since((2, 6, 25), 428 * KIB);
            footprint.swap = kernel.since((2, 6, 26), 64 * KIB);
        });
        told(process.memory_footprint(), kernel.since((2, 6, 14), footprint));
        let maps = process.memory_maps().map(|maps| maps[0].clone());
        let text = MemoryMap::with(|map| {
            // The addresses are those that were read.
            maps.as_ref().into_iter().for_each(|read| map.clone_from(read));
            map.path = "/usr/sbin/server".into();
            map.perms = "r-xp".into();
            map.rss = Some(512 * KIB);
            map.size = Some(1024 * KIB);
            map.pss = kernel.since((2, 6, 25), 300 * KIB);
            map.shared_clean = Some(256 * KIB);
            map.shared_dirty = Some(0);
            map.private_clean = Some(256 * KIB);
            map.private_dirty = Some(0);
            map.referenced = kernel.since((2, 6, 22), 512 * KIB);
            map.anonymous = kernel.since((2, 6, 37), 0);
            map.swap = kernel.since((2, 6, 26), 0);
        });
        told(maps, kernel.since((2, 6, 14), text));
        let io = IoCounters::with(|io| {
            io.read_count = Some(30);
            io.write_count = Some(40);
            io.read_bytes = Some(4096);
            io.write_bytes = Some(8192);
            io.read_chars = Some(1000);
            io.write_chars = Some(2000);
        });
        told(process.io_counters(), kernel.since((2, 6, 20), io));
        let files = process.open_files().unwrap();
        let log = files.iter().find(|file| file.fd == Some(4)).unwrap();
        assert_eq!(log.path.as_os_str(), "/var/log/server.log");
        assert_eq!((log.position, log.mode), (kernel.since((2, 6, 22), 8), kernel.since((2, 6, 22), "a")));
        let sockets = process.net_connections(ConnectionKind::All).unwrap();
        assert_eq!(sockets.iter().map(|socket| socket.fd).collect::<Vec<_>>(), [Some(3), Some(5)]);
        let listening = Endpoint::Inet("127.0.0.1:8080".parse().unwrap());
        assert_eq!((&sockets[0].laddr, sockets[0].status), (&listening, ConnectionStatus::Listen));
        assert_eq!(process.num_fds().unwrap(), 3);
    });
}
