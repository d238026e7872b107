//! Captures of SunOS. No C compiler here has its headers, so the declarations in `psoxide_parse::sunos::layout` take their
//! place: what this file writes, it writes by the names of members.

mod kstats;

use std::path::PathBuf;

use psoxide_capture::{Capture, Entry};
use psoxide_parse::sunos::Model;
use psoxide_parse::sunos::layout::Layout;

use crate::steps::{Result, workspace};

/// `EACCES`, `ENOENT`, `EOVERFLOW`, `EADDRNOTAVAIL`, `ETIMEDOUT`.
const ETIMEDOUT: i32 = 145;
const EACCES: i32 = 13;
const ENOENT: i32 = 2;
const EOVERFLOW: i32 = 79;
const EADDRNOTAVAIL: i32 = 126;
/// When the machine was booted, and when the first of its processes began.
const BOOT: u64 = 1_700_000_000;

/// Every capture, by its path.
pub(super) fn captures() -> Result<Vec<(PathBuf, Capture)>> {
    let folder = workspace().join("testdata/sunos");
    let of = |model| machine(model).map_err(|member| format!("the headers declare no {member}"));
    Ok(vec![
        (folder.join("5.11-i86pc-built.txt"), of(Model::Lp64)?),
        (folder.join("5.11-i86pc-ilp32-built.txt"), of(Model::Ilp32)?),
    ])
}

/// A struct that is filled member by member.
struct Record {
    name: &'static str,
    model: Model,
    layout: Layout,
    bytes: Vec<u8>,
}

type Filled<T = ()> = std::result::Result<T, String>;

impl Record {
    fn new(name: &'static str, model: Model) -> Filled<Self> {
        let layout = Layout::of(name, model).ok_or_else(|| name.to_owned())?;
        let bytes = vec![0; layout.size()];
        Ok(Self { name, model, layout, bytes })
    }

    fn put(&mut self, member: &str, value: &[u8]) -> Filled {
        let missing = || format!("{}.{member}", self.name);
        let (at, size) = self.layout.member(member, self.model).ok_or_else(missing)?;
        let place = self.bytes.get_mut(at..at + size).ok_or_else(missing)?;
        place.iter_mut().zip(value).for_each(|(place, byte)| *place = *byte);
        Ok(())
    }

    /// Sets numbers by the names of their members.
    fn numbers(&mut self, numbers: &[(&str, i64)]) -> Filled {
        numbers.iter().try_for_each(|(member, number)| self.put(member, &number.to_le_bytes()))
    }
}

/// How a process began, and what it is.
#[derive(Clone, Copy)]
struct Process {
    pid: i64,
    ppid: i64,
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [&'static str],
    /// 0 of a process of the kernel, 1 with 32 bits, 2 with 64.
    data_model: i64,
    state: i64,
    class: &'static str,
    uid: i64,
    zone: i64,
    terminal: i64,
    threads: i64,
    /// Descriptor, mode and path; of a UNIX socket the path that it is bound to.
    files: &'static [(u32, u32, &'static str)],
    refused: bool,
    project: i64,
}

/// `SSLEEP`, `SZOMB`, `SSTOP`, `SONPROC`.
const SLEEPS: i64 = 1;
const ZOMBIE: i64 = 3;
const STOPPED: i64 = 4;
const RUNS: i64 = 6;

const ORDINARY: Process = Process {
    pid: 0,
    ppid: 1,
    name: "",
    arguments: &[],
    environment: &[],
    data_model: 2,
    state: SLEEPS,
    class: "TS",
    uid: 0,
    zone: 0,
    terminal: -1,
    threads: 1,
    files: &[],
    refused: false,
    project: 0,
};

/// `S_IFSOCK`, `S_IFMT`.
const SOCKET: u32 = 0o140_000;
const TYPE: u32 = 0o170_000;

