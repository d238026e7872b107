//! Measures the CPU time of psoxide, bare system calls, psutil, other crates and commands, interleaved in one run.
//!
//! `psoxide-bench [PROCESSES] [REPORT]` starts PROCESSES processes for the snapshots (1000 by default) and writes the
//! tables to REPORT. As root it runs everything once more in a program without privileges.

mod floor;
mod measure;
mod populations;
mod python;

use std::env;
use std::ffi::CString;
use std::hint::black_box;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use psoxide::{Backend, ConnectionKind, Field, Process, System};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, UpdateKind, Users};

use measure::{Growth, Report, Result, Side};
use populations::Herd;
use python::Worker;

/// Rounds of a comparison. All sides run in each round, so that a disturbance affects all of them.
const ROUNDS: usize = 15;
/// Rounds of a comparison of slow work.
const FEW_ROUNDS: usize = 7;
/// Rounds of a comparison over tens of thousands of processes.
const GROWTH_ROUNDS: usize = 5;
/// Calls of a cheap reading in one round.
const CALLS: u32 = 2000;

/// The fields of a snapshot. With the pid, which every row has, they are eight.
const FIELDS: [Field; 7] = [
    Field::Name,
    Field::Username,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::Status,
    Field::CreateTime,
    Field::Cmdline,
];

/// The argument of the run without privileges.
const UNPRIVILEGED: &str = "--unprivileged";

fn main() -> Result<()> {
    let mut args = env::args().skip(1).peekable();
    if args.next_if_eq("--hold").is_some() {
        return populations::hold(&args.next().unwrap_or_default(), args.next().unwrap_or_default().parse()?);
    }
    let again = args.next_if_eq(UNPRIVILEGED).is_some();
    let count = args.next().map_or(Ok(1000), |count| count.parse())?;
    let mut bench = Bench::start();
    if !again {
        bench.getters()?;
    }
    bench.snapshots(count)?;
    bench.growth(count)?;
    bench.populations(count)?;
    let mut text = bench.report.text().to_owned();
    if again {
        text = text.replace("\n## ", "\n### ");
    } else {
        text.insert_str(0, &heading(count)?);
        if bench.sides.bpf.is_some() {
            println!("\nWithout privileges");
            text += "\n## Without privileges\n\nThe same work by a program without capabilities.\n";
            text += &without_privileges(count)?;
        }
    }
    match args.next() {
        Some(path) => Ok(std::fs::write(path, text)?),
        None => Ok(()),
    }
}

/// Runs this program again without capabilities and returns its tables.
fn without_privileges(count: usize) -> Result<String> {
    let report = env::temp_dir().join(format!("psoxide-bench-{}.md", std::process::id()));
    let mut command = Command::new(env::current_exe()?);
    command.args([UNPRIVILEGED, &count.to_string()]).arg(&report);
    let drop_all = || {
        for capability in 0..64 {
            // SAFETY: prctl takes numbers here. The kernel refuses numbers beyond its last capability.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        Ok(())
    };
    // SAFETY: the closure calls only prctl between fork and exec. exec gives root the bounding set's capabilities.
    let status = unsafe { command.pre_exec(drop_all) }.status()?;
    if !status.success() {
        return Err(format!("without privileges: {status}").into());
    }
    let text = std::fs::read_to_string(&report)?;
    std::fs::remove_file(Path::new(&report))?;
    Ok(text)
}

/// Describes the run and the machine.
fn heading(count: usize) -> Result<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let value = |key: &str| cpuinfo.lines().find(|line| line.starts_with(key)).and_then(|line| line.split(": ").nth(1));
    let cpus = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let version = read("/proc/sys/kernel/osrelease");
    Ok(format!(
        "# Benchmarks\n\n\
        `cargo xtask bench {count}` writes this file. Each figure is the CPU time, user and system, of one run of the work: \
        the median of rounds in which all sides take turns. The number in brackets is the first column's time divided by \
        this time: the median of the rounds' ratios. bench/README.md describes each side. The times are those of one \
        machine. On others the ratios differ by some tens of percent.\n\n\
        **psoxide** is the default backend, which reads /proc, netlink and pidfds. **psoxide, BPF** uses `Backend::Bpf`, \
        which must be chosen.\n\n\
        Machine: {cpus} x {}, Linux {}, {}.\n",
        value("model name").unwrap_or("unknown CPU"),
        version.trim(),
        if System::host().with_backend(Backend::Bpf).backend() == Backend::Bpf {
            "as root"
        } else {
            "without BPF, which needs root and Linux 6.16 or later"
        },
    ))
}

/// The sides to compare, and their results so far.
struct Bench {
    report: Report,
    sides: Sides,
}

