//! The kernel's task iterators against /proc: every field of every process, while processes come and go.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use psoxide::{Backend, Connection, ConnectionKind, Endpoint, Field, Holder, Pass, Pid, Process, Row, System};
use rustix::process::{Pid as RawPid, Signal, kill_process};

/// Processes of every sort, and threads that keep more of them coming and going.
struct Herd {
    children: Vec<Child>,
    workers: Vec<JoinHandle<()>>,
    end: Arc<AtomicBool>,
    folder: tempfile::TempDir,
}

impl Herd {
    fn start(count: usize) -> Self {
        let names = tempfile::tempdir().unwrap();
        let program = ["/usr/bin/sleep", "/bin/sleep"].into_iter().find(|path| Path::new(path).exists()).unwrap();
        let mut commands = Vec::new();
        for name in [&b"a) R 1 (b"[..], b"\xff\xfe \n", b"fifteen-bytes--", b"sixteen-bytes-no"] {
            let link = names.path().join(OsStr::from_bytes(name));
            symlink(program, &link).unwrap();
            commands.push(Command::new(link));
        }
        let mut unnamed = Command::new(program);
        unnamed.arg0("");
        commands.push(unnamed);
        if rustix::process::geteuid().is_root() {
            let mut other = Command::new(program);
            other.uid(65534).gid(65533);
            commands.push(other);
        }
        commands.extend((0..count).map(|_| Command::new(program)));
        for command in &mut commands {
            command.arg("300");
        }
        commands.push(Command::new("true")); // it will be a zombie: nobody waits for it yet
        let mut children: Vec<Child> =
            commands.iter_mut().map(|command| command.stdin(Stdio::null()).spawn().unwrap()).collect();
        // Command lines of many lengths, and everywhere in a page: what comes after them there is the environment.
        let lengths = [50, 400, 440, 900, 4096, 5000, 9000, 17_000, 100_000].map(|length| (length, 0));
        let shifts = (0..64).map(|shift| (80, shift * 64));
        children.extend(lengths.into_iter().chain(shifts).map(|(length, shift)| {
            let mut shell = Command::new("sh");
            shell.args(["-c", "read line", &"x".repeat(50), "", &"y".repeat(length)]);
            shell.env("PSOXIDE_SHIFT", "s".repeat(shift)).stdin(Stdio::piped()).spawn().unwrap()
        }));
        // Until it runs its own program, a child is named as this thread.
        let name = |path: String| std::fs::read(path).unwrap();
        let own = name("/proc/thread-self/comm".into());
        while children.iter().any(|child| name(format!("/proc/{}/comm", child.id())) == own) {
            sleep(Duration::from_millis(2));
        }
        let stopped = RawPid::from_child(&children[0]);
        kill_process(stopped, Signal::STOP).unwrap();
        let end = Arc::new(AtomicBool::new(false));
        let works: [fn(); 3] = [
            || drop(Command::new("true").status()),
            || drop(spawn(|| sleep(Duration::from_micros(50))).join()),
            || {
                black_box((0..10_000_u64).fold(0, |a, b| black_box(a ^ b)));
            },
        ];
        let work = |work: fn()| {
            let end = Arc::clone(&end);
            spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    work();
                }
            })
        };
        Self { children, workers: works.into_iter().map(work).collect(), end, folder: names }
    }

    /// Adds processes that do not stay what they are: some change their name, users and groups again and again, and one
    /// executes programs.
    fn change(&mut self) {
        let mut commands = Vec::new();
        for _ in 0..3 {
            let mut changer = Command::new(std::env::current_exe().unwrap());
            // A test of its own thread would change that thread only.
            changer.args(["--exact", "changes", "--ignored", "--test-threads=1"]);
            commands.push(changer);
        }
        for title in ["title", "untitled"] {
            let mut titled = Command::new(std::env::current_exe().unwrap());
            titled.args(["--exact", "writes_a_title", "--ignored", "--test-threads=1"]).env(TITLE, title);
            commands.push(titled);
        }
        let script = self.folder.path().join("script");
        std::fs::write(&script, "sleep 0.01; exec sh \"$0\" $(($1 + 1))").unwrap();
        let mut executes = Command::new("sh");
        executes.arg(script).arg("1000");
        commands.push(executes);
        let quiet = |command: &mut Command| command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        self.children.extend(commands.iter_mut().map(quiet));
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        self.workers.drain(..).for_each(|worker| drop(worker.join()));
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A machine that walks tasks, and the same one read from /proc; `None`, with the reason, where there is no such walk.
fn both() -> Option<[System; 2]> {
    let systems = [Backend::Bpf, Backend::Proc].map(|backend| System::host().with_backend(backend));
    let is_refused = || systems[0].backend() != Backend::Bpf;
    // The kernel may be short of memory for a moment, beside tests with thousands of processes.
    if is_refused()
        && (0..10).all(|_| {
            sleep(Duration::from_millis(20));
            is_refused()
        })
    {
        eprintln!("{:?}", systems[0].backend_refusal());
        psoxide_testing::skip("task iterators need Linux 6.16, BTF, the first namespaces and the rights of root");
        return None;
    }
    Some(systems)
}

/// What is compared: all that a walk tells, and what hangs on it.
const FIELDS: [Field; 19] = [
    Field::Ppid,
    Field::Name,
    Field::Cmdline,
    Field::Status,
    Field::Username,
    Field::Uids,
    Field::Gids,
    Field::Terminal,
    Field::CreateTime,
    Field::Nice,
    Field::CpuNum,
    Field::NumCtxSwitches,
    Field::NumThreads,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::PageFaults,
    Field::IoCounters,
    Field::NumFds,
    Field::Scheduling,
];

fn by_identity(rows: &[Row]) -> HashMap<(Pid, Option<u64>), &Row> {
    rows.iter().map(|row| ((row.pid, row.start), row)).collect()
}

/// Whether a field of both is the same, or there is none for the same reason.
fn same(one: &Row, other: &Row, field: Field) -> bool {
    let [one, other] = [one.get(field), other.get(field)];
    one.value() == other.value() && one.reason() == other.reason()
}

/// What only ever grows in a process: counters, and what a changer changes.
fn growing(row: &Row) -> Vec<(&'static str, u128)> {
    let mut all: Vec<(&'static str, u128)> = Vec::new();
    if let Some(times) = row.cpu_times.value() {
        all.push(("CPU time", (times.user + times.system).as_millis()));
        let children = times.children_user.unwrap() + times.children_system.unwrap();
        all.push(("children's CPU time", children.as_millis()));
    }
    if let Some(faults) = row.page_faults.value() {
        all.extend([("minor faults", faults.minor.into()), ("major faults", faults.major.into())]);
    }
    if let Some(switches) = row.num_ctx_switches.value() {
        all.push(("voluntary switches", switches.voluntary.into()));
        all.push(("involuntary switches", switches.involuntary.unwrap().into()));
    }
    if let Some(io) = row.io_counters.value() {
        let counters =
            [io.read_count.unwrap(), io.write_count.unwrap(), io.read_bytes.unwrap(), io.write_bytes.unwrap()];
        all.extend(counters.into_iter().map(|counter| ("I/O", counter.into())));
        all.extend([io.read_chars, io.write_chars].map(|chars| ("characters", chars.unwrap().into())));
    }
    if let Some(number) = row.name.value().and_then(|name| name.to_str()?.strip_prefix(CHANGED)?.parse().ok()) {
        all.push(("name", number));
        let ids = [row.uids.value().unwrap(), row.gids.value().unwrap()].map(|ids| u128::from(ids.real));
        all.extend([("uid", ids[0]), ("gid", ids[1])]);
    }
    all
}

/// The names of processes that change end in a number that grows.
const CHANGED: &str = "changed-";

/// No test of its own: a process whose name, user and group become others every few milliseconds, and that has a thread
/// that comes and goes.
#[test]
#[ignore = "another test starts it"]
fn changes() {
    use rustix::process::{Gid, Uid};
    use rustix::thread::{set_thread_res_gid, set_thread_res_uid};
    for number in 1000..60_000 {
        std::fs::write("/proc/self/comm", format!("{CHANGED}{number}")).unwrap();
        set_thread_res_gid(Gid::from_raw(number), Gid::ROOT, Gid::ROOT).unwrap();
        set_thread_res_uid(Uid::from_raw(number), Uid::ROOT, Uid::ROOT).unwrap();
        spawn(|| sleep(Duration::from_millis(3))).join().unwrap();
    }
}

/// Says [`writes_a_title`] which of the two to do.
const TITLE: &str = "PSOXIDE_TEST_TITLE";

/// No test of its own: a process that has written a title where its arguments were: over all of them, so that it goes on
/// in the environment, or into the first of them.
#[test]
#[ignore = "another test starts it"]
fn writes_a_title() {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // proc_pid_stat(5): arg_start and arg_end are fields 48 and 49; the second ends with a parenthesis.
    let mut fields = stat.rsplit(')').next().unwrap().split_ascii_whitespace().skip(45);
    let [start, end] = [(); 2].map(|()| fields.next().unwrap().parse::<u64>().unwrap());
    let length = match std::env::var(TITLE).unwrap().as_str() {
        "title" => usize::try_from(end - start).unwrap() + 3,
        _ => 3,
    };
    let memory = OpenOptions::new().write(true).open("/proc/self/mem").unwrap();
    memory.write_all_at(&vec![b't'; length], start).unwrap();
    sleep(Duration::from_secs(300));
}

/// Compares what `told` makes of every process with what /proc tells, before and after.
fn compare(herd: &Herd, files: &System, told: impl Fn() -> Vec<Row>) {
    const ROUNDS: usize = 4;
    /// What is shown of CPU times is cut to ticks of 10 ms, user and system time each.
    const TICKS: u128 = 20;
    let mut differences: BTreeMap<(Pid, &str), Vec<String>> = BTreeMap::new();
    let mut compared = 0;
    for _ in 0..ROUNDS {
        let before = files.snapshot(FIELDS).unwrap().processes;
        let told = told();
        let after = files.snapshot(FIELDS).unwrap().processes;
        let [before, told, after] = [&before, &told, &after].map(|rows| by_identity(rows));
        for (id, earlier) in before {
            let Some(later) = after.get(&id) else { continue };
            let told = told.get(&id).unwrap_or_else(|| panic!("{id:?} was there all the time: {earlier:?}"));
            let [least, value, most] = [earlier, *told, *later].map(growing);
            if least.len() == value.len() && value.len() == most.len() {
                for (((name, least), (_, value)), (_, most)) in least.into_iter().zip(value).zip(most) {
                    let slack = if name.ends_with("time") { TICKS } else { 0 };
                    if value + slack < least || value > most + slack {
                        let text = format!("{value} is not in {least}..={most}");
                        differences.entry((id.0, name)).or_default().push(text);
                    }
                }
            }
            for field in FIELDS {
                compared += 1;
                // What moved between two looks at /proc cannot be told; what did not is the same in between.
                if same(earlier, later, field) && !same(told, earlier, field) {
                    let text = format!("{:?} is {:?}", told.get(field), earlier.get(field));
                    differences.entry((id.0, field.name())).or_default().push(text);
                }
            }
        }
    }
    // A state, a CPU, a page can also go and come back between two looks, but not every time.
    differences.retain(|_, times| times.len() == ROUNDS);
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(compared > ROUNDS * herd.children.len() * FIELDS.len());
}

#[test]
fn nothing_is_loaded_into_the_kernel_unless_it_was_chosen() {
    let open_programs = || {
        let links = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| fd.unwrap().path().read_link().ok());
        links.filter(|target| target.to_string_lossy().contains("bpf")).count()
    };
    // Other tests of this program choose BPF meanwhile: this one runs in a process of its own.
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        alone.args(["--exact", "nothing_is_loaded_into_the_kernel_unless_it_was_chosen"]).env(ALONE, "");
        assert!(alone.env_remove("PSOXIDE_BACKEND").stdout(Stdio::null()).status().unwrap().success());
        return;
    }
    let system = System::host();
    for _ in 0..20 {
        system.snapshot(FIELDS).unwrap();
    }
    assert_eq!((system.backend(), system.backend_refusal()), (Backend::Proc, None));
    assert_eq!(open_programs(), 0);
    let chosen = system.with_backend(Backend::Bpf);
    // The kernel may refuse now and not later, for want of memory, so that one answer is looked at.
    let refusal = chosen.backend_refusal();
    assert_eq!(open_programs() > 0, refusal.is_none(), "{refusal:?}");
    assert!(refusal.is_some() || chosen.backend() == Backend::Bpf);
}

