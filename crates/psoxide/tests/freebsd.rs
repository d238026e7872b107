//! FreeBSD, by what a running kernel answered: every reading against what the recorder knew of the machine.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use psoxide::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, ErrorKind, Holder, Os, Process,
    ProcessStatus, Resource, SocketType, System,
};

fn testdata(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../testdata/freebsd", file].iter().collect()
}

/// The machine as root saw it.
fn machine() -> System {
    static MACHINE: LazyLock<System> =
        LazyLock::new(|| System::at_root(testdata("12.1-amd64-recorded.txt.gz")).unwrap());
    MACHINE.clone()
}

/// What the recorder knew of the machine.
struct Truth(String);

/// What the recorder knew of one process.
struct Known {
    role: String,
    pid: u32,
    exe: String,
    /// The process started between these times.
    started: (f64, f64),
    argv: Vec<OsString>,
    environ: Vec<Vec<u8>>,
    /// `ppid`, `uid`, `argc` …
    facts: BTreeMap<String, String>,
}

impl Truth {
    fn read() -> Self {
        Self(std::fs::read_to_string(testdata("12.1-amd64-recorded.truth.txt")).unwrap())
    }

    /// The processes that ran until the end.
    fn processes(&self) -> Vec<Known> {
        let lists = |kind: &str, role: &str| -> Vec<Vec<u8>> {
            let start = format!("{kind} name={role} ");
            let Some(line) = self.0.lines().find_map(|line| line.strip_prefix(&start)) else { return Vec::new() };
            line.trim_end_matches(',').split(',').map(unhex).collect()
        };
        let mut all = Vec::new();
        for line in self.0.lines().filter(|line| line.starts_with("proc name=") && line.contains(" start-between=")) {
            let (role, rest) = line.strip_prefix("proc name=").unwrap().split_once(" pid=").unwrap();
            let (pid, rest) = rest.split_once(" exe=").unwrap();
            let (exe, times) = rest.split_once(" start-between=").unwrap();
            let (first, last) = times.split_once(',').unwrap();
            let facts = self.0.lines().find_map(|line| line.strip_prefix(&format!("{role}: role="))).unwrap();
            let facts = facts.split(' ').filter_map(|fact| fact.split_once('='));
            all.push(Known {
                role: role.to_owned(),
                pid: pid.parse().unwrap(),
                exe: exe.to_owned(),
                started: (first.parse().unwrap(), last.parse().unwrap()),
                argv: lists("argv", role).into_iter().map(text).collect(),
                environ: lists("env", role),
                facts: facts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            });
        }
        assert!(all.len() > 20, "{}", all.len());
        all
    }

