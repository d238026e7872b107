//! Processes that began and ended between two samples: the kernel reports every thread that ends to a listener of
//! taskstats (netlink(7), Documentation/accounting/taskstats.rst).
//!
//! Listening takes CAP_NET_ADMIN and Linux 5.19, and works in the first user, pid and network namespaces only.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime};

use psoxide::{CtxSwitches, IoCounters, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Reading, Record as _, Row};
use psoxide_parse::linux::netlink::{Message, messages};
use psoxide_parse::linux::taskstats::{self, Exit, Used};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, socket_with, sockopt};
use rustix::time::ClockId;

/// Generic netlink's own family, which returns the number of another one.
const CONTROL: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_NAME: u16 = 2;

const GET: u8 = 1;
const REGISTER_CPUMASK: u16 = 3;

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;

/// Room for what ends between two samples: about 10,000 threads. The kernel takes memory for those that wait only.
const BUFFER: usize = 32 << 20;

/// The file that lists the CPUs that there can be.
const CPUS: &str = "/sys/devices/system/cpu/possible";

/// Ticks of a start stamp in a second.
const TICKS: u64 = 100;

/// Listens for threads that end.
pub(crate) struct Ended {
    socket: OwnedFd,
    buffer: Vec<u8>,
    /// Processes of which threads have ended, but not the last one.
    ending: HashMap<u32, Ending>,
}

/// A process of which threads have ended.
#[derive(Default)]
struct Ending {
    /// What these threads have used.
    used: Used,
    /// Name and nice value of the leader, if that has ended.
    leader: Option<(Vec<u8>, i8)>,
}

/// A process that has ended.
pub(crate) struct Process {
    pub(crate) pid: Pid,
    /// When it began, in seconds since 1970.
    pub(crate) began: u64,
    pub(crate) uid: u32,
    name: Vec<u8>,
    ppid: Pid,
    nice: i32,
    used: Used,
}

impl Ended {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::GENERIC))?;
        // Without the capability for it, listening fails too.
        let _ = sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER);
        let mut ended = Self { socket, buffer: vec![0; 1 << 16], ending: HashMap::new() };
        ended.send(CONTROL, GET_FAMILY, NLM_F_REQUEST, &attribute(FAMILY_NAME, b"TASKSTATS\0"))?;
        let family = ended.answer(|payload| taskstats::family(payload).map_err(io::Error::other))?;
        let family = family.ok_or_else(|| io::Error::other("the kernel has no taskstats"))?;
        let mut cpus = std::fs::read(CPUS)?;
        cpus.truncate(cpus.trim_ascii_end().len());
        cpus.push(0);
        ended.send(family, GET, NLM_F_REQUEST | NLM_F_ACK, &attribute(REGISTER_CPUMASK, &cpus))?;
        ended.answer(|_| Ok(()))?;
        Ok(ended)
    }

    fn send(&self, family: u16, command: u8, flags: u16, attributes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(20 + attributes.len()).unwrap_or(u32::MAX);
        let mut request = Vec::with_capacity(20 + attributes.len());
        request.extend(length.to_ne_bytes());
        request.extend(family.to_ne_bytes());
        request.extend(flags.to_ne_bytes());
        // Sequence number and port, which the kernel fills in.
        request.extend([0; 8]);
        request.extend([command, 1, 0, 0]);
        request.extend(attributes);
        retry_on_intr(|| rustix::net::send(&self.socket, &request, SendFlags::empty()))?;
        Ok(())
    }

    /// Waits for the answer to a request: `None` for an acknowledgement.
    fn answer<T>(&mut self, parse: impl Fn(&[u8]) -> io::Result<T>) -> io::Result<Option<T>> {
        let (_, length) =
            retry_on_intr(|| rustix::net::recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::empty()))?;
        let answer = messages(self.buffer.get(..length).unwrap_or_default()).next();
        match answer.transpose().map_err(io::Error::other)? {
            Some(Message::Data(_, payload)) => parse(payload).map(Some),
            Some(Message::Error(0) | Message::Done) => Ok(None),
            Some(Message::Error(number)) => Err(io::Error::from_raw_os_error(-number)),
            None => Err(io::Error::other("the kernel's answer is empty")),
        }
    }

    /// Returns the processes that have ended since the last call, and whether the kernel had no room for some of them.
    pub(crate) fn take(&mut self) -> io::Result<(Vec<Process>, bool)> {
        let (mut ended, mut is_short) = (Vec::new(), false);
        loop {
            let received =
                retry_on_intr(|| rustix::net::recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::DONTWAIT));
            let length = match received {
                Ok((_, length)) => length,
                Err(Errno::WOULDBLOCK) => return Ok((ended, is_short)),
                Err(Errno::NOBUFS) => {
                    // Threads are missing, so their sums would be wrong.
                    self.ending.clear();
                    is_short = true;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for message in messages(self.buffer.get(..length).unwrap_or_default()) {
                if let Message::Data(_, payload) = message.map_err(io::Error::other)?
                    && let Some(exit) = taskstats::exit(payload).map_err(io::Error::other)?
                {
                    ended.extend(add(&mut self.ending, &exit));
                }
            }
        }
    }
}