/// Set where a test runs in a process of its own.
const ALONE: &str = "PSOXIDE_TEST_ALONE";

#[test]
fn both_backends_tell_the_same_of_every_process() {
    let Some([walk, files]) = both() else { return };
    let herd = Herd::start(200);
    sleep(Duration::from_millis(200)); // until they have all become what they will be
    compare(&herd, &files, || walk.snapshot(FIELDS).unwrap().processes);
}

#[test]
fn both_backends_tell_the_same_of_thousands_that_come_go_and_change() {
    const THOUSANDS: usize = 3200;
    let Some([walk, files]) = both() else { return };
    let mut herd = Herd::start(THOUSANDS);
    herd.change();
    let changed = || {
        let rows = walk.snapshot([Field::Name]).unwrap().processes;
        let is_changed = |row: &&Row| row.name.value().is_some_and(|name| name.to_string_lossy().starts_with(CHANGED));
        rows.iter().filter(is_changed).count()
    };
    while changed() < 3 {
        sleep(Duration::from_millis(20));
    }
    let rows = RefCell::new(Vec::new());
    compare(&herd, &files, || {
        let found = walk.snapshot(FIELDS).unwrap().processes;
        rows.borrow_mut().push(found.len());
        found
    });
    assert!(rows.borrow().iter().all(|count| *count > THOUSANDS), "{rows:?}");
    assert_eq!(changed(), 3, "they have gone on all the time");
}