const PROCESSES: &[Process] = &[
    Process { pid: 0, ppid: 0, name: "sched", data_model: 0, class: "SYS", ..ORDINARY },
    Process { pid: 1, ppid: 0, name: "init", arguments: &["/sbin/init"], ..ORDINARY },
    Process { pid: 3, ppid: 0, name: "fsflush", data_model: 0, class: "SYS", ..ORDINARY },
    Process {
        pid: 700,
        name: "postgres",
        arguments: &["/opt/pg/bin/postgres", "-D", "/var/pg data"],
        environment: &["LANG=C", "PGDATA=/var/pg data", "EMPTY="],
        state: RUNS,
        class: "FSS",
        uid: 90,
        threads: 3,
        files: &[
            (0, 0o020_666, "/dev/null"),
            (3, 0o100_600, "/var/pg data/base/1"),
            (4, 0o140_777, "/var/run/pg/.s.PGSQL.5432"),
            (7, 0o100_644, ""),
            (8, 0o140_777, ""),
        ],
        project: 100,
        ..ORDINARY
    },
    Process {
        pid: 701,
        name: "bash",
        arguments: &["-bash"],
        environment: &["TERM=xterm"],
        data_model: 1,
        uid: 101,
        terminal: 0x0018_0001,
        files: &[(0, 0o020_620, "/dev/pts/1"), (255, 0o020_620, "/dev/pts/1")],
        ..ORDINARY
    },
    Process { pid: 702, ppid: 701, name: "sleep", state: ZOMBIE, uid: 101, threads: 0, data_model: 0, ..ORDINARY },
    Process {
        pid: 703,
        ppid: 701,
        name: "vi",
        arguments: &["vi", "notes"],
        state: STOPPED,
        uid: 101,
        terminal: 0x0018_0001,
        files: &[(0, 0o020_666, "/dev/null"), (1, 0o020_620, "/dev/pts/1")],
        ..ORDINARY
    },
    Process {
        pid: 704,
        name: "averyverylongna",
        arguments: &["/opt/averyverylongname", "--serve"],
        uid: 102,
        zone: 5,
        refused: true,
        project: 3,
        ..ORDINARY
    },
];

/// Where the pointers to the arguments lie.
fn stack(process: &Process) -> u64 {
    if process.data_model == 1 { 0x0804_7d00 } else { 0xffff_fd7f_ffdf_fc00 }
}

fn machine(model: Model) -> Filled<Capture> {
    let mut capture = Capture::default();
    capture.header.origin = psoxide_capture::Origin::Built;
    capture.header.system = "sunos".into();
    capture.header.release = "5.11".into();
    capture.header.machine = "i86pc".into();
    capture.header.page_size = 4096;
    capture.header.clock_ticks = 100;
    capture.header.boot_time = Some(BOOT);
    capture.header.taken = Some(std::time::Duration::from_secs(BOOT + 86_400));
    capture.header.uid = Some(0);
    let reader = match model {
        Model::Ilp32 => "a program with 32 bits copied /proc",
        Model::Lp64 => "a program with 64 bits reads /proc",
    };
    capture.header.notes = vec![
        "the structs of /proc are laid out by the declarations in crates/parse/src/sunos/layout.rs".into(),
        reader.into(),
    ];
    for process in PROCESSES {
        add_process(&mut capture, process, model)?;
    }
    add_machine(&mut capture)?;
    capture.record("kstat raw sockfs:0:sock_unix_list", Ok(unix_sockets()?));
    Ok(capture)
}

