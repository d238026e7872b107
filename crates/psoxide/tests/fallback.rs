//! What a process can do whose kernel, filter or limits keep the usual ways shut. Each runs in a process of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Reaped, animal, sleeper, this_animal};
use psoxide::{
    Child, ErrorKind, ExitStatus, IoPriority, IoPriorityClass, Limit, Process, Resource, Signal, System, wait_procs,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// Runs what `name` stands for in a process of its own, and says what that said if it failed.
#[track_caller]
fn alone(name: &str) {
    let output = animal("cage", name).stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{:?} {:?}\n{said}", output.status.code(), output.status.signal());
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn cage() {
    match this_animal().as_deref() {
        None => {}
        Some("no pidfd") => for_every_errno_of_a_missing_call(live_without_pidfds),
        Some("no descriptor") => live_without_descriptors(),
        Some("other namespace") => live_in_another_namespace(),
        Some(other) => panic!("no animal is called {other}"),
    }
}

#[test]
fn signals_and_waiting_do_without_pidfds() {
    alone("no pidfd");
}

#[test]
fn waiting_for_many_does_with_few_descriptors() {
    alone("no descriptor");
}

#[test]
fn pids_of_another_namespace_are_not_taken_for_ours() {
    let may = Command::new("unshare").args(["--user", "--map-root-user", "--pid", "--fork", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no pid namespace can be made here");
        return;
    }
    let cage = animal("cage", "other namespace");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--fork"]).arg(cage.get_program()).args(cage.get_args());
    let output = command.env("ANIMAL", "other namespace").stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// A kernel before 5.3 has no such call; filters of containers answer EPERM.
fn for_every_errno_of_a_missing_call(run: fn()) {
    if TargetArch::try_from(std::env::consts::ARCH).is_err() {
        eprintln!("skipped: no filter can be made for {}", std::env::consts::ARCH);
        return;
    }
    for errno in [libc::ENOSYS, libc::EPERM] {
        // A filter is forever, but only for the thread and what it starts.
        std::thread::spawn(move || {
            #[allow(clippy::useless_conversion)] // 32 bits on some machines
            let calls = [libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal].map(|call| (call.into(), vec![]));
            let refuse = SeccompAction::Errno(u32::try_from(errno).unwrap());
            let arch = std::env::consts::ARCH.try_into().unwrap();
            let filter = SeccompFilter::new(calls.into(), SeccompAction::Allow, refuse, arch).unwrap();
            seccompiler::apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
            run();
        })
        .join()
        .unwrap();
    }
}

fn live_without_pidfds() {
    let child = sleeper();
    assert_eq!(child.0.wait(Some(Duration::from_millis(1))).unwrap_err().kind(), ErrorKind::Timeout);
    child.0.suspend().unwrap();
    child.0.resume().unwrap();
    child.0.send_signal(Signal::TERM).unwrap();
    assert_eq!(child.0.wait(Some(Duration::from_secs(30))).unwrap(), Some(ExitStatus::Signal(Signal::TERM)));
    assert!(child.0.send_signal(Signal::TERM).unwrap_err().is_no_such_process());
    let me = System::host().current_process().unwrap();
    assert_eq!(me.uids().unwrap(), me.oneshot().uids().unwrap());
    let children: Vec<Reaped> = (0..5).map(|_| sleeper()).collect();
    let processes: Vec<Process> = children.iter().map(|child| Process::clone(&child.0)).collect();
    processes[3].kill().unwrap();
    let outcome = wait_procs(&processes, Some(Duration::from_millis(300)), |_, _| {}).unwrap();
    assert_eq!(outcome.gone, [(processes[3].clone(), Some(ExitStatus::Signal(Signal::KILL)))]);
    assert_eq!(outcome.alive.len(), 4);
}

fn live_without_descriptors() {
    let me = System::host().current_process().unwrap();
    let mut children: Vec<Reaped> = (0..20).map(|_| sleeper()).collect();
    let processes: Vec<Process> = children.iter().map(|child| Process::clone(&child.0)).collect();
    let open = me.num_fds().unwrap();
    // Not one pidfd fits, then a few, then just not all.
    for free in [1, 2, 5, 19] {
        let hard = me.rlimit(Resource::Nofile).unwrap().hard;
        me.set_rlimit(Resource::Nofile, Limit { soft: Some(open + free), hard }).unwrap();
        let outcome = wait_procs(&processes, Some(Duration::from_millis(50)), |_, _| {}).unwrap();
        assert_eq!((outcome.gone.len(), outcome.alive.len()), (0, 20), "{free} free");
        me.set_rlimit(Resource::Nofile, Limit { soft: hard, hard }).unwrap();
    }
    for child in &mut children {
        child.0.kill().unwrap();
    }
    let hard = me.rlimit(Resource::Nofile).unwrap().hard;
    me.set_rlimit(Resource::Nofile, Limit { soft: Some(open + 3), hard }).unwrap();
    let outcome = wait_procs(&processes, Some(Duration::from_secs(30)), |_, _| {}).unwrap();
    assert_eq!((outcome.gone.len(), outcome.alive.len()), (20, 0));
    assert!(outcome.gone.iter().all(|(_, status)| *status == Some(ExitStatus::Signal(Signal::KILL))));
}

/// Here this process has pid 1 or another small one, and /proc is still that of the namespace outside.
fn live_in_another_namespace() {
    let system = System::host();
    let me = system.current_process().unwrap();
    assert_ne!(me.pid(), std::process::id());
    assert_eq!(me.exe().unwrap(), std::env::current_exe().unwrap());
    // From files, all is told.
    assert_eq!(me.uids().unwrap(), me.oneshot().uids().unwrap());
    assert!(!me.cpu_affinity().unwrap().is_empty());
    assert!(me.rlimit(Resource::Nofile).unwrap().soft.is_some());
    assert!(!system.snapshot([psoxide::Field::Username]).unwrap().processes.is_empty());
    // By calls, another process would be meant.
    let priority = IoPriority { class: IoPriorityClass::BestEffort, value: 4 };
    for refused in [
        me.send_signal(Signal(0)),
        me.set_nice(1),
        me.set_ionice(priority),
        me.set_cpu_affinity(&[0]),
        me.set_rlimit(Resource::Nofile, Limit { soft: Some(9), hard: Some(9) }),
        me.ionice().map(drop),
        me.wait(Some(Duration::ZERO)).map(drop),
        Child::spawn(Command::new("sleep").arg("60")).map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