#[test]
fn both_backends_tell_the_same_of_one_process() {
    let Some([asked, files]) = both() else { return };
    let herd = Herd::start(50);
    sleep(Duration::from_millis(200));
    compare(&herd, &files, || {
        let fields = FIELDS.into_iter().collect();
        let processes = asked.processes().unwrap();
        processes.iter().map(|process| process.row(fields, &Pass::default())).collect()
    });
    // Threads, what is gone, and numbers that no process has are for /proc to tell.
    let (say, said) = std::sync::mpsc::channel();
    let thread = spawn(move || {
        say.send(rustix::thread::gettid().as_raw_pid()).unwrap();
        std::thread::park();
    });
    let other = said.recv().unwrap().try_into().unwrap();
    let [told, read] = [&asked, &files].map(|system| system.process(other).unwrap().cpu_num().is_ok());
    assert!(told && read);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let program = std::env::current_exe().unwrap();
    let _file = File::open(&program).unwrap();
    let [told, read] = [&asked, &files].map(|system| {
        let thread = system.process(other).unwrap();
        let mut sockets = thread.net_connections(ConnectionKind::Tcp).unwrap();
        sockets.retain(|socket| socket.laddr == Endpoint::Inet(listener.local_addr().unwrap()));
        let mut opened = thread.open_files().unwrap();
        opened.retain(|file| file.path == program);
        (opened, sockets)
    });
    assert!(told == read && !told.0.is_empty() && told.1.len() == 1, "{told:?} {read:?}");
    thread.thread().unpark();
    assert!(asked.process(u32::MAX).unwrap_err().is_no_such_process());
    let mut ended = Command::new("true").spawn().unwrap();
    let process = asked.process(ended.id()).unwrap();
    ended.wait().unwrap();
    assert!(process.status().unwrap_err().is_no_such_process());
}

