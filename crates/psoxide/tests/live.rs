//! Readings of the running machine: against the tools people know, on every process, on odd ones.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{Reaped, output, sleeper, until};
use psoxide::{
    Backend, Child, ConnectionKind, Error, ErrorKind, ExitStatus, Field, Fingerprints, IoPriority, IoPriorityClass,
    Limit, MemoryType, Pid, Process, ProcessStatus, Query, Resource, Signal, System, wait_procs,
};

fn spawn(program: &str, args: &[&str]) -> Child {
    Child::spawn(Command::new(program).args(args)).unwrap()
}

/// Calls every getter; the errors they gave.
fn every_getter(p: &Process) -> Vec<Error> {
    let mut errors = Vec::new();
    macro_rules! get {
        ($($getter:ident $(($arg:expr))?),+ $(,)?) => { $(
            if let Err(error) = p.$getter($($arg)?) {
                errors.push(error);
            }
        )+ };
    }
    get!(
        ppid,
        parent,
        parents,
        children(false),
        name,
        exe,
        cmdline,
        status,
        username,
        uids,
        gids,
        terminal,
        create_time,
        cwd,
        environ,
        nice,
        ionice,
        rlimit(Resource::Nofile),
        cpu_affinity,
        cpu_num,
        num_ctx_switches,
        num_fds,
        num_threads,
        threads,
        thread_details,
        scheduling,
        is_kernel_thread,
        cgroup,
        net_namespace,
        oom_score,
        cpu_times,
        memory_info,
        memory_footprint,
        memory_percent(MemoryType::Rss),
        memory_maps,
        memory_maps_grouped,
        io_counters,
        page_faults,
        open_files,
        net_connections(ConnectionKind::All),
        is_running,
    );
    errors
}

#[test]
fn every_getter_of_every_process_answers_or_says_why_not() {
    for process in System::host().processes().unwrap() {
        for p in [process.clone(), process.oneshot()] {
            for error in every_getter(&p) {
                let known = [ErrorKind::AccessDenied, ErrorKind::NoSuchProcess, ErrorKind::ZombieProcess];
                assert!(known.contains(&error.kind()), "{error:?}");
                assert_eq!(error.pid(), Some(p.pid()), "{error:?}");
            }
        }
    }
}

#[test]
fn a_process_may_read_all_of_itself() {
    let me = System::host().current_process().unwrap();
    assert!(every_getter(&me).is_empty(), "{:?}", every_getter(&me));
    assert_eq!(me.pid(), std::process::id());
    assert_eq!(me.exe().unwrap(), std::env::current_exe().unwrap());
    assert_eq!(me.cwd().unwrap(), std::env::current_dir().unwrap());
    assert_eq!(me.cmdline().unwrap(), std::env::args_os().collect::<Vec<_>>());
    assert!(me.create_time().unwrap() <= SystemTime::now());
    assert!(me.memory_info().unwrap().rss > 0);
    let footprint = me.memory_footprint().unwrap();
    assert!(footprint.uss <= footprint.pss.unwrap());
    assert!(me.environ().unwrap().iter().any(|(name, _)| name == "PATH"));
}

#[test]
fn oneshot_answers_what_the_first_reading_saw() {
    let child = sleeper();
    let view = child.0.oneshot();
    let before = view.status().unwrap();
    child.0.suspend().unwrap();
    until("stopped", || child.0.status().unwrap() == ProcessStatus::Stopped);
    assert_eq!(view.status().unwrap(), before);
    child.0.resume().unwrap();
    until("resumed", || child.0.status().unwrap() != ProcessStatus::Stopped);
}

#[test]
fn memory_agrees_with_free() {
    // Memory moves between two readings: they need to meet once.
    until("agreement with free", || {
        let Some(text) = output("free", &["-b", "-w"]) else { return true };
        let memory = System::host().virtual_memory().unwrap();
        let row = |name: &str| -> Vec<u64> {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().skip(1).map(|n| n.parse().unwrap()).collect()
        };
        assert_eq!(memory.total, row("Mem:")[0]);
        assert_eq!(System::host().swap_memory().unwrap().total, row("Swap:")[0]);
        let ours = [memory.used, memory.free, memory.shared.unwrap(), memory.buffers.unwrap(), memory.cached.unwrap()];
        ours == row("Mem:")[1..6] && memory.available == row("Mem:")[6]
    });
}

