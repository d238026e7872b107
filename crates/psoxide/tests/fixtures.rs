//! Machines that are rarely met, read from archives of their files.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // in the helpers too, a failure is a failed test

use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use psoxide::{
    ConnectionKind, ConnectionStatus, CpuFreq, DiskIo, Endpoint, Error, ErrorKind, Fan, Field, Fingerprints, Gpu, Ids,
    Limit, PressureOf, Process, ProcessStatus, Record as _, Resource, Result, Row, SchedulingPolicy, SocketType,
    System, Temperature, TimeLeft,
};
use psoxide_capture::unpacked;

const KIB: u64 = 1024;

/// The machine in an archive; its files go away with it.
struct Machine {
    system: System,
    root: tempfile::TempDir,
}

impl Machine {
    fn new(archive: &str) -> Self {
        let root = unpacked(archive).unwrap();
        Self { system: System::at_root(root.path()).unwrap(), root }
    }

    fn process(&self, pid: u32) -> Process {
        self.system.process(pid).unwrap()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join(file)
    }
}

macro_rules! machine {
    ($name:literal) => {
        Machine::new(include_str!(concat!("../../../testdata/linux/", $name, ".txt")))
    };
}

#[track_caller]
fn refused<T: Debug>(result: Result<T>, kind: ErrorKind) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    error
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

fn os_strings(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}

#[track_caller]
fn about(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
}

// Memory

#[test]
fn memory_fields_the_kernel_lacks_are_none() {
    let memory = machine!("meminfo-without-optional-fields").system.virtual_memory().unwrap();
    assert_eq!(
        (memory.total, memory.available, memory.free, memory.used),
        (1000 * KIB, 600 * KIB, 400 * KIB, 400 * KIB)
    );
    about(memory.percent, 40.0);
    assert_eq!((memory.active, memory.inactive, memory.buffers), (None, None, None));
    assert_eq!((memory.cached, memory.shared, memory.slab), (None, None, None));
}

#[test]
fn available_memory_is_estimated_with_the_watermarks() {
    let memory = machine!("meminfo-without-memavailable").system.virtual_memory().unwrap();
    // Watermark 25 pages = 100 kB: 2000 - 100, 2000 - 100, 100 - 50.
    assert_eq!(memory.available, 3850 * KIB);
    assert_eq!(memory.cached, Some(3100 * KIB));
}

#[test]
fn available_memory_is_estimated_without_the_watermarks() {
    let memory = machine!("meminfo-without-memavailable-and-zoneinfo").system.virtual_memory().unwrap();
    assert_eq!(memory.available, 5000 * KIB);
}

#[test]
fn available_memory_above_the_total_is_the_free_memory() {
    let memory = machine!("meminfo-available-above-total").system.virtual_memory().unwrap();
    assert_eq!((memory.available, memory.used), (400 * KIB, 600 * KIB));
}

#[test]
fn negative_available_memory_is_zero() {
    let memory = machine!("meminfo-negative-available").system.virtual_memory().unwrap();
    assert_eq!((memory.available, memory.used), (0, 1000 * KIB));
    about(memory.percent, 100.0);
}

#[test]
fn meminfo_line_without_a_space_does_no_harm() {
    let memory = machine!("meminfo-shadow-call-stack").system.virtual_memory().unwrap();
    assert_eq!((memory.available, memory.slab), (600 * KIB, Some(70 * KIB)));
}

#[test]
fn swapping_is_none_without_vmstat() {
    let swap = machine!("swap-without-vmstat").system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.used, swap.free), (800 * KIB, 200 * KIB, 600 * KIB));
    about(swap.percent, 25.0);
    assert_eq!((swap.sin, swap.sout), (None, None));
}

#[test]
fn swapping_is_counted_in_pages_of_the_machine() {
    let swap = machine!("swap-with-vmstat").system.swap_memory().unwrap();
    assert_eq!((swap.total, swap.sin, swap.sout), (0, Some(32768), Some(49152)));
    about(swap.percent, 0.0);
}

#[test]
fn swap_of_a_copy_is_never_that_of_this_host() {
    refused(machine!("swap-lines-missing").system.swap_memory(), ErrorKind::Unsupported);
}

