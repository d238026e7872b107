//! Which system has what: the source of PLATFORM.md.

use std::fmt::Write as _;

use crate::{FieldInfo, Os, OsSet, Record};

/// A reading or an action, and the systems whose kernels can do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// Its name in Rust.
    pub name: &'static str,
    /// The systems that have it.
    pub os: OsSet,
}

const fn call(name: &'static str, os: OsSet) -> Call {
    Call { name, os }
}

/// The systems that psoxide reads today: each is a folder of `src/sys`.
pub const PORTED: OsSet = OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::BSD).or(OsSet::MACOS);

/// What a port does not do yet: the calls that its system has and the port still lacks. A call that is missing here and
/// fails with `Unsupported` fails a test, and so does one that is listed and works.
const GAPS: &[(Os, &[&str])] = &[
    (Os::Windows, &["System::host_info"]),
    (
        Os::Macos,
        &[
            // The kernel has no such counts. psutil shows counts of pages by these names.
            "System::cpu_stats",
            // These need IOKit.
            "System::disk_io_counters",
            "System::disk_io_total",
            "System::sensors_battery",
            "System::whole_disks",
        ],
    ),
];

impl Call {
    /// Whether psoxide has this call for the system `os`.
    #[must_use]
    pub fn is_ported(&self, os: Os) -> bool {
        let missing = GAPS.iter().any(|(of, calls)| *of == os && calls.contains(&self.name));
        self.os.contains(os) && PORTED.contains(os) && !missing
    }
}