struct Sides {
    psutil: Option<Worker>,
    package: Option<Worker>,
    /// The package with BPF, if this machine and user allow it.
    package_bpf: Option<Worker>,
    /// psoxide with its default backend.
    auto: System,
    /// psoxide with BPF, if this machine and user allow it.
    bpf: Option<System>,
}

impl Sides {
    fn python<'a>(&'a self, work: &'a str, pid: u32) -> Vec<Side<'a>> {
        [&self.psutil, &self.package, &self.package_bpf].into_iter().flatten().map(|worker| worker.side(work, pid)).collect()
    }

    fn ours(&self, pid: u32, work: fn(&System, u32) -> Result<()>) -> Vec<Side<'_>> {
        let side = |name, system| Side::here(name, move || work(system, pid));
        let mut sides = vec![side("psoxide", &self.auto)];
        sides.extend(self.bpf.as_ref().map(|bpf| side("psoxide, BPF", bpf)));
        sides
    }
}

impl Bench {
    fn start() -> Self {
        let bpf = System::host().with_backend(Backend::Bpf);
        let bpf = (bpf.backend() == Backend::Bpf).then_some(bpf);
        let sides = Sides {
            psutil: Worker::start("psutil", "psutil", Backend::Auto),
            package: Worker::start("Python", "psoxide", Backend::Auto),
            package_bpf: bpf.as_ref().and_then(|_| Worker::start("Python, BPF", "psoxide", Backend::Bpf)),
            auto: System::host().with_backend(Backend::Auto),
            bpf,
        };
        Self { report: Report::default(), sides }
    }

    /// Compares one work: psutil first, if it is installed, then bare system calls, then psoxide.
    fn all(
        &mut self,
        label: &str,
        (rounds, calls): (usize, u32),
        work: &str,
        pid: u32,
        bare: Option<fn(u32) -> Result<()>>,
        ours: fn(&System, u32) -> Result<()>,
    ) -> Result<()> {
        let mut sides = self.sides.python(work, pid);
        sides.push(bare.map_or_else(|| Side::none("bare calls"), |bare| Side::here("bare calls", move || bare(pid))));
        sides.extend(self.sides.ours(pid, ours));
        self.report.compare(label, rounds, calls, sides)
    }

    /// Compares single getters of another process.
    fn getters(&mut self) -> Result<()> {
        let herd = Herd::start(1)?;
        // A process that has just started may be about to execute another program, so its name is read with more care.
        sleep(Duration::from_secs(2));
        let process = System::host().process(herd.pid())?;
        self.report.section("One reading", "Compared with a bare `openat`, `read` and `close` of the same file.");
        type Getter = fn(&Process) -> Result<()>;
        let getters: [(&str, &str, Getter); 4] = [
            ("name", "comm", |p| done(p.name()?)),
            ("status", "stat", |p| done(p.status()?)),
            ("memory_info", "statm", |p| done(p.memory_info()?)),
            ("num_threads", "stat", |p| done(p.num_threads()?)),
        ];
        for (name, file, getter) in getters {
            let path = CString::new(format!("/proc/{}/{file}", process.pid()))?;
            let bpf = self.sides.bpf.as_ref().map(|bpf| bpf.process(process.pid())).transpose()?;
            let mut sides =
                vec![Side::here("bare read", || floor::file(&path)), Side::here("psoxide", || getter(&process))];
            sides.extend(bpf.as_ref().map(|process| Side::here("psoxide, BPF", move || getter(process))));
            self.report.compare(name, ROUNDS, CALLS, sides)?;
        }
        let sides =
            vec![Side::here("plain", || readings(&process)), Side::here("oneshot", || readings(&process.oneshot()))];
        self.report.compare("14 readings", ROUNDS, CALLS / 10, sides)?;
        for name in ["name", "memory_info"] {
            let Some((psutil, package)) = self.sides.psutil.as_ref().zip(self.sides.package.as_ref()) else { break };
            let sides = vec![psutil.side(name, process.pid()), package.side(name, process.pid())];
            self.report.compare(&format!("{name}, Python"), ROUNDS, CALLS / 4, sides)?;
        }
        Ok(())
    }

    /// Compares snapshots of all processes, with and without command lines, and with other crates and commands.
    fn snapshots(&mut self, count: usize) -> Result<()> {
        self.report.section(
            "All processes",
            "pid, name, user name, CPU times, memory, status, start time and command line of each.",
        );
        for count in [count / 10, count] {
            let herd = Herd::start(count)?;
            let (total, pid) = (self.sides.auto.pids()?.len(), herd.pid());
            let label = format!("{total} processes");
            self.all(&label, (FEW_ROUNDS, 1), "process_iter", pid, Some(floor::snapshot), eight)?;
            let label = format!("{total} processes, no command line");
            self.all(
                &label,
                (FEW_ROUNDS, 1),
                "process_iter_short",
                pid,
                Some(floor::snapshot_short),
                |system, pid| snapshot(system, pid, 6),
            )?;
        }
        let herd = Herd::start(count)?;
        let total = self.sides.auto.pids()?.len();
        let mut kept = sysinfo::System::new()?;
        let mut others = vec![
            Side::here("sysinfo", || refresh(&mut sysinfo::System::new()?)),
            Side::here("sysinfo, System kept", || refresh(&mut kept)),
            Side::here("procfs", procfs_all),
            Side::command("ps", "ps", &["-eo", "pid,comm,user,time,rss,stat,lstart,args"]),
        ];
        others.extend(self.sides.ours(herd.pid(), eight));
        self.report.compare(&format!("{total} processes"), FEW_ROUNDS, 1, others)
    }