// Processors

#[test]
fn cores_are_counted_by_the_first_source_there_is() {
    assert_eq!(machine!("cores-by-core-cpus-list").system.cpu_count_cores().unwrap(), Some(2));
    assert_eq!(machine!("cores-by-thread-siblings-list").system.cpu_count_cores().unwrap(), Some(3));
    let machine = machine!("cores-by-cpuinfo");
    assert_eq!(machine.system.cpu_count_cores().unwrap(), Some(4));
    assert_eq!(machine.system.cpu_count().unwrap(), Some(4));
    assert_eq!(machine!("neither-disks-nor-sensors").system.cpu_count_cores().unwrap(), None);
}

#[test]
fn frequency_policies_are_given_to_each_cpu_online() {
    let freq = |current, min, max| CpuFreq::with(|freq| (freq.current, freq.min, freq.max) = (current, min, max));
    let shared = freq(1500.0, Some(400.0), Some(3500.0));
    let expected = [shared.clone(), shared, freq(2250.5, None, None)];
    assert_eq!(machine!("cpufreq-policies").system.cpu_freq().unwrap(), expected);
}

#[test]
fn frequency_limits_are_none_where_only_cpuinfo_tells() {
    let all = machine!("cores-by-cpuinfo").system.cpu_freq().unwrap();
    let current: Vec<f64> = all.iter().map(|freq| freq.current).collect();
    assert_eq!(current, [1000.5, 1001.5, 1002.5, 1003.5]);
    assert!(all.iter().all(|freq| freq.min.is_none() && freq.max.is_none()));
}

#[test]
fn columns_of_later_kernels_are_none_on_linux_2_6() {
    let machine = machine!("linux-2.6-counters");
    let times = machine.system.cpu_times().unwrap();
    assert_eq!((times.user, times.idle), (Duration::from_secs(1), Duration::from_secs(10)));
    assert_eq!((times.iowait, times.irq, times.softirq), (None, None, None));
    assert_eq!((times.steal, times.guest, times.guest_nice), (None, None, None));
    let stats = machine.system.cpu_stats().unwrap();
    assert_eq!((stats.ctx_switches, stats.interrupts, stats.soft_interrupts), (Some(12), 34, None));
    let times = machine.process(7).cpu_times().unwrap();
    assert_eq!((times.user, times.iowait), (Duration::from_millis(2500), None));
}

#[test]
fn boot_time_is_an_error_where_no_file_tells() {
    let machine = machine!("stat-without-btime");
    for error in [
        refused(machine.system.boot_time(), ErrorKind::Parse),
        refused(machine.process(1).create_time(), ErrorKind::Parse),
    ] {
        assert_eq!((error.path(), error.field()), (Some(&*machine.path("proc/stat")), Some("btime")));
    }
}

// Disks

#[test]
fn diskstats_of_every_kernel_are_understood() {
    let all = machine!("diskstats-of-every-kernel").system.disk_io_counters().unwrap();
    let names: Vec<&OsStr> = all.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["lin24", "part26", "lin26", "lin418", "lin55"]);
    let part = DiskIo::with(|io| {
        (io.read_count, io.write_count, io.read_bytes, io.write_bytes) = (1, 5, 3 * 512, 7 * 512);
    });
    let mut full = part.clone();
    let ms = |ms| Some(Duration::from_millis(ms));
    (full.read_time, full.write_time, full.busy_time) = (ms(4), ms(8), ms(10));
    (full.read_merged_count, full.write_merged_count) = (Some(2), Some(6));
    for (name, io) in &all {
        assert_eq!(io, if name == "part26" { &part } else { &full }, "{}", name.display());
    }
}

#[test]
fn diskstats_of_no_kernel_are_an_error_that_names_the_file() {
    let machine = machine!("diskstats-of-no-kernel");
    let error = refused(machine.system.disk_io_counters(), ErrorKind::Parse);
    assert_eq!(error.path(), Some(&*machine.path("proc/diskstats")));
}