fn add_process(capture: &mut Capture, process: &Process, model: Model) -> Filled {
    let pid = process.pid;
    let psargs = process.arguments.join(" ");
    let mut info = Record::new("psinfo_t", model)?;
    info.numbers(&[
        ("pr_nlwp", process.threads),
        ("pr_pid", pid),
        ("pr_ppid", process.ppid),
        ("pr_pgid", pid),
        ("pr_sid", pid),
        ("pr_uid", process.uid),
        ("pr_euid", process.uid),
        ("pr_gid", process.uid + 10),
        ("pr_egid", process.uid + 10),
        ("pr_ttydev", process.terminal),
        ("pr_start.tv_sec", 1_700_000_000 + pid),
        ("pr_start.tv_nsec", 250_000_000),
        ("pr_argc", i64::try_from(process.arguments.len()).unwrap_or_default()),
        ("pr_dmodel", process.data_model),
        ("pr_taskid", 40 + process.zone),
        ("pr_projid", process.project),
        ("pr_zoneid", process.zone),
        ("pr_contract", if process.data_model == 0 { 0 } else { 60 + pid }),
        ("pr_lwp.pr_lwpid", 1),
        ("pr_lwp.pr_state", process.state),
        ("pr_lwp.pr_nice", if process.class == "SYS" { 0 } else { 24 }),
        ("pr_lwp.pr_pri", 59),
        ("pr_lwp.pr_onpro", 1),
        ("pr_lwp.pr_bindpro", -1),
    ])?;
    let letter = match process.state {
        SLEEPS => b"S",
        ZOMBIE => b"Z",
        STOPPED => b"T",
        _ => b"O",
    };
    info.put("pr_lwp.pr_sname", letter)?;
    info.put("pr_lwp.pr_clname", process.class.as_bytes())?;
    info.put("pr_fname", process.name.as_bytes())?;
    info.put("pr_psargs", psargs.as_bytes())?;
    let file = |capture: &mut Capture, name: &str, bytes: Vec<u8>| {
        capture.entries.insert(format!("proc/{pid}/{name}").into_bytes(), Entry::File(bytes));
    };
    let mut usage = Record::new("prusage_t", model)?;
    usage.numbers(&[
        ("pr_utime.tv_sec", 40),
        ("pr_stime.tv_sec", 2),
        ("pr_ttime.tv_nsec", 500_000_000),
        ("pr_minf", 1000 + pid),
        ("pr_majf", 7),
        ("pr_vctx", 200),
        ("pr_ictx", 30),
    ])?;
    if process.state != ZOMBIE {
        info.numbers(&[("pr_size", 20_000 + pid), ("pr_rssize", 8_000 + pid)])?;
        if process.data_model != 0 && !too_wide(process, model) {
            let at = i64::from_le_bytes(stack(process).to_le_bytes());
            let width = if process.data_model == 1 { 4 } else { 8 };
            let count = i64::try_from(process.arguments.len() + 1).unwrap_or_default();
            info.numbers(&[("pr_argv", at), ("pr_envp", at.wrapping_add(count * width))])?;
        }
        add_threads(capture, process, model)?;
    }
    // illumos has `argv` since 2018, and `fdinfo` since 2021. The machine with 32 bits is an older one.
    if process.data_model != 0 && model == Model::Lp64 {
        let strings = process.arguments.iter().flat_map(|argument| [argument.as_bytes(), &[0]].concat());
        file(capture, "argv", strings.collect());
    }
    file(capture, "psinfo", info.bytes);
    file(capture, "usage", usage.bytes);
    let refused = [
        "file status",
        "file cred",
        "file xmap",
        "file auxv",
        "dir fd",
        "dir fdinfo",
        "link path/a.out",
        "link path/cwd",
        "file as",
    ];
    if model == Model::Ilp32 {
        for question in ["file argv", "file cmdline", "dir fdinfo"] {
            let (what, name) = question.split_once(' ').unwrap_or_default();
            capture.record(format!("{what} /proc/{pid}/{name}"), Err(ENOENT));
        }
    }
    for question in refused.iter().filter(|_| process.refused) {
        let (what, name) = question.split_once(' ').unwrap_or_default();
        let address = if name == "as" { format!(" {:#x}", stack(process)) } else { String::new() };
        capture.record(format!("{what} /proc/{pid}/{name}{address}"), Err(EACCES));
    }
    match process.state {
        // A zombie has no address space, no files and no threads.
        ZOMBIE => {
            let missing = ["status", "xmap", "lusage", "execname"].map(|name| format!("file /proc/{pid}/{name}"));
            let links = ["path/a.out", "path/cwd"].map(|name| format!("link /proc/{pid}/{name}"));
            let folders = ["fd", "fdinfo"].map(|name| format!("dir /proc/{pid}/{name}"));
            for question in missing.into_iter().chain(links).chain(folders) {
                capture.record(question, Err(ENOENT));
            }
            add_credentials(capture, process, model)
        }
        _ if process.refused => Ok(()),
        _ => add_owned(capture, process, model),
    }
}