#[test]
fn both_backends_sum_up_many_threads() {
    let Some([told, files]) = both() else { return };
    let end = Arc::new(AtomicBool::new(false));
    let work = || {
        let end = Arc::clone(&end);
        spawn(move || {
            black_box((0..300_000_u64).fold(0, |a, b| black_box(a ^ b)));
            while !end.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_secs(1));
            }
        })
    };
    let threads: Vec<_> = (0..400).map(|_| work()).collect();
    sleep(Duration::from_millis(300));
    let own = std::process::id();
    let walked = |system: &System| {
        let rows = system.snapshot([Field::NumThreads, Field::CpuTimes, Field::PageFaults]).unwrap().processes;
        rows.into_iter().find(|row| row.pid == own).unwrap()
    };
    let asked = |system: &System| {
        let fields = [Field::NumThreads, Field::CpuTimes, Field::PageFaults].into_iter().collect();
        system.current_process().unwrap().row(fields, &Pass::default())
    };
    let (before, rows, after) = (walked(&files), [walked(&told), asked(&told)], walked(&files));
    end.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for row in rows {
        assert!(*row.num_threads.value().unwrap() >= 400);
        let used = |row: &Row| row.cpu_times.value().map(|times| times.user + times.system).unwrap();
        let faults = |row: &Row| row.page_faults.value().unwrap().minor;
        let tick = Duration::from_millis(20); // each of the parts is cut to whole ticks
        assert!(used(&before) <= used(&row) + tick && used(&row) <= used(&after) + tick);
        assert!(faults(&before) <= faults(&row) && faults(&row) <= faults(&after));
    }
}