#[test]
fn partitions_are_not_summed_with_their_disks() {
    let total = machine!("disks-with-partitions").system.disk_io_total().unwrap().unwrap();
    assert_eq!((total.read_count, total.write_count), (11, 33));
    assert_eq!((total.read_bytes, total.write_bytes), (22 * 512, 44 * 512));
    assert_eq!(total.busy_time, Some(Duration::from_millis(11)));
}

#[test]
fn disks_are_counted_by_sysfs_without_diskstats() {
    let machine = machine!("disks-without-diskstats");
    let all = machine.system.disk_io_counters().unwrap();
    let counts: Vec<_> = all.iter().map(|(name, io)| (&**name, io.read_count, io.write_bytes)).collect();
    assert_eq!(counts, [(OsStr::new("sda"), 10, 40 * 512), (OsStr::new("sda1"), 9, 36 * 512)]);
    assert_eq!(machine.system.disk_io_total().unwrap().unwrap().read_count, 10);
    refused(machine!("neither-disks-nor-sensors").system.disk_io_counters(), ErrorKind::Unsupported);
}

// Sensors

#[test]
fn chips_keep_what_can_be_read_of_them() {
    let machine = machine!("hwmon-chips");
    let temperature = |label: &str, current, high, critical| {
        Temperature::with(|t| {
            (t.label, t.current, t.high, t.critical) = (label.into(), current, Some(high), Some(critical));
        })
    };
    let expected = vec![temperature("Package id 0", 45.5, 80.0, 100.0), temperature("", -5.0, 90.0, 90.0)];
    assert_eq!(machine.system.sensors_temperatures().unwrap(), [("coretemp".to_owned(), expected)]);
    let fan = Fan::with(|fan| (fan.label, fan.current) = ("cpu_fan".into(), 1234));
    assert_eq!(machine.system.sensors_fans().unwrap(), [("it87".to_owned(), vec![fan])]);
}

#[test]
fn thermal_zones_stand_in_for_chips() {
    let zone = |current, trip| Temperature::with(|t| (t.current, t.high, t.critical) = (current, trip, trip));
    let expected = [("acpitz".to_owned(), vec![zone(50.0, Some(105.0))]), ("wifi".to_owned(), vec![zone(27.8, None)])];
    let machine = machine!("thermal-zones-without-hwmon");
    assert_eq!(machine.system.sensors_temperatures().unwrap(), expected);
    assert_eq!(machine.system.sensors_fans().unwrap(), []);
}

#[test]
fn a_fingerprint_changes_with_stat_alone() {
    let machine = machine!("zombie");
    let mut known = Fingerprints::default();
    let mut read = || {
        machine.system.fingerprints(&mut known).unwrap();
        known.by_pid.clone()
    };
    let before = read();
    assert!(before.len() == 1 && before[0].1.is_some(), "{before:?}");
    assert_eq!(read(), before);
    let path = machine.path(&format!("proc/{}/stat", before[0].0));
    let stat = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, stat.replacen(" Z ", " S ", 1)).unwrap();
    let after = read();
    assert!(after[0].0 == before[0].0 && after != before);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read(), []);
}

#[test]
fn gpus_report_work_and_memory() {
    let machine = machine!("gpus");
    let gpu = |name: &str, busy, memory_used, memory_total| {
        Gpu::with(|gpu| {
            gpu.name = name.into();
            (gpu.busy, gpu.memory_used, gpu.memory_total) = (busy, memory_used, memory_total);
        })
    };
    // One that works, one that sleeps and is not woken up, and one whose driver counts memory only.
    let expected = [
        gpu("card0", Some(37.0), Some(3 << 30), Some(8 << 30)),
        gpu("card1", Some(0.0), Some(0), Some(4 << 30)),
        gpu("card2", None, Some(1 << 20), Some(2 << 30)),
    ];
    assert_eq!(machine.system.gpus().unwrap(), expected);
    assert_eq!(machine!("neither-disks-nor-sensors").system.gpus().unwrap(), []);
}

