//! CPU time of psoxide beside that of bare system calls and of two other crates, interleaved in one run.
//!
//! `psoxide-bench [PROCESSES]`: how many processes to start for the snapshots (1000 unless told).

use std::env;
use std::ffi::{CStr, CString};
use std::hint::black_box;
use std::io::{self, PipeWriter, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use psoxide::{Field, Process, System};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, UpdateKind, Users};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Rounds of one comparison; each runs both sides, so that what disturbs one disturbs the other.
const ROUNDS: usize = 15;
/// Calls of a cheap reading in one round.
const CALLS: u32 = 2000;

const FIELDS: [Field; 7] = [
    Field::Name,
    Field::Username,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::Status,
    Field::CreateTime,
    Field::Cmdline,
]; // and the pid, which every row has

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let count = match args.next().as_deref() {
        Some("--sleep") => return Ok(sleep()?),
        Some(count) => count.parse()?,
        None => 1000,
    };
    println!("{:<46} {:>10} {:>10} {:>6}", "work (µs of CPU time, medians)", "ours", "theirs", "ratio");
    getters()?;
    oneshot()?;
    snapshots(count)
}

/// What a started process does: nothing until the writer of its standard input is gone.
fn sleep() -> io::Result<()> {
    io::stdin().read(&mut [0]).map(drop)
}

/// CPU time of this process so far, user and system.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that outlives the call.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(code, 0, "clock_gettime: {}", io::Error::last_os_error());
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// The CPU time of `calls` runs of `work`, in microseconds for each.
fn measure(calls: u32, work: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
    let start = cpu_time();
    for _ in 0..calls {
        work()?;
    }
    Ok((cpu_time() - start).as_secs_f64() * 1e6 / f64::from(calls))
}

/// Runs both, taking turns, and prints a line: the medians, and the median of the rounds' ratios.
fn compare(
    label: &str,
    calls: u32,
    mut ours: impl FnMut() -> Result<()>,
    mut theirs: impl FnMut() -> Result<()>,
) -> Result<()> {
    measure(calls.div_ceil(10), &mut ours)?;
    measure(calls.div_ceil(10), &mut theirs)?;
    let (mut our_times, mut their_times, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (our, their) = if round % 2 == 0 {
            let our = measure(calls, &mut ours)?;
            (our, measure(calls, &mut theirs)?)
        } else {
            let their = measure(calls, &mut theirs)?;
            (measure(calls, &mut ours)?, their)
        };
        our_times.push(our);
        their_times.push(their);
        ratios.push(our / their);
    }
    let (our, their, ratio) = (median(our_times), median(their_times), median(ratios));
    println!("{label:<46} {our:>10.2} {their:>10.2} {ratio:>6.2}");
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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

/// Single getters, each beside a bare read of the file that it needs. The process read is another than this one.
fn getters() -> Result<()> {
    type Getter = fn(&Process) -> Result<()>;
    let getters: [(&str, &str, Getter); 4] = [
        ("name", "stat", |p| done(p.name()?)),
        ("status", "stat", |p| done(p.status()?)),
        ("memory_info", "statm", |p| done(p.memory_info()?)),
        ("num_threads", "stat", |p| done(p.num_threads()?)),
    ];
    let herd = Herd::start(1)?;
    let process = System::host().process(herd.children[0].id())?;
    for (name, file, getter) in getters {
        let path = CString::new(format!("/proc/{}/{file}", process.pid()))?;
        compare(&format!("{name} / read of {file}"), CALLS, || getter(&process), || bare_read(&path))?;
    }
    Ok(())
}

/// 14 readings of one process through a oneshot view, beside the same without it.
fn oneshot() -> Result<()> {
    let herd = Herd::start(1)?;
    let process = System::host().process(herd.children[0].id())?;
    compare("14 readings, oneshot / plain", CALLS / 10, || readings(&process.oneshot()), || readings(&process))
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

/// Eight fields of all processes, beside what the other crates need for the same.
fn snapshots(count: usize) -> Result<()> {
    let herd = Herd::start(count)?;
    let system = System::host();
    let total = system.pids()?.len();
    println!("snapshot of 8 fields, {total} processes:");
    let ours = || {
        let snapshot = system.snapshot(FIELDS)?;
        let row = snapshot.processes.iter().find(|row| row.pid == herd.children[0].id());
        let row = row.ok_or("a process that was started is not in the snapshot")?;
        let complete = row.username.value().is_some() && row.cmdline.value().is_some_and(|args| args.len() == 7);
        assert!(complete, "incomplete: {row:?}");
        black_box(&snapshot);
        Ok(())
    };
    compare("snapshot / sysinfo, new System", 1, ours, || refresh(&mut sysinfo::System::new()?))?;
    let mut kept = sysinfo::System::new()?;
    compare("snapshot / sysinfo, System kept", 1, ours, || refresh(&mut kept))?;
    compare("snapshot / procfs: stat, status, cmdline", 1, ours, || {
        let mut rows = Vec::new();
        for process in procfs::process::all_processes()? {
            // One that ended meanwhile has no row.
            let Ok(process) = process else { continue };
            if let (Ok(stat), Ok(status), Ok(cmdline)) = (process.stat(), process.status(), process.cmdline()) {
                rows.push((process.pid, stat, status, cmdline));
            }
        }
        black_box(&rows);
        Ok(())
    })
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

/// Processes of our own, each with its own address space and six arguments. They end with the herd, or when this
/// process ends in any way: they wait for the end of a pipe that only it can write to.
struct Herd {
    children: Vec<Child>,
    _alive: PipeWriter,
}

impl Herd {
    fn start(count: usize) -> Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut herd = Self { children: Vec::new(), _alive: writer };
        for _ in 0..count {
            let mut command = Command::new(env::current_exe()?);
            command.args(["--sleep", "a", "b", "c", "d", "e"]).stdin(reader.try_clone()?).stdout(Stdio::null());
            herd.children.push(command.spawn()?);
        }
        Ok(herd)
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
        }
        for child in &mut self.children {
            let _ = child.wait();
        }
    }
}