/// Whether the kernel hides addresses of the process from the reader, who has too few bits for them.
fn too_wide(process: &Process, model: Model) -> bool {
    process.data_model == 2 && model == Model::Ilp32
}

/// `lusage`: the threads that ended, and each that runs.
fn add_threads(capture: &mut Capture, process: &Process, model: Model) -> Filled {
    let mut records = Vec::new();
    for lwp in 0..=process.threads {
        let mut usage = Record::new("prusage_t", model)?;
        usage.numbers(&[("pr_lwpid", lwp), ("pr_utime.tv_sec", 10 * lwp), ("pr_stime.tv_nsec", 1_000_000 * lwp)])?;
        records.push(usage.bytes);
    }
    let size = records.first().map_or(0, Vec::len);
    let header = [records.len(), size].map(|number| number.to_le_bytes());
    let header: Vec<u8> = match model {
        Model::Ilp32 => header.iter().flat_map(|number| number.iter().take(4).copied()).collect(),
        Model::Lp64 => header.concat(),
    };
    let bytes = [header, records.concat()].concat();
    capture.entries.insert(format!("proc/{}/lusage", process.pid).into_bytes(), Entry::File(bytes));
    Ok(())
}

/// What only the owner is shown.
fn add_owned(capture: &mut Capture, process: &Process, model: Model) -> Filled {
    let pid = process.pid;
    let path = |name: &str| format!("proc/{pid}/{name}").into_bytes();
    let mut status = Record::new("pstatus_t", model)?;
    status.numbers(&[
        ("pr_pid", pid),
        ("pr_brkbase", 0x80_0000),
        ("pr_brksize", 0x4_0000),
        ("pr_stkbase", 0x90_0000),
        ("pr_stksize", 0x4_0000),
        ("pr_utime.tv_sec", 41),
        ("pr_stime.tv_sec", 2),
        ("pr_cutime.tv_nsec", 750_000_000),
        ("pr_cstime.tv_sec", 1),
    ])?;
    if too_wide(process, model) {
        capture.record(format!("file /proc/{pid}/status"), Err(EOVERFLOW));
        capture.record(format!("file /proc/{pid}/xmap"), Err(EOVERFLOW));
    } else {
        capture.entries.insert(path("status"), Entry::File(status.bytes));
    }
    add_credentials(capture, process, model)?;
    let kernel = process.data_model == 0;
    let program = process.arguments.first().copied().unwrap_or_default();
    if !kernel {
        let program = if program.starts_with('/') { program.to_owned() } else { format!("/usr/bin/{}", process.name) };
        capture.entries.insert(path("path/a.out"), Entry::Link(program.into_bytes()));
        if too_wide(process, model) {
            return add_directories(capture, process, model);
        }
        add_vector(capture, process);
        capture.record(format!("file /proc/{pid}/as {:#x}", stack(process)), Ok(arguments(process)));
        let (mut maps, mut small) = (Vec::new(), Vec::new());
        // The program, the heap, the stack, System V shared memory, and anonymous memory.
        for (name, start, flags, resident, anonymous, locked) in [
            ("a.out", 0x40_0000, 5, 30, 0, 1),
            ("", 0x80_0000, 0x46, 12, 12, 1),
            ("", 0x90_0000, 0x46, 2, 2, 1),
            ("", 0xa0_0000, 0x20e, 8, 0, 8),
            ("", 0xb0_0000, 0x46, 1, 1, 1),
        ] {
            let mut map = Record::new("prxmap_t", model)?;
            map.put("pr_mapname", name.as_bytes())?;
            map.numbers(&[
                ("pr_vaddr", start),
                ("pr_size", 0x4_0000),
                ("pr_mflags", flags),
                ("pr_pagesize", 4096),
                ("pr_shmid", -1),
                ("pr_rss", resident),
                ("pr_anon", anonymous),
                ("pr_locked", locked),
            ])?;
            maps.extend(map.bytes);
            let mut map = Record::new("prmap_t", model)?;
            map.put("pr_mapname", name.as_bytes())?;
            map.numbers(&[("pr_vaddr", start), ("pr_size", 0x4_0000), ("pr_mflags", flags), ("pr_shmid", -1)])?;
            small.extend(map.bytes);
        }
        capture.entries.insert(path("xmap"), Entry::File(maps));
        capture.entries.insert(path("map"), Entry::File(small));
    }
    add_directories(capture, process, model)
}

