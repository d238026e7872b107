//! Takes every reading of the machine and of this process, and reduces each to a value that two runs can compare.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use psoxide::{ConnectionKind, ErrorKind, IoPriority, IoPriorityClass, PressureOf, Process, Resource, Result, System};

use crate::ffi;

/// The result of a reading: a number of things, or the kind of its error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A value. A list counts its entries. Any other value counts 1.
    Count(usize),
    /// An error.
    Error(ErrorKind, String),
}

/// Readings by name.
pub(crate) type Readings = BTreeMap<&'static str, Seen>;

/// A process with open files, sockets and a second thread, for the readings.
pub(crate) struct Subject {
    _files: Vec<File>,
    _tcp: (TcpListener, TcpStream, TcpStream),
    _udp: UdpSocket,
    _unix: UnixListener,
    _thread: Sender<()>,
    _folder: tempfile::TempDir,
}

impl Subject {
    /// Opens files and sockets and starts a thread in this process.
    ///
    /// # Errors
    /// Fails if the machine refuses one of them.
    pub(crate) fn prepare() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = (0..3).map(|i| File::create(folder.path().join(format!("file{i}")))).collect::<Result<_, _>>()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        let (thread, end) = std::sync::mpsc::channel();
        std::thread::Builder::new().spawn(move || {
            // Returns when the sender is dropped.
            let _ = end.recv();
        })?;
        Ok(Self {
            _files: files,
            _tcp: (listener, client, server),
            _udp: UdpSocket::bind("127.0.0.1:0")?,
            _unix: UnixListener::bind(folder.path().join("socket"))?,
            _thread: thread,
            _folder: folder,
        })
    }
}

/// Takes every reading of `system` and of the calling process.
pub(crate) fn all(system: &System) -> Readings {
    let mut readings = of_machine(system);
    match system.current_process() {
        Ok(process) => readings.append(&mut of_process(&process)),
        Err(error) => {
            readings.insert("current_process", seen::<()>(Err(error), |_| 1));
        }
    }
    readings
}

/// Reduces a result.
fn seen<T>(result: Result<T>, count: impl FnOnce(&T) -> usize) -> Seen {
    match result {
        Ok(value) => Seen::Count(count(&value)),
        Err(error) => Seen::Error(error.kind(), error.to_string()),
    }
}

/// Takes the readings of a machine.
pub(crate) fn of_machine(system: &System) -> Readings {
    let mut all = Readings::new();
    all.insert("boot_time", seen(system.boot_time(), |_| 1));
    all.insert("uptime", seen(system.uptime(), |_| 1));
    all.insert("pids", seen(system.pids(), |pids| usize::from(!pids.is_empty())));
    all.insert("pid_exists(1)", seen(system.pid_exists(1), |exists| usize::from(*exists)));
    all.insert("processes", seen(system.processes(), |all| usize::from(!all.is_empty())));
    all.insert("cpu_times", seen(system.cpu_times(), |_| 1));
    all.insert("cpu_times_per_cpu", seen(system.cpu_times_per_cpu(), Vec::len));
    all.insert("cpu_count", seen(system.cpu_count(), |count| count.unwrap_or(0)));
    all.insert("cpu_count_cores", seen(system.cpu_count_cores(), |count| count.unwrap_or(0)));
    all.insert("cpu_stats", seen(system.cpu_stats(), |_| 1));
    all.insert("cpu_freq", seen(system.cpu_freq(), Vec::len));
    all.insert("load_average", seen(system.load_average(), |_| 1));
    all.insert("virtual_memory", seen(system.virtual_memory(), |_| 1));
    all.insert("swap_memory", seen(system.swap_memory(), |_| 1));
    all.insert("pressure", seen(system.pressure(PressureOf::Cpu), |_| 1));
    all.insert("disk_partitions", seen(system.disk_partitions(true), Vec::len));
    all.insert("disk_usage", seen(system.disk_usage("/"), |_| 1));
    let limit = Duration::from_secs(10);
    all.insert("disk_usage_within", seen(system.disk_usage_within("/", limit), |_| 1));
    all.insert("real_path_within", seen(system.real_path_within("/", limit), |_| 1));
    all.insert("disk_io_counters", seen(system.disk_io_counters(), Vec::len));
    all.insert("net_io_counters", seen(system.net_io_counters(), Vec::len));
    all.insert("net_if_addrs", seen(system.net_if_addrs(), Vec::len));
    all.insert("net_if_stats", seen(system.net_if_stats(), Vec::len));
    all.insert(
        "net_connections",
        seen(system.net_connections(ConnectionKind::All), |all| usize::from(!all.is_empty())),
    );
    all.insert("sensors_temperatures", seen(system.sensors_temperatures(), Vec::len));
    all.insert("sensors_fans", seen(system.sensors_fans(), Vec::len));
    all.insert("sensors_battery", seen(system.sensors_battery(), |battery| usize::from(battery.is_some())));
    all.insert("gpus", seen(system.gpus(), Vec::len));
    all.insert("users", seen(system.users(), Vec::len));
    all
}

/// A child with a second thread, for signals and changes.
pub(crate) struct Victim {
    pub(crate) pid: i32,
    /// The id of its second thread.
    pub(crate) thread: u32,
}

