//! CPU time of psoxide beside that of bare system calls, psutil, other crates and commands, interleaved in one run.
//!
//! `psoxide-bench [PROCESSES] [REPORT]`: how many processes to start for the snapshots (1000 unless told), and the file
//! to write the tables to.

mod measure;
mod populations;
mod python;

use std::env;
use std::ffi::{CStr, CString};
use std::hint::black_box;
use std::io;

use psoxide::{Backend, ConnectionKind, Field, Process, System};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, UpdateKind, Users};

use measure::{Report, Result, Side};
use populations::Herd;
use python::Worker;

/// Rounds of a comparison; in each all sides run, so that what disturbs one disturbs the others.
const ROUNDS: usize = 15;
/// The same for work that takes long.
const FEW_ROUNDS: usize = 7;
/// Calls of a cheap reading in one round.
const CALLS: u32 = 2000;

/// With the pid, which every row has, they are eight.
const FIELDS: [Field; 7] = [
    Field::Name,
    Field::Username,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::Status,
    Field::CreateTime,
    Field::Cmdline,
];

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let count = match args.next().as_deref() {
        Some("--hold") => {
            return populations::hold(&args.next().unwrap_or_default(), args.next().unwrap_or_default().parse()?);
        }
        Some(count) => count.parse()?,
        None => 1000,
    };
    let mut bench = Bench::start();
    bench.getters()?;
    bench.snapshots(count)?;
    bench.populations(count)?;
    if let Some(path) = args.next() {
        std::fs::write(path, format!("{}{}", heading(count)?, bench.report.text()))?;
    }
    Ok(())
}

/// What was run, and on what.
fn heading(count: usize) -> Result<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let value = |key: &str| cpuinfo.lines().find(|line| line.starts_with(key)).and_then(|line| line.split(": ").nth(1));
    let cpus = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let version = read("/proc/sys/kernel/osrelease");
    Ok(format!(
        "# Benchmarks\n\n\
        Written by `cargo xtask bench {count}`: CPU time, user and system, of one run of the work; medians of rounds in \
        which all sides took turns. In brackets, how many times less than the first column, as the median of the rounds' \
        ratios. bench/README.md says what each side does. The figures are those of one machine; the ratios hold for others \
        within some tens of percent.\n\n\
        {cpus} x {}, Linux {}, {}.\n",
        value("model name").unwrap_or("unknown CPU"),
        version.trim(),
        if System::host().with_backend(Backend::Bpf).backend() == Backend::Bpf {
            "as root: the task iterators are in use"
        } else {
            "without task iterators"
        },
    ))
}

/// The sides that are there, and what they have done so far.
struct Bench {
    report: Report,
    psutil: Option<Worker>,
    package: Option<Worker>,
    /// psoxide from /proc, and with the kernel's task iterators where they are to be had.
    files: System,
    walk: Option<System>,
}

impl Bench {
    fn start() -> Self {
        let walk = System::host().with_backend(Backend::Bpf);
        Self {
            report: Report::default(),
            psutil: Worker::start("psutil", "psutil"),
            package: Worker::start("psoxide (Python)", "psoxide"),
            files: System::host().with_backend(Backend::Proc),
            walk: (walk.backend() == Backend::Bpf).then_some(walk),
        }
    }

    /// One work by all: psutil first, if it is there.
    fn all(
        &mut self,
        label: &str,
        rounds: usize,
        calls: u32,
        work: &str,
        pid: u32,
        ours: fn(&System, u32) -> Result<()>,
    ) -> Result<()> {
        let mut sides = Vec::new();
        sides.extend(self.psutil.as_ref().map(|worker| worker.side(work, pid)));
        sides.extend(self.package.as_ref().map(|worker| worker.side(work, pid)));
        sides.push(Side::here("psoxide, /proc", || ours(&self.files, pid)));
        sides.extend(self.walk.as_ref().map(|walk| Side::here("psoxide", move || ours(walk, pid))));
        self.report.compare(label, rounds, calls, sides)
    }