/// `auxv`: the size of a page among other things.
fn add_vector(capture: &mut Capture, process: &Process) {
    let pairs: [(u64, u64); 4] = [(3, 0x40_0040), (6, 4096), (9, 0x40_1000), (0, 0)];
    let width = if process.data_model == 1 { 4 } else { 8 };
    let words = pairs.into_iter().flat_map(|(kind, value)| [kind, value]);
    let bytes = words.flat_map(|word| word.to_le_bytes().into_iter().take(width)).collect();
    capture.entries.insert(format!("proc/{}/auxv", process.pid).into_bytes(), Entry::File(bytes));
}

/// `cred`.
fn add_credentials(capture: &mut Capture, process: &Process, model: Model) -> Filled {
    let mut credentials = Record::new("prcred_t", model)?;
    let (uid, gid) = (process.uid, process.uid + 10);
    credentials.numbers(&[
        ("pr_euid", uid),
        ("pr_ruid", uid),
        ("pr_suid", 0),
        ("pr_egid", gid),
        ("pr_rgid", gid),
        ("pr_sgid", 3),
    ])?;
    capture.entries.insert(format!("proc/{}/cred", process.pid).into_bytes(), Entry::File(credentials.bytes));
    Ok(())
}

/// The working directory and the descriptors.
fn add_directories(capture: &mut Capture, process: &Process, model: Model) -> Filled {
    let pid = process.pid;
    let path = |name: &str| format!("proc/{pid}/{name}").into_bytes();
    if model == Model::Lp64 {
        capture.entries.insert(path("fdinfo"), Entry::Dir);
        for (fd, mode, target) in process.files {
            capture.entries.insert(path(&format!("fdinfo/{fd}")), Entry::File(descriptor(*fd, *mode, target, model)?));
        }
    }
    match pid {
        // The kernel does not know where this one is.
        703 => capture.record(format!("link /proc/{pid}/path/cwd"), Err(ENOENT)),
        _ => drop(capture.entries.insert(path("path/cwd"), Entry::Link(b"/export/home".to_vec()))),
    }
    capture.entries.insert(path("fd"), Entry::Dir);
    for (fd, mode, target) in process.files {
        capture.entries.insert(path(&format!("fd/{fd}")), Entry::File(Vec::new()));
        capture.record(format!("stat /proc/{pid}/fd/{fd}"), Ok(format!("{mode:o}").into_bytes()));
        if target.is_empty() || mode & TYPE == SOCKET {
            capture.record(format!("link /proc/{pid}/path/{fd}"), Err(ENOENT));
        } else {
            capture.entries.insert(path(&format!("path/{fd}")), Entry::Link(target.as_bytes().to_vec()));
        }
    }
    for fd in [0, 1, 2, 255].iter().filter(|_| process.terminal != -1) {
        if !process.files.iter().any(|(known, ..)| known == fd) {
            capture.record(format!("link /proc/{pid}/path/{fd}"), Err(ENOENT));
        }
    }
    Ok(())
}

