//! How many system calls a reading takes for each process, thread or descriptor more: counted by strace, never timed.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::collections::HashMap;
use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::spawn;
use std::time::Duration;

use psoxide::{Backend, ConnectionKind, Field, Pid, Process, Resource, System};

/// The calls that reading is made of; what the allocator and the start of threads call is not counted.
const COUNTED: &str = "openat,read,pread64,close,readlinkat,readlink,getdents64,fstat,newfstatat,statx,getxattr,\
    pidfd_open,ioctl,sendto,recvfrom,socket,bpf";

/// The variable that tells the traced program what to do.
const TASK: &str = "PSOXIDE_TEST_TASK";

/// Where the traced program looks before each part of its work: nothing is there.
const MARK: &str = "/psoxide-mark/";

/// The calls of each part of a task; `None`, with the reason, where they cannot be counted.
fn parts(task: &str) -> Option<Vec<(String, i64)>> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "signal=none", "-e"]).arg(format!("trace={COUNTED}")).arg("-o").arg(log.path());
    strace.arg(env::current_exe().unwrap()).args(["--exact", "traced", "--ignored", "--nocapture"]);
    // Threads that begin at once would each look how many CPUs there are, for the allocator's sake.
    strace.env("MALLOC_ARENA_MAX", "1");
    let output = match strace.env(TASK, task).stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => {
            psoxide_testing::skip(format_args!("system calls are counted by strace (package strace): {error}"));
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace(") || said.contains("PTRACE_") {
        psoxide_testing::skip(format_args!("this user may not trace: {said}"));
        return None;
    }
    assert!(output.status.success(), "{task}: {said}{}", String::from_utf8_lossy(&output.stdout));
    let mut parts = vec![(String::new(), 0)];
    for line in String::from_utf8_lossy(&std::fs::read(log.path()).unwrap()).lines() {
        if let Some((_, name)) = line.split_once(MARK) {
            parts.push((name.split('"').next().unwrap().to_owned(), 0));
        } else if line.contains('(') && !line.contains(" resumed>") {
            parts.last_mut().unwrap().1 += 1;
        }
    }
    Some(parts)
}

fn mark(name: &str) {
    let _ = std::fs::symlink_metadata(format!("{MARK}{name}"));
}

/// All calls that a task makes.
fn calls(task: &str) -> Option<i64> {
    Some(parts(task)?.iter().map(|(_, calls)| calls).sum())
}

/// Processes that do nothing.
struct Sleepers(Vec<Child>);

