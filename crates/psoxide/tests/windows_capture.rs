//! A machine with Windows, as Wine described it: every reading beside what was true of the processes, sockets and files that
//! were alive (`testdata/windows/*.truth.txt`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use psoxide::{
    AddressFamily, ConnectionKind, ConnectionStatus, Endpoint, ErrorKind, NicAddress, Os, Process, ProcessStatus,
    SocketType, System,
};

const FILE: &str = "10.0.19043-amd64-wine-recorded";

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/windows").join(name)
}

fn machine() -> System {
    System::at_root(testdata(&format!("{FILE}.txt.gz"))).unwrap()
}

/// What was true: `NAME VALUE` in each line.
struct Truth(BTreeMap<String, String>);

impl Truth {
    fn read() -> Self {
        let text = std::fs::read_to_string(testdata(&format!("{FILE}.truth.txt"))).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(' ').unwrap());
        Self(lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("the truth lacks {name}"))
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap()
    }

    /// A process by its role.
    fn process(&self, system: &System, role: &str) -> Process {
        system.process(u32::try_from(self.number(role)).unwrap()).unwrap()
    }

    fn endpoint(&self, name: &str) -> Endpoint {
        Endpoint::Inet(self.get(name).parse().unwrap())
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Makes a machine with known processes, sockets and files, and records it. It runs from a copy of this test in a folder
/// of its own, so that the record has no path of the machine that the test was built on:
///
/// `PROBE=C:\probe wine C:\probe\probe.exe --ignored --exact records_a_machine`
#[cfg(windows)]
#[test]
#[ignore = "writes a capture and its truth into the folder PROBE"]
fn records_a_machine() {
    use std::fmt::Write as _;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::process::{Command, Stdio};

    use psoxide::{CaptureOptions, Child};

    let folder = PathBuf::from(std::env::var_os("PROBE").unwrap());
    std::env::set_current_dir(&folder).unwrap();
    let program = folder.join("probe.exe");
    let mut truth = String::new();
    let mut note = |name: &str, value: String| writeln!(truth, "{name} {value}").unwrap();
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64().to_string();

    note("before", now());
    let sleeper = || {
        let mut command = Command::new(&program);
        command.args(["--ignored", "--exact", "waits_for_the_end_of_its_input", "--", "two words", "a\"b", "\u{20ac}"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Child::spawn(&mut command).unwrap()
    };
    let (idle, refused) = (sleeper(), sleeper());
    let mut shell = Command::new(r"C:\windows\syswow64\cmd.exe");
    shell.args(["/k", "rem two words"]).current_dir(r"C:\windows");
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut shell = Child::spawn(&mut shell).unwrap();
    // It has begun when it says something.
    shell.pipes().stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    note("after", now());
    idle.set_nice(0x40).unwrap();
    idle.set_cpu_affinity(&[0]).unwrap();
    common::windows::refuse_all(refused.pid());

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let _server = listener.accept().unwrap().0;
    let listener6 = TcpListener::bind("[::1]:0").unwrap();
    let (udp, udp6) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("[::1]:0").unwrap());
    note("tcp-listen", listener.local_addr().unwrap().to_string());
    note("tcp-client", client.local_addr().unwrap().to_string());
    note("tcp6-listen", listener6.local_addr().unwrap().to_string());
    note("udp", udp.local_addr().unwrap().to_string());
    note("udp6", udp6.local_addr().unwrap().to_string());
    let mut file = std::fs::File::create(folder.join("open.txt")).unwrap();
    file.write_all(b"x").unwrap();
    note("file", folder.join("open.txt").display().to_string());
    note("probe", std::process::id().to_string());
    note("idle", idle.pid().to_string());
    note("refused", refused.pid().to_string());
    note("shell", shell.pid().to_string());

    let capture = System::host().capture(&CaptureOptions::default()).unwrap();
    std::fs::write(folder.join("capture.txt"), capture).unwrap();
    std::fs::write(folder.join("truth.txt"), truth).unwrap();
    // The refused one ends with its input.
    drop(refused);
    for child in [idle, shell] {
        child.kill().unwrap();
    }
}

/// A process for the recording.
#[cfg(windows)]
#[test]
#[ignore = "a process for records_a_machine"]
fn waits_for_the_end_of_its_input() {
    let _ = std::io::Read::read(&mut std::io::stdin(), &mut [0]);
}

#[test]
fn processes_are_as_they_were_started() {
    let (system, truth) = (machine(), Truth::read());
    assert_eq!((system.os(), system.is_live()), (Os::Windows, false));
    let probe = truth.process(&system, "probe");
    let roles = ["idle", "refused", "shell"].map(|role| truth.process(&system, role));
    let pids = system.pids().unwrap();
    assert!(pids.is_sorted());
    let (before, after) = (truth.get("before").parse::<f64>().unwrap(), truth.get("after").parse::<f64>().unwrap());
    for process in &roles {
        assert!(pids.contains(&process.pid()) && system.pid_exists(process.pid()).unwrap());
        assert_eq!((process.ppid().unwrap(), process.parent().unwrap()), (probe.pid(), Some(probe.clone())));
        let started = seconds(process.create_time().unwrap());
        assert!(before <= started && started <= after, "{before} {started} {after}");
    }
    assert!(!system.pid_exists(pids.iter().max().unwrap() + 4).unwrap());
    let mut children = probe.children(false).unwrap();
    children.sort_by_key(Process::pid);
    let mut expected = roles.to_vec();
    expected.sort_by_key(Process::pid);
    assert_eq!(children, expected);
    let [idle, _, shell] = roles;
    assert_eq!((idle.name().unwrap(), shell.name().unwrap()), ("probe.exe".into(), "cmd.exe".into()));
    assert_eq!(idle.exe().unwrap(), Path::new(r"C:\probe\probe.exe"));
    let arguments = ["--ignored", "--exact", "waits_for_the_end_of_its_input", "--", "two words", "a\"b", "\u{20ac}"];
    assert_eq!(idle.cmdline().unwrap()[1..], arguments);
    assert_eq!((idle.cwd().unwrap(), idle.nice().unwrap()), (r"C:\probe".into(), 0x40));
    assert_eq!(idle.cpu_affinity().unwrap(), [0]);
    // A 32-bit process keeps what it was started with in another layout.
    assert_eq!(shell.cmdline().unwrap()[1..], ["/k", "rem two words"]);
    assert_eq!(shell.cwd().unwrap(), Path::new(r"C:\windows"));
    assert_eq!(shell.exe().unwrap().to_string_lossy().to_lowercase(), r"c:\windows\syswow64\cmd.exe");
    assert_eq!(idle.username().unwrap(), probe.username().unwrap());
    assert!(probe.username().unwrap().to_string_lossy().contains('\\'));
    for process in [&probe, &idle, &shell] {
        assert_eq!(process.environ().unwrap(), [("SCRUBBED".into(), "1".into())]);
    }
}

#[test]
fn counters_are_plausible() {
    let (system, truth) = (machine(), Truth::read());
    let probe = truth.process(&system, "probe");
    for p in [probe.clone(), probe.oneshot()] {
        assert_eq!(p.status().unwrap(), ProcessStatus::Running);
        let memory = p.memory_info().unwrap();
        assert!(memory.rss > 1 << 20 && memory.vms > 1 << 16);
        assert!(p.memory_details().unwrap().peak_rss >= Some(memory.rss / 2));
        assert!(p.cpu_times().unwrap().user + p.cpu_times().unwrap().system > Duration::ZERO);
        let threads = p.threads().unwrap();
        assert_eq!(threads.len() as u64, p.num_threads().unwrap());
        assert!(threads.is_sorted_by_key(|thread| thread.id));
        p.num_handles().unwrap();
        assert!(p.io_counters().unwrap().other_count.is_some());
        assert!(p.num_ctx_switches().unwrap().involuntary.is_none());
        p.page_faults().unwrap();
        assert!(p.memory_footprint().unwrap().uss > 1 << 16);
    }
    let maps = probe.memory_maps().unwrap();
    let ours = maps.iter().filter(|map| map.path == Path::new(r"C:\probe\probe.exe"));
    assert!(ours.clone().count() > 1 && ours.map(|map| map.rss.unwrap()).sum::<u64>() > 1 << 16, "{maps:?}");
    assert!(maps.is_sorted_by_key(|map| map.start) && maps.iter().all(|map| map.start < map.end));
    for unsupported in [probe.uids().map(drop), probe.num_fds().map(drop), probe.terminal().map(drop)] {
        assert_eq!(unsupported.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    // These need the running system.
    for live in [probe.kill(), probe.suspend(), probe.set_nice(0x20), probe.wait(None).map(drop)] {
        assert_eq!(live.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn a_process_that_may_not_be_opened_is_read_from_the_table() {
    let (system, truth) = (machine(), Truth::read());
    let process = truth.process(&system, "refused");
    for p in [process.clone(), process.oneshot()] {
        assert_eq!((p.name().unwrap(), p.exe().unwrap()), ("probe.exe".into(), r"C:\probe\probe.exe".into()));
        assert!(p.memory_info().unwrap().rss > 0 && p.num_threads().unwrap() > 0 && p.num_handles().unwrap() > 0);
        assert!(p.cpu_times().is_ok() && p.io_counters().is_ok() && p.is_running().unwrap());
        let refused = [
            p.nice().map(drop),
            p.cmdline().map(drop),
            p.environ().map(drop),
            p.cwd().map(drop),
            p.username().map(drop),
            p.cpu_affinity().map(drop),
            p.open_files().map(drop),
            p.memory_maps().map(drop),
            p.memory_footprint().map(drop),
        ];
        for (place, answer) in refused.into_iter().enumerate() {
            let error = answer.unwrap_err();
            assert_eq!((error.kind(), error.pid()), (ErrorKind::AccessDenied, Some(p.pid())), "{place}: {error}");
        }
    }
}

#[test]
fn sockets_and_files_are_true() {
    let (system, truth) = (machine(), Truth::read());
    let probe = truth.process(&system, "probe");
    let sockets = probe.net_connections(ConnectionKind::All).unwrap();
    let of = |name: &str, status| {
        let local = truth.endpoint(name);
        let found = sockets.iter().find(|socket| socket.laddr == local && socket.status == status);
        found.unwrap_or_else(|| panic!("{name} {local:?} is not in {sockets:?}"))
    };
    let listens = of("tcp-listen", ConnectionStatus::Listen);
    assert_eq!((&listens.raddr, listens.pid, listens.fd), (&Endpoint::None, Some(probe.pid()), None));
    assert_eq!((listens.family, listens.kind), (AddressFamily::Inet, SocketType::Stream));
    assert_eq!(of("tcp-client", ConnectionStatus::Established).raddr, truth.endpoint("tcp-listen"));
    assert_eq!(of("tcp6-listen", ConnectionStatus::Listen).family, AddressFamily::Inet6);
    assert_eq!(of("udp", ConnectionStatus::None).kind, SocketType::Datagram);
    assert_eq!(of("udp6", ConnectionStatus::None).family, AddressFamily::Inet6);
    let all = system.net_connections(ConnectionKind::All).unwrap();
    assert!(sockets.iter().all(|socket| all.contains(socket)));
    assert_eq!(system.net_connections(ConnectionKind::Udp6).unwrap().len(), 1);
    let files: Vec<_> = probe.open_files().unwrap().into_iter().map(|file| file.path).collect();
    assert!(files.contains(&truth.get("file").into()), "{files:?}");
}

#[test]
fn the_machine() {
    let (system, truth) = (machine(), Truth::read());
    let host = system.host_info().unwrap();
    assert_eq!((&*host.system, &*host.release, host.machine.as_deref()), ("Windows", "10.0.19043", Some("AMD64")));
    assert!(host.hostname.starts_with("ho"), "{}", host.hostname);
    let before: f64 = truth.get("before").parse().unwrap();
    assert!(seconds(system.boot_time().unwrap()) < before && system.uptime().unwrap() > Duration::from_secs(1));
    let cpus = system.cpu_count().unwrap().unwrap();
    assert!(system.cpu_count_cores().unwrap().is_some_and(|cores| (1..=cpus).contains(&cores)));
    assert_eq!(system.cpu_times_per_cpu().unwrap().len(), cpus);
    let times = system.cpu_times().unwrap();
    assert_eq!(times.total(), times.user + times.system + times.idle);
    assert!(times.idle > Duration::ZERO && times.dpc.is_some());
    assert!(system.cpu_stats().unwrap().syscalls.is_some());
    assert_eq!(system.cpu_freq().unwrap().len(), cpus);
    let memory = system.virtual_memory().unwrap();
    assert!(memory.total > 1 << 30 && memory.used + memory.available == memory.total);
    let swap = system.swap_memory().unwrap();
    assert_eq!(swap.used + swap.free, swap.total);
    assert_eq!(system.load_average().unwrap_err().kind(), ErrorKind::NotCaptured);
    assert_eq!(system.sensors_fans().unwrap_err().kind(), ErrorKind::Unsupported);
    system.sensors_battery().unwrap();
    system.users().unwrap();
}

#[test]
fn disks_interfaces_and_services() {
    let system = machine();
    let partitions = system.disk_partitions(false).unwrap();
    let system_drive = partitions.iter().find(|partition| partition.mountpoint == Path::new(r"C:\")).unwrap();
    assert_eq!((&*system_drive.fstype, &*system_drive.opts), ("NTFS".as_ref(), "rw,fixed".as_ref()));
    let usage = system.disk_usage(r"C:\").unwrap();
    assert!(usage.total > 0 && usage.used + usage.free == usage.total);
    assert_eq!(system.disk_usage(r"C:\nowhere").unwrap_err().kind(), ErrorKind::NotCaptured);
    system.disk_io_counters().unwrap();
    let addresses = system.net_if_addrs().unwrap();
    let names: Vec<_> = addresses.iter().map(|(name, _)| name.clone()).collect();
    let loopback = addresses.iter().flat_map(|(_, all)| all).find_map(|address| match &address.address {
        NicAddress::Inet(ip) if ip.is_loopback() => address.netmask.clone(),
        _ => None,
    });
    assert_eq!(loopback, Some(NicAddress::Inet([255, 0, 0, 0].into())));
    assert_eq!(system.net_if_stats().unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    assert_eq!(system.net_io_counters().unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    let services = system.services().unwrap();
    assert!(services.iter().any(|(name, _)| name == "RpcSs"), "{services:?}");
    for (name, display_name) in &services {
        let service = system.service(name).unwrap();
        assert_eq!((&service.name, &service.display_name), (name, display_name));
    }
    let running = services.iter().filter_map(|(name, _)| system.service(name).unwrap().pid);
    let pids = system.pids().unwrap();
    assert!(running.clone().count() > 0 && running.clone().all(|pid| pids.contains(&pid)));
}

/// Reads everything about the machine and one process. Returns what failed because the capture lacks the answer.
#[cfg(target_os = "linux")]
fn not_captured(system: &System, pid: u32) -> Vec<&'static str> {
    let mut missed = Vec::new();
    macro_rules! read {
        ($($name:literal: $reading:expr;)+) => { $(
            if $reading.is_err_and(|error| error.kind() == ErrorKind::NotCaptured) {
                missed.push($name);
            }
        )+ };
    }
    let p = system.process(pid);
    let process = |read: fn(&Process) -> psoxide::Result<()>| p.clone().and_then(|p| read(&p));
    read! {
        "name": process(|p| p.name().map(drop));
        "exe": process(|p| p.exe().map(drop));
        "cmdline": process(|p| p.cmdline().map(drop));
        "cwd": process(|p| p.cwd().map(drop));
        "environ": process(|p| p.environ().map(drop));
        "username": process(|p| p.username().map(drop));
        "nice": process(|p| p.nice().map(drop));
        "ionice": process(|p| p.ionice().map(drop));
        "cpu_affinity": process(|p| p.cpu_affinity().map(drop));
        "cpu_times": process(|p| p.cpu_times().map(drop));
        "memory_info": process(|p| p.memory_info().map(drop));
        "io_counters": process(|p| p.io_counters().map(drop));
        "num_handles": process(|p| p.num_handles().map(drop));
        "open_files": process(|p| p.open_files().map(drop));
        "memory_maps": process(|p| p.memory_maps().map(drop));
        "memory_footprint": process(|p| p.memory_footprint().map(drop));
        "boot_time": system.boot_time();
        "uptime": system.uptime();
        "host_info": system.host_info();
        "cpu_times": system.cpu_times();
        "cpu_count": system.cpu_count();
        "cpu_stats": system.cpu_stats();
        "cpu_freq": system.cpu_freq();
        "virtual_memory": system.virtual_memory();
        "swap_memory": system.swap_memory();
        "disk_partitions": system.disk_partitions(true);
        "disk_usage": system.disk_usage(r"C:\");
        "disk_io_counters": system.disk_io_counters();
        "net_if_addrs": system.net_if_addrs();
        "net_io_counters": system.net_io_counters();
        "net_connections": system.net_connections(ConnectionKind::All);
        "battery": system.sensors_battery();
        "users": system.users();
        "services": system.services();
        "service": system.service("RpcSs");
    }
    missed
}

/// Without any one of its answers a capture says so: no reading takes the lack for an answer of Windows.
#[cfg(target_os = "linux")]
#[test]
fn every_answer_that_is_missing_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = psoxide_capture::Capture::read(testdata(&format!("{FILE}.txt.gz"))).unwrap();
    let pid = Truth::read().number("probe");
    let mine = [format!("process {pid} "), "service RpcSs ".to_owned()];
    let is_mine = |question: &str| mine.iter().any(|mine| question.starts_with(mine));
    let is_other = |question: &str| question.starts_with("process ") || question.starts_with("service ");
    whole.answers.retain(|question, _| is_mine(question) || !is_other(question));
    // Of what is asked for each region or address, one is enough.
    let mut kinds = BTreeMap::new();
    for question in whole.answers.keys() {
        let is_read_by_nobody = question.starts_with("wine_") || question.contains("SystemProcessIdInformation");
        let kind = question.split_once(" 0x").map_or(&**question, |(kind, _)| kind);
        // How often the drives, disks and other accounts are read depends on the machine.
        let is_listed = ["GetDriveType", "GetVolumeInformation", "GetDiskFreeSpaceEx", "GetVolumePathNames", "IOCTL"];
        let kind = is_listed.iter().find(|listed| kind.starts_with(**listed)).map_or(kind, |listed| listed);
        if !is_read_by_nobody && !kind.starts_with("LookupAccountSid") && !kind.starts_with("QueryDosDevice") {
            kinds.entry(kind.to_owned()).or_insert_with(|| question.clone());
        }
    }
    assert!(kinds.len() > 40, "{kinds:?}");
    let mut unmissed = Vec::new();
    for question in kinds.values() {
        let mut capture = whole.clone();
        capture.answers.remove(question);
        let file = folder.path().join("machine.txt");
        std::fs::write(&file, capture.to_text()).unwrap();
        if not_captured(&System::at_root(&file).unwrap(), u32::try_from(pid).unwrap()).is_empty() {
            unmissed.push(question);
        }
    }
    assert!(unmissed.is_empty(), "{unmissed:#?}");
}