/// A file of `fdinfo`: an open file with its path, or a UNIX socket that is a stream.
fn descriptor(fd: u32, mode: u32, target: &str, model: Model) -> Filled<Vec<u8>> {
    let mut record = Record::new("prfdinfo_t", model)?;
    record.numbers(&[("pr_fd", fd.into()), ("pr_mode", mode.into()), ("pr_offset", 512), ("pr_peerpid", -1)])?;
    let (end, _) = record.layout.member("pr_misc", model).ok_or("pr_misc")?;
    record.bytes.truncate(end);
    // The kernel rounds each item up to four bytes, and counts its header.
    let item = |kind: u32, data: &[u8]| {
        let padded = data.len().next_multiple_of(4);
        let size = u32::try_from(padded + 8).unwrap_or_default();
        [&size.to_le_bytes()[..], &kind.to_le_bytes(), data, &vec![0; padded - data.len()]].concat()
    };
    let name = [&[1, 0], target.as_bytes(), &[0]].concat();
    let items = match mode & TYPE {
        // One that is not bound is a client, which has a peer.
        SOCKET if target.is_empty() => [item(1, &name), item(2, &[1, 0]), item(9, &2u32.to_le_bytes())].concat(),
        SOCKET => [item(1, &name), item(9, &2u32.to_le_bytes())].concat(),
        _ if target.is_empty() => Vec::new(),
        _ => item(0, &[target.as_bytes(), &[0]].concat()),
    };
    Ok([record.bytes, items, vec![0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]].concat())
}

/// A record of the kstat of UNIX sockets: the struct, and three addresses as text. The flags say bound and connected.
fn unix_socket(kind: i64, flags: i64, local: &str, peer: &str, is_pair: bool) -> Filled<Vec<u8>> {
    let mut record = Record::new("sockinfo", Model::Lp64)?;
    let length = |path: &str| i64::try_from(path.len() + 3).unwrap_or_default();
    record.numbers(&[
        ("si_size", 2152),
        ("si_family", 1),
        ("si_type", kind),
        ("si_state", flags),
        ("si_laddr_soa_len", length(local)),
        ("si_faddr_soa_len", length(peer)),
        ("si_faddr_noxlate", is_pair.into()),
    ])?;
    record.put("si_laddr_sun_path", local.as_bytes())?;
    record.put("si_faddr_sun_path", peer.as_bytes())?;
    let addresses = b"fffffe01deadbeef\0fffffe01deadbee0\x000\0";
    record.bytes.extend_from_slice(addresses);
    record.bytes.resize(2152, 0);
    Ok(record.bytes)
}

/// The UNIX sockets of the zone: one that listens, its peer, an end of a pair, and one that is not bound.
fn unix_sockets() -> Filled<Vec<u8>> {
    Ok([
        unix_socket(2, 0x220, "/var/run/pg/.s.PGSQL.5432", "", false)?,
        unix_socket(2, 0x21, "", "/var/run/pg/.s.PGSQL.5432", false)?,
        unix_socket(2, 0x21, "/made/up", "/made/up", true)?,
        unix_socket(1, 0, "", "", false)?,
    ]
    .concat())
}

/// The pointers to arguments and environment, and the strings behind them.
fn arguments(process: &Process) -> Vec<u8> {
    let width = if process.data_model == 1 { 4 } else { 8 };
    let count = process.arguments.len() + process.environment.len() + 2;
    let mut string_at = stack(process) + u64::try_from(count * width).unwrap_or_default();
    let (mut pointers, mut strings) = (Vec::new(), Vec::new());
    for list in [process.arguments, process.environment] {
        for string in list {
            pointers.extend(string_at.to_le_bytes().into_iter().take(width));
            strings.extend([string.as_bytes(), &[0]].concat());
            string_at += u64::try_from(string.len() + 1).unwrap_or_default();
        }
        pointers.extend(vec![0; width]);
    }
    [pointers, strings].concat()
}

/// A `struct lifreq` with a name and what lies at its union.
fn lifreq(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 376];
    bytes.iter_mut().zip(name.as_bytes()).for_each(|(place, byte)| *place = *byte);
    bytes.iter_mut().skip(40).zip(value).for_each(|(place, byte)| *place = *byte);
    bytes
}

fn inet(address: [u8; 4]) -> Vec<u8> {
    [&[2, 0, 0, 0], &address[..]].concat()
}