#[test]
fn counters_never_go_back_from_one_backend_to_the_other() {
    let Some([walk, files]) = both() else { return };
    let herd = Herd::start(1);
    let own = std::process::id();
    let counters = |system: &System| {
        let snapshot = system.snapshot([Field::CpuTimes, Field::PageFaults, Field::NumCtxSwitches]).unwrap();
        let row = snapshot.processes.iter().find(|row| row.pid == own).unwrap();
        let (times, faults) = (row.cpu_times.value().unwrap(), row.page_faults.value().unwrap());
        // Each part is cut to whole ticks.
        let ticks = (times.user + times.system).as_millis() / 10;
        [u64::try_from(ticks).unwrap(), faults.minor, faults.major, row.num_ctx_switches.value().unwrap().voluntary]
    };
    let mut last = counters(&files);
    for turn in 0..20 {
        let now = counters(if turn % 2 == 0 { &walk } else { &files });
        let back = |(now, last): (&u64, &u64)| *now + 1 < *last;
        assert!(!now.iter().zip(&last).any(back), "{last:?} became {now:?} in turn {turn}");
        last = now;
    }
    drop(herd);
}

#[test]
fn both_backends_find_the_same_children() {
    let Some(systems) = both() else { return };
    let herd = Herd::start(20);
    let [walked, read] = systems.map(|system| {
        let me: Process = system.current_process().unwrap();
        let found = me.children(true).unwrap();
        found.iter().map(|child| (child.pid(), child.start())).collect::<Vec<_>>()
    });
    for child in &herd.children {
        let in_both = [&walked, &read].map(|found| found.iter().find(|(pid, _)| *pid == child.id()));
        assert!(in_both[0].is_some() && in_both[0] == in_both[1], "{}: {in_both:?}", child.id());
    }
}

#[test]
fn both_backends_find_the_same_threads() {
    let Some(systems) = both() else { return };
    let end = Arc::new(AtomicBool::new(false));
    let rest = || {
        let end = Arc::clone(&end);
        spawn(move || {
            while !end.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_secs(1));
            }
        })
    };
    let threads: Vec<_> = (0..150).map(|_| rest()).collect();
    // Other tests' threads come and go: what is compared is those that were there all the time and did nothing.
    let [read, walked, again] = [&systems[1], &systems[0], &systems[1]].map(|system| {
        let found = system.current_process().unwrap().threads().unwrap();
        assert!(found.is_sorted_by_key(|thread| thread.id));
        found.into_iter().map(|thread| (thread.id, thread)).collect::<HashMap<_, _>>()
    });
    end.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let steady: Vec<_> = read.iter().filter(|(id, thread)| again.get(id) == Some(*thread)).collect();
    assert!(steady.len() >= 100, "{}", steady.len());
    for (id, thread) in steady {
        assert_eq!(walked.get(id), Some(thread));
    }
}

