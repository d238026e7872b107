//! How many system calls a reading takes for each process, thread or descriptor more: counted by strace, never timed.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::spawn;

use psoxide::{Backend, ConnectionKind, Field, Pid, System};

/// The calls that reading is made of; what the allocator and the start of threads call is not counted.
const COUNTED: &str = "openat,read,pread64,close,readlinkat,readlink,getdents64,fstat,newfstatat,statx,getxattr,\
    pidfd_open,ioctl,sendto,recvfrom,socket,bpf";

/// The variable that tells the traced program what to do.
const TASK: &str = "PSOXIDE_TEST_TASK";

/// Calls that a task makes; `None`, with the reason, where they cannot be counted.
fn calls(task: &str) -> Option<i64> {
    let counts = tempfile::NamedTempFile::new().unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-U", "calls,name", "-e"]).arg(format!("trace={COUNTED}")).arg("-o").arg(counts.path());
    strace.arg(env::current_exe().unwrap()).args(["--exact", "traced", "--ignored", "--nocapture"]);
    // Threads that begin at once would each look how many CPUs there are, for the allocator's sake.
    strace.env("MALLOC_ARENA_MAX", "1");
    let output = match strace.env(TASK, task).stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: system calls are counted by strace (package strace): {error}");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace(") || said.contains("PTRACE_") {
        eprintln!("skipped: this user may not trace: {said}");
        return None;
    }
    assert!(output.status.success(), "{task}: {said}{}", String::from_utf8_lossy(&output.stdout));
    let text = std::fs::read_to_string(counts.path()).unwrap();
    let total = text.lines().find(|line| line.trim_end().ends_with("total")).unwrap_or_else(|| panic!("{text}"));
    Some(total.split_whitespace().next().unwrap().parse().unwrap())
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
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
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
    // One file is three calls: it is opened, read and closed.
    assert_calls_for_each(3.0, |count| task(count, "ppid"));
    assert_calls_for_each(3.0, |count| task(count, "name,status,ppid,create_time,cpu_times,num_threads,terminal,nice"));
    assert_calls_for_each(3.0 + 1.0, |count| task(count, "num_fds"));
    assert_calls_for_each(2.0 * 3.0, |count| task(count, "memory_info"));
    // stat, statm, cmdline, and status or a pidfd.
    let eight = "name,username,cpu_times,memory_info,status,create_time,cmdline";
    assert_calls_for_each(4.0 * 3.0, |count| task(count, eight));
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
        return eprintln!("skipped: no task iterators for this user on this kernel");
    }
    let Some(few) = calls("walk") else { return };
    let sleepers = Sleepers::start(200);
    let Some(many) = calls("walk") else { return };
    // Other processes come and go meanwhile, and are read from /proc.
    assert!(many - few < 200, "{few} calls became {many} with {} processes more", sleepers.0.len());
}

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
        "walk" => {
            let fields = [Field::Name, Field::CpuTimes, Field::MemoryInfo, Field::Uids, Field::Cmdline];
            let system = system.with_backend(Backend::Bpf);
            assert!(!system.snapshot(fields).unwrap().processes.is_empty());
        }
        other => panic!("{other}"),
    }
}