fn inet6(address: &str, zone: u8) -> Vec<u8> {
    let address: std::net::Ipv6Addr = address.parse().unwrap_or(std::net::Ipv6Addr::UNSPECIFIED);
    [&[26, 0, 0, 0, 0, 0, 0, 0], &address.octets()[..], &[zone, 0, 0, 0]].concat()
}

/// A message of the network modules: its header and its data.
fn message(level: u32, name: u32, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or_default();
    [&level.to_le_bytes()[..], &name.to_le_bytes(), &length.to_le_bytes(), data].concat()
}

/// A struct of 32-bit words with bytes at some places.
fn entry(size: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; size];
    for (at, field) in fields {
        bytes.iter_mut().skip(*at).zip(*field).for_each(|(place, byte)| *place = *byte);
    }
    bytes
}

/// The sockets: a TCP connection in each state, IPv6 with a zone, UDP.
fn sockets() -> Vec<u8> {
    let port = |number: i32| number.to_le_bytes();
    let mut tcp = Vec::new();
    for (number, state) in (0..).zip(-6i32..=6) {
        let peer: &[u8] = if state >= -2 { &[192, 0, 2, 1] } else { &[0; 4] };
        let peer_port = port(if state >= -2 { 40_000 } else { 0 });
        let fields: [(usize, &[u8]); 10] = [
            (4, &[10, 0, 0, 2]),
            (8, &port(5000 + number)),
            (12, peer),
            (16, &peer_port),
            // 3 bytes wait for the process, and 5 for the peer.
            (20, &port(1005)),
            (24, &port(1000)),
            (32, &port(2003)),
            (36, &port(2000)),
            (52, &state.to_le_bytes()),
            (56, &port(700)),
        ];
        tcp.extend(entry(68, &fields));
    }
    let link_local = inet6("fe80::208:20ff:fe01:2", 0);
    let link_local = link_local.get(8..24).unwrap_or_default();
    let tcp6 = entry(
        96,
        &[
            (0, link_local),
            (16, &port(22)),
            (20, link_local),
            (36, &port(9)),
            (40, &port(2)),
            (80, &port(0)),
            (84, &port(1)),
        ],
    );
    let udp = entry(36, &[(4, &port(53)), (8, &port(2)), (24, &port(1))]);
    let udp6 = entry(64, &[(16, &port(546)), (24, &port(2))]);
    let tcp_sizes = entry(212, &[(48, &port(68)), (208, &port(96))]);
    let udp_sizes = entry(20, &[(12, &port(36)), (16, &port(64))]);
    [
        message(262, 0, &tcp_sizes),
        message(263, 0, &udp_sizes),
        message(262, 13, &tcp),
        message(270, 14, &tcp6),
        message(263, 5, &udp),
        message(271, 6, &udp6),
    ]
    .concat()
}

