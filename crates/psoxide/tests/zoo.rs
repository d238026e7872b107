//! Odd processes of the running machine.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use common::{Reaped, animal, is_root, sleeper, this_animal, until};
use psoxide::{ErrorKind, Limit, MemoryType, ProcessStatus, Resource, System};

/// The user `nobody`.
const NOBODY: u32 = 65534;
const THREADS: usize = 1000;
const FDS: usize = 3000;

/// What the animals of this file do: get ready, say so, and wait until their standard input ends.
#[test]
fn cage() {
    let Some(name) = this_animal() else { return };
    let wait = || {
        println!("ready");
        std::io::stdout().flush().unwrap();
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    };
    match &*name {
        "threads" => std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    std::thread::Builder::new().stack_size(64 << 10).spawn_scoped(scope, std::thread::park).unwrap()
                })
                .collect();
            wait();
            threads.iter().for_each(|thread| thread.thread().unpark());
        }),
        "fds" => {
            let exe = std::env::current_exe().unwrap();
            let files: Vec<File> = (0..FDS).map_while(|_| File::open(&exe).ok()).collect();
            wait();
            drop(files);
        }
        other => panic!("no animal is called {other}"),
    }
}

/// An animal that is ready.
fn caught(name: &str, change: impl FnOnce(&psoxide::Child)) -> Reaped {
    let mut command = animal("cage", name);
    let mut child = Reaped::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
    change(&child.0);
    let mut stdout = child.0.pipes().stdout.take().unwrap();
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("ready") {
        let mut more = [0; 256];
        let n = stdout.read(&mut more).unwrap();
        assert!(n > 0, "{name} ended: {}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&more[..n]);
    }
    child
}

#[test]
fn a_thousand_threads_are_listed() {
    let child = caught("threads", |_| {});
    let threads = child.0.threads().unwrap();
    assert!(threads.len() > THREADS);
    assert_eq!(child.0.num_threads().unwrap(), u64::try_from(threads.len()).unwrap());
    assert!(threads.is_sorted_by(|a, b| a.id < b.id));
    assert!(threads.iter().any(|thread| thread.id == child.0.pid()));
    assert!(!System::host().pid_exists(threads.last().unwrap().id).unwrap());
}

#[test]
fn thousands_of_descriptors_are_counted_and_listed() {
    let child = caught("fds", |child| {
        let hard = child.rlimit(Resource::Nofile).unwrap().hard;
        child.set_rlimit(Resource::Nofile, Limit { soft: hard.or(Some(1 << 16)), hard }).unwrap();
    });
    let files = child.0.open_files().unwrap();
    let exe = std::env::current_exe().unwrap();
    let mine = files.iter().filter(|file| file.path == exe).count();
    let hard = child.0.rlimit(Resource::Nofile).unwrap().hard.unwrap_or(u64::MAX);
    assert!(mine == FDS || u64::try_from(files.len()).unwrap() + 16 > hard, "{mine} of {}", files.len());
    assert!(files.is_sorted_by(|a, b| a.fd < b.fd));
    let listed = std::fs::read_dir(format!("/proc/{}/fd", child.0.pid())).unwrap().count();
    assert_eq!(child.0.num_fds().unwrap(), u64::try_from(listed).unwrap());
}

#[test]
fn a_command_line_of_a_megabyte_is_read_whole() {
    let long: Vec<OsString> = (0..16).map(|i| format!("{i:x}").repeat(64 << 10).into()).collect();
    let mut command = Command::new("sh");
    command.args(["-c", "read line", "sh"]).args(&long).stdin(Stdio::piped());
    let child = Reaped::spawn(&mut command);
    until("exec", || child.0.cmdline().is_ok_and(|cmdline| cmdline.first().is_some_and(|program| program == "sh")));
    let cmdline = child.0.cmdline().unwrap();
    assert_eq!(cmdline[4..], long);
    assert_eq!(child.0.name().unwrap(), "sh");
}

#[test]
fn an_empty_environment_is_empty() {
    let child = Reaped::spawn(Command::new("/bin/sleep").arg("60").env_clear());
    until("exec", || child.0.name().unwrap() == "sleep" && !child.0.cmdline().unwrap().is_empty());
    assert_eq!(child.0.environ().unwrap(), []);
    let value = OsString::from("two\nlines = 'a'");
    let child = Reaped::spawn(Command::new("/bin/sleep").arg("60").env_clear().env("ODD", &value).env("EMPTY", ""));
    until("exec", || child.0.name().unwrap() == "sleep" && !child.0.cmdline().unwrap().is_empty());
    let mut environ = child.0.environ().unwrap();
    environ.sort();
    assert_eq!(environ, [("EMPTY".into(), "".into()), ("ODD".into(), value)]);
}

#[test]
fn a_stopped_process_is_read_like_any_other() {
    let child = sleeper();
    child.0.suspend().unwrap();
    until("stopped", || child.0.status().unwrap() == ProcessStatus::Stopped);
    assert!(child.0.memory_percent(MemoryType::Uss).is_ok());
    assert_eq!(child.0.cmdline().unwrap(), ["sleep", "60"]);
    child.0.resume().unwrap();
    until("resumed", || child.0.status().unwrap() != ProcessStatus::Stopped);
}

#[test]
fn a_working_directory_that_was_removed_keeps_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    let child = Reaped::spawn(Command::new("sleep").arg("60").current_dir(&inside));
    std::fs::remove_dir(&inside).unwrap();
    assert_eq!(child.0.cwd().unwrap(), inside);
    // A folder that really has the name which the kernel would use as its mark.
    let marked = folder.path().join("inside (deleted)");
    std::fs::create_dir(&marked).unwrap();
    let child = Reaped::spawn(Command::new("sleep").arg("60").current_dir(&marked));
    assert_eq!(child.0.cwd().unwrap(), marked);
}