    /// Measures what each further process costs, from few to many.
    fn growth(&mut self, count: usize) -> Result<()> {
        let mut table = Growth::default();
        let one = Herd::start(1)?;
        for count in [0, count / 10, count / 5, count, count * 4] {
            let _more = match Herd::start(count) {
                Ok(herd) => herd,
                Err(error) => {
                    println!("this machine does not allow {count} processes: {error}");
                    break;
                }
            };
            let mut sides = self.sides.python("process_iter", one.pid());
            sides.extend(self.sides.ours(one.pid(), eight));
            table.measure(count, GROWTH_ROUNDS, sides)?;
        }
        let note = "The cost that each further process adds. The number in brackets is the ratio to the first line.";
        self.report.section("Growth of a snapshot", note);
        self.report.growth(table);
        Ok(())
    }

    /// Compares readings of processes with many threads, mappings, files, sockets or children.
    fn populations(&mut self, count: usize) -> Result<()> {
        self.report.section("Many of one kind", "Reading a long list as a whole.");
        let herd = Herd::of("threads", 2000)?;
        self.all("threads: 2,000", (FEW_ROUNDS, 3), "threads", herd.pid(), Some(floor::threads), |system, pid| {
            done(system.process(pid)?.threads()?)
        })?;
        let herd = Herd::of("mappings", 20_000)?;
        self.all("memory_maps: 20,000", (FEW_ROUNDS, 1), "memory_maps", herd.pid(), None, |system, pid| {
            done(system.process(pid)?.memory_maps()?)
        })?;
        let herd = Herd::of("files", 10_000)?;
        self.all("num_fds: 10,000", (FEW_ROUNDS, 10), "num_fds", herd.pid(), None, |system, pid| {
            done(system.process(pid)?.num_fds()?)
        })?;
        self.all(
            "open_files: 10,000",
            (FEW_ROUNDS, 1),
            "open_files",
            herd.pid(),
            Some(floor::open_files),
            |system, pid| done(system.process(pid)?.open_files()?),
        )?;
        drop(herd);
        let few = Herd::of("sockets", 8)?;
        self.all(
            "net_connections of a process with 9",
            (FEW_ROUNDS, 10),
            "process_net_connections",
            few.pid(),
            None,
            own_sockets,
        )?;
        let mut holders = Vec::new();
        for sockets in [10_000, 50_000] {
            while holders.len() < sockets / 10_000 {
                holders.push(Herd::of("sockets", 10_000)?);
            }
            let label = format!("net_connections: {sockets}");
            self.all(&label, (FEW_ROUNDS, 1), "net_connections", few.pid(), None, |system, _| {
                done(system.net_connections(ConnectionKind::Inet)?)
            })?;
        }
        let mut sides = vec![Side::command("ss", "ss", &["-tunap"])];
        sides.extend(self.sides.ours(few.pid(), |system, _| done(system.net_connections(ConnectionKind::Inet)?)));
        self.report.compare("net_connections: 50000", FEW_ROUNDS, 1, sides)?;
        drop(holders);
        let tree = (count.min(3000) / 3) * 3;
        let herd = Herd::of("children", tree)?;
        self.all(
            &format!("children, all of {tree}"),
            (FEW_ROUNDS, 1),
            "children",
            herd.pid(),
            Some(floor::family),
            |system, pid| done(system.process(pid)?.children(true)?),
        )?;
        let small = Herd::of("children", 9)?;
        let total = self.sides.auto.pids()?.len();
        let label = format!("children, 9 of {total} processes");
        self.all(&label, (FEW_ROUNDS, 1), "children", small.pid(), Some(floor::family), |system, pid| {
            done(system.process(pid)?.children(true)?)
        })
    }
}

fn own_sockets(system: &System, pid: u32) -> Result<()> {
    done(system.process(pid)?.net_connections(ConnectionKind::Inet)?)
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

fn eight(system: &System, pid: u32) -> Result<()> {
    snapshot(system, pid, FIELDS.len())
}

/// Reads the first `fields` of all processes, and checks the row of `pid`.
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
        // A process that has ended has no row.
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