fn add_machine(capture: &mut Capture) -> Filled {
    kstats::add(capture)?;
    let text = |text: &str| Ok(text.as_bytes().to_vec());
    capture.record("call uname", text("SunOS\0host\x005.11\0illumos-0000000000\0i86pc\0"));
    capture.record("call sysconf pages", text("1048576\t262144"));
    capture.record("call swapctl", text("/dev/zvol/dsk/rpool/swap\t524288\t500000\n"));
    capture.record("call statvfs /", text("512\t41943040\t20971520\t20971520"));
    capture.record("call statvfs /tmp", text("4096\t524288\t524280\t524280"));
    capture.record("call statvfs /net/a b", Err(ETIMEDOUT));
    capture.record("call getpwuid 0", text("root"));
    capture.record("call getpwuid 90", text("postgres"));
    capture.record("call getpwuid 101", text("anna"));
    capture.record("call getpwuid 102", Err(ENOENT));
    capture.record("call getzonenamebyid 0", text("global"));
    capture.record("call getzonenamebyid 5", text("web"));
    capture.record("mib2", Ok(sockets()));
    add_interfaces(capture);
    let mnttab = "rpool/ROOT/omnios\t/\tzfs\trw,devices,setuid,dev=4310002\t1700000001\n\
                  /devices\t/devices\tdevfs\tdev=8a40000\t1700000000\nproc\t/proc\tproc\tdev=8ac0000\t1700000000\n\
                  swap\t/tmp\ttmpfs\txattr,dev=8c80001\t1700000002\nserver:/export/a b\t/net/a b\tnfs\tro\t1700000003\n";
    capture.entries.insert(b"etc/mnttab".to_vec(), Entry::File(mnttab.as_bytes().to_vec()));
    let login = |kind: u8, user: &[u8], line: &[u8], host: &[u8], pid: u32| {
        let seconds = 1_700_000_500u32.to_le_bytes();
        entry(372, &[(0, user), (36, line), (68, &pid.to_le_bytes()), (72, &[kind]), (80, &seconds), (114, host)])
    };
    let utmpx = [
        login(2, b"", b"system boot", b"", 0),
        login(7, b"anna", b"pts/1", b"example.org", 701),
        login(8, b"", b"pts/2", b"", 77),
    ];
    capture.entries.insert(b"var/adm/utmpx".to_vec(), Entry::File(utmpx.concat()));
    Ok(())
}

fn add_interfaces(capture: &mut Capture) {
    // IFF_UP, IFF_BROADCAST, IFF_LOOPBACK, IFF_POINTOPOINT, IFF_RUNNING, IFF_MULTICAST.
    let (loopback, broadcast, tunnel) = (0x849u64.to_le_bytes(), 0x843u64.to_le_bytes(), 0x851u64.to_le_bytes());
    let hardware = [25, 0, 2, 0, 4, 0, 6, 0, 0, 8, 0x20, 1, 0, 2];
    let lists = [
        // The second address of net0 has a logical interface of its own.
        (
            "inet",
            vec![
                ("lo0", inet([127, 0, 0, 1])),
                ("net0", inet([10, 0, 0, 2])),
                ("ip.tun0", inet([10, 9, 0, 1])),
                ("net0:1", inet([10, 0, 0, 3])),
            ],
        ),
        ("inet6", vec![("lo0", inet6("::1", 0)), ("net0", inet6("fe80::208:20ff:fe01:2", 2))]),
    ];
    for (family, list) in lists {
        let all: Vec<u8> = list.iter().flat_map(|(name, address)| lifreq(name, address)).collect();
        capture.record(format!("ioctl SIOCGLIFCONF {family}"), Ok(all));
        for (name, _) in &list {
            let mut answer = |request: &str, answer: std::result::Result<Vec<u8>, i32>| {
                capture.record(format!("ioctl {request} {family} {name}"), answer.map(|value| lifreq(name, &value)));
            };
            let netmask = match (family, *name) {
                ("inet", "lo0") => inet([255, 0, 0, 0]),
                (_, "ip.tun0") => inet([255, 255, 255, 255]),
                ("inet", _) => inet([255, 255, 255, 0]),
                (_, "lo0") => inet6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0),
                _ => inet6("ffc0::", 0),
            };
            answer("SIOCGLIFNETMASK", Ok(netmask));
            let (flags, mtu) = match *name {
                "lo0" => (loopback, 8232u32),
                "net0" | "net0:1" => (broadcast, 1500),
                _ => (tunnel, 1480),
            };
            answer("SIOCGLIFFLAGS", Ok(flags.to_vec()));
            answer("SIOCGLIFMTU", Ok(mtu.to_le_bytes().to_vec()));
            let has_hardware = name.starts_with("net0");
            answer("SIOCGLIFHWADDR", if has_hardware { Ok(hardware.to_vec()) } else { Err(EADDRNOTAVAIL) });
            if *name == "ip.tun0" {
                answer("SIOCGLIFDSTADDR", Ok(inet([10, 9, 0, 2])));
            }
            if family == "inet" && has_hardware {
                answer("SIOCGLIFBRDADDR", Ok(inet([10, 0, 0, 255])));
            }
        }
    }
}