#[test]
fn batteries_of_many_drivers_are_understood() {
    let check = |machine: Machine, percent, is_whole, secsleft, power_plugged| {
        let battery = machine.system.sensors_battery().unwrap().unwrap();
        assert_eq!((battery.percent, battery.is_whole()), (percent, is_whole));
        assert_eq!((battery.secsleft, battery.power_plugged), (secsleft, power_plugged));
    };
    let hours = |hours: u64| TimeLeft::For(Duration::from_secs(hours * 3600));
    check(machine!("battery-discharging"), 50.0, false, hours(3), Some(false));
    check(machine!("battery-on-mains"), 50.0, false, TimeLeft::Unlimited, Some(true));
    check(machine!("battery-with-capacity-only"), 77.0, true, TimeLeft::Unknown, None);
    check(machine!("battery-full-of-nothing"), 0.0, false, TimeLeft::Unknown, Some(false));
    check(machine!("battery-with-negative-current"), 25.0, false, hours(2), Some(false));
    assert_eq!(machine!("neither-disks-nor-sensors").system.sensors_battery().unwrap(), None);
}

// Processes

#[test]
fn process_names_may_hold_any_byte() {
    let machine = machine!("processes-with-odd-names");
    assert_eq!(machine.system.pids().unwrap(), [1, 2, 3, 4, 5]);
    let name = |pid| machine.process(pid).name().unwrap();
    assert_eq!(name(1), "a b");
    assert_eq!(name(2), "new\nline");
    assert_eq!(name(3), "x) R 1 (y");
    assert_eq!(name(4).as_bytes(), b"\xff\xfe");
    assert_eq!(name(5), "a-very-long-name-indeed");
    for process in machine.system.processes().unwrap() {
        assert_eq!((process.status().unwrap(), process.ppid().unwrap()), (ProcessStatus::Sleeping, 1));
    }
}

#[test]
fn stat_cut_short_is_an_error_that_names_file_and_field() {
    let machine = machine!("stat-cut-short");
    let error = refused(machine.system.process(9), ErrorKind::Parse);
    assert_eq!((error.pid(), error.field()), (Some(9), Some("stime")));
    assert_eq!(error.path(), Some(&*machine.path("proc/9/stat")));
}

#[test]
fn a_pid_without_files_is_no_process() {
    let machine = machine!("zombie");
    let error = refused(machine.system.process(8), ErrorKind::NoSuchProcess);
    assert_eq!(error.pid(), Some(8));
    assert!(!machine.system.pid_exists(8).unwrap());
}

#[test]
fn a_process_that_goes_away_is_said_to_be_gone() {
    let machine = machine!("kernel-thread");
    let process = machine.process(2);
    assert!(process.is_running().unwrap());
    std::fs::remove_dir_all(machine.path("proc/2")).unwrap();
    assert!(!process.is_running().unwrap());
    refused(process.name(), ErrorKind::NoSuchProcess);
    refused(process.cmdline(), ErrorKind::NoSuchProcess);
    refused(process.exe(), ErrorKind::NoSuchProcess);
}

#[test]
fn command_lines_are_split_as_they_were_written() {
    let machine = machine!("command-lines");
    let cmdline = |pid| machine.process(pid).cmdline().unwrap();
    assert_eq!(cmdline(1), os_strings(&["a", "b"]));
    assert_eq!(cmdline(2), os_strings(&["a", "b", ""]));
    assert_eq!(cmdline(3), os_strings(&["a", "b"]));
    assert_eq!(cmdline(4), os_strings(&["nginx:", "master", "process"]));
    assert_eq!(cmdline(5), os_strings(&["a b", "c"]));
    assert_eq!(cmdline(6), [OsStr::from_bytes(b"\xff"), OsStr::from_bytes(b"\xfe")]);
}

#[test]
fn what_a_zombie_has_lost_is_an_error() {
    let machine = machine!("zombie");
    let process = machine.process(7);
    assert_eq!(process.status().unwrap(), ProcessStatus::Zombie);
    assert_eq!(process.name().unwrap(), "dead");
    assert!(process.is_running().unwrap());
    refused(process.cmdline(), ErrorKind::ZombieProcess);
    refused(process.exe(), ErrorKind::ZombieProcess);
    refused(process.cwd(), ErrorKind::ZombieProcess);
    refused(process.environ(), ErrorKind::ZombieProcess);
}

