//! The kernel's task iterators against /proc: every field of every process, while processes come and go.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use psoxide::{Backend, ConnectionKind, Endpoint, Field, Pass, Pid, Process, Row, System};
use rustix::process::{Pid as RawPid, Signal, kill_process};

/// Processes of every sort, and threads that keep more of them coming and going.
struct Herd {
    children: Vec<Child>,
    workers: Vec<JoinHandle<()>>,
    end: Arc<AtomicBool>,
    _names: tempfile::TempDir,
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
            command.arg("60");
        }
        let mut long = Command::new("sh");
        long.args(["-c", "sleep 60; :", &"x".repeat(50), "", &"y".repeat(5000)]);
        commands.extend([long, Command::new("true")]); // the last will be a zombie: nobody waits for it yet
        let children: Vec<Child> =
            commands.iter_mut().map(|command| command.stdin(Stdio::null()).spawn().unwrap()).collect();
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
        Self { children, workers: works.into_iter().map(work).collect(), end, _names: names }
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
    if systems[0].backend() != Backend::Bpf {
        eprintln!("skipped: task iterators need Linux 6.16, BTF, the first namespaces and the rights of root");
        return None;
    }
    Some(systems)
}

/// What is compared: all that a walk tells, and what hangs on it.
const FIELDS: [Field; 17] = [
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
];

fn by_identity(rows: &[Row]) -> HashMap<(Pid, u64), &Row> {
    rows.iter().map(|row| ((row.pid, row.start), row)).collect()
}

fn shown(row: &Row, field: Field) -> String {
    format!("{:?}", row.get(field))
}

/// Compares what `told` makes of every process with what /proc tells, before and after.
fn compare(herd: &Herd, files: &System, told: impl Fn() -> Vec<Row>) {
    const ROUNDS: usize = 4;
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
            for field in FIELDS {
                let [earlier, told, later] = [earlier, *told, *later].map(|row| shown(row, field));
                compared += 1;
                // What moved between two looks at /proc cannot be told; what did not is the same in between.
                if earlier == later && told != earlier {
                    differences.entry((id.0, field.name())).or_default().push(format!("{told} is {earlier}"));
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
fn both_backends_tell_the_same_of_every_process() {
    let Some([walk, files]) = both() else { return };
    let herd = Herd::start(200);
    sleep(Duration::from_millis(200)); // until they have all become what they will be
    compare(&herd, &files, || walk.snapshot(FIELDS).unwrap().processes);
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
    let me = files.current_process().unwrap();
    let thread = spawn(std::thread::park);
    let other = me.threads().unwrap().into_iter().find(|thread| thread.id != me.pid()).unwrap();
    let [told, read] = [&asked, &files].map(|system| system.process(other.id).unwrap().cpu_num().is_ok());
    assert!(told && read);
    thread.thread().unpark();
    assert!(asked.process(u32::MAX).unwrap_err().is_no_such_process());
    let mut ended = Command::new("true").spawn().unwrap();
    let process = asked.process(ended.id()).unwrap();
    ended.wait().unwrap();
    assert!(process.status().unwrap_err().is_no_such_process());
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

#[test]
fn both_backends_find_the_same_open_files() {
    let Some(systems) = both() else { return };
    let folder = tempfile::tempdir().unwrap();
    let open =
        |name: &[u8], options: &mut OpenOptions| options.open(folder.path().join(OsStr::from_bytes(name))).unwrap();
    let mut files = vec![
        open(b"plain", OpenOptions::new().write(true).create(true)),
        open(b"with \n and \xff", OpenOptions::new().append(true).create(true)),
        open(b"both ways", OpenOptions::new().read(true).write(true).create_new(true)),
        open(b"plain", OpenOptions::new().read(true)),
        open(b"gone", OpenOptions::new().write(true).create(true)),
    ];
    std::fs::remove_file(folder.path().join("gone")).unwrap();
    let deep = folder.path().join("d".repeat(200)).join("e".repeat(200));
    std::fs::create_dir_all(&deep).unwrap();
    files.push(std::fs::File::create(deep.join("long")).unwrap());
    files[0].write_all(b"12345").unwrap();
    // One that a program started from here would keep.
    files.push(rustix::io::dup(&files[0]).unwrap().into());
    files.push(open(b"folder is no file", OpenOptions::new().read(true).write(true).create_new(true)));
    let _folder = std::fs::File::open(folder.path()).unwrap();
    let [walked, read] = systems.map(|system| {
        let mut found = system.current_process().unwrap().open_files().unwrap();
        found.retain(|file| file.path.starts_with(folder.path()));
        found
    });
    assert_eq!(walked, read);
    assert_eq!(walked.len(), files.len() - 1, "all but the one that is gone: {walked:#?}");
    assert!(walked.iter().any(|file| file.position == Some(5) && file.mode == Some("w")));
    let closes = |file: &psoxide::OpenFile| file.flags.unwrap() & 0o2_000_000 != 0;
    assert!(walked.iter().any(closes) && !walked.iter().all(closes));
}

#[test]
fn both_backends_find_the_same_holders_of_sockets() {
    let Some(systems) = both() else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let again = listener.try_clone().unwrap();
    let address = Endpoint::Inet(listener.local_addr().unwrap());
    let [walked, read] = systems.map(|system| {
        let mut found = system.net_connections(ConnectionKind::Tcp).unwrap();
        // What another test has forked holds them too, until it executes its program.
        found.retain(|connection| connection.laddr == address && connection.pid == Some(std::process::id()));
        found.sort_by_key(|connection| connection.fd);
        found
    });
    drop(again);
    assert_eq!(walked, read);
    assert_eq!(walked.len(), 2);
}