    /// Single getters of another process.
    fn getters(&mut self) -> Result<()> {
        let herd = Herd::start(1)?;
        let process = System::host().process(herd.pid())?;
        self.report.section("One reading", "Beside a bare `openat`, `read` and `close` of the file that it needs.");
        type Getter = fn(&Process) -> Result<()>;
        let getters: [(&str, &str, Getter); 4] = [
            ("name", "stat", |p| done(p.name()?)),
            ("status", "stat", |p| done(p.status()?)),
            ("memory_info", "statm", |p| done(p.memory_info()?)),
            ("num_threads", "stat", |p| done(p.num_threads()?)),
        ];
        for (name, file, getter) in getters {
            let path = CString::new(format!("/proc/{}/{file}", process.pid()))?;
            let sides = vec![Side::here("bare read", || bare_read(&path)), Side::here("psoxide", || getter(&process))];
            self.report.compare(name, ROUNDS, CALLS, sides)?;
        }
        let sides =
            vec![Side::here("plain", || readings(&process)), Side::here("oneshot", || readings(&process.oneshot()))];
        self.report.compare("14 readings", ROUNDS, CALLS / 10, sides)?;
        for name in ["name", "memory_info"] {
            let Some((psutil, package)) = self.psutil.as_ref().zip(self.package.as_ref()) else { break };
            let sides = vec![psutil.side(name, process.pid()), package.side(name, process.pid())];
            self.report.compare(&format!("{name}, Python"), ROUNDS, CALLS / 4, sides)?;
        }
        Ok(())
    }

    /// All processes: eight fields, and the same without the command line; and what the cost does as they become more.
    fn snapshots(&mut self, count: usize) -> Result<()> {
        self.report.section(
            "All processes",
            "pid, name, user name, CPU times, memory, status, start time and command line of each.",
        );
        for count in [count / 10, count] {
            let herd = Herd::start(count)?;
            let total = self.files.pids()?.len();
            self.all(&format!("{total} processes"), FEW_ROUNDS, 1, "process_iter", herd.pid(), |system, pid| {
                snapshot(system, pid, 7)
            })?;
            let label = format!("{total} processes, no command line");
            self.all(&label, FEW_ROUNDS, 1, "process_iter_short", herd.pid(), |system, pid| snapshot(system, pid, 6))?;
        }
        let herd = Herd::start(count)?;
        let total = self.files.pids()?.len();
        let mut kept = sysinfo::System::new()?;
        let mut others = vec![
            Side::here("sysinfo", || refresh(&mut sysinfo::System::new()?)),
            Side::here("sysinfo, System kept", || refresh(&mut kept)),
            Side::here("procfs", procfs_all),
            Side::command("ps", "ps", &["-eo", "pid,comm,user,time,rss,stat,lstart,args"]),
            Side::here("psoxide, /proc", || snapshot(&self.files, herd.pid(), 7)),
        ];
        others.extend(self.walk.as_ref().map(|walk| Side::here("psoxide", || snapshot(walk, herd.pid(), 7))));
        self.report.compare(&format!("{total} processes"), FEW_ROUNDS, 1, others)
    }