#[test]
fn processes_agree_with_ps() {
    let child = sleeper();
    let pid = child.0.pid().to_string();
    let Some(text) = output("ps", &["-o", "ppid=,user=,nlwp=,ni=,rss=,vsz=,comm=", "-p", &pid]) else { return };
    let ps: Vec<&str> = text.split_whitespace().collect();
    let p = &child.0;
    assert_eq!(p.ppid().unwrap().to_string(), ps[0]);
    assert_eq!(p.username().unwrap(), OsStr::new(ps[1]));
    assert_eq!(p.num_threads().unwrap().to_string(), ps[2]);
    assert_eq!(p.nice().unwrap().to_string(), ps[3]);
    assert_eq!((p.memory_info().unwrap().vms / 1024).to_string(), ps[5]);
    assert_eq!(p.name().unwrap(), OsStr::new(ps[6]));
}

#[test]
fn disk_usage_agrees_with_df() {
    let Some(text) = output("df", &["-B1", "--output=size", "/"]) else { return };
    let total = text.lines().nth(1).unwrap().trim().parse::<u64>().unwrap();
    assert_eq!(System::host().disk_usage("/").unwrap().total, total);
}

#[test]
fn the_machine_is_plausible() {
    let system = System::host();
    let cpus = system.cpu_count().unwrap().unwrap();
    assert_eq!(system.cpu_times_per_cpu().unwrap().len(), cpus);
    assert!(system.cpu_count_cores().unwrap().is_none_or(|cores| cores <= cpus));
    assert!(system.cpu_times().unwrap().total() > Duration::ZERO);
    assert!(system.cpu_stats().unwrap().ctx_switches.unwrap() > 0);
    assert!(system.boot_time().unwrap() < SystemTime::now());
    // However it is found out, it is what the kernel writes.
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let btime = stat.lines().find_map(|line| line.strip_prefix("btime ")).unwrap().parse().unwrap();
    assert_eq!(system.boot_time().unwrap(), UNIX_EPOCH + Duration::from_secs(btime));
    assert!(system.load_average().unwrap().one >= 0.0);
    system.cpu_freq().unwrap();
    system.users().unwrap();
    system.sensors_temperatures().unwrap();
    system.sensors_fans().unwrap();
    system.sensors_battery().unwrap();
    system.gpus().unwrap();
    system.disk_partitions(false).unwrap();
    assert!(!system.disk_partitions(true).unwrap().is_empty());
    let nics = system.net_io_counters().unwrap();
    let stats = system.net_if_stats().unwrap();
    for (name, _) in &nics {
        assert!(stats.iter().any(|(known, _)| known == name), "{name:?}");
    }
    for (_, addresses) in system.net_if_addrs().unwrap() {
        assert!(!addresses.is_empty());
    }
}

#[test]
fn pids_are_processes_not_threads() {
    let system = System::host();
    let pids = system.pids().unwrap();
    assert!(pids.is_sorted());
    let me = system.current_process().unwrap();
    assert!(pids.contains(&me.pid()) && system.pid_exists(me.pid()).unwrap());
    let other = std::thread::spawn(std::thread::park);
    for thread in me.threads().unwrap() {
        assert_eq!(system.pid_exists(thread.id).unwrap(), thread.id == me.pid());
    }
    other.thread().unpark();
    assert!(!system.pid_exists(0).unwrap() && !system.pid_exists(u32::MAX).unwrap());
    assert!(system.process(u32::MAX).unwrap_err().is_no_such_process());
}