#[test]
fn what_a_process_loses_before_it_is_a_zombie_is_an_error() {
    // The kernel takes memory and namespaces away, and sets PF_EXITING, while the state is still R.
    let machine = machine!("zombie");
    let stat = std::fs::read_to_string(machine.path("proc/7/stat")).unwrap();
    std::fs::write(machine.path("proc/7/stat"), stat.replace(" Z ", " R ").replace(" 4194304 ", " 4194308 ")).unwrap();
    let process = machine.process(7);
    assert_eq!(process.status().unwrap(), ProcessStatus::Running);
    refused(process.cmdline(), ErrorKind::ZombieProcess);
    refused(process.exe(), ErrorKind::ZombieProcess);
    refused(process.net_namespace(), ErrorKind::ZombieProcess);
    // One that lives shows that the kernel has no network namespaces.
    std::fs::write(machine.path("proc/7/stat"), stat.replace(" Z ", " R ")).unwrap();
    refused(machine.process(7).net_namespace(), ErrorKind::Unsupported);
}

#[test]
fn rows_one_by_one_are_those_of_a_snapshot() {
    let machine = machine!("processes-with-odd-names");
    let fields = [Field::Name, Field::CpuTimes, Field::MemoryInfo, Field::NumFds, Field::Username];
    let all = |row: &Row| format!("{row:?}");
    let mut rows = Vec::new();
    machine.system.each_row(fields, |row| rows.push(all(row))).unwrap();
    let snapshot = machine.system.snapshot(fields).unwrap();
    assert_eq!(rows, snapshot.processes.iter().map(all).collect::<Vec<_>>());
    assert!(rows.len() > 1);
}

#[test]
fn a_snapshot_reads_one_file_of_a_kernel_thread() {
    let machine = machine!("kernel-thread");
    let stat = std::fs::read_to_string(machine.path("proc/2/stat")).unwrap();
    std::fs::write(machine.path("proc/2/stat"), stat.replace(" 1048576 100 ", " 0 0 ")).unwrap();
    std::fs::remove_file(machine.path("proc/2/cmdline")).unwrap();
    assert!(!machine.path("proc/2/statm").exists());
    let fields = [Field::Name, Field::Status, Field::MemoryInfo, Field::Cmdline];
    let snapshot = machine.system.snapshot_of(&[2], fields).unwrap();
    let [row] = snapshot.processes.as_slice() else { panic!("{snapshot:?}") };
    assert_eq!(row.memory_info.value().map(|memory| (memory.rss, memory.vms, memory.shared)), Some((0, 0, Some(0))));
    assert_eq!(row.cmdline.value(), Some(&Vec::new()));
    // A plain call reads what it is asked for.
    assert!(machine.process(2).memory_info().is_err());
}

#[test]
fn what_a_kernel_thread_never_had_is_empty() {
    let machine = machine!("kernel-thread");
    let process = machine.process(2);
    assert_eq!(process.exe().unwrap(), Path::new(""));
    assert!(process.cmdline().unwrap().is_empty());
    assert!(process.environ().unwrap().is_empty());
}

#[test]
fn only_the_kernels_mark_of_deletion_is_removed() {
    let machine = machine!("deleted-program");
    assert_eq!(machine.process(7).exe().unwrap(), Path::new("/usr/bin/gone"));
    assert_eq!(machine.process(7).cwd().unwrap(), Path::new("/srv/gone"));
    assert_eq!(machine.process(8).exe().unwrap(), Path::new("/usr/bin/odd (deleted)"));
}

#[test]
fn limits_tell_none_from_unlimited() {
    let machine = machine!("process-in-full");
    let process = machine.process(7);
    let limit = |soft, hard| Limit { soft, hard };
    assert_eq!(process.rlimit(Resource::Nofile).unwrap(), limit(Some(1024), Some(524_288)));
    assert_eq!(process.rlimit(Resource::Cpu).unwrap(), limit(None, None));
    assert_eq!(process.rlimit(Resource::Nice).unwrap(), limit(Some(0), Some(0)));
    refused(process.rlimit(Resource::Rttime), ErrorKind::Unsupported);
}