    fn pid(&self, role: &str) -> u32 {
        let process = self.processes().into_iter().find(|process| process.role == role);
        process.unwrap_or_else(|| panic!("{role}")).pid
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(unix)]
fn text(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn text(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

fn of(role: &str) -> Process {
    machine().process(Truth::read().pid(role)).unwrap()
}

#[test]
fn every_process_is_what_it_was_made_to_be() {
    let system = machine();
    assert_eq!((system.os(), system.is_live()), (Os::Freebsd, false));
    let pids = system.pids().unwrap();
    assert!(pids.is_sorted() && pids[0] == 0);
    for known in Truth::read().processes() {
        let Known { role, pid, .. } = &known;
        assert!(pids.contains(pid), "{role}");
        assert!(system.pid_exists(*pid).unwrap(), "{role}");
        let process = system.process(*pid).unwrap();
        let number = |name: &str| known.facts[name].parse::<u32>().unwrap();
        assert_eq!(process.ppid().unwrap(), number("ppid"), "{role}");
        if !matches!(role.as_str(), "suid") {
            assert_eq!(process.uids().unwrap().real, number("uid"), "{role}");
            assert_eq!(process.uids().unwrap().effective, number("euid"), "{role}");
            assert_eq!(process.gids().unwrap().real, number("gid"), "{role}");
        }
        let created = seconds(process.create_time().unwrap());
        assert!(known.started.0 <= created + 0.02 && created <= known.started.1, "{role}: {created}");
        if !matches!(role.as_str(), "title" | "title2") {
            assert_eq!(process.cmdline().unwrap(), known.argv, "{role}");
        }
        if !matches!(role.as_str(), "zombie" | "zombiesig" | "gone" | "moved" | "chroot" | "capmode") {
            // These are names of one file, of which the kernel returns the one that was looked up last.
            let names = ["/bin/rec", "/bin/odd name", "/bin/verylongcommandname-more"];
            let exe = process.exe().unwrap();
            assert!(names.contains(&known.exe.as_str()), "{role}");
            assert!(names.iter().any(|name| PathBuf::from(name) == exe), "{role}: {exe:?}");
        }
    }
    assert!(!system.pid_exists(99_998).unwrap());
    assert_eq!(system.process(99_998).unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

#[test]
fn environments() {
    for known in Truth::read().processes() {
        let process = machine().process(known.pid).unwrap();
        if known.role.starts_with("zombie") {
            assert_eq!(process.environ().unwrap_err().kind(), ErrorKind::ZombieProcess);
            continue;
        }
        let found = process.environ().unwrap();
        for variable in &known.environ {
            let at = variable.iter().position(|byte| *byte == b'=').unwrap();
            let pair = (text(variable[..at].to_vec()), text(variable[at + 1..].to_vec()));
            assert!(found.contains(&pair), "{}: {pair:?} in {found:?}", known.role);
        }
    }
    let odd = of("odd").environ().unwrap();
    assert!(odd.contains(&("EMPTY".into(), "".into())) && odd.contains(&("SP".into(), "a b".into())), "{odd:?}");
    assert!(odd.contains(&("BAD".into(), text(vec![0xff, 0xfe]))));
    assert!(odd.iter().all(|(name, _)| name != "NOEQ"));
    // A process of the kernel has none, and one that was forked and never ran a program has one that cannot be read.
    assert!(machine().process(0).unwrap().environ().unwrap().is_empty());
    assert_eq!(machine().process(42).unwrap().environ().unwrap_err().kind(), ErrorKind::AccessDenied);
}

#[test]
fn states_and_names() {
    for (role, status) in [
        ("sleep", ProcessStatus::Sleeping),
        ("zombie", ProcessStatus::Zombie),
        ("zombiesig", ProcessStatus::Zombie),
        ("stop", ProcessStatus::Stopped),
        ("busy", ProcessStatus::Running),
    ] {
        assert_eq!(of(role).status().unwrap(), status, "{role}");
    }
    assert_eq!(machine().process(11).unwrap().status().unwrap(), ProcessStatus::Waiting);
    assert_eq!(of("sleep").name().unwrap(), "rec");
    assert_eq!(of("odd").name().unwrap(), "odd name");
    // Its first argument is empty, so the end of its name is lost.
    assert_eq!(of("noargs").name().unwrap(), "verylongcommandname");
    assert_eq!(of("title").cmdline().unwrap(), ["rec: renamed 42"]);
    assert_eq!(of("title2").cmdline().unwrap(), ["no prefix"]);
    assert_eq!(machine().process(0).unwrap().name().unwrap(), "kernel");
    assert!(machine().process(0).unwrap().cmdline().unwrap().is_empty());
    assert_eq!(machine().process(0).unwrap().exe().unwrap(), PathBuf::new());
    assert_eq!(of("zombie").exe().unwrap(), PathBuf::new());
}

#[test]
fn a_busy_process() {
    let busy = of("busy");
    let times = busy.cpu_times().unwrap();
    // What getrusage(2) returned to the process itself, a few seconds earlier.
    let near = |time: Duration, seconds: f64| (0.0..2.0).contains(&(time.as_secs_f64() - seconds));
    assert!(near(times.user, 2.006) && near(times.system, 0.039), "{times:?}");
    let children = times.children_user.unwrap() + times.children_system.unwrap();
    assert!(children.as_secs_f64() > 0.3, "{times:?}");
    assert_eq!((busy.nice().unwrap(), busy.cpu_affinity().unwrap(), busy.cpu_num().unwrap()), (5, vec![1], 1));
    assert_eq!(of("sleep").cpu_affinity().unwrap(), [0, 1]);
    let memory = busy.memory_info().unwrap();
    assert!(memory.rss > 1 << 19 && memory.vms > memory.rss, "{memory:?}");
    assert!(memory.text.unwrap() > 0 && memory.data.unwrap() > 0 && memory.stack.unwrap() > 0, "{memory:?}");
    assert!(busy.memory_details().unwrap().peak_rss.unwrap() >= 1028 * 1024);
    assert!(busy.page_faults().unwrap().minor >= 79);
    let switches = busy.num_ctx_switches().unwrap();
    assert!(switches.involuntary.unwrap() > 0, "{switches:?}");
    let io = busy.io_counters().unwrap();
    assert_eq!((io.read_bytes, io.write_bytes), (None, None));
}

#[test]
fn ids_of_a_process_that_changed_them() {
    let ids = of("suid").uids().unwrap();
    assert_eq!((ids.real, ids.effective, ids.saved), (1000, 1001, Some(1002)));
    assert_eq!((of("user").username().unwrap(), of("sleep").username().unwrap()), ("user".into(), "root".into()));
}

#[test]
fn jails_and_binary_interfaces() {
    assert_eq!((of("jail").jail().unwrap(), of("sleep").jail().unwrap()), (1, 0));
    assert_eq!(of("jail").abi().unwrap(), "FreeBSD ELF64");
    assert_eq!(machine().process(0).unwrap().abi().unwrap(), "null");
}

#[test]
fn threads() {
    let process = of("threads");
    assert_eq!(process.num_threads().unwrap(), 3);
    let ids: Vec<u32> = process.threads().unwrap().iter().map(|thread| thread.id).collect();
    assert_eq!(ids, [100_057, 100_058, 100_059]);
    let details = process.thread_details().unwrap();
    let names: Vec<_> = details.iter().map(|thread| (thread.id, thread.name.to_str().unwrap())).collect();
    assert_eq!(names, [(100_057, "mainthr0"), (100_058, "worker1"), (100_059, "worker2")]);
    assert!(details.iter().all(|thread| thread.status == ProcessStatus::Sleeping && thread.cpu_num.is_some()));
    assert!(machine().process(0).unwrap().is_kernel_thread().unwrap() && !process.is_kernel_thread().unwrap());
    assert_eq!(machine().process(0).unwrap().threads().unwrap().len(), 14);
}

#[test]
fn terminals_and_directories() {
    assert_eq!(of("tty").terminal().unwrap(), Some("/dev/pts/1".into()));
    assert_eq!(of("sleep").terminal().unwrap(), None);
    assert_eq!(of("file").cwd().unwrap(), PathBuf::from("/data"));
    assert_eq!(of("zombie").cwd().unwrap_err().kind(), ErrorKind::ZombieProcess);
    assert_eq!(machine().process(8).unwrap().cwd().unwrap(), PathBuf::new());
}

#[test]
fn limits() {
    let limit = of("file").rlimit(Resource::Nofile).unwrap();
    assert_eq!((limit.soft, limit.hard), (Some(100), Some(200)));
    assert_eq!(of("file").rlimit(Resource::Cpu).unwrap().hard, None);
    for resource in [Resource::Swap, Resource::Sbsize, Resource::Npts, Resource::As] {
        of("file").rlimit(resource).unwrap();
    }
    assert_eq!(of("file").rlimit(Resource::Nice).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn open_files() {
    let files = of("file").open_files().unwrap();
    let found: Vec<_> = files.iter().map(|file| (file.fd.unwrap(), file.path.to_str().unwrap())).collect();
    // The kernel has forgotten the names of files that were created and not looked up since.
    for expected in [(4, ""), (5, ""), (6, "/etc/hosts"), (16, ""), (17, "/tmp/tmpfsfile")] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    assert!(found.iter().all(|(fd, _)| ![7, 8, 9, 10, 11, 12].contains(fd)), "{found:?}");
    // Descriptors 0 to 2 and 4 to 18, whatever they are.
    assert_eq!(of("file").num_fds().unwrap(), 18);
    assert_eq!(of("zombie").num_fds().unwrap_err().kind(), ErrorKind::ZombieProcess);
}

#[test]
fn mappings() {
    let maps = of("file").memory_maps().unwrap();
    let at = |start: u64| maps.iter().find(|map| map.start == start).unwrap_or_else(|| panic!("{start:#x}: {maps:?}"));
    // /data/file.txt, whose name the kernel has forgotten.
    assert_eq!(at(0x8_002c_2000).path, PathBuf::from("[vnode]"));
    assert!(at(0x8_002c_6000).perms.starts_with("rw"));
    assert!(maps.iter().any(|map| map.path.starts_with("/bin") && map.perms == "r-x"), "{maps:?}");
    assert!(maps.iter().all(|map| map.end > map.start && map.rss.unwrap() % 4096 == 0 && map.private.is_some()));
}

/// The sockets of the process that has one of every kind, as the recorder made them.
fn expected_sockets() -> Vec<Connection> {
    let socket = |fd, family, kind, laddr: &str, raddr: &str, status| {
        let end = |address: &str| match address {
            "" => Endpoint::None,
            address => Endpoint::Inet(address.parse().unwrap()),
        };
        let (laddr, raddr) = match family {
            AddressFamily::Unix => (Endpoint::Unix(laddr.into()), Endpoint::Unix(raddr.into())),
            _ => (end(laddr), end(raddr)),
        };
        let pid = Truth::read().pid("net");
        let holders = vec![Holder::new(pid, Some(fd))];
        let mut connection = Connection::new(family, kind, laddr, raddr);
        (connection.fd, connection.status, connection.pid) = (Some(fd), status, Some(pid));
        connection.holders = holders;
        // The peer has sent five bytes that nobody has read.
        connection.recv_queue = Some(if fd == 7 { 5 } else { 0 });
        connection.send_queue = Some(0);
        connection
    };
    use AddressFamily::{Inet, Inet6, Unix};
    use ConnectionStatus::{Close, CloseWait, Established, FinWait2, Listen, SynSent};
    use SocketType::{Datagram, SeqPacket, Stream};
    vec![
        socket(4, Inet, Stream, "127.0.0.1:57706", "", Listen),
        socket(5, Inet6, Stream, "[::1]:37677", "", Listen),
        socket(6, Inet, Stream, "127.0.0.1:14429", "127.0.0.1:57706", Established),
        socket(7, Inet, Stream, "127.0.0.1:57706", "127.0.0.1:14429", Established),
        socket(8, Inet6, Stream, "[::1]:19788", "[::1]:37677", Established),
        socket(9, Inet6, Stream, "[::1]:37677", "[::1]:19788", Established),
        socket(10, Inet6, Stream, "[::]:8080", "", Listen),
        socket(11, Inet6, Stream, "[::]:8082", "", Listen),
        socket(12, Inet, Stream, "0.0.0.0:8081", "", Listen),
        socket(13, Inet, Datagram, "127.0.0.1:5353", "", ConnectionStatus::None),
        socket(14, Inet6, Datagram, "[::1]:5354", "", ConnectionStatus::None),
        socket(15, Inet, Datagram, "127.0.0.1:48802", "127.0.0.1:5353", ConnectionStatus::None),
        socket(16, Inet, Datagram, "0.0.0.0:0", "", ConnectionStatus::None),
        socket(17, Inet, Stream, "0.0.0.0:0", "", Close),
        socket(18, Unix, Stream, "/data/listen.sock", "", Listen),
        socket(19, Unix, Stream, "", "", Established),
        socket(20, Unix, Stream, "/data/listen.sock", "", Established),
        socket(21, Unix, Datagram, "/data/dgram.sock", "", ConnectionStatus::None),
        socket(22, Unix, Datagram, "", "", Established),
        socket(23, Unix, SeqPacket, "/data/seq.sock", "", Listen),
        socket(24, Unix, Stream, "", "", Established),
        socket(25, Unix, Stream, "", "", Established),
        socket(29, Inet, Stream, "127.0.0.1:48576", "127.0.0.1:8081", FinWait2),
        socket(30, Inet, Stream, "127.0.0.1:8081", "127.0.0.1:48576", CloseWait),
        socket(31, Inet, Stream, "10.0.2.15:58729", "10.0.2.200:81", SynSent),
    ]
}

#[test]
fn sockets_of_one_process() {
    let process = of("net");
    let found = process.net_connections(ConnectionKind::All).unwrap();
    assert_eq!(found, expected_sockets());
    for name in ConnectionKind::names() {
        let kind: ConnectionKind = name.parse().unwrap();
        let wanted = |socket: &&Connection| {
            let v6 = socket.family == AddressFamily::Inet6;
            match (socket.family, socket.kind) {
                (AddressFamily::Unix, _) => kind.unix(),
                (_, SocketType::Stream) => kind.tcp(v6),
                _ => kind.udp(v6),
            }
        };
        let expected: Vec<_> = found.iter().filter(wanted).cloned().collect();
        assert_eq!(process.net_connections(kind).unwrap(), expected, "{name}");
    }
}

#[test]
fn sockets_of_all_processes() {
    let pid = Truth::read().pid("net");
    let found = machine().net_connections(ConnectionKind::All).unwrap();
    let of_net: BTreeSet<String> = found.iter().filter(|c| c.pid == Some(pid)).map(|c| format!("{c:?}")).collect();
    let mut expected = BTreeSet::new();
    for socket in expected_sockets() {
        expected.insert(format!("{socket:?}"));
    }
    assert_eq!(of_net, expected);
    let waiting: Vec<_> = found.iter().filter(|c| c.status == ConnectionStatus::TimeWait).collect();
    assert!(matches!(waiting[..], [Connection { pid: None, fd: None, .. }]), "{waiting:?}");
    assert_eq!(waiting[0].laddr, Endpoint::Inet("127.0.0.1:58395".parse().unwrap()));
}

#[test]
fn the_machine() {
    let system = machine();
    assert_eq!(seconds(system.boot_time().unwrap()), 1_795_914_644.363_235);
    assert!((system.uptime().unwrap().as_secs_f64() - 9.358).abs() < 0.01);
    assert_eq!((system.cpu_count().unwrap(), system.cpu_count_cores().unwrap()), (Some(2), Some(2)));
    let load = system.load_average().unwrap();
    assert!((load.one - 0.227_051).abs() < 1e-6 && (load.fifteen - 0.017_090).abs() < 1e-6, "{load:?}");
    let all = system.cpu_times().unwrap();
    let each = system.cpu_times_per_cpu().unwrap();
    assert_eq!(each.len(), 2);
    let idle: Duration = each.iter().map(|(_, cpu)| cpu.idle).sum();
    assert!(all.idle <= idle && idle < all.idle + Duration::from_millis(100), "{all:?} {each:?}");
    // The busy process is a nice one.
    assert!(all.nice.unwrap() > Duration::from_secs(2) && all.irq.is_some(), "{all:?}");
    let stats = system.cpu_stats().unwrap();
    assert!(stats.ctx_switches.unwrap() > 1000 && stats.interrupts > 0 && stats.syscalls.unwrap() > 1000, "{stats:?}");
    assert!(stats.soft_interrupts.is_some());
    assert!(system.cpu_freq().unwrap().is_empty());
    assert!(system.sensors_temperatures().unwrap().is_empty());
    assert_eq!(system.sensors_battery().unwrap(), None);
}

#[test]
fn names_of_the_machine() {
    let host = machine().host_info().unwrap();
    assert_eq!((host.hostname.as_str(), host.system.as_str()), ("probe-host", "FreeBSD"));
    assert_eq!((host.release.as_str(), host.machine.as_deref()), ("12.1-RELEASE", Some("amd64")));
    assert!(host.version.starts_with("FreeBSD 12.1-RELEASE") && !host.version.contains('\n'), "{}", host.version);
}

#[test]
fn memory() {
    let memory = machine().virtual_memory().unwrap();
    assert!((400 << 20..512 << 20).contains(&memory.total), "{memory:?}");
    let parts = [memory.free, memory.active.unwrap(), memory.inactive.unwrap(), memory.wired.unwrap()];
    assert!(parts.iter().sum::<u64>() <= memory.total, "{memory:?}");
    assert_eq!(memory.available, memory.free + memory.inactive.unwrap() + memory.cached.unwrap());
    assert!((0.0..100.0).contains(&memory.percent));
    assert!(memory.buffers.is_some() && memory.shared.is_some() && memory.arc.is_none());
    let swap = machine().swap_memory().unwrap();
    // A device of 32 MiB.
    assert_eq!((swap.total, swap.used, swap.free, swap.percent), (32 << 20, 0, 32 << 20, 0.0));
    assert_eq!((swap.sin, swap.sout), (Some(0), Some(0)));
}

#[test]
fn disks() {
    let partitions = machine().disk_partitions(true).unwrap();
    let show = |p: &psoxide::DiskPartition| {
        format!("{} {} {} {}", p.mountpoint.display(), p.fstype.display(), p.device.display(), p.opts.display())
    };
    let mut found: Vec<String> = partitions.iter().map(show).collect();
    found.sort_unstable();
    assert!(found[0].starts_with("/ ufs /dev/vtbd0 rw"), "{found:?}");
    assert!(found[1].starts_with("/dev devfs devfs rw"), "{found:?}");
    assert!(found[2].starts_with("/proc procfs"), "{found:?}");
    assert_eq!(found[3], "/tmp tmpfs tmpfs rw,noexec,nosuid");
    let usage = machine().disk_usage("/tmp").unwrap();
    assert_eq!(usage.total, 4_194_304);
    assert!(usage.used + usage.free <= usage.total && usage.percent < 100.0, "{usage:?}");
    let counters: BTreeMap<_, _> = machine().disk_io_counters().unwrap().into_iter().collect();
    let ada0 = &counters[&OsString::from("ada0")];
    assert_eq!((ada0.write_count, ada0.write_bytes), (4, 4 * 8192));
    assert!(ada0.read_count >= 10 && ada0.read_bytes >= 10 * 65536, "{ada0:?}");
    assert!(ada0.busy_time.unwrap() > Duration::ZERO && ada0.read_time.unwrap() > Duration::ZERO, "{ada0:?}");
    assert_eq!(machine().whole_disks().unwrap(), ["vtbd0", "vtbd1", "vtbd2", "ada0"]);
}

#[test]
fn interfaces() {
    let system = machine();
    let addresses: BTreeMap<_, _> = system.net_if_addrs().unwrap().into_iter().collect();
    let show = |nic: &str| -> Vec<String> {
        let optional = |address: &Option<psoxide::NicAddress>| address.as_ref().map_or("-".into(), ToString::to_string);
        let one = |a: &psoxide::NicAddr| {
            let (mask, broadcast, ptp) = (optional(&a.netmask), optional(&a.broadcast), optional(&a.ptp));
            format!("{} {mask} {broadcast} {ptp}", a.address)
        };
        addresses[&OsString::from(nic)].iter().map(one).collect()
    };
    let expected = [
        "10.0.2.15 255.255.255.0 10.0.2.255 -",
        "52:54:00:12:34:56 - - -",
        "fe80::5054:ff:fe12:3456%vtnet0 ffff:ffff:ffff:ffff:: - -",
        "fd00::15 ffff:ffff:ffff:ffff:: - -",
    ];
    assert_eq!(show("vtnet0"), expected);
    assert_eq!(show("lo0")[0], "127.0.0.1 255.0.0.0 - -");
    assert!(show("lo0").contains(&"fe80::1%lo0 ffff:ffff:ffff:ffff:: - -".to_owned()), "{:?}", show("lo0"));
    let stats: BTreeMap<_, _> = system.net_if_stats().unwrap().into_iter().collect();
    let vtnet0 = &stats[&OsString::from("vtnet0")];
    assert_eq!((vtnet0.isup, vtnet0.mtu), (true, 1500));
    assert_eq!(vtnet0.flags, ["up", "broadcast", "running", "multicast", "simplex"]);
    assert_eq!((vtnet0.speed, vtnet0.duplex), (Some(10_000), psoxide::Duplex::Full));
    let lo0 = &stats[&OsString::from("lo0")];
    assert_eq!((lo0.speed, lo0.duplex, lo0.mtu), (None, psoxide::Duplex::Unknown, 16384));
    let io: BTreeMap<_, _> = system.net_io_counters().unwrap().into_iter().collect();
    let vtnet0 = &io[&OsString::from("vtnet0")];
    assert!(vtnet0.packets_sent >= 5 && vtnet0.bytes_sent >= 5 * 20, "{vtnet0:?}");
    assert_eq!(io[&OsString::from("lo0")].bytes_recv, io[&OsString::from("lo0")].bytes_sent);
}

#[test]
fn logins() {
    let users = machine().users().unwrap();
    let found: Vec<_> = users
        .iter()
        .map(|user| {
            let text = |text: &Option<OsString>| text.as_ref().map(|text| text.to_str().unwrap().to_owned());
            (user.name.to_str().unwrap(), text(&user.terminal), text(&user.host), user.pid)
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found, [("alice", some("pts/0"), some("example.org"), Some(4242))]);
    // pututxline(3) writes the present time, whatever it is passed.
    assert!((1_795_914_644.0..1_795_914_648.0).contains(&seconds(users[0].started.unwrap())), "{users:?}");
}

#[test]
fn what_an_ordinary_user_is_refused() {
    let system = System::at_root(testdata("12.1-amd64-recorded-user.txt.gz")).unwrap();
    let process = system.process(Truth::read().pid("sleep")).unwrap();
    assert_eq!(process.cmdline().unwrap(), ["rec", "300"]);
    assert!(process.exe().unwrap().starts_with("/bin"));
    let refused = [
        process.environ().unwrap_err(),
        process.cwd().unwrap_err(),
        process.open_files().unwrap_err(),
        process.num_fds().unwrap_err(),
        process.memory_maps().unwrap_err(),
        process.cpu_affinity().unwrap_err(),
        process.net_connections(ConnectionKind::All).unwrap_err(),
    ];
    for error in refused {
        assert_eq!((error.kind(), error.pid()), (ErrorKind::AccessDenied, Some(process.pid())), "{error}");
    }
    // One of its own.
    let own = system.process(Truth::read().pid("user")).unwrap();
    own.environ().unwrap();
    own.open_files().unwrap();
}

#[test]
fn processes_of_others_can_be_hidden() {
    let system = System::at_root(testdata("12.1-amd64-recorded-user-hidden.txt.gz")).unwrap();
    let truth = Truth::read();
    let hidden = truth.pid("sleep");
    assert!(!system.pids().unwrap().contains(&hidden) && !system.pid_exists(hidden).unwrap());
    assert_eq!(system.process(hidden).unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert!(system.pids().unwrap().contains(&truth.pid("user")));
    let sockets = system.net_connections(ConnectionKind::Inet).unwrap();
    assert!(sockets.is_empty(), "{sockets:?}");
}