/// Adds a thread to its process. Returns the process if that was its last thread.
fn add(processes: &mut HashMap<u32, Ending>, exit: &Exit<'_>) -> Option<Process> {
    let mut process = processes.remove(&exit.tgid).unwrap_or_default();
    process.used = process.used.plus(&exit.used);
    // A process is called what its leader is called. A thread that executes a program becomes the leader.
    if exit.pid == exit.tgid {
        process.leader = Some((exit.comm.to_vec(), exit.nice));
    }
    if !exit.is_last {
        processes.insert(exit.tgid, process);
        return None;
    }
    let (name, nice) = process.leader.unwrap_or_else(|| (exit.comm.to_vec(), exit.nice));
    Some(Process {
        pid: exit.tgid,
        began: exit.process_began(),
        uid: exit.uid,
        name,
        ppid: exit.ppid,
        nice: nice.into(),
        used: process.used,
    })
}

/// An attribute of netlink.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Returns the seconds that the machine was suspended since boot.
pub(crate) fn suspended() -> i64 {
    let seconds = |clock| rustix::time::clock_gettime(clock).tv_sec;
    seconds(ClockId::Boottime).saturating_sub(seconds(ClockId::Monotonic))
}

impl Process {
    /// Whether it may be the process that began at `created`, in seconds since 1970.
    ///
    /// Taskstats counts the time of a process without the time that the machine was suspended, so one that is older than
    /// that seems to have begun later.
    pub(crate) fn may_have_begun(&self, created: i64, suspended: i64) -> bool {
        // Both are rounded to seconds, and the clock is adjusted now and then.
        const ROUNDED: i64 = 2;
        let later = i64::try_from(self.began).unwrap_or(i64::MAX).saturating_sub(created);
        (-ROUNDED..=suspended.saturating_add(ROUNDED)).contains(&later)
    }

