//! Lists each reading of a system once. [`contract!`] writes the traits and the dispatcher from the list.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Fate, Handle, Parentage, Platform};
use crate::{
    Battery, Cgroup, Connection, ConnectionKind, Containment, CoreKind, CpuFreq, CpuStats, CpuTimes, CtxSwitches,
    DiskIo, DiskPartition, DiskUsage, Energy, Error, ExitStatus, Fan, Fingerprints, Gpu, HostInfo, Ids, IoCounters,
    IoPriority, Limit, LoadAverage, MemoryDetails, MemoryFootprint, MemoryInfo, MemoryMap, NetIo, NicAddr, NicStats,
    OpenFile, PageFaults, Pid, Pressure, PressureOf, ProcessCpuTimes, ProcessStatus, Resource, Result, RunQueue,
    Scheduling, Service, Signal, SwapMemory, Temperature, Thread, ThreadDetails, User, VirtualMemory,
};

/// Writes a trait for each topic, and its implementation for the dispatcher.
///
/// The first argument of a reading is the machine (`source`), one process (`process`) or several (`processes`). A
/// reading that ends in `;` is required. One that ends in `= unsupported;` fails with `Unsupported` where a system does
/// not implement it. One with a body has that body by default.
macro_rules! contract {
    ($(
        $(#[$about_topic:meta])*
        trait $topic:ident {
            $(
                $(#[$about:meta])*
                fn $name:ident($subject:ident $(, $arg:ident: $type:ty)* $(,)?) -> $out:ty
                    $(= $default:ident)? $({ $($body:tt)* })? $(;)?
            )+
        }
    )+) => {
        $(
            $(#[$about_topic])*
            pub(crate) trait $topic: Platform {
                $(contract! {
                    @declare [$(#[$about])*] $name $subject [$($arg: $type),*] [$out] [$($default)?] [$({ $($body)* })?]
                })+
            }

            #[cfg(feature = "capture")]
            impl $topic for super::any::Any {
                $(fn $name($subject: contract!(@subject $subject) $(, $arg: $type)*) -> $out {
                    contract!(@dispatch $subject $subject $topic $name [$($arg),*])
                })+
            }
        )+
    };

    (@subject source) => { &Self::Source };
    (@subject process) => { &Handle<'_, Self> };
    (@subject processes) => { &[Handle<'_, Self>] };

    (@declare [$($about:tt)*] $name:ident $subject:ident [$($arg:ident: $type:ty),*] [$out:ty] [] []) => {
        $($about)*
        fn $name($subject: contract!(@subject $subject) $(, $arg: $type)*) -> $out;
    };
    (@declare [$($about:tt)*] $name:ident $subject:ident [$($arg:ident: $type:ty),*] [$out:ty] [unsupported] []) => {
        $($about)*
        fn $name(_: contract!(@subject $subject) $(, _: $type)*) -> $out {
            Err(Error::unsupported(stringify!($name)))
        }
    };
    (@declare [$($about:tt)*] $name:ident $subject:ident [$($arg:ident: $type:ty),*] [$out:ty] [] [$body:block]) => {
        $($about)*
        fn $name($subject: contract!(@subject $subject) $(, $arg: $type)*) -> $out $body
    };

    (@dispatch source $source:ident $topic:ident $name:ident [$($arg:ident),*]) => {
        on_source!($source, |P, source| <P as $topic>::$name(source $(, $arg)*))
    };
    (@dispatch process $process:ident $topic:ident $name:ident [$($arg:ident),*]) => {
        on_process!($process, |P, process| <P as $topic>::$name(&process $(, $arg)*))
    };
    (@dispatch processes $processes:ident $topic:ident $name:ident [$($arg:ident),*]) => {
        <super::Host as $topic>::$name(&super::any::of_host($processes, stringify!($name))? $(, $arg)*)
    };
}

contract! {
    /// Reads the machine and lists its processes.
    trait SystemReadings {
        /// Lists the processes that this user can see, by pid. Only this reading may fail as a whole. A process that
        /// denies access or ends during a listing never makes the listing fail.
        fn pids(source) -> Result<Vec<Pid>>;

        /// Reads a number for each process that changes when the process does, by pid.
        fn fingerprints(source, known: &mut Fingerprints) -> Result<()> = unsupported;

        /// Reads when the machine was booted.
        fn boot_time(source) -> Result<SystemTime>;

        /// Reads the names of the machine and of its kernel.
        fn host_info(source) -> Result<HostInfo> = unsupported;

        /// Reads the time since the boot. For a capture, this is the time at which it was taken.
        fn uptime(source) -> Result<Duration> = unsupported;

        /// Returns whether a process has this pid. A thread id does not count.
        fn pid_exists(source, pid: Pid) -> Result<bool> {
            Ok(Self::pids(source)?.contains(&pid))
        }

        /// Returns the pid of the calling process.
        fn current_pid(source) -> Result<Pid> {
            if Self::is_live(source) { Ok(std::process::id()) } else { Err(Error::unsupported("current_process")) }
        }

        /// Returns whether the kernel counts the time that processes wait for storage.
        fn delay_accounting(source) -> Result<bool> = unsupported;

        /// Reads a kernel file that no other reading covers.
        fn kernel_file(source, path: &Path) -> Result<Vec<u8>> = unsupported;

        /// Lists the names in a directory of kernel files.
        fn kernel_names(source, path: &Path) -> Result<Vec<OsString>> = unsupported;

        /// Reads the target of a symbolic link among the kernel's files.
        fn kernel_link(source, path: &Path) -> Result<PathBuf> = unsupported;

        /// Reads the parents of processes: of the children of `of` or, with `recursive`, of all its descendants. The
        /// result may contain any other processes.
        fn parentage(source, of: Pid, recursive: bool) -> Result<Vec<Parentage>>;
    }

    /// Reads one process. A getter reads each kernel source at most once, into the handle's cache.
    trait ProcessReadings {
        /// Reads the start stamp. With the pid, it identifies a process.
        ///
        /// The stamp never changes while the process lives, even if somebody sets the wall clock. Some kernels store a
        /// wall-clock time that they correct with the clock. Their ports must derive the stamp from something else.
        ///
        /// A system may read the stamp and a value together. If `process.start` is set, its getters must then fail with
        /// `NoSuchProcess` if the stamps differ.
        fn start(process) -> Result<u64>;

        /// Reads a number that the kernel gives to no other process. It is needed if another process can have the same pid
        /// and the same stamp: because this process is young, or because `process.unique` is set. Returns `None` if the
        /// number is not needed or does not exist.
        fn unique(process) -> Result<Option<u64>> {
            Ok(process.unique)
        }

        /// Returns whether another process can still get the same pid and the same stamp, because this process has just
        /// started.
        fn is_new(process) -> Result<bool> {
            let _ = process;
            Ok(false)
        }

        /// Returns whether two start stamps belong to one process. They may differ if the kernel rounds a time, or no
        /// longer reports when a zombie started.
        fn same_start(source, now: u64, then: u64) -> bool {
            let _ = source;
            now == then
        }

        /// Whether all that was read for a row came from one process. A system that reads by pid must check that no other
        /// process took the pid meanwhile, here or in [`Platform::survivors`].
        fn is_whole(process) -> Result<bool> {
            let _ = process;
            Ok(true)
        }

        /// Returns what an error of a getter means for the process. `ENOENT` and `ESRCH` differ in meaning between
        /// systems.
        fn fate(process, error: &Error) -> Result<Fate> {
            Ok(Fate::look_again(process, error))
        }

        /// Converts a start stamp to the time since the boot.
        fn since_boot(source, start: u64) -> Result<Duration>;

        /// Reads the pid of the parent. On some systems pid 0 is an ordinary process, and is its own parent.
        fn ppid(process) -> Result<Pid>;

        /// Reads the name.
        fn name(process) -> Result<OsString>;

        /// Reads the name as the kernel keeps it, which may be truncated.
        fn comm(process) -> Result<OsString> {
            Self::name(process)
        }

        /// Reads the status.
        fn status(process) -> Result<ProcessStatus>;

        /// Reads the start time.
        fn create_time(process) -> Result<SystemTime>;

        /// Reads the CPU time that the process has used.
        fn cpu_times(process) -> Result<ProcessCpuTimes>;

        /// Reads the memory counters that the kernel keeps up to date.
        fn memory_info(process) -> Result<MemoryInfo>;

        /// Reads the path of the executable.
        fn exe(process) -> Result<PathBuf> = unsupported;

        /// Reads the command line.
        fn cmdline(process) -> Result<Vec<OsString>> = unsupported;

        /// Reads the name of the real user, or the number if the user has no name.
        fn username(process) -> Result<OsString> = unsupported;

        /// Reads the user ids.
        fn uids(process) -> Result<Ids> = unsupported;

        /// Reads the group ids.
        fn gids(process) -> Result<Ids> = unsupported;

        /// Reads the path of the controlling terminal.
        fn terminal(process) -> Result<Option<PathBuf>> = unsupported;

        /// Reads the working directory.
        fn cwd(process) -> Result<PathBuf> = unsupported;

        /// Reads the environment.
        fn environ(process) -> Result<Vec<(OsString, OsString)>> = unsupported;

        /// Reads the nice value.
        fn nice(process) -> Result<i32> = unsupported;

        /// Reads the I/O scheduling class and priority.
        fn ionice(process) -> Result<IoPriority> = unsupported;

        /// Reads a resource limit.
        fn rlimit(process, resource: Resource) -> Result<Limit> = unsupported;

        /// Reads the CPUs that the process may run on.
        fn cpu_affinity(process) -> Result<Vec<u32>> = unsupported;

        /// Reads the number of the CPU on which the process last ran.
        fn cpu_num(process) -> Result<u32> = unsupported;

        /// Counts the threads.
        fn num_threads(process) -> Result<u64> = unsupported;

        /// Reads the numbers of context switches.
        fn num_ctx_switches(process) -> Result<CtxSwitches> = unsupported;

        /// Counts the open file descriptors.
        fn num_fds(process) -> Result<u64> = unsupported;

        /// Counts the open handles.
        fn num_handles(process) -> Result<u64> = unsupported;

        /// Reads the threads, by id.
        fn threads(process) -> Result<Vec<Thread>> = unsupported;

        /// Reads the numbers of page faults.
        fn page_faults(process) -> Result<PageFaults> = unsupported;

        /// Reads the regular files that the process has open.
        fn open_files(process) -> Result<Vec<OpenFile>> = unsupported;

        /// Reads the sockets of the process.
        fn net_connections(process, kind: ConnectionKind) -> Result<Vec<Connection>> = unsupported;

        /// Reads the parts of the memory, and their peaks.
        fn memory_details(process) -> Result<MemoryDetails> = unsupported;

        /// Reads the memory that the end of the process would free.
        fn memory_footprint(process) -> Result<MemoryFootprint> = unsupported;

        /// Reads the memory mappings.
        fn memory_maps(process) -> Result<Vec<MemoryMap>> = unsupported;

        /// Reads the I/O counters.
        fn io_counters(process) -> Result<IoCounters> = unsupported;

        /// Reads how much energy the cores have used for the process.
        fn energy(process) -> Result<Energy> = unsupported;

        /// Reads the name, state, times and nice value of each thread, by id.
        fn thread_details(process) -> Result<Vec<ThreadDetails>> = unsupported;

        /// Reads the scheduling policy and priority.
        fn scheduling(process) -> Result<Scheduling> = unsupported;

        /// Returns whether this is a kernel thread.
        fn is_kernel_thread(process) -> Result<bool> = unsupported;

        /// Reads the control group.
        fn cgroup(process) -> Result<Cgroup> = unsupported;

        /// Reads the zone, project, task and contract.
        fn containment(process) -> Result<Containment> = unsupported;

        /// Reads the number of the jail, or 0 outside of jails.
        fn jail(process) -> Result<u32> = unsupported;

        /// Reads the name of the process's binary interface (ABI).
        fn abi(process) -> Result<OsString> = unsupported;

        /// Reads the inode number of the network namespace.
        fn net_namespace(process) -> Result<u64> = unsupported;

        /// Reads the score by which the kernel chooses a process to kill when memory runs out.
        fn oom_score(process) -> Result<u64> = unsupported;
    }

    /// Changes a process of the running machine, and waits for its end. The callers have checked that the source is live.
    trait Control {
        /// Sends a signal to this process, never to a later one with the same pid.
        fn send_signal(process, signal: Signal) -> Result<()> = unsupported;

        /// Suspends this process, never a later one with the same pid.
        fn suspend(process) -> Result<()> = unsupported;

        /// Resumes this process, never a later one with the same pid.
        fn resume(process) -> Result<()> = unsupported;

        /// Waits until all processes have ended or the timeout expires. For each process that ends, calls `done` with
        /// its position and, for a child of the caller, its exit status.
        fn wait_each(
            processes,
            timeout: Option<Duration>,
            done: &mut dyn FnMut(usize, Option<ExitStatus>),
        ) -> Result<()> = unsupported;

        /// Sets the nice value.
        fn set_nice(process, value: i32) -> Result<()> = unsupported;

        /// Sets the I/O scheduling class and priority.
        fn set_ionice(process, priority: IoPriority) -> Result<()> = unsupported;

        /// Sets a resource limit.
        fn set_rlimit(process, resource: Resource, limit: Limit) -> Result<()> = unsupported;

        /// Sets the CPUs that the process may run on.
        fn set_cpu_affinity(process, cpus: &[u32]) -> Result<()> = unsupported;
    }

    /// Reads the processors.
    trait CpuReadings {
        /// Reads the times of all processors together.
        fn cpu_times(source) -> Result<CpuTimes>;

        /// Reads the times of each processor that is online, with its number.
        fn cpu_times_per_cpu(source) -> Result<Vec<(u32, CpuTimes)>> = unsupported;

        /// Counts the logical processors that are online.
        fn cpu_count(source) -> Result<Option<usize>> = unsupported;

        /// Counts the physical cores.
        fn cpu_count_cores(source) -> Result<Option<usize>> = unsupported;

        /// Counts the cores of each kind, fastest first.
        fn core_kinds(source) -> Result<Vec<CoreKind>> = unsupported;

        /// Reads the counts of interrupts, context switches and system calls.
        fn cpu_stats(source) -> Result<CpuStats> = unsupported;

        /// Counts the threads that run and those that wait for I/O.
        fn run_queue(source) -> Result<RunQueue> = unsupported;

        /// Reads the load averages.
        fn load_average(source) -> Result<LoadAverage> = unsupported;

        /// Reads the frequency of each processor.
        fn cpu_freq(source) -> Result<Vec<CpuFreq>> = unsupported;
    }

    /// Reads the memory of the machine.
    trait MemoryReadings {
        /// Reads the use of physical memory.
        fn virtual_memory(source) -> Result<VirtualMemory>;

        /// Reads the use of swap space.
        fn swap_memory(source) -> Result<SwapMemory> = unsupported;
    }

    /// Reads pressure stall information.
    trait PressureReadings {
        /// Reads the pressure on one resource.
        fn pressure(source, of: PressureOf) -> Result<Pressure> = unsupported;
    }

    /// Reads disks and file systems.
    trait DiskReadings {
        /// Lists the mounted file systems: those on devices or, with `all`, every one.
        fn disk_partitions(source, all: bool) -> Result<Vec<DiskPartition>> = unsupported;

        /// Reads the space of the file system that holds `path`.
        fn disk_usage(source, path: &Path) -> Result<DiskUsage> = unsupported;

        /// Reads the space of a file system that may not answer. By default nothing limits the call.
        fn disk_usage_within(source, path: &Path, _timeout: Duration) -> Result<DiskUsage> {
            Self::disk_usage(source, path)
        }

        /// Returns whether looking up an absolute path can block, because a server answers for its mount.
        fn may_wait(source, _path: &Path) -> bool {
            let _ = source;
            false
        }

        /// Resolves the links of `path`, if its file system answers in time.
        fn real_path_within(source, path: &Path, _timeout: Duration) -> Result<PathBuf> {
            let _ = source;
            path.canonicalize().map_err(|error| Error::io(error).with_path(path))
        }

        /// Reads the counters of each disk and partition, in the kernel's order.
        fn disk_io_counters(source) -> Result<Vec<(OsString, DiskIo)>> = unsupported;

        /// Lists the names in `disk_io_counters` that are whole disks.
        fn whole_disks(source) -> Result<Vec<OsString>> {
            Ok(Self::disk_io_counters(source)?.into_iter().map(|(name, _)| name).collect())
        }
    }

    /// Reads interfaces and sockets.
    trait NetReadings {
        /// Reads the counters of each interface.
        fn net_io_counters(source) -> Result<Vec<(OsString, NetIo)>> = unsupported;

        /// Reads the sockets of all processes.
        fn net_connections(source, kind: ConnectionKind) -> Result<Vec<Connection>> = unsupported;

        /// Reads the addresses of each interface.
        fn net_if_addrs(source) -> Result<Vec<(OsString, Vec<NicAddr>)>> = unsupported;

        /// Reads the state of each interface.
        fn net_if_stats(source) -> Result<Vec<(OsString, NicStats)>> = unsupported;
    }

    /// Reads temperatures, fans, the battery and the GPUs.
    trait SensorReadings {
        /// Reads the temperatures, by the sensor's name.
        fn sensors_temperatures(source) -> Result<Vec<(String, Vec<Temperature>)>> = unsupported;

        /// Reads the speeds of fans, by the sensor's name.
        fn sensors_fans(source) -> Result<Vec<(String, Vec<Fan>)>> = unsupported;

        /// Reads the battery, if the machine has one.
        fn sensors_battery(source) -> Result<Option<Battery>> = unsupported;

        /// Reads the GPUs.
        fn gpus(source) -> Result<Vec<Gpu>> = unsupported;
    }

    /// Reads the login sessions.
    trait UserReadings {
        /// Lists the login sessions.
        fn users(source) -> Result<Vec<User>> = unsupported;
    }

    /// Reads the services of a service manager.
    trait ServiceReadings {
        /// Lists the name and display name of each service.
        fn services(source) -> Result<Vec<(OsString, OsString)>> = unsupported;

        /// Reads one service.
        fn service(source, name: &OsStr) -> Result<Service> = unsupported;
    }
}
