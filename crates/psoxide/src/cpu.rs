//! CPU times, statistics, frequencies and load.

use std::time::Duration;

use crate::record::record;
use crate::sys::{self, CpuReadings as _};
use crate::{Result, System};

record! {
    /// Time that a CPU, or all of them together, has spent in each mode since boot.
    ///
    /// Linux: `/proc/stat`, proc_stat(5); the resolution is a clock tick.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct CpuTimes = "scputimes" {
        /// Normal processes in user mode. On Linux this includes guest time.
        user: Duration, Seconds, ALL;
        /// Niced processes in user mode. On Linux this includes guest_nice time.
        nice: Option<Duration>, Seconds, LINUX | MACOS | BSD;
        /// Processes in kernel mode.
        system: Duration, Seconds, ALL;
        /// Nothing to do.
        idle: Duration, Seconds, ALL;
        /// Idle while waiting for I/O (since Linux 2.5.41).
        iowait: Option<Duration>, Seconds, LINUX | SUNOS;
        /// Serving hardware interrupts (since Linux 2.6.0).
        irq: Option<Duration>, Seconds, LINUX | BSD | WINDOWS;
        /// Serving softirqs (since Linux 2.6.0).
        softirq: Option<Duration>, Seconds, LINUX;
        /// Taken by other guests of the hypervisor (since Linux 2.6.11).
        steal: Option<Duration>, Seconds, LINUX;
        /// Running guests of this kernel (since Linux 2.6.24).
        guest: Option<Duration>, Seconds, LINUX;
        /// Running niced guests of this kernel (since Linux 2.6.33).
        guest_nice: Option<Duration>, Seconds, LINUX;
        /// Deferred procedure calls. On Windows, system includes this time and irq.
        dpc: Option<Duration>, Seconds, WINDOWS;
    }
}

record! {
    /// Events counted since boot.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct CpuStats = "scpustats" {
        /// Context switches, voluntary and involuntary. macOS does not count them.
        ctx_switches: Option<u64>, Count, LINUX | WINDOWS | BSD | SUNOS;
        /// Interrupts.
        interrupts: u64, Count, ALL;
        /// Softirqs. Windows, macOS and SunOS do not count them.
        soft_interrupts: Option<u64>, Count, LINUX | BSD;
        /// System calls. Linux and macOS do not count them.
        syscalls: Option<u64>, Count, WINDOWS | BSD | SUNOS;
    }
}

record! {
    /// Threads that use a CPU or a disk, or wait for one, at this moment.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct RunQueue = "srunqueue" {
        /// Threads that run or are ready to run.
        running: u64, Count, LINUX;
        /// Threads that wait for I/O.
        blocked: Option<u64>, Count, LINUX;
    }
}

record! {
    /// Clock frequency of a CPU.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct CpuFreq = "scpufreq" {
        /// Current frequency. On macOS, the nominal (Intel) or the highest frequency (Apple silicon), because the
        /// kernel does not report the current one.
        current: f64, Megahertz, LINUX | MACOS | WINDOWS | FREEBSD | OPENBSD | SUNOS;
        /// Lowest frequency that can be set, if the kernel reports it.
        min: Option<f64>, Megahertz, LINUX | MACOS | FREEBSD | SUNOS;
        /// Highest frequency that can be set, if the kernel reports it.
        max: Option<f64>, Megahertz, LINUX | MACOS | WINDOWS | FREEBSD | SUNOS;
    }
}

record! {
    /// The cores of one kind.
    ///
    /// macOS 12 and later: the sysctls `hw.perflevel0.*`, `hw.perflevel1.*`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct CoreKind = "scorekind" {
        /// The name, such as `Performance` or `Efficiency`.
        name: String, Text, MACOS;
        /// Number of cores.
        cores: u64, Count, MACOS;
        /// Number of logical CPUs.
        logical: u64, Count, MACOS;
    }
}

record! {
    /// Processes running or waiting to run, averaged.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct LoadAverage = "loadavg" {
        /// Over one minute.
        one: f64, Plain, ALL;
        /// Over five minutes.
        five: f64, Plain, ALL;
        /// Over fifteen minutes.
        fifteen: f64, Plain, ALL;
    }
}

impl CpuTimes {
    /// Returns all time that passed: the sum of the fields. Guest time counts once.
    #[must_use]
    pub fn total(&self) -> Duration {
        // user and nice include guest and guest_nice (kernel: account_guest_time in kernel/sched/cputime.c). On a
        // system with dpc, system includes dpc and irq.
        let irq = if self.dpc.is_some() { None } else { self.irq };
        [self.nice, self.iowait, irq, self.softirq, self.steal]
            .into_iter()
            .flatten()
            .fold(self.user + self.system + self.idle, |sum, part| sum + part)
    }