    /// Processes that have much of something.
    fn populations(&mut self, count: usize) -> Result<()> {
        self.report.section("Many of one kind", "The whole of each list.");
        let herd = Herd::of("threads", 2000)?;
        self.all("threads: 2,000", FEW_ROUNDS, 3, "threads", herd.pid(), |system, pid| {
            done(system.process(pid)?.threads()?)
        })?;
        let herd = Herd::of("mappings", 20_000)?;
        self.all("memory_maps: 20,000", FEW_ROUNDS, 1, "memory_maps", herd.pid(), |system, pid| {
            done(system.process(pid)?.memory_maps()?)
        })?;
        let herd = Herd::of("files", 10_000)?;
        self.all("num_fds: 10,000", FEW_ROUNDS, 10, "num_fds", herd.pid(), |system, pid| {
            done(system.process(pid)?.num_fds()?)
        })?;
        self.all("open_files: 10,000", FEW_ROUNDS, 1, "open_files", herd.pid(), |system, pid| {
            done(system.process(pid)?.open_files()?)
        })?;
        drop(herd);
        let few = Herd::of("sockets", 8)?;
        self.all(
            "net_connections of a process with 9",
            FEW_ROUNDS,
            10,
            "process_net_connections",
            few.pid(),
            own_sockets,
        )?;
        let mut holders = Vec::new();
        for sockets in [10_000, 50_000] {
            while holders.len() < sockets / 10_000 {
                holders.push(Herd::of("sockets", 10_000)?);
            }
            let label = format!("net_connections: {sockets}");
            self.all(&label, FEW_ROUNDS, 1, "net_connections", few.pid(), |system, _| {
                done(system.net_connections(ConnectionKind::Inet)?)
            })?;
        }
        let sides = vec![
            Side::command("ss", "ss", &["-tunap"]),
            Side::here("psoxide, /proc", || done(self.files.net_connections(ConnectionKind::Inet)?)),
        ];
        self.report.compare("net_connections: 50000", FEW_ROUNDS, 1, sides)?;
        drop(holders);
        let tree = (count.min(3000) / 3) * 3;
        let herd = Herd::of("children", tree)?;
        self.all(&format!("children, all of {tree}"), FEW_ROUNDS, 1, "children", herd.pid(), |system, pid| {
            done(system.process(pid)?.children(true)?)
        })
    }
}

fn own_sockets(system: &System, pid: u32) -> Result<()> {
    done(system.process(pid)?.net_connections(ConnectionKind::Inet)?)
}

/// The least that reading a file costs: open, read, close.
fn bare_read(path: &CStr) -> Result<()> {
    let mut buffer = [0u8; 4096];
    // SAFETY: the path ends with a NUL, the buffer is as long as read is told, and the descriptor is closed once.
    let length = unsafe {
        let fd = libc::openat(libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return Err(io::Error::last_os_error().into());
        }
        let length = libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len());
        libc::close(fd);
        length
    };
    if length <= 0 {
        return Err(io::Error::last_os_error().into());
    }
    black_box(&buffer);
    Ok(())
}

fn done<T>(value: T) -> Result<()> {
    black_box(value);
    Ok(())
}

fn readings(process: &Process) -> Result<()> {
    black_box(process.cpu_num()?);
    black_box(process.cpu_times()?);
    black_box(process.create_time()?);
    black_box(process.name()?);
    black_box(process.ppid()?);
    black_box(process.status()?);
    black_box(process.terminal()?);
    black_box(process.gids()?);
    black_box(process.num_ctx_switches()?);
    black_box(process.num_threads()?);
    black_box(process.uids()?);
    black_box(process.username()?);
    black_box(process.memory_info()?);
    black_box(process.page_faults()?);
    Ok(())
}

/// The first `fields` of all processes; `pid` has to be among them, and complete.
fn snapshot(system: &System, pid: u32, fields: usize) -> Result<()> {
    let snapshot = system.snapshot(FIELDS.into_iter().take(fields))?;
    let row = snapshot.processes.iter().find(|row| row.pid == pid);
    let row = row.ok_or("a process that was started is not in the snapshot")?;
    let arguments = fields < FIELDS.len() || row.cmdline.value().is_some_and(|arguments| arguments.len() == 7);
    assert!(row.username.value().is_some() && arguments, "incomplete: {row:?}");
    done(snapshot)
}

fn procfs_all() -> Result<()> {
    let mut rows = Vec::new();
    for process in procfs::process::all_processes()? {
        // One that ended meanwhile has no row.
        let Ok(process) = process else { continue };
        if let (Ok(stat), Ok(status), Ok(cmdline)) = (process.stat(), process.status(), process.cmdline()) {
            rows.push((process.pid, stat, status, cmdline));
        }
    }
    done(rows)
}

fn refresh(system: &mut sysinfo::System) -> Result<()> {
    let kind = ProcessRefreshKind::nothing()
        .with_cpu()
        .with_memory()
        .with_user(UpdateKind::Always)
        .with_cmd(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let users = Users::new_with_refreshed_list()?;
    let name = |process: &sysinfo::Process| Some(users.get_user_by_id(process.user_id()?)?.name().to_owned());
    let names: Vec<_> = system.processes().values().map(name).collect();
    black_box((&names, &system));
    Ok(())
}