#[test]
fn threads_with_parentheses_in_their_names_are_listed() {
    let machine = machine!("process-in-full");
    let threads = machine.process(7).threads().unwrap();
    let found: Vec<_> = threads.iter().map(|t| (t.id, t.user_time.as_millis(), t.system_time.as_millis())).collect();
    assert_eq!(found, [(7, 2500, 1500), (12, 2500, 1500)]);
}

#[test]
fn threads_are_told_in_detail() {
    let machine = machine!("process-in-full");
    let threads = machine.process(7).thread_details().unwrap();
    let found: Vec<_> = threads.iter().map(|t| (t.id, t.name.to_str(), t.status, t.started, t.cpu_num)).collect();
    let started = |ms| Some(Duration::from_millis(ms));
    let expected = [
        (7, Some("app"), ProcessStatus::Sleeping, started(5000), Some(3)),
        (12, Some("wor) (ker"), ProcessStatus::Sleeping, started(5100), Some(3)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn scheduling_control_group_namespace_and_score() {
    let machine = machine!("process-in-full");
    let process = machine.process(7);
    let scheduling = process.scheduling().unwrap();
    assert_eq!((scheduling.policy, scheduling.priority, scheduling.realtime), (SchedulingPolicy::Other, 20, 0));
    assert!(!process.is_kernel_thread().unwrap());
    let cgroup = process.cgroup().unwrap();
    assert_eq!(cgroup.path, "/system.slice/app.service");
    assert_eq!((cgroup.unit.unwrap(), cgroup.container), ("app.service".into(), None));
    assert_eq!((process.net_namespace().unwrap(), process.oom_score().unwrap()), (4_026_531_840, 667));
    // A process of a kernel without control groups has none. One that ended is gone.
    refused(machine!("zombie").process(7).cgroup(), ErrorKind::ZombieProcess);
    let old = machine!("proc5-2.6.9-i686");
    let first = old.system.processes().unwrap().swap_remove(0);
    refused(first.cgroup(), ErrorKind::Unsupported);
    assert!(machine!("kernel-thread").system.processes().unwrap().iter().any(|p| p.is_kernel_thread().unwrap()));
}

#[test]
fn open_files_are_the_regular_ones() {
    let machine = machine!("process-in-full");
    let process = machine.process(7);
    let files = process.open_files().unwrap();
    let found: Vec<_> = files.iter().map(|f| (&*f.path, f.fd, f.position, f.mode, f.flags)).collect();
    let expected = [
        (Path::new("/var/log/app.log"), Some(3), Some(10), Some("a"), Some(0o102_001)),
        (Path::new("/srv/data base"), Some(4), Some(0), Some("r+"), Some(0o100_002)),
    ];
    assert_eq!(found, expected);
    assert_eq!(process.num_fds().unwrap(), 5);
}

#[test]
fn status_tells_users_cpus_and_switches() {
    let machine = machine!("process-in-full");
    let process = machine.process(7);
    assert_eq!(process.uids().unwrap(), Ids::new(1000, 1001, Some(1002)));
    assert_eq!(process.gids().unwrap(), Ids::new(100, 101, Some(102)));
    assert_eq!(process.username().unwrap(), "anna");
    assert_eq!(process.cpu_affinity().unwrap(), [0, 1, 2, 3, 8]);
    assert_eq!(process.cpu_num().unwrap(), 3);
    let switches = process.num_ctx_switches().unwrap();
    assert_eq!((switches.voluntary, switches.involuntary), (11, Some(12)));
}

#[test]
fn a_thread_is_no_process() {
    let machine = machine!("process-in-full");
    assert!(machine.system.pid_exists(7).unwrap());
    assert!(!machine.system.pid_exists(12).unwrap());
}

#[test]
fn a_copy_is_neither_asked_nor_told_what_only_a_kernel_can_do() {
    let machine = machine!("process-in-full");
    let process = machine.process(7);
    assert!(!machine.system.is_live());
    refused(process.ionice(), ErrorKind::Unsupported);
    refused(process.kill(), ErrorKind::Unsupported);
    refused(process.terminate(), ErrorKind::Unsupported);
    refused(process.suspend(), ErrorKind::Unsupported);
    refused(process.resume(), ErrorKind::Unsupported);
    refused(process.set_nice(5), ErrorKind::Unsupported);
    refused(machine.system.current_process(), ErrorKind::Unsupported);
    refused(machine.system.disk_usage("/"), ErrorKind::Unsupported);
}

#[test]
fn page_size_and_clock_are_those_of_the_machine() {
    let machine = machine!("other-page-size-and-clock");
    let process = machine.process(7);
    let memory = process.memory_info().unwrap();
    assert_eq!((memory.vms, memory.rss, memory.shared), (163_840, 81_920, Some(32_768)));
    let times = process.cpu_times().unwrap();
    assert_eq!((times.user, times.system), (Duration::from_millis(250), Duration::from_millis(150)));
    assert_eq!(times.iowait, Some(Duration::from_millis(7)));
    assert_eq!(since_epoch(process.create_time().unwrap()), Duration::from_millis(1_700_000_002_500));
    assert_eq!(machine.system.cpu_times().unwrap().user, Duration::from_secs(5));
}

// Sockets

#[test]
fn tcp_states_of_new_kernels_are_named_and_ipv6_may_be_absent() {
    let machine = machine!("sockets");
    let all = machine.system.net_connections(ConnectionKind::Tcp).unwrap();
    let found: Vec<_> = all.iter().map(|c| (c.status, c.laddr.to_string(), c.raddr.to_string(), c.pid, c.fd)).collect();
    let expected = [
        (ConnectionStatus::NewSynRecv, "1.1.1.1:8080".to_owned(), "2.2.2.2:80".to_owned(), Some(7), Some(3)),
        (ConnectionStatus::BoundInactive, "1.1.1.1:8081".to_owned(), String::new(), None, None),
    ];
    assert_eq!(found, expected);
    assert_eq!(machine.system.net_connections(ConnectionKind::Tcp6).unwrap(), []);
}

#[test]
fn unix_paths_may_hold_spaces_and_newlines() {
    let machine = machine!("sockets");
    let all = machine.system.net_connections(ConnectionKind::Unix).unwrap();
    let found: Vec<_> = all.iter().map(|c| (c.kind, c.laddr.clone(), c.status, c.pid)).collect();
    let path = |text: &str| Endpoint::Unix(text.into());
    let expected = [
        (SocketType::Stream, path("/run/a b.sock"), ConnectionStatus::Listen, Some(7)),
        (SocketType::SeqPacket, path("/run/new"), ConnectionStatus::Listen, None),
        (SocketType::Datagram, path(""), ConnectionStatus::None, None),
    ];
    assert_eq!(found, expected);
}

#[test]
fn tcp_state_of_no_kernel_is_an_error_that_names_the_file() {
    let machine = machine!("tcp-state-of-no-kernel");
    let error = refused(machine.system.net_connections(ConnectionKind::Tcp4), ErrorKind::Parse);
    assert_eq!((error.path(), error.field()), (Some(&*machine.path("proc/net/tcp")), Some("st")));
}

#[test]
fn pressure_where_the_kernel_accounts_for_it() {
    let machine = machine!("neither-disks-nor-sensors");
    refused(machine.system.pressure(PressureOf::Memory), ErrorKind::Unsupported);
    let folder = machine.path("proc/pressure");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("memory"), "some avg10=1.50 avg60=0.00 avg300=0.25 total=2000000\n").unwrap();
    let pressure = machine.system.pressure(PressureOf::Memory).unwrap();
    let some = pressure.some.unwrap();
    assert_eq!((some.avg10, some.avg300, some.total), (1.5, 0.25, Duration::from_secs(2)));
    assert_eq!(pressure.full, None);
    std::fs::write(folder.join("memory"), "some avg10=much\n").unwrap();
    refused(machine.system.pressure(PressureOf::Memory), ErrorKind::Parse);
}

#[test]
fn uptime_of_a_copy_is_when_it_was_copied() {
    let machine = machine!("cli-machine");
    assert_eq!(machine.system.uptime().unwrap(), Duration::from_millis(273_906_250));
}