/// Every public call, sorted by name.
pub const CALLS: &[Call] = &[
    call("Process::abi", OsSet::FREEBSD.or(OsSet::MACOS)),
    call("Process::cgroup", OsSet::LINUX),
    call("Process::children", OsSet::ALL),
    call("Process::cmdline", OsSet::ALL),
    call("Process::comm", OsSet::ALL),
    call("Process::cpu_affinity", OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::FREEBSD)),
    call("Process::cpu_num", OsSet::LINUX.or(OsSet::FREEBSD).or(OsSet::SUNOS)),
    call("Process::cpu_times", OsSet::ALL),
    call("Process::create_time", OsSet::ALL),
    call("Process::cwd", OsSet::ALL),
    call("Process::environ", OsSet::ALL),
    call("Process::exe", OsSet::ALL),
    call("Process::gids", OsSet::POSIX),
    call("Process::io_counters", OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::BSD)),
    call("Process::ionice", OsSet::LINUX.or(OsSet::WINDOWS)),
    call("Process::is_kernel_thread", OsSet::LINUX.or(OsSet::NETBSD).or(OsSet::OPENBSD)),
    call("Process::is_running", OsSet::ALL),
    call("Process::jail", OsSet::FREEBSD),
    call("Process::kill", OsSet::ALL),
    call("Process::memory_details", OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::BSD)),
    call("Process::memory_footprint", OsSet::LINUX.or(OsSet::MACOS).or(OsSet::WINDOWS)),
    call("Process::memory_info", OsSet::ALL),
    call(
        "Process::memory_maps",
        OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::FREEBSD).or(OsSet::SUNOS).or(OsSet::NETBSD).or(OsSet::OPENBSD),
    ),
    call(
        "Process::memory_maps_grouped",
        OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::FREEBSD).or(OsSet::SUNOS).or(OsSet::NETBSD).or(OsSet::OPENBSD),
    ),
    call("Process::memory_percent", OsSet::ALL),
    call("Process::name", OsSet::ALL),
    call("Process::net_connections", OsSet::ALL),
    call("Process::net_namespace", OsSet::LINUX),
    call("Process::nice", OsSet::ALL),
    call("Process::num_ctx_switches", OsSet::ALL),
    call("Process::num_fds", OsSet::POSIX),
    call("Process::num_handles", OsSet::WINDOWS),
    call("Process::num_threads", OsSet::ALL),
    call("Process::oom_score", OsSet::LINUX),
    call("Process::open_files", OsSet::ALL),
    call("Process::page_faults", OsSet::ALL),
    call("Process::parent", OsSet::ALL),
    call("Process::parents", OsSet::ALL),
    call("Process::ppid", OsSet::ALL),
    call("Process::resume", OsSet::ALL),
    call("Process::rlimit", OsSet::LINUX.or(OsSet::FREEBSD).or(OsSet::NETBSD)),
    call("Process::scheduling", OsSet::LINUX),
    call("Process::send_signal", OsSet::ALL),
    call("Process::set_cpu_affinity", OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::FREEBSD)),
    call("Process::set_ionice", OsSet::LINUX.or(OsSet::WINDOWS)),
    call("Process::set_nice", OsSet::ALL),
    call("Process::set_rlimit", OsSet::LINUX.or(OsSet::FREEBSD)),
    call("Process::status", OsSet::ALL),
    call("Process::suspend", OsSet::ALL),
    call("Process::terminal", OsSet::POSIX),
    call("Process::terminate", OsSet::ALL),
    call("Process::thread_details", OsSet::LINUX),
    call("Process::threads", OsSet::ALL),
    call("Process::uids", OsSet::POSIX),
    call("Process::username", OsSet::ALL),
    call("Process::wait", OsSet::ALL),
    call("System::boot_time", OsSet::ALL),
    call("System::cpu_count", OsSet::ALL),
    call("System::cpu_count_cores", OsSet::ALL),
    call("System::cpu_freq", OsSet::LINUX.or(OsSet::MACOS).or(OsSet::WINDOWS).or(OsSet::FREEBSD).or(OsSet::OPENBSD)),
    call("System::cpu_stats", OsSet::ALL),
    call("System::cpu_times", OsSet::ALL),
    call("System::cpu_times_per_cpu", OsSet::ALL),
    call("System::current_process", OsSet::ALL),
    call("System::delay_accounting", OsSet::LINUX),
    call("System::disk_io_counters", OsSet::ALL),
    call("System::disk_io_total", OsSet::ALL),
    call("System::disk_partitions", OsSet::ALL),
    call("System::disk_usage", OsSet::ALL),
    call("System::host_info", OsSet::ALL),
    call("System::load_average", OsSet::ALL),
    call("System::net_connections", OsSet::ALL),
    call("System::net_if_addrs", OsSet::ALL),
    call("System::net_if_stats", OsSet::ALL),
    call("System::net_io_counters", OsSet::ALL),
    call("System::net_io_total", OsSet::ALL),
    call("System::pid_exists", OsSet::ALL),
    call("System::pids", OsSet::ALL),
    call("System::pressure", OsSet::LINUX),
    call("System::process", OsSet::ALL),
    call("System::processes", OsSet::ALL),
    call("System::run_queue", OsSet::LINUX),
    call(
        "System::sensors_battery",
        OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::MACOS).or(OsSet::FREEBSD).or(OsSet::NETBSD).or(OsSet::OPENBSD),
    ),
    call("System::sensors_fans", OsSet::LINUX.or(OsSet::NETBSD).or(OsSet::OPENBSD)),
    call("System::sensors_temperatures", OsSet::LINUX.or(OsSet::FREEBSD).or(OsSet::NETBSD).or(OsSet::OPENBSD)),
    call("System::service", OsSet::WINDOWS),
    call("System::services", OsSet::WINDOWS),
    call("System::swap_memory", OsSet::ALL),
    call("System::uptime", OsSet::ALL),
    call("System::users", OsSet::ALL),
    call("System::virtual_memory", OsSet::ALL),
    call("System::whole_disks", OsSet::ALL),
    call("heap_info", OsSet::LINUX.or(OsSet::MACOS).or(OsSet::WINDOWS).or(OsSet::FREEBSD).or(OsSet::NETBSD)),
    call("heap_trim", OsSet::LINUX.or(OsSet::MACOS).or(OsSet::WINDOWS).or(OsSet::FREEBSD).or(OsSet::NETBSD)),
    call("wait_procs", OsSet::ALL),
];