impl Sleepers {
    fn start(count: usize) -> Self {
        let children = (0..count).map(|_| Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap());
        let sleepers = Self(children.collect());
        // Until they have all begun their program: before, they are copies of this one.
        let system = System::host();
        let begun = |child: &Child| system.process(child.id()).unwrap().name().unwrap() == "sleep";
        while !sleepers.0.iter().all(begun) {
            std::thread::sleep(Duration::from_millis(5));
        }
        // One that was started a moment ago is looked at twice, as it could be about to execute its program.
        std::thread::sleep(Duration::from_millis(2100));
        sleepers
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What each process more costs in a snapshot of one field read from /proc. A file is three calls: it is opened, read and
/// closed; a pidfd is three as well. `stat` is always read, as it says whether the process is still the same. Where another
/// file is read too, both are opened from the directory of the process, so that they are of one process.
fn cost(field: Field) -> i64 {
    const STAT: i64 = 3;
    /// The directory is opened and closed.
    const BOTH: i64 = STAT + 2;
    /// What is read by the pid is followed by a look at whether the process is still there.
    const LOOK: i64 = 1;
    match field {
        Field::Ppid | Field::Name | Field::Status | Field::Terminal | Field::CreateTime | Field::Nice => STAT,
        Field::CpuNum | Field::NumThreads | Field::CpuTimes | Field::PageFaults | Field::NumHandles => STAT,
        Field::Scheduling | Field::IsKernelThread | Field::Containment => STAT,
        // A link; the size of a directory.
        Field::Exe | Field::Cwd | Field::NumFds | Field::NetNamespace => BOTH + 1 + LOOK,
        Field::Cmdline | Field::MemoryInfo | Field::NumCtxSwitches | Field::IoCounters => BOTH + 3,
        // `status` or, where it may be asked, a pidfd.
        Field::Username | Field::Uids | Field::Gids => BOTH + 3,
        Field::Cgroup | Field::OomScore => BOTH + 3,
        Field::MemoryFootprint => BOTH + 3,
        // The directory is opened, read to its end and closed; each thread has a file.
        Field::ThreadDetails => BOTH + 4 + 3 + LOOK,
        other => panic!("say what {} costs", other.name()),
    }
}

#[test]
fn each_field_costs_its_file_and_no_more() {
    let sleepers = Sleepers::start(41);
    let pids: Vec<String> = sleepers.0.iter().map(|child| child.id().to_string()).collect();
    for backend in ["proc", "auto"] {
        let Some(parts) = parts(&format!("fields {backend} {}", pids.join(" "))) else { return };
        for field in Field::ALL {
            let of = |count| parts.iter().find(|(name, _)| *name == format!("{} {count}", field.name())).unwrap().1;
            let (more, most) = (of(41) - of(1), cost(*field) * 40);
            if backend == "proc" {
                assert_eq!(more, most, "{}", field.name());
            } else {
                // Once it is found out whether and how the kernel can be asked in another way, which is then for fewer calls.
                // The kernel's walk leaves out `scheduling`, so that `stat` is read as well.
                let besides = if *field == Field::Scheduling { 3 * 40 } else { 0 };
                assert!((1..most + besides + 50).contains(&more), "{}: {more} calls, {most} expected", field.name());
            }
        }
    }
}

#[test]
fn each_getter_costs_its_file_and_no_more() {
    let sleepers = Sleepers::start(1);
    for backend in ["proc", "auto"] {
        let Some(parts) = parts(&format!("getters {backend} {}", sleepers.0[0].id())) else { return };
        for (name, most, _) in GETTERS {
            let calls = parts.iter().find(|(part, _)| part == name).unwrap().1;
            assert!(calls <= *most, "{name} by {backend}: {calls} calls, {most} expected");
        }
    }
}

/// Calls for each of the things that `task` is given 1 and 41 of.
#[track_caller]
fn assert_calls_for_each(most: f64, task: impl Fn(usize) -> String) {
    const MORE: u32 = 40;
    let (Some(one), Some(many)) = (calls(&task(1)), calls(&task(41))) else { return };
    let each = f64::from(i32::try_from(many - one).unwrap()) / f64::from(MORE);
    // Tables that all processes fill are longer in one run than in the other: by less than half a call for each.
    assert!(each < most + 0.5, "{each} calls for each more of {}", task(41));
    // Less would mean that nothing was read.
    assert!(each > 0.0, "{one} calls became {many}");
}

#[test]
fn each_process_of_a_snapshot_costs_its_files_and_no_more() {
    let sleepers = Sleepers::start(41);
    let task = |count: usize, fields: &str| {
        let pids: Vec<String> = sleepers.0.iter().take(count).map(|child| child.id().to_string()).collect();
        format!("snapshot {fields} {}", pids.join(" "))
    };
    // One file is three calls: it is opened, read and closed. With a second one, the directory of both is opened and closed,
    // and a reading by pid is followed by a look.
    const BOTH: f64 = 2.0;
    const LOOK: f64 = 1.0;
    assert_calls_for_each(3.0, |count| task(count, "ppid"));
    assert_calls_for_each(3.0, |count| task(count, "name,status,ppid,create_time,cpu_times,num_threads,terminal,nice"));
    assert_calls_for_each(3.0 + BOTH + 1.0 + LOOK, |count| task(count, "num_fds"));
    assert_calls_for_each(2.0 * 3.0 + BOTH, |count| task(count, "memory_info"));
    // stat, statm, cmdline, and status or a pidfd.
    let eight = "name,username,cpu_times,memory_info,status,create_time,cmdline";
    assert_calls_for_each(4.0 * 3.0 + BOTH + LOOK, |count| task(count, eight));
}

#[test]
fn each_thread_and_each_descriptor_costs_what_it_must() {
    assert_calls_for_each(3.0, |count| format!("threads {count}"));
    // A link, and where it leads: besides, only what opens it here.
    assert_calls_for_each(1.0 + 2.0, |count| format!("sockets {count}"));
    // A link, whether it is a regular file, and the three calls for its position; and what opens and closes it here.
    assert_calls_for_each(5.0 + 2.0, |count| format!("files {count}"));
}

#[test]
fn a_walk_costs_next_to_nothing_for_each_process() {
    if System::host().with_backend(Backend::Bpf).backend() != Backend::Bpf {
        return psoxide_testing::skip("no task iterators for this user on this kernel");
    }
    let sleepers = Sleepers::start(300);
    // One file of each sleeper would be three calls. On a busy machine other processes come and go meanwhile, and are read
    // from /proc: then the fewest calls of some walks count.
    let enough = 2 * i64::try_from(sleepers.0.len()).unwrap();
    let mut fewest = HashMap::new();
    for _ in 0..5 {
        let Some(parts) = parts("walk") else { return };
        for (name, calls) in parts {
            let known = fewest.entry(name).or_insert(calls);
            *known = calls.min(*known);
        }
        if told().all(|field| fewest[field.name()] < enough) {
            break;
        }
    }
    for field in told() {
        let calls = fewest[field.name()];
        assert!((1..enough).contains(&calls), "{}: {calls} calls for {} processes", field.name(), sleepers.0.len());
    }
}

/// The fields that a walk tells.
fn told() -> impl Iterator<Item = Field> {
    let others = [
        Field::Exe,
        Field::Cwd,
        Field::NumHandles,
        Field::MemoryFootprint,
        Field::Cgroup,
        Field::NetNamespace,
        Field::OomScore,
        Field::ThreadDetails,
    ];
    Field::ALL.iter().copied().filter(move |field| !others.contains(field))
}

/// A reading of one process; whether there was an answer.
type Getter = fn(&Process) -> bool;
/// The calls that each makes when what is found out once is known. `environ` may be long, and is read to its end; the
/// program `sleep` has three descriptors and some dozen mappings.
const GETTERS: &[(&str, i64, Getter)] = &[
    ("is_running", 3, |p| p.is_running().is_ok()),
    ("parent", 6, |p| p.parent().is_ok()),
    ("name", 3, |p| p.name().is_ok()),
    ("comm", 3, |p| p.comm().is_ok()),
    ("exe", 1, |p| p.exe().is_ok()),
    ("cmdline", 3, |p| p.cmdline().is_ok()),
    ("environ", 4, |p| p.environ().is_ok()),
    ("status", 3, |p| p.status().is_ok()),
    ("username", 5, |p| p.username().is_ok()),
    ("uids", 4, |p| p.uids().is_ok()),
    ("gids", 4, |p| p.gids().is_ok()),
    ("terminal", 3, |p| p.terminal().is_ok()),
    ("create_time", 0, |p| p.create_time().is_ok()),
    ("cwd", 1, |p| p.cwd().is_ok()),
    ("nice", 3, |p| p.nice().is_ok()),
    ("ionice", 1, |p| p.ionice().is_ok()),
    ("cpu_num", 3, |p| p.cpu_num().is_ok()),
    ("cpu_affinity", 1, |p| p.cpu_affinity().is_ok()),
    ("rlimit", 1, |p| p.rlimit(Resource::Nofile).is_ok()),
    ("num_ctx_switches", 3, |p| p.num_ctx_switches().is_ok()),
    ("num_fds", 1, |p| p.num_fds().is_ok()),
    ("num_threads", 3, |p| p.num_threads().is_ok()),
    ("threads", 8, |p| p.threads().is_ok()),
    ("cpu_times", 3, |p| p.cpu_times().is_ok()),
    ("memory_info", 3, |p| p.memory_info().is_ok()),
    ("memory_footprint", 3, |p| p.memory_footprint().is_ok()),
    ("memory_maps", 30, |p| p.memory_maps().is_ok()),
    ("page_faults", 3, |p| p.page_faults().is_ok()),
    ("io_counters", 3, |p| p.io_counters().is_ok()),
    // The mounts are read too, a page at a time, so as not to wait for a server that is gone.
    ("open_files", 32, |p| p.open_files().is_ok()),
    ("net_connections", 16, |p| p.net_connections(ConnectionKind::All).is_ok()),
];

/// No test of its own: what the others trace.
#[test]
#[ignore = "other tests start it"]
fn traced() {
    let task = env::var(TASK).unwrap();
    let mut words = task.split(' ');
    let system = System::host().with_backend(Backend::Proc);
    let me = || system.current_process().unwrap();
    match words.next().unwrap() {
        "snapshot" => {
            let names: Vec<&str> = words.next().unwrap().split(',').collect();
            let fields = Field::ALL.iter().copied().filter(|field| names.contains(&field.name()));
            let pids: Vec<Pid> = words.map(|pid| pid.parse().unwrap()).collect();
            let snapshot = system.snapshot_of(&pids, fields).unwrap();
            assert_eq!(snapshot.processes.len(), pids.len());
        }
        "threads" => {
            let count = words.next().unwrap().parse().unwrap();
            let ends: Vec<_> = (0..count)
                .map(|_| {
                    let (end, wait) = mpsc::channel::<()>();
                    (end, spawn(move || wait.recv().is_err()))
                })
                .collect();
            assert!(me().threads().unwrap().len() > count);
            for (end, thread) in ends {
                drop(end);
                assert!(thread.join().unwrap());
            }
        }
        "sockets" => {
            let count = words.next().unwrap().parse().unwrap();
            let bind = || std::os::unix::net::UnixDatagram::unbound().unwrap();
            let sockets: Vec<_> = (0..count).map(|_| bind()).collect();
            assert!(me().net_connections(ConnectionKind::Unix).unwrap().len() >= sockets.len());
        }
        "files" => {
            let count = words.next().unwrap().parse().unwrap();
            let program = env::current_exe().unwrap();
            let open = || std::fs::File::open(&program).unwrap();
            let files: Vec<_> = (0..count).map(|_| open()).collect();
            assert!(me().open_files().unwrap().len() >= files.len());
        }
        "fields" => {
            let system = system.with_backend(words.next().unwrap().parse().unwrap());
            let pids: Vec<Pid> = words.map(|pid| pid.parse().unwrap()).collect();
            for field in Field::ALL {
                // What is found out once is not counted.
                system.snapshot_of(&pids[..1], [*field]).unwrap();
                for count in [1, pids.len()] {
                    mark(&format!("{} {count}", field.name()));
                    system.snapshot_of(&pids[..count], [*field]).unwrap();
                    mark("");
                }
            }
        }
        "getters" => {
            let system = system.with_backend(words.next().unwrap().parse().unwrap());
            let process = system.process(words.next().unwrap().parse().unwrap()).unwrap();
            for (name, _, getter) in GETTERS {
                assert!(getter(&process), "{name}");
                mark(name);
                getter(&process);
                mark("");
            }
        }
        "walk" => {
            let system = system.with_backend(Backend::Bpf);
            for field in told() {
                // A long name may be completed from the command line.
                let fields = [field, Field::Cmdline];
                system.snapshot(fields).unwrap();
                mark(field.name());
                assert!(!system.snapshot(fields).unwrap().processes.is_empty());
                mark("");
            }
        }
        other => panic!("{other}"),
    }
}