/// Opens files of all sorts in a folder: what is kept open.
fn open_all_sorts(folder: &Path) -> Vec<File> {
    let path = |name: &[u8]| folder.join(OsStr::from_bytes(name));
    let open = |name: &[u8], options: &mut OpenOptions| options.open(path(name)).unwrap();
    let new = |name: &[u8]| open(name, OpenOptions::new().read(true).write(true).create_new(true));
    let mut files = vec![
        open(b"plain", OpenOptions::new().write(true).create(true)),
        open(b"with \n and \xff", OpenOptions::new().append(true).create(true)),
        open(b"plain", OpenOptions::new().read(true)),
        new(b"both ways"),
        new(b"replaced"),
        new(b"gone"),
        new(b"gone, and its mark is a name"),
        new(b"its name ends so (deleted)"),
        new(b"its name ends so, gone (deleted)"),
        new(b"becomes a folder"),
        new(b"old name"),
        new(b"one of two"),
        new(b"the other of two, "),
    ];
    for name in [&b"gone"[..], b"replaced", b"gone, and its mark is a name", b"its name ends so, gone (deleted)"] {
        std::fs::remove_file(path(name)).unwrap();
    }
    std::fs::write(path(b"replaced"), "").unwrap();
    std::fs::write(path(b"gone, and its mark is a name (deleted)"), "").unwrap();
    std::fs::remove_file(path(b"becomes a folder")).unwrap();
    std::fs::create_dir(path(b"becomes a folder")).unwrap();
    std::fs::rename(path(b"old name"), path(b"new name")).unwrap();
    for (name, link) in [(&b"one of two"[..], &b"its second name"[..]), (b"the other of two, ", b"unopened")] {
        std::fs::hard_link(path(name), path(link)).unwrap();
    }
    files.push(File::open(path(b"its second name")).unwrap());
    std::fs::remove_file(path(b"one of two")).unwrap();
    std::fs::remove_file(path(b"unopened")).unwrap();
    // Directories that take turns, and two whose paths are longer than a walk tells at once.
    for name in ["a", "b", "moved"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    for number in 0..4 {
        files.extend(["a", "b", "moved"].map(|name| File::create(folder.join(name).join(number.to_string())).unwrap()));
    }
    std::fs::rename(folder.join("moved"), folder.join("moved away")).unwrap();
    std::fs::create_dir(folder.join("moved")).unwrap();
    std::fs::write(folder.join("moved").join("0"), "").unwrap();
    for (depth, name) in [(1, "n".repeat(255)), (2, "long".into()), (3, "longer".into())] {
        let deep = (0..depth).fold(folder.to_owned(), |path, _| path.join("d".repeat(170)));
        std::fs::create_dir_all(&deep).unwrap();
        files.extend([&*name, "next"].map(|name| File::create(deep.join(name)).unwrap()));
    }
    files.push(rustix::fs::memfd_create("memory", rustix::fs::MemfdFlags::CLOEXEC).unwrap().into());
    files.push(tempfile::tempfile_in(folder).unwrap());
    files[0].write_all(b"12345").unwrap();
    // One that a program started from here would keep.
    files.push(rustix::io::dup(&files[0]).unwrap().into());
    // No regular files, but what their paths lead to.
    for (target, name) in [("plain", "link"), ("a", "link to a folder")] {
        symlink(target, folder.join(name)).unwrap();
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
        files.push(rustix::fs::open(folder.join(name), flags, rustix::fs::Mode::empty()).unwrap().into());
    }
    std::fs::create_dir(folder.join("becomes a file")).unwrap();
    files.push(File::open(folder.join("becomes a file")).unwrap());
    std::fs::remove_dir(folder.join("becomes a file")).unwrap();
    std::fs::write(folder.join("becomes a file"), "").unwrap();
    files.push(File::open(folder).unwrap());
    files
}

/// What a process has open in a folder, as each backend tells it.
#[track_caller]
fn opened(pid: Pid, folder: &Path) -> Option<Vec<psoxide::OpenFile>> {
    let [told, read] = both()?.map(|system| {
        let mut found = system.process(pid).unwrap().open_files().unwrap();
        found.retain(|file| file.path.starts_with(folder));
        found
    });
    assert_eq!(told, read);
    Some(told)
}

#[test]
fn both_backends_find_the_same_open_files() {
    let folder = tempfile::tempdir().unwrap();
    let _files = open_all_sorts(folder.path());
    let Some(told) = opened(std::process::id(), folder.path()) else { return };
    let names: Vec<_> = told.iter().map(|file| file.path.strip_prefix(folder.path()).unwrap().as_os_str()).collect();
    for name in [
        "replaced",
        "its name ends so (deleted)",
        "new name",
        "its second name",
        "moved away/3",
        "link",
        "becomes a file",
    ] {
        assert!(names.contains(&OsStr::new(name)), "{name}: {names:?}");
    }
    for name in ["gone", "old name", "one of two", "becomes a folder", "moved/0", "link to a folder"] {
        assert!(!names.contains(&OsStr::new(name)), "{name}: {names:?}");
    }
    assert!(told.iter().any(|file| file.position == Some(5) && file.mode == Some("w")));
    let closes = |file: &psoxide::OpenFile| file.flags.unwrap() & 0o2_000_000 != 0;
    assert!(told.iter().any(closes) && !told.iter().all(closes));
}

#[test]
fn both_backends_find_the_same_open_files_below_mounts() {
    if both().is_none() {
        return;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation=private"]).arg(std::env::current_exe().unwrap());
    unshare.args(["--exact", "opens_files_below_mounts", "--ignored", "--nocapture"]);
    let mut child = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Once it has compared what it sees itself: from here none of its mounts are seen.
    let folder = lines.find_map(|line| line.unwrap().strip_prefix("folder: ").map(str::to_owned)).unwrap();
    let told = opened(child.id(), Path::new("/")).unwrap();
    assert!(told.iter().any(|file| file.path.starts_with(&folder)), "{told:#?}");
    drop(child.stdin.take());
    assert_eq!(lines.map_while(Result::ok).filter(|line| line.contains("FAILED")).count(), 0);
    assert!(child.wait().unwrap().success());
    std::fs::remove_dir_all(folder).unwrap();
}

/// No test of its own: a process with a mount namespace, that compares what it has open before and after mounts, and from
/// another root.
#[test]
#[ignore = "another test starts it"]
fn opens_files_below_mounts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mount = |arguments: &[&str], on: &Path| {
        assert!(Command::new("mount").args(arguments).arg(on).status().unwrap().success(), "{arguments:?}");
    };
    let of = |name: &str| path(name).to_str().unwrap().to_owned();
    for name in ["over", "bound", "root"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    let mut files = open_all_sorts(folder.path());
    for name in ["over/0", "over/1", "under a file", "under a device", "not mounted", "source"] {
        files.push(File::create(path(name)).unwrap());
    }
    let compare = |count: usize, what: &str| {
        let told = opened(std::process::id(), folder.path()).unwrap();
        assert_eq!(told.len(), count, "{what}: {told:#?}");
    };
    let before = opened(std::process::id(), folder.path()).unwrap().len();
    // The directory leads elsewhere.
    mount(&["-t", "tmpfs", "none"], &path("over"));
    compare(before - 2, "over a directory");
    std::fs::write(path("over/0"), "").unwrap();
    compare(before - 1, "a file of that name");
    files.push(File::create(path("over/2")).unwrap());
    compare(before, "in what was mounted");
    mount(&["--bind", &of("source")], &path("under a file"));
    compare(before, "a file over a file");
    mount(&["--bind", "/dev/null"], &path("under a device"));
    compare(before - 1, "a device over a file");
    std::fs::write(path("device"), "").unwrap();
    mount(&["--bind", "/dev/zero"], &path("device"));
    files.push(File::open(path("device")).unwrap());
    mount(&["--bind", &of("source")], &path("device"));
    compare(before, "a file over a device");
    // By its path below the mount, and as the root of one, which has another name.
    mount(&["--bind", &of("a")], &path("bound"));
    files.push(File::open(path("bound/0")).unwrap());
    files.extend([(); 2].map(|()| File::open(path("under a file")).unwrap()));
    compare(before + 3, "by other paths");
    std::fs::remove_file(path("a/1")).unwrap();
    files.push(File::open("/proc/self/status").unwrap());
    let own = opened(std::process::id(), Path::new("/proc")).unwrap();
    assert!(own.iter().any(|file| file.path.ends_with("status")), "{own:?}");
    println!("\nfolder: {}", folder.path().display());
    std::io::stdin().lines().for_each(drop);
    // From another root, in which other things have the same paths.
    let root = path("root");
    for name in ["proc", "sys"] {
        std::fs::create_dir(root.join(name)).unwrap();
        mount(&["--rbind", &format!("/{name}")], &root.join(name));
    }
    let inside = root.join(folder.path().strip_prefix("/").unwrap());
    std::fs::create_dir_all(inside.join("plain")).unwrap();
    std::fs::write(inside.join("replaced"), "").unwrap();
    std::fs::hard_link(path("new name"), inside.join("new name")).unwrap();
    files.push(File::create(root.join("in the root")).unwrap());
    std::os::unix::fs::chroot(&root).unwrap();
    std::env::set_current_dir("/").unwrap();
    let told = opened(std::process::id(), Path::new("/")).unwrap();
    assert!(told.iter().any(|file| file.path == Path::new("/in the root")), "{told:#?}");
    std::process::exit(0); // the folder is the other test's to remove, to which it has this path
}

#[test]
fn files_that_are_renamed_meanwhile_have_a_path_that_was_theirs() {
    let Some([walk, _]) = both() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let names = ["s".to_owned(), "a name that does not fit into the dentry ".repeat(3)];
    let folders = ["here".to_owned(), "there".to_owned()];
    std::fs::create_dir(path("here")).unwrap();
    std::fs::create_dir(path("apart")).unwrap();
    let mut files = Vec::new();
    for number in 0..150 {
        files.push(File::create(path("here").join(format!("{}{number}", names[0]))).unwrap());
        if number % 10 == 0 {
            files.push(File::create(path("apart").join(number.to_string())).unwrap());
        }
    }
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in (0..2).cycle() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                std::fs::rename(path(&folders[round]), path(&folders[1 - round])).unwrap();
                for number in (0..150).step_by(3) {
                    let name = |which: usize| path(&folders[1 - round]).join(format!("{}{number}", names[which]));
                    std::fs::rename(name(round), name(1 - round)).unwrap();
                }
            }
        });
        let me = walk.current_process().unwrap();
        for _ in 0..300 {
            for file in me.open_files().unwrap() {
                let Ok(rest) = file.path.strip_prefix(folder.path()) else { continue };
                let (parent, name) = (rest.parent().unwrap(), rest.file_name().unwrap().to_str().unwrap());
                let number = name.trim_start_matches(|c: char| !c.is_ascii_digit());
                let prefix = name.strip_suffix(number).unwrap();
                let is_right = match parent.to_str().unwrap() {
                    "apart" => prefix.is_empty() && number.parse::<u32>().unwrap() % 10 == 0,
                    parent => folders.contains(&parent.to_owned()) && names.iter().any(|known| known == prefix),
                };
                assert!(is_right, "{rest:?}");
            }
        }
        end.store(true, Ordering::Relaxed);
    });
    drop(files);
}

#[test]
fn both_backends_find_the_same_holders_of_sockets() {
    let Some(systems) = both() else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let again = listener.try_clone().unwrap();
    let address = Endpoint::Inet(listener.local_addr().unwrap());
    let [walked, read] = systems.map(|system| {
        let mut found = system.net_connections(ConnectionKind::Tcp).unwrap();
        found.retain(|connection| connection.laddr == address);
        // A child that another test has forked holds the socket too, until it executes its program.
        let own = |socket: &Connection| -> Vec<Holder> {
            socket.holders.iter().filter(|holder| holder.pid == std::process::id()).copied().collect()
        };
        found.iter().map(|socket| (socket.status, own(socket))).collect::<Vec<_>>()
    });
    drop(again);
    assert_eq!(walked, read);
    assert_eq!(walked.iter().map(|(_, holders)| holders.len()).collect::<Vec<_>>(), [2]);
}