#[test]
fn a_zombie_is_a_zombie() {
    let mut child = sleeper();
    child.0.kill().unwrap();
    until("zombie", || child.0.status().unwrap() == ProcessStatus::Zombie);
    let p: &Process = &child.0;
    for error in [p.cmdline().unwrap_err(), p.exe().unwrap_err(), p.cwd().unwrap_err(), p.environ().unwrap_err()] {
        // Without privileges the kernel refuses links of a zombie before it misses them.
        assert!(matches!(error.kind(), ErrorKind::ZombieProcess | ErrorKind::AccessDenied), "{error:?}");
    }
    assert_eq!(p.memory_info().unwrap().rss, 0);
    assert!(p.is_running().unwrap());
    p.terminate().unwrap();
    let gone = p.clone();
    child.0.pipes().wait().unwrap();
    assert!(!gone.is_running().unwrap());
    assert!(gone.name().unwrap_err().is_no_such_process());
    assert!(gone.kill().unwrap_err().is_no_such_process());
}

#[test]
fn names_keep_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    for name in [&b"a) R 1 (b"[..], b"two words", b"new\nline", b"\xff\xfe", b"a name longer than fifteen bytes"] {
        let program = folder.path().join(OsStr::from_bytes(name));
        std::fs::copy("/bin/sleep", &program).unwrap();
        // A test that forks meanwhile holds the new file open for writing until it execs: ETXTBSY.
        let mut child = None;
        until("start", || {
            let mut command = Command::new(&program);
            child = Child::spawn(command.arg0(OsString::from_vec(name.to_vec())).arg("60")).ok().map(Reaped);
            child.is_some()
        });
        let child = child.unwrap();
        // exec(2) changes the file first and the command line last.
        until("exec", || child.0.exe().is_ok_and(|exe| exe == program) && !child.0.cmdline().unwrap().is_empty());
        assert_eq!(child.0.name().unwrap().as_bytes(), name);
        std::fs::remove_file(&program).unwrap();
        assert_eq!(child.0.exe().unwrap(), program);
    }
}

