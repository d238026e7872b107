//! Readings of a running Windows, or of Wine.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use psoxide::{
    AddressFamily, Child, ConnectionKind, ConnectionStatus, Endpoint, ErrorKind, ExitStatus, Field, IoPriority,
    IoPriorityClass, NicAddress, Process, ProcessStatus, Signal, System, wait_procs,
};

use common::windows::refuse_all;

/// This test again, as a process that does nothing until its input ends.
fn sleeper() -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "waits_for_the_end_of_its_input", "--", "two words", "a\"b"]);
    command.env("PSOXIDE_TEST", "j=1").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    Child::spawn(&mut command).unwrap()
}

#[test]
#[ignore = "a process for the other tests"]
fn waits_for_the_end_of_its_input() {
    let _ = std::io::stdin().read(&mut [0]);
    std::process::exit(7);
}

/// Whether this is Wine, which `cargo xtask windows` says.
fn wine() -> bool {
    std::env::var_os("PSOXIDE_WINE").is_some()
}

/// Waits for what will come.
fn until(what: &str, mut come: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !come() {
        assert!(Instant::now() < end, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_machine_is_plausible() {
    let system = System::host();
    let cpus = system.cpu_count().unwrap().unwrap();
    assert_eq!(system.cpu_times_per_cpu().unwrap().len(), cpus);
    assert!(system.cpu_count_cores().unwrap().is_some_and(|cores| (1..=cpus).contains(&cores)));
    let times = system.cpu_times().unwrap();
    assert!(times.total() > Duration::ZERO && times.irq.is_some() && times.dpc.is_some());
    assert_eq!(times.total(), times.user + times.system + times.idle);
    let memory = system.virtual_memory().unwrap();
    assert!(memory.total > 1 << 26 && memory.available <= memory.total && memory.percent <= 100.0);
    let swap = system.swap_memory().unwrap();
    assert!(swap.used <= swap.total);
    assert!(system.boot_time().unwrap() < SystemTime::now());
    assert!(system.uptime().unwrap() > Duration::ZERO);
    assert!(system.cpu_stats().unwrap().soft_interrupts.is_none());
    assert!(system.load_average().unwrap().one >= 0.0);
    for clock in system.cpu_freq().unwrap() {
        assert!(clock.current > 0.0);
    }
    system.sensors_battery().unwrap();
    for user in system.users().unwrap() {
        assert!(user.started.is_none_or(|started| started <= SystemTime::now()), "{user:?}");
    }
    assert_eq!(system.sensors_fans().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(System::at_root("C:\\").unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn drives_have_space() {
    let system = System::host();
    let partitions = system.disk_partitions(false).unwrap();
    assert!(partitions.iter().any(|partition| partition.mountpoint.as_os_str() == "C:\\"), "{partitions:?}");
    for partition in system.disk_partitions(true).unwrap() {
        assert!(!partition.opts.is_empty());
    }
    let usage = system.disk_usage("C:\\").unwrap();
    assert!(usage.total > 0 && usage.used + usage.free == usage.total);
    assert!(system.disk_usage("C:\\no such folder").is_err());
    system.disk_io_counters().unwrap();
}

#[test]
fn interfaces_have_addresses_with_masks() {
    let system = System::host();
    let all = system.net_if_addrs().unwrap();
    let v4 = all.iter().flat_map(|(_, addresses)| addresses).find_map(|found| match (&found.address, &found.netmask) {
        (NicAddress::Inet(address), Some(NicAddress::Inet(mask))) if address.is_loopback() => Some(*mask),
        _ => None,
    });
    assert_eq!(v4.unwrap().octets(), [255, 0, 0, 0], "{all:?}");
    let names: Vec<_> = all.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(system.net_if_stats().unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    assert_eq!(system.net_io_counters().unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    assert!(system.net_if_stats().unwrap().iter().any(|(_, stats)| stats.isup));
}

#[test]
fn sockets_have_owners() {
    let me = System::host().current_process().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let client = TcpStream::connect(at).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let found = me.net_connections(ConnectionKind::Inet).unwrap();
    let of = |local| found.iter().filter(move |c| c.laddr == Endpoint::Inet(local)).collect::<Vec<_>>();
    let listens = of(at).into_iter().find(|c| c.status == ConnectionStatus::Listen).unwrap();
    assert_eq!((&listens.raddr, listens.pid), (&Endpoint::None, Some(me.pid())));
    let connected = of(client.local_addr().unwrap());
    assert_eq!((connected[0].status, &connected[0].raddr), (ConnectionStatus::Established, &Endpoint::Inet(at)));
    let datagrams = of(udp.local_addr().unwrap());
    assert_eq!((datagrams[0].status, datagrams[0].family), (ConnectionStatus::None, AddressFamily::Inet));
    // A machine may be without the newer protocol.
    if let (Ok(tcp), Ok(udp)) = (TcpListener::bind("[::1]:0"), UdpSocket::bind("[::1]:0")) {
        for (kind, at) in [(ConnectionKind::Tcp6, tcp.local_addr()), (ConnectionKind::Udp6, udp.local_addr())] {
            let at = Endpoint::Inet(at.unwrap());
            assert!(
                me.net_connections(kind).unwrap().iter().any(|c| c.laddr == at),
                "{kind:?} {at:?}, not in {:?}",
                me.net_connections(kind)
            );
        }
    }
    assert!(me.net_connections(ConnectionKind::Tcp).unwrap().iter().all(|c| c.laddr != datagrams[0].laddr));
    let all = System::host().net_connections(ConnectionKind::All).unwrap();
    assert!(found.iter().all(|c| all.contains(c)));
}

#[test]
fn a_process_may_read_all_of_itself() {
    let me = System::host().current_process().unwrap();
    assert_eq!(me.pid(), std::process::id());
    let exe = std::env::current_exe().unwrap();
    assert_eq!(me.name().unwrap(), exe.file_name().unwrap());
    assert_eq!(std::fs::canonicalize(me.exe().unwrap()).unwrap(), std::fs::canonicalize(exe).unwrap());
    assert_eq!(me.cmdline().unwrap(), std::env::args_os().collect::<Vec<_>>());
    assert_eq!(me.cwd().unwrap(), std::env::current_dir().unwrap());
    assert!(me.create_time().unwrap() <= SystemTime::now());
    assert!(me.create_time().unwrap() >= System::host().boot_time().unwrap());
    assert!(me.username().unwrap().to_string_lossy().contains('\\'));
    assert_eq!(me.status().unwrap(), ProcessStatus::Running);
    assert!(me.memory_info().unwrap().rss > 0);
    assert!(me.memory_details().unwrap().virtual_size.unwrap() > 0);
    let footprint = me.memory_footprint().unwrap();
    assert!(footprint.uss > 0);
    assert!(me.cpu_affinity().unwrap().len() <= System::host().cpu_count().unwrap().unwrap());
    assert_eq!(me.nice().unwrap(), 0x20);
    assert!(me.num_threads().unwrap() >= 1);
    // From one table: the threads of other tests come and go.
    let view = me.oneshot();
    assert_eq!(view.threads().unwrap().len() as u64, view.num_threads().unwrap());
    assert!(me.num_ctx_switches().unwrap().involuntary.is_none());
    let io = me.io_counters().unwrap();
    assert!(io.other_count.is_some() && io.read_chars.is_none());
    me.page_faults().unwrap();
    me.num_handles().unwrap();
    let maps = me.memory_maps_grouped().unwrap();
    assert!(maps.iter().any(|map| map.path.to_string_lossy().to_lowercase().ends_with("ntdll.dll")), "{maps:?}");
    for unsupported in [me.uids().map(drop), me.num_fds().map(drop), me.terminal().map(drop)] {
        assert_eq!(unsupported.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn every_getter_of_every_process_answers_or_says_why_not() {
    let refused = |p: &Process| {
        let mut errors = Vec::new();
        macro_rules! get {
            ($($getter:ident $(($arg:expr))?),+) => { $(
                if let Err(error) = p.$getter($($arg)?) {
                    errors.push((stringify!($getter), error));
                }
            )+ };
        }
        get!(
            ppid,
            parent,
            name,
            exe,
            cmdline,
            status,
            username,
            create_time,
            cwd,
            environ,
            nice,
            cpu_affinity,
            num_ctx_switches,
            num_handles,
            num_threads,
            threads,
            cpu_times,
            memory_info,
            memory_details,
            memory_footprint,
            memory_maps,
            io_counters,
            page_faults,
            net_connections(ConnectionKind::All),
            is_running
        );
        errors
    };
    for process in System::host().processes().unwrap() {
        for p in [process.clone(), process.oneshot()] {
            for (getter, error) in refused(&p) {
                let known = [ErrorKind::AccessDenied, ErrorKind::NoSuchProcess];
                if wine() && error.kind() == ErrorKind::Unsupported && getter.starts_with("memory_") {
                    continue; // Wine tells a process of its own pages alone
                }
                assert!(known.contains(&error.kind()), "{getter}: {error:?}");
                assert_eq!(error.pid(), Some(p.pid()), "{getter}: {error:?}");
            }
        }
    }
}

#[test]
fn another_process_is_read_as_it_was_started() {
    let child = sleeper();
    let p: &Process = &child;
    assert_eq!(
        &p.cmdline().unwrap()[1..],
        ["--ignored", "--exact", "waits_for_the_end_of_its_input", "--", "two words", "a\"b"]
    );
    let environ = p.environ().unwrap();
    assert!(environ.iter().any(|(name, value)| name == "PSOXIDE_TEST" && value == "j=1"), "{environ:?}");
    assert_eq!(p.cwd().unwrap(), std::env::current_dir().unwrap());
    assert_eq!(p.ppid().unwrap(), std::process::id());
    assert_eq!(p.parent().unwrap().unwrap().pid(), std::process::id());
    let me = System::host().current_process().unwrap();
    assert!(me.children(false).unwrap().contains(p), "identity differs between the table and the handle");
    assert_eq!(p.username().unwrap(), me.username().unwrap());
    let maps = p.memory_maps().unwrap();
    assert!(maps.iter().any(|map| map.path == p.exe().unwrap() && map.rss > Some(0)), "{maps:?}");
    child.kill().unwrap();
}

#[test]
fn a_32_bit_process_is_read_as_it_was_started() {
    let windows = std::env::var_os("windir").unwrap();
    let shell = std::path::Path::new(&windows).join(r"syswow64\cmd.exe");
    let mut command = Command::new(&shell);
    command.args(["/k", "rem two words"]).env("PSOXIDE_TEST", "32").current_dir(&windows);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Child::spawn(&mut command).unwrap();
    // It has begun when it says something.
    child.pipes().stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let p: &Process = &child;
    for p in [p.clone(), p.oneshot()] {
        let cmdline = p.cmdline().unwrap();
        assert_eq!((&*cmdline[0], &cmdline[1..]), (shell.as_os_str(), &["/k".into(), "rem two words".into()][..]));
        assert_eq!(p.cwd().unwrap().as_os_str().to_ascii_lowercase(), windows.to_ascii_lowercase());
        assert_eq!(p.exe().unwrap().as_os_str().to_ascii_lowercase(), shell.as_os_str().to_ascii_lowercase());
        let environ = p.environ().unwrap();
        let has = |name: &str, value: &str| environ.iter().any(|(known, is)| known == name && is == value);
        assert!(has("PSOXIDE_TEST", "32") && has("PROCESSOR_ARCHITECTURE", "x86"), "{environ:?}");
        assert!(p.memory_info().unwrap().rss > 0 && !p.memory_maps().unwrap().is_empty());
    }
    child.kill().unwrap();
}

#[test]
fn who_may_not_be_opened_is_read_from_the_table() {
    let mut child = sleeper();
    let (exe, started) = (child.exe().unwrap(), child.create_time().unwrap());
    refuse_all(child.pid());
    let system = System::host();
    // Found anew: its identity is the same, whoever tells it.
    let found = system.process(child.pid()).unwrap();
    assert_eq!(found, *child);
    for p in [found.clone(), found.oneshot()] {
        assert_eq!(p.nice().unwrap_err().kind(), ErrorKind::AccessDenied, "a debugger's right opens it");
        assert_eq!((p.exe().unwrap(), p.create_time().unwrap()), (exe.clone(), started));
        assert_eq!(p.name().unwrap(), exe.file_name().unwrap());
        assert_eq!((p.ppid().unwrap(), p.status().unwrap()), (std::process::id(), ProcessStatus::Running));
        assert!(p.memory_info().unwrap().rss > 0 && p.memory_details().unwrap().virtual_size > Some(0));
        assert_eq!(p.threads().unwrap().len() as u64, p.num_threads().unwrap());
        p.num_ctx_switches().unwrap();
        p.cpu_times().unwrap();
        p.io_counters().unwrap();
        p.num_handles().unwrap();
        p.page_faults().unwrap();
        p.net_connections(ConnectionKind::All).unwrap();
        assert!(p.is_running().unwrap());
        let refused = [
            p.cmdline().map(drop),
            p.environ().map(drop),
            p.cwd().map(drop),
            p.username().map(drop),
            p.cpu_affinity().map(drop),
            p.ionice().map(drop),
            p.open_files().map(drop),
            p.memory_maps().map(drop),
            p.memory_footprint().map(drop),
            p.set_nice(0x20),
            p.set_cpu_affinity(&[0]),
            p.suspend(),
            p.resume(),
            p.terminate(),
            p.kill(),
            p.wait(Some(Duration::ZERO)).map(drop),
        ];
        for (place, answer) in refused.into_iter().enumerate() {
            let error = answer.unwrap_err();
            assert_eq!((error.kind(), error.pid()), (ErrorKind::AccessDenied, Some(child.pid())), "{place}: {error}");
        }
    }
    let snapshot = system.snapshot([Field::MemoryInfo, Field::NumThreads, Field::Username]).unwrap();
    let row = snapshot.processes.iter().find(|row| row.pid == child.pid()).unwrap();
    assert!(row.memory_info.value().is_some() && row.num_threads.value().is_some());
    assert!(matches!(row.username, psoxide::Reading::Denied));
    drop(child.pipes().stdin.take());
    until("its end", || !child.is_running().unwrap());
    assert_eq!(found.name().unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert_eq!(found.nice().unwrap_err().kind(), ErrorKind::NoSuchProcess);
}

#[test]
fn the_end_is_waited_for() {
    let mut child = sleeper();
    assert_eq!(child.wait(Some(Duration::from_millis(50))).unwrap_err().kind(), ErrorKind::Timeout);
    drop(child.pipes().stdin.take());
    assert_eq!(child.wait(Some(Duration::from_secs(20))).unwrap(), Some(ExitStatus::Code(7)));
    // The caller's own handle keeps the process object: it has ended all the same.
    assert!(!child.is_running().unwrap());
    assert_eq!(child.name().unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert_eq!(child.memory_info().unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert_eq!(child.kill().unwrap_err().kind(), ErrorKind::NoSuchProcess);
    assert_eq!(child.wait(None).unwrap(), Some(ExitStatus::Code(7)));
}

#[test]
fn many_ends_are_waited_for_at_once() {
    let children: Vec<Child> = (0..70).map(|_| sleeper()).collect();
    let processes: Vec<Process> = children.iter().map(|child| (**child).clone()).collect();
    for process in processes.iter().take(69) {
        process.terminate().unwrap();
    }
    let mut told = 0;
    let outcome = wait_procs(&processes[..69], Some(Duration::from_secs(60)), |_, _| told += 1).unwrap();
    assert_eq!((outcome.gone.len(), outcome.alive.len(), told), (69, 0, 69));
    assert!(outcome.gone.iter().all(|(_, status)| *status == Some(ExitStatus::Code(Signal::TERM.0))));
    let outcome = wait_procs(&processes[68..], Some(Duration::from_millis(20)), |_, _| {}).unwrap();
    assert_eq!((outcome.gone.len(), outcome.alive), (1, processes[69..].to_vec()));
    processes[69].kill().unwrap();
}

#[test]
fn a_process_is_told_what_to_do() {
    let child = sleeper();
    child.suspend().unwrap();
    if wine() {
        psoxide_testing::skip("Wine does not tell what threads wait for");
    } else {
        until("suspended", || child.status().unwrap() == ProcessStatus::Suspended);
    }
    child.resume().unwrap();
    until("resumed", || child.status().unwrap() == ProcessStatus::Running);
    child.set_nice(0x4000).unwrap();
    assert_eq!(child.nice().unwrap(), 0x4000);
    assert_eq!(child.set_nice(10).unwrap_err().kind(), ErrorKind::InvalidInput);
    child.set_cpu_affinity(&[0]).unwrap();
    assert_eq!(child.cpu_affinity().unwrap(), [0]);
    assert_eq!(child.set_cpu_affinity(&[4000]).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(child.send_signal(Signal(42)).unwrap_err().kind(), ErrorKind::InvalidInput);
    let linux = IoPriority::new(IoPriorityClass::BestEffort, None);
    assert_eq!(child.set_ionice(linux).unwrap_err().kind(), ErrorKind::InvalidInput);
    child.kill().unwrap();
    assert_eq!(child.wait(Some(Duration::from_secs(20))).unwrap(), Some(ExitStatus::Code(9)));
}

#[test]
fn open_files_are_found_and_pipes_do_not_hang() {
    let path = std::env::temp_dir().join(format!("psoxide-{}.txt", std::process::id()));
    // Read and written: the access that pipes have too.
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    file.write_all(b"x").unwrap();
    // It waits for its input, which is a pipe.
    let child = sleeper();
    let began = Instant::now();
    child.open_files().unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    let me = System::host().current_process().unwrap();
    let files = me.open_files().unwrap();
    let same = |known: &std::path::Path| std::fs::canonicalize(known).ok() == std::fs::canonicalize(&path).ok();
    assert!(files.iter().any(|known| same(&known.path)), "{files:?}");
    child.kill().unwrap();
    drop(file);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_snapshot_is_of_one_moment() {
    let child = sleeper();
    let fields = [Field::Name, Field::Ppid, Field::Status, Field::CpuTimes, Field::MemoryInfo, Field::NumHandles];
    let snapshot = System::host().snapshot(fields).unwrap();
    let row = snapshot.processes.iter().find(|row| row.pid == child.pid()).unwrap();
    assert_eq!(row.start, child.start());
    assert_eq!(row.name.value(), Some(&child.name().unwrap()));
    assert_eq!(row.ppid.value(), Some(&std::process::id()));
    assert!(row.memory_info.value().unwrap().rss > 0);
    // All came from one table: of no process is any of these refused.
    for row in &snapshot.processes {
        for field in fields {
            assert!(row.get(field).value().is_some(), "{} {}: {:?}", row.pid, field.name(), row.get(field).reason());
        }
    }
    child.kill().unwrap();
}

#[test]
fn services_are_listed_and_found() {
    let system = System::host();
    let services = system.services().unwrap();
    assert!(!services.is_empty());
    let mut read = 0;
    for (name, display_name) in &services {
        match system.service(name) {
            Ok(service) => {
                assert_eq!((&service.name, &service.display_name), (name, display_name));
                read += 1;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::AccessDenied, "{name:?}: {error}"),
        }
    }
    assert!(read > 0);
    for name in ["no such service", "no/name\\of one"] {
        let error = system.service(name).unwrap_err();
        assert_eq!((error.kind(), error.pid()), (ErrorKind::NoSuchProcess, None), "{name:?}: {error}");
    }
}

#[test]
fn pids_that_nobody_has() {
    let system = System::host();
    let pids = system.pids().unwrap();
    assert!(pids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(system.pid_exists(std::process::id()).unwrap());
    for missing in [u32::MAX, u32::MAX - 3, std::process::id() + 1] {
        if !pids.contains(&missing) {
            assert!(!system.pid_exists(missing).unwrap());
            assert_eq!(system.process(missing).unwrap_err().kind(), ErrorKind::NoSuchProcess, "{missing}");
        }
    }
}