impl Victim {
    /// Starts the child.
    ///
    /// # Errors
    /// Fails if the machine permits no more processes or threads.
    pub(crate) fn start() -> std::io::Result<Self> {
        let Some(pid) = ffi::fork()? else {
            std::thread::spawn(|| {
                loop {
                    ffi::pause();
                }
            });
            loop {
                ffi::pause();
            }
        };
        let victim = |thread| Self { pid, thread };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            let threads = std::fs::read_dir(format!("/proc/{pid}/task"))?;
            let ids = threads.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            if let Some(thread) = ids.filter(|id: &u32| *id != pid.unsigned_abs()).last() {
                return Ok(victim(thread));
            }
            std::thread::yield_now();
        }
        drop(victim(0));
        Err(std::io::ErrorKind::TimedOut.into())
    }

    /// Returns the letter of the process's state, if it can be read.
    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }

    /// Returns 1 if the process reaches one of these states, or if its state cannot be read.
    fn comes_to(&self, states: &str) -> usize {
        let until = Instant::now() + Duration::from_secs(5);
        while self.state().is_some_and(|state| !states.contains(state)) {
            if Instant::now() > until {
                return 0;
            }
            std::thread::yield_now();
        }
        1
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        ffi::kill(self.pid, libc::SIGKILL);
        ffi::reap(self.pid, true);
    }
}

/// Signals and changes a process, by its pid and by the id of a thread. A call that succeeds without effect counts 0.
pub(crate) fn of_control(system: &System, victim: &Victim) -> Readings {
    let stopped = || victim.comes_to("T");
    let running = || victim.comes_to("SRD");
    let dead = || victim.comes_to("ZX");
    let done = || 1;
    let call = |id: u32, act: &dyn Fn(&Process) -> Result<()>, effect: &dyn Fn() -> usize| {
        seen(system.process(id).and_then(|process| act(&process)), |()| effect())
    };
    let (pid, thread) = (victim.pid.unsigned_abs(), victim.thread);
    let idle = IoPriority::new(IoPriorityClass::Idle, None);
    // The order matters, because each call changes the process for the next one.
    Readings::from([
        ("suspend", call(pid, &Process::suspend, &stopped)),
        ("resume", call(pid, &Process::resume, &running)),
        ("set_nice", call(pid, &|process| process.set_nice(3), &done)),
        ("set_ionice", call(pid, &|process| process.set_ionice(idle), &done)),
        ("set_cpu_affinity", call(pid, &|process| process.set_cpu_affinity(&[0]), &done)),
        ("suspend by thread id", call(thread, &Process::suspend, &stopped)),
        ("resume by thread id", call(thread, &Process::resume, &running)),
        ("kill by thread id", call(thread, &Process::kill, &dead)),
    ])
}

/// Takes the readings of a process.
pub(crate) fn of_process(process: &Process) -> Readings {
    let mut all = Readings::new();
    all.insert("ppid", seen(process.ppid(), |_| 1));
    all.insert("name", seen(process.name(), |name| usize::from(!name.is_empty())));
    all.insert("exe", seen(process.exe(), |path| usize::from(!path.as_os_str().is_empty())));
    all.insert("cmdline", seen(process.cmdline(), Vec::len));
    all.insert("status", seen(process.status(), |_| 1));
    all.insert("username", seen(process.username(), |_| 1));
    all.insert("uids", seen(process.uids(), |_| 1));
    all.insert("gids", seen(process.gids(), |_| 1));
    all.insert("terminal", seen(process.terminal(), |terminal| usize::from(terminal.is_some())));
    all.insert("create_time", seen(process.create_time(), |_| 1));
    all.insert("cwd", seen(process.cwd(), |path| usize::from(!path.as_os_str().is_empty())));
    all.insert("environ", seen(process.environ(), |all| usize::from(!all.is_empty())));
    all.insert("nice", seen(process.nice(), |_| 1));
    all.insert("ionice", seen(process.ionice(), |_| 1));
    all.insert("rlimit", seen(process.rlimit(Resource::Nofile), |_| 1));
    all.insert("cpu_affinity", seen(process.cpu_affinity(), Vec::len));
    all.insert("cpu_num", seen(process.cpu_num(), |_| 1));
    all.insert("num_ctx_switches", seen(process.num_ctx_switches(), |_| 1));
    all.insert("num_fds", seen(process.num_fds(), |count| usize::from(*count > 0)));
    all.insert("num_threads", seen(process.num_threads(), |_| 1));
    all.insert("threads", seen(process.threads(), Vec::len));
    all.insert("process cpu_times", seen(process.cpu_times(), |_| 1));
    all.insert("memory_info", seen(process.memory_info(), |_| 1));
    all.insert("memory_footprint", seen(process.memory_footprint(), |_| 1));
    all.insert("memory_maps", seen(process.memory_maps(), |maps| usize::from(!maps.is_empty())));
    all.insert("io_counters", seen(process.io_counters(), |_| 1));
    all.insert("page_faults", seen(process.page_faults(), |_| 1));
    all.insert("open_files", seen(process.open_files(), Vec::len));
    all.insert("process net_connections", seen(process.net_connections(ConnectionKind::All), Vec::len));
    all.insert("children", seen(process.children(true), |_| 1));
    all.insert("is_running", seen(process.is_running(), |running| usize::from(*running)));
    all
}

/// Writes readings as lines, which [`parse`] reads in another process.
pub(crate) fn to_text(readings: &Readings) -> String {
    let mut text = String::new();
    for (name, seen) in readings {
        // Writing to a String cannot fail.
        let _ = match seen {
            Seen::Count(count) => writeln!(text, "{name}\t{count}"),
            Seen::Error(kind, message) => writeln!(text, "{name}\t{kind:?}\t{}", message.replace('\n', " ")),
        };
    }
    text
}

/// Parses the lines of [`to_text`]: name, and count or error.
pub(crate) fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(|line| line.split_once('\t')).map(|(name, seen)| (name.into(), seen.into())).collect()
}

/// Returns whether the outcome in a line is an error.
pub(crate) fn is_error(seen: &str) -> bool {
    seen.parse::<usize>().is_err()
}