    /// The row of the process: dead, with what it had used at its end. `booted` is in seconds since 1970.
    pub(crate) fn row(&self, booted: u64, username: Option<std::ffi::OsString>) -> Row {
        let stamp = self.began.saturating_sub(booted).saturating_mul(TICKS);
        let mut row = Row::new(self.pid, Some(stamp));
        let used = &self.used;
        row.name = Reading::Value(crate::text::os(&self.name));
        row.create_time =
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.began)).map_or(Reading::Gone, Reading::Value);
        row.username = username.map_or(Reading::Gone, Reading::Value);
        row.is_kernel_thread = Reading::Value(false);
        row.ppid = Reading::Value(self.ppid);
        row.status = Reading::Value(ProcessStatus::Dead);
        row.nice = Reading::Value(self.nice);
        row.num_threads = Reading::Value(0);
        row.cpu_times = Reading::Value(ProcessCpuTimes::with(|times| {
            (times.user, times.system) = (Duration::from_micros(used.user), Duration::from_micros(used.system));
        }));
        row.page_faults = Reading::Value(PageFaults::with(|faults| {
            (faults.minor, faults.major) = (used.minor_faults, used.major_faults);
        }));
        row.io_counters = Reading::Value(IoCounters::with(|io| {
            (io.read_count, io.write_count) = (Some(used.read_calls), Some(used.write_calls));
            (io.read_bytes, io.write_bytes) = (Some(used.read_bytes), Some(used.write_bytes));
            (io.read_chars, io.write_chars) = (Some(used.read_chars), Some(used.write_chars));
        }));
        row.num_ctx_switches = Reading::Value(CtxSwitches::with(|switches| {
            (switches.voluntary, switches.involuntary) = (used.voluntary, Some(used.involuntary));
        }));
        // What it no longer has.
        (row.exe, row.cmdline, row.terminal) = (Reading::Gone, Reading::Gone, Reading::Gone);
        (row.cwd, row.cgroup, row.uids, row.gids) = (Reading::Gone, Reading::Gone, Reading::Gone, Reading::Gone);
        (row.net_namespace, row.cpu_num, row.scheduling) = (Reading::Gone, Reading::Gone, Reading::Gone);
        (row.memory_info, row.memory_footprint) = (Reading::Gone, Reading::Gone);
        (row.num_fds, row.oom_score) = (Reading::Gone, Reading::Gone);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_what_its_threads_have_used() {
        let mut threads = HashMap::new();
        let thread = |tgid, is_last, user| {
            let used = Used { user, ..Used::default() };
            Exit { pid: tgid, tgid, is_last, comm: b"worker", used, began: 1_001, ..Exit::default() }
        };
        assert!(add(&mut threads, &thread(7, false, 100)).is_none());
        assert!(add(&mut threads, &thread(8, false, 1_000)).is_none());
        assert!(add(&mut threads, &thread(7, false, 10)).is_none());
        let process = add(&mut threads, &thread(7, true, 1)).unwrap();
        let row = process.row(1_000, None);
        assert_eq!((row.pid, row.start), (7, Some(100)));
        assert_eq!(row.cpu_times.value().unwrap().user, Duration::from_micros(111));
        assert_eq!(
            (row.name.value().unwrap().to_str(), row.status.value()),
            (Some("worker"), Some(&ProcessStatus::Dead))
        );
        // Another process with that pid.
        assert_eq!(add(&mut threads, &thread(7, true, 5)).unwrap().used.user, 5);
        assert_eq!(threads.len(), 1);
    }

    #[test]
    fn a_suspended_machine_makes_processes_seem_younger() {
        let exit = Exit { is_last: true, began: 1_000, ..Exit::default() };
        let process = add(&mut HashMap::new(), &exit).unwrap();
        let suspended = |seconds| [997, 998, 1_002, 1_003, 940].map(|created| process.may_have_begun(created, seconds));
        assert_eq!(suspended(0), [false, true, true, false, false]);
        assert_eq!(suspended(60), [true, true, true, false, true]);
    }

    #[test]
    fn the_leader_names_a_process_that_another_thread_outlives() {
        const SECOND: u64 = 1_000_000;
        let mut ending = HashMap::new();
        // The process began at 1000, its second thread at 1006. The leader ended at 1007, the thread at 1010.
        let leader = Exit {
            pid: 7,
            tgid: 7,
            comm: b"python3",
            nice: 3,
            began: 1_000,
            elapsed: 7 * SECOND,
            process_elapsed: 7 * SECOND,
            ..Exit::default()
        };
        let thread = Exit {
            pid: 9,
            is_last: true,
            comm: b"worker",
            nice: 0,
            began: 1_006,
            elapsed: 4 * SECOND,
            process_elapsed: 10 * SECOND,
            ..leader
        };
        assert!(add(&mut ending, &leader).is_none());
        let process = add(&mut ending, &thread).unwrap();
        assert_eq!((process.pid, process.began, &*process.name, process.nice), (7, 1_000, &b"python3"[..], 3));
        assert!(ending.is_empty());
    }
}