/// A record: its name in Rust, psutil's name, its fields.
pub type RecordInfo = (&'static str, &'static str, &'static [FieldInfo]);

macro_rules! records {
    ($($name:ident)+) => {
        &[$((stringify!($name), <crate::$name as Record>::NAME, <crate::$name as Record>::FIELDS)),+]
    };
}

/// Every record.
pub const RECORDS: &[RecordInfo] = records! {
    Battery
    Cgroup
    Connection
    CpuFreq
    CpuStats
    CpuTimes
    CtxSwitches
    DiskIo
    DiskPartition
    DiskUsage
    Fan
    HeapInfo
    Holder
    Ids
    IoCounters
    IoPriority
    LoadAverage
    MemoryDetails
    MemoryFootprint
    MemoryInfo
    MemoryMap
    MemoryMapGroup
    NetIo
    NicAddr
    NicStats
    OpenFile
    PageFaults
    Pressure
    ProcessCpuTimes
    Scheduling
    Service
    Stall
    SwapMemory
    Temperature
    Thread
    ThreadDetails
    User
    VirtualMemory
};

/// The records whose tuples in psutil have on each system but the fields of that system. All others have the same fields
/// everywhere.
const VARYING: &[&str] = &[
    "pcputimes",
    "pfootprint",
    "pheap",
    "pio",
    "pmem",
    "pmem_ex",
    "pmmap_ext",
    "pmmap_grouped",
    "popenfile",
    "scputimes",
    "sdiskio",
    "svmem",
];

/// Whether psutil's tuple for the record has the field on this system.
#[must_use]
pub fn in_tuple(tuple: &str, field: &FieldInfo, os: Os) -> bool {
    // psutil has a row for each holder, and counts the cache of ZFS as wired.
    if matches!((tuple, field.name), ("sconn", "holders") | ("svmem", "arc")) {
        return false;
    }
    // Windows has no times of children and the BSDs do not count bytes; the tuples have both.
    let always = field.name.starts_with("children_") || (tuple == "pio" && field.name.ends_with("_bytes"));
    field.os.contains(os) || !VARYING.contains(&tuple) || (always && field.name != "other_bytes")
}

/// What only a real Windows can show. The structures that it fills are tested as bytes in `psoxide-parse`.
const UNSEEN_UNDER_WINE: &str = "\
## What Wine does not show

- Zeros: page faults, context switches, system calls and interrupts, I/O counters of processes, handles of a process that
  is asked by a handle, the file cache.
- What threads wait for: no process is seen suspended, though suspending and resuming are done.
- The pages of another process: `memory_footprint` answers for the caller's own process, and of another's mappings the
  size is told in place of what is resident.
- I/O priorities; page files, in whose place the commit limit is told; counters of disks; when a session began.
- More than one processor group; protected processes (Registry, Secure System, antimalware), and what
  the right of debuggers opens: Wine refuses what a process's own list of rights refuses, to debuggers too.
- The command line without a look into the process: Wine has but the process's own memory for it.
- Services that change while they are read, and those that refuse to be read.
- The idle process (pid 0), and when the machine was booted, in whose place Wine's own start is told.
- Escape sequences in a console: `psoxide top` begins, takes keys and ends there, but its picture is not to be seen; and
  with which code a program ends that a console's event has ended.

";

/// The text of PLATFORM.md.
#[must_use]
pub fn platform_md() -> String {
    let mut text = String::from(
        "# Platforms\n\n\
        This file is generated by `cargo xtask codegen` from `crates/psoxide/src/support.rs` and the field tables of \
        the records; do not edit it.\n\n\
        - Linux: the tests run on x86_64.\n\
        - Windows: built with mingw-w64 for x86_64, the tests run under Wine 10; nothing has run on Windows itself. \
        `x86_64-pc-windows-msvc` type-checks.\n\
        - macOS, FreeBSD, OpenBSD, NetBSD, SunOS: not ported yet; nothing has run there.\n\n\
        \"yes\": it is there. \"planned\": the system has it, the port is still to be written. \
        \"–\": the system does not have it.\n\n",
    );
    text.push_str(UNSEEN_UNDER_WINE);
    text.push_str("## Calls\n\n");
    table(&mut text, "Call", CALLS.iter().map(|call| (call.name, call.os, Some(call))));
    text.push_str("\n## Fields\n");
    for (name, python, fields) in RECORDS {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n### {name} (`{python}`)\n\n");
        table(&mut text, "Field", fields.iter().map(|field| (field.name, field.os, None)));
    }
    text
}

fn table<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = (&'static str, OsSet, Option<&'a Call>)>) {
    let mut line = |first: &str, cell: &dyn Fn(Os) -> &'static str| {
        let _ = write!(text, "| {first} |");
        for os in Os::ALL {
            let _ = write!(text, " {} |", cell(os));
        }
        text.push('\n');
    };
    line(title, &Os::name);
    line("---", &|_| "---");
    for (name, os, call) in rows {
        line(&format!("`{name}`"), &|system| {
            let ported = call.map_or_else(|| PORTED.contains(system), |call| call.is_ported(system));
            match (os.contains(system), ported) {
                (true, true) => "yes",
                (true, false) => "planned",
                (false, _) => "–",
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_sorted_and_unique() {
        assert!(CALLS.iter().zip(CALLS.iter().skip(1)).all(|(a, b)| a.name < b.name));
    }

    #[test]
    fn gaps_name_calls_that_the_system_has() {
        for (os, calls) in GAPS {
            assert!(PORTED.contains(*os), "{}", os.name());
            for name in *calls {
                let call = CALLS.iter().find(|call| call.name == *name);
                assert!(call.is_some_and(|call| call.os.contains(*os)), "{}: {name}", os.name());
            }
        }
    }

    #[test]
    fn every_call_and_record_is_listed() {
        let text = platform_md();
        assert!(CALLS.iter().all(|call| text.contains(&format!("| `{}` |", call.name))));
        assert!(RECORDS.iter().all(|(name, ..)| text.contains(&format!("### {name} "))));
    }
}