#[test]
fn signals_and_exit_codes_are_told() {
    let child = sleeper();
    assert_eq!(child.0.wait(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::Timeout);
    child.0.send_signal(Signal::TERM).unwrap();
    assert_eq!(child.0.wait(None).unwrap(), Some(ExitStatus::Signal(Signal::TERM)));
    let child = Reaped(spawn("sh", &["-c", "exit 3"]));
    assert_eq!(child.0.wait(Some(Duration::from_secs(20))).unwrap(), Some(ExitStatus::Code(3)));
}

#[test]
fn fingerprints_know_who_began_and_who_ended() {
    let system = System::host();
    for most_files in [0, 3, 1000] {
        let mut known = Fingerprints::keeping(most_files);
        let mut has = |pid: Pid| {
            system.fingerprints(&mut known).unwrap();
            assert!(known.by_pid.is_sorted_by_key(|(pid, _)| *pid));
            known.by_pid.iter().any(|(other, of)| *other == pid && of.is_some())
        };
        for _ in 0..20 {
            let child = sleeper();
            let pid = child.0.pid();
            assert!(has(pid));
            // Mostly nothing is started between these two calls, so that the second one does not list the processes.
            assert!(has(pid));
            child.0.kill().unwrap();
            child.0.wait(None).unwrap();
            assert!(!has(pid));
        }
    }
}

#[test]
fn fingerprints_from_files_that_are_kept_open_are_the_same() {
    let child = sleeper();
    child.0.suspend().unwrap();
    let of = |known: &mut Fingerprints| {
        System::host().fingerprints(known).unwrap();
        known.by_pid.iter().find(|(pid, _)| *pid == child.0.pid()).unwrap().1
    };
    let (mut plain, mut keeping) = (Fingerprints::default(), Fingerprints::keeping(1000));
    until("it is stopped", || child.0.status().unwrap() == ProcessStatus::Stopped);
    let stopped = of(&mut plain);
    assert!((0..3).all(|_| of(&mut keeping) == stopped));
    child.0.set_nice(3).unwrap();
    let changed = of(&mut keeping);
    assert_ne!(changed, stopped);
    assert_eq!(changed, of(&mut plain));
}

#[test]
fn many_are_waited_for_at_once() {
    let mut children: Vec<Reaped> = (0..40).map(|_| sleeper()).collect();
    let processes: Vec<Process> = children.iter().map(|child| Process::clone(&child.0)).collect();
    let outcome = wait_procs(&processes, Some(Duration::ZERO), |_, _| panic!("none has ended")).unwrap();
    assert_eq!((outcome.gone.len(), outcome.alive.len()), (0, 40));
    for child in children.iter_mut().take(39) {
        child.0.terminate().unwrap();
    }
    let mut told = 0;
    let outcome = wait_procs(&processes, Some(Duration::from_secs(2)), |_, status| {
        assert_eq!(status, Some(ExitStatus::Signal(Signal::TERM)));
        told += 1;
    })
    .unwrap();
    assert_eq!((told, outcome.gone.len(), outcome.alive.len()), (39, 39, 1));
}

#[test]
fn setters_set() {
    let child = sleeper();
    let p = &child.0;
    p.set_nice(5).unwrap();
    assert_eq!(p.nice().unwrap(), 5);
    let priority = IoPriority::new(IoPriorityClass::BestEffort, Some(6));
    p.set_ionice(priority).unwrap();
    assert_eq!(p.ionice().unwrap(), priority);
    let limit = Limit { soft: Some(64), hard: Some(128) };
    p.set_rlimit(Resource::Nofile, limit).unwrap();
    assert_eq!(p.rlimit(Resource::Nofile).unwrap(), limit);
    let cpus = p.cpu_affinity().unwrap();
    p.set_cpu_affinity(&cpus[..1]).unwrap();
    assert_eq!(p.cpu_affinity().unwrap(), cpus[..1]);
    assert_eq!(p.set_cpu_affinity(&[]).unwrap_err().kind(), ErrorKind::InvalidInput);
    let wrong = IoPriority::new(IoPriorityClass::BestEffort, Some(8));
    assert_eq!(p.set_ionice(wrong).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_program_that_was_just_started_is_not_told_of_as_its_parent() {
    for _ in 0..300 {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = System::host().process(child.id()).unwrap();
        let (comm, cmdline) = (process.comm().unwrap(), process.cmdline().unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((comm, cmdline), ("sleep".into(), vec!["sleep".into(), "60".into()]));
    }
}

#[test]
fn open_files_and_sockets_are_found() {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    let file = tempfile::NamedTempFile::new().unwrap();
    // Another one is in its place by now, as with logs that are rotated.
    let replaced = tempfile::NamedTempFile::new().unwrap();
    std::fs::remove_file(replaced.path()).unwrap();
    std::fs::write(replaced.path(), "").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let system = System::host();
    let me = system.current_process().unwrap();
    let open = me.open_files().unwrap();
    let found = open.iter().find(|open| open.path == file.path()).unwrap();
    assert_eq!((found.mode, found.position), (Some("r+"), Some(0)));
    assert!(open.iter().any(|open| open.path == replaced.path()), "{open:#?}");
    for connections in [me.net_connections(ConnectionKind::Inet), system.net_connections(ConnectionKind::Inet)] {
        let connections = connections.unwrap();
        for address in [tcp.local_addr().unwrap(), client.local_addr().unwrap(), udp.local_addr().unwrap()] {
            let mine = connections.iter().find(|c| c.laddr == psoxide::Endpoint::Inet(address)).unwrap();
            assert_eq!(mine.pid, Some(me.pid()));
            assert!(mine.fd.is_some());
        }
    }
}

#[test]
fn children_and_parents_know_each_other() {
    let child = Reaped(spawn("sh", &["-c", "sleep 60 & wait"]));
    let me = System::host().current_process().unwrap();
    until("grandchild", || !child.0.children(false).unwrap().is_empty());
    let grandchild = child.0.children(false).unwrap().remove(0);
    assert_eq!(grandchild.parent().unwrap().as_ref(), Some(&*child.0));
    assert!(me.children(false).unwrap().contains(&child.0));
    assert!(!me.children(false).unwrap().contains(&grandchild));
    assert!(me.children(true).unwrap().contains(&grandchild));
    // A pidfd is asked for parents, unless only files may be read.
    let files = System::host().with_backend(Backend::Proc).process(child.0.pid()).unwrap();
    for recursive in [false, true] {
        let found = [&child.0, &files].map(|child| child.children(recursive).unwrap());
        assert!(found.iter().all(|found| found.iter().eq([&grandchild])), "{found:?}");
    }
    assert!(grandchild.parents().unwrap().contains(&me));
    grandchild.kill().unwrap();
}

#[test]
fn a_snapshot_agrees_with_the_getters() {
    let child = sleeper();
    let p = &child.0;
    until("asleep", || p.status().unwrap() == ProcessStatus::Sleeping && p.name().unwrap() == "sleep");
    let mut query = Query::from(Field::ALL.iter().copied());
    query.counters = true;
    let mut first = System::host().snapshot(query).unwrap();
    // Memory that sleeps may be reclaimed between two readings: they need to meet once.
    until("agreement", || {
        first = System::host().snapshot(query).unwrap();
        let row = first.processes.iter().find(|row| row.pid == p.pid()).unwrap();
        assert_eq!(row.start, p.start());
        assert_eq!(row.name.value(), Some(&p.name().unwrap()));
        assert_eq!(row.cmdline.value(), Some(&p.cmdline().unwrap()));
        assert_eq!(row.username.value(), Some(&p.username().unwrap()));
        row.memory_info.value() == Some(&p.memory_info().unwrap())
    });
    let spent = Instant::now();
    while spent.elapsed() < Duration::from_millis(60) {}
    let second = System::host().snapshot(query).unwrap();
    let rates = second.since(&first);
    let me = rates.processes.iter().find(|rates| rates.pid == std::process::id()).unwrap();
    assert!(me.cpu_percent.unwrap() > 0.0);
    assert!(rates.cpu_percent.is_some_and(|percent| (0.0..=100.0).contains(&percent)));
}

#[test]
fn threads_find_the_same_processes() {
    let child = sleeper();
    let query = Query::from([Field::Name, Field::Ppid]).with_threads(3);
    let snapshot = System::host().snapshot(query).unwrap();
    assert!(snapshot.processes.is_sorted_by_key(|row| row.pid));
    let row = snapshot.processes.iter().find(|row| row.pid == child.0.pid()).unwrap();
    assert_eq!(row.ppid.value(), Some(&std::process::id()));
    // In the order that was asked for, this process included.
    let mut pids: Vec<Pid> = snapshot.processes.iter().rev().map(|row| row.pid).collect();
    let read: Vec<Pid> = System::host().snapshot_of(&pids, query).unwrap().processes.iter().map(|r| r.pid).collect();
    pids.retain(|pid| read.contains(pid)); // others may have ended
    assert_eq!(read, pids);
    assert!(read.contains(&std::process::id()) && read.contains(&child.0.pid()));
}

#[test]
fn processes_that_vanish_by_the_hundred_are_gone_not_broken() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let children: Vec<_> = (0..20).filter_map(|_| Command::new("true").spawn().ok()).collect();
                for mut child in children {
                    let _ = child.wait();
                }
            }
        });
        for _ in 0..10 {
            for process in System::host().processes().unwrap() {
                for error in every_getter(&process.oneshot()) {
                    let kind = error.kind();
                    assert!(!matches!(kind, ErrorKind::Parse | ErrorKind::Io | ErrorKind::InvalidInput), "{error:?}");
                }
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn the_allocator_is_told() {
    match psoxide::heap_info() {
        Ok(heap) => assert!(heap.heap_used + heap.mmap_used > 0),
        Err(error) => assert!(error.is_unsupported()),
    }
}

#[test]
fn another_procfs_is_read() {
    let system = System::with_procfs("/proc").unwrap();
    assert!(system.is_live() && !system.pids().unwrap().is_empty());
    assert!(System::at_root("/nonexistent").unwrap_err().path().is_some_and(|p| p == Path::new("/nonexistent/proc")));
}