#[test]
fn what_another_user_keeps_to_himself_is_denied_not_missing() {
    let other = if is_root() {
        let child = Reaped::spawn(Command::new("sleep").arg("60").uid(NOBODY).gid(NOBODY));
        let ids = child.0.uids().unwrap();
        assert_eq!((ids.real, ids.effective, ids.saved), (NOBODY, NOBODY, Some(NOBODY)));
        assert_eq!(child.0.gids().unwrap(), ids);
        assert_eq!(child.0.username().unwrap(), "nobody");
        return;
    } else {
        System::host().process(1).unwrap()
    };
    if other.uids().unwrap().real != 0 {
        psoxide_testing::skip("process 1 is not root's here");
        return;
    }
    for denied in [
        other.environ().map(drop),
        other.cwd().map(drop),
        other.exe().map(drop),
        other.io_counters().map(drop),
        other.memory_maps().map(drop),
        other.memory_footprint().map(drop),
        other.open_files().map(drop),
        other.terminate(),
        other.set_nice(0),
    ] {
        let error = denied.unwrap_err();
        assert_eq!((error.kind(), error.pid()), (ErrorKind::AccessDenied, Some(1)), "{error:?}");
    }
    // The kernel shows these to everyone.
    other.rlimit(Resource::Nofile).unwrap();
    other.cpu_affinity().unwrap();
    other.num_ctx_switches().unwrap();
    assert!(!other.cmdline().unwrap().is_empty());
    assert!(other.memory_info().unwrap().rss > 0);
}

#[test]
fn a_kernel_thread_has_neither_program_nor_memory() {
    let system = System::host();
    // kthreadd, where this is no container.
    let Some(kthread) = system.process(2).ok().filter(|p| p.ppid().unwrap() == 0 && p.name().unwrap() == "kthreadd")
    else {
        psoxide_testing::skip("kernel threads are not visible here");
        return;
    };
    assert_eq!(kthread.cmdline().unwrap(), Vec::<OsString>::new());
    assert_eq!(kthread.memory_info().unwrap().rss, 0);
    assert!(kthread.terminal().unwrap().is_none());
    if is_root() {
        assert_eq!(kthread.exe().unwrap().as_os_str(), "");
        assert_eq!(kthread.environ().unwrap(), []);
        assert_eq!(kthread.memory_maps().unwrap(), []);
        assert_eq!(kthread.open_files().unwrap(), []);
    }
}