    /// Returns the time spent working: neither idle nor waiting for I/O.
    #[must_use]
    pub fn busy(&self) -> Duration {
        self.total().saturating_sub(self.idle).saturating_sub(self.iowait.unwrap_or_default())
    }

    /// Returns the growth since `earlier`. A counter that decreased counts as unchanged.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let passed = |now: Option<Duration>, then: Option<Duration>| Some(now?.saturating_sub(then?));
        Self {
            user: self.user.saturating_sub(earlier.user),
            nice: passed(self.nice, earlier.nice),
            system: self.system.saturating_sub(earlier.system),
            idle: self.idle.saturating_sub(earlier.idle),
            iowait: passed(self.iowait, earlier.iowait),
            irq: passed(self.irq, earlier.irq),
            softirq: passed(self.softirq, earlier.softirq),
            steal: passed(self.steal, earlier.steal),
            guest: passed(self.guest, earlier.guest),
            guest_nice: passed(self.guest_nice, earlier.guest_nice),
            dpc: passed(self.dpc, earlier.dpc),
        }
    }

    /// Returns the busy share of [`total`](Self::total) in percent, or `None` if no time has passed.
    #[must_use]
    pub fn busy_percent(&self) -> Option<f64> {
        let total = self.total().as_secs_f64();
        (total > 0.0).then(|| self.busy().as_secs_f64() / total * 100.0)
    }
}

impl System {
    /// Reads the times of all CPUs together.
    pub fn cpu_times(&self) -> Result<CpuTimes> {
        sys::Os::cpu_times(self.source())
    }

    /// Reads the times of each online CPU, with its number, in the kernel's order. Offline CPUs leave gaps in the
    /// numbers.
    pub fn cpu_times_per_cpu(&self) -> Result<Vec<(u32, CpuTimes)>> {
        sys::Os::cpu_times_per_cpu(self.source())
    }

    /// Counts the logical CPUs that are online. Returns `None` if the system does not report it.
    ///
    /// Linux: `sysconf(_SC_NPROCESSORS_ONLN)`, else `/proc/cpuinfo`, else `/proc/stat`.
    pub fn cpu_count(&self) -> Result<Option<usize>> {
        sys::Os::cpu_count(self.source())
    }

    /// Counts the physical cores. Returns `None` if the system does not report it.
    ///
    /// Linux: the distinct `topology/core_cpus_list` of sysfs, else `thread_siblings_list`, else `/proc/cpuinfo`.
    pub fn cpu_count_cores(&self) -> Result<Option<usize>> {
        sys::Os::cpu_count_cores(self.source())
    }

    /// Reads how many cores the machine has of each kind, fastest first.
    pub fn core_kinds(&self) -> Result<Vec<CoreKind>> {
        sys::Os::core_kinds(self.source())
    }

    /// Reads the numbers of context switches, interrupts and system calls since boot.
    pub fn cpu_stats(&self) -> Result<CpuStats> {
        sys::Os::cpu_stats(self.source())
    }

    /// Reads the frequency of each CPU. The list is empty if the system does not report any.
    ///
    /// Linux: `cpufreq` of sysfs, else `/proc/cpuinfo`, which has only the current frequency.
    pub fn cpu_freq(&self) -> Result<Vec<CpuFreq>> {
        sys::Os::cpu_freq(self.source())
    }

    /// Counts the threads that run or are ready to run, and those that wait for I/O.
    ///
    /// Linux: `procs_running` and `procs_blocked` of `/proc/stat`. The calling thread is one of the running.
    pub fn run_queue(&self) -> Result<RunQueue> {
        sys::Os::run_queue(self.source())
    }

    /// Reads the load averages.
    pub fn load_average(&self) -> Result<LoadAverage> {
        sys::Os::load_average(self.source())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(user: u64, idle: u64, steal: u64) -> CpuTimes {
        CpuTimes {
            user: Duration::from_secs(user),
            idle: Duration::from_secs(idle),
            steal: Some(Duration::from_secs(steal)),
            guest: Some(Duration::from_secs(1)),
            ..CpuTimes::default()
        }
    }

    #[test]
    fn guest_time_is_counted_once() {
        assert_eq!(times(10, 5, 1).total(), Duration::from_secs(16));
        assert_eq!(times(10, 5, 1).busy(), Duration::from_secs(11));
    }

    #[test]
    fn a_counter_that_goes_back_counts_as_unchanged() {
        let delta = times(12, 6, 0).since(&times(10, 5, 3));
        assert_eq!((delta.user, delta.steal), (Duration::from_secs(2), Some(Duration::ZERO)));
        assert_eq!(times(10, 5, 3).since(&times(10, 5, 3)).busy_percent(), None);
    }
}
