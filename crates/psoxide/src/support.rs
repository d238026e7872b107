//! Lists which system has which call. PLATFORM.md is generated from this file.

use std::fmt::Write as _;

use crate::{FieldInfo, Os, OsSet, Record};

/// A reading or action, and the systems that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The name in Rust.
    pub name: &'static str,
    /// The systems that have the call.
    pub os: OsSet,
}

const fn call(name: &'static str, os: OsSet) -> Call {
    Call { name, os }
}

/// The systems that psoxide reads. Each is a directory of `src/sys`.
pub const PORTED: OsSet = OsSet::ALL;

/// The calls that a system has and its port still lacks. A test fails for a call that returns `Unsupported` and is not
/// listed here. It also fails for a listed call that works.
const GAPS: &[(Os, &[&str])] = &[];

impl Call {
    /// Returns whether psoxide's port to `os` has this call.
    #[must_use]
    pub fn is_ported(&self, os: Os) -> bool {
        let missing = GAPS.iter().any(|(of, calls)| *of == os && calls.contains(&self.name));
        self.os.contains(os) && PORTED.contains(os) && !missing
    }
}

/// Every public call, sorted by name.
pub const CALLS: &[Call] = &[
    call("Process::abi", OsSet::FREEBSD.or(OsSet::MACOS).or(OsSet::SUNOS)),
    call("Process::cgroup", OsSet::LINUX),
    call("Process::children", OsSet::ALL),
    call("Process::cmdline", OsSet::ALL),
    call("Process::comm", OsSet::ALL),
    call("Process::containment", OsSet::SUNOS),
    call("Process::cpu_affinity", OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::FREEBSD)),
    call("Process::cpu_num", OsSet::LINUX.or(OsSet::BSD).or(OsSet::SUNOS)),
    call("Process::cpu_times", OsSet::ALL),
    call("Process::create_time", OsSet::ALL),
    call("Process::cwd", OsSet::ALL),
    call("Process::energy", OsSet::MACOS),
    call("Process::environ", OsSet::ALL),
    call("Process::exe", OsSet::ALL),
    call("Process::gids", OsSet::POSIX),
    call("Process::io_counters", OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::BSD).or(OsSet::MACOS)),
    call("Process::ionice", OsSet::LINUX.or(OsSet::WINDOWS)),
    call("Process::is_kernel_thread", OsSet::LINUX.or(OsSet::BSD)),
    call("Process::is_running", OsSet::ALL),
    call("Process::jail", OsSet::FREEBSD),
    call("Process::kill", OsSet::ALL),
    call("Process::memory_details", OsSet::LINUX.or(OsSet::WINDOWS).or(OsSet::BSD).or(OsSet::MACOS)),
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
    call("Process::thread_details", OsSet::LINUX.or(OsSet::MACOS).or(OsSet::BSD)),
    call("Process::threads", OsSet::ALL),
    call("Process::uids", OsSet::POSIX),
    call("Process::username", OsSet::ALL),
    call("Process::wait", OsSet::ALL),
    call("System::boot_time", OsSet::ALL),
    call("System::core_kinds", OsSet::MACOS),
    call("System::cpu_count", OsSet::ALL),
    call("System::cpu_count_cores", OsSet::ALL),
    call(
        "System::cpu_freq",
        OsSet::LINUX.or(OsSet::MACOS).or(OsSet::WINDOWS).or(OsSet::FREEBSD).or(OsSet::OPENBSD).or(OsSet::SUNOS),
    ),
    call("System::cpu_stats", OsSet::ALL),
    call("System::cpu_times", OsSet::ALL),
    call("System::cpu_times_per_cpu", OsSet::ALL),
    call("System::current_process", OsSet::ALL),
    call("System::delay_accounting", OsSet::LINUX),
    call("System::disk_io_counters", OsSet::ALL),
    call("System::disk_io_total", OsSet::ALL),
    call("System::disk_partitions", OsSet::ALL),
    call("System::disk_usage", OsSet::ALL),
    call("System::fingerprints", OsSet::LINUX),
    call("System::gpus", OsSet::LINUX),
    call("System::host_info", OsSet::ALL),
    call("System::kernel_file", OsSet::LINUX),
    call("System::kernel_link", OsSet::LINUX),
    call("System::kernel_names", OsSet::LINUX),
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
    call("System::sensors_fans", OsSet::LINUX.or(OsSet::MACOS).or(OsSet::NETBSD).or(OsSet::OPENBSD)),
    call("System::sensors_temperatures", OsSet::LINUX.or(OsSet::MACOS).or(OsSet::BSD)),
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
    Containment
    CoreKind
    CpuFreq
    CpuStats
    CpuTimes
    CtxSwitches
    DiskIo
    DiskPartition
    DiskUsage
    Energy
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

/// The records whose psutil tuples have only the fields of the machine's system. All other tuples have the same fields
/// on every system.
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

/// Returns whether psutil's tuple for the record has the field on this system.
#[must_use]
pub fn in_tuple(tuple: &str, field: &FieldInfo, os: Os) -> bool {
    // psutil has one row for each holder, has no queues, counts the cache of ZFS as wired, and has no compressor.
    if matches!(
        (tuple, field.name),
        ("sconn", "holders" | "recv_queue" | "send_queue") | ("svmem", "arc" | "compressed")
    ) || (tuple, field.name) == ("sdiskio", "busy_time") && matches!(os, Os::Netbsd | Os::Openbsd | Os::Sunos)
    {
        return false;
    }
    // Windows has no children's times, the BSDs count no bytes, and macOS counts no calls. psutil's tuples have the
    // fields.
    let always = field.name.starts_with("children_")
        || (tuple == "pio" && matches!(field.name, "read_count" | "write_count" | "read_bytes" | "write_bytes"));
    field.os.contains(os) || !VARYING.contains(&tuple) || always
}

/// Fields that a port does not read, and why. psutil's tuples have them.
pub const FIELD_GAPS: &[(Os, &str, &str)] = &[
    (Os::Freebsd, "svmem.cached", "always 0, as kernels since 12 have no cached pages"),
    (Os::Macos, "pcputimes.children_user", "a question of its own for each process; psutil has 0"),
    (Os::Macos, "pcputimes.children_system", "a question of its own for each process; psutil has 0"),
    (Os::Macos, "pctxsw.involuntary", "the kernel does not count them apart"),
    (Os::Macos, "pmmap_ext.start", "macOS has a question for each mapping, thousands for a process"),
    (Os::Macos, "pmmap_ext.end", "macOS has a question for each mapping, thousands for a process"),
    (Os::Macos, "pmmap_ext.perms", "macOS has a question for each mapping, thousands for a process"),
    (Os::Macos, "pmmap_ext.path", "macOS has a question for each mapping, thousands for a process"),
    (Os::Macos, "pmmap_grouped.path", "macOS has a question for each mapping, thousands for a process"),
    (Os::Macos, "snetio.dropout", "always 0, as the kernel does not count these packets"),
    (Os::Netbsd, "popenfile.path", "always empty, as the kernel does not return paths of open files"),
    (Os::Netbsd, "snetio.dropout", "always 0, as the kernel counts these packets in errout"),
    (Os::Netbsd, "svmem.shared", "unknown, as the kernel does not count shared memory"),
    (Os::Openbsd, "popenfile.path", "always empty, as the kernel does not return paths of open files"),
    (Os::Openbsd, "shwtemp.high", "unknown, as hw.sensors has no thresholds"),
    (Os::Openbsd, "shwtemp.critical", "unknown, as hw.sensors has no thresholds"),
    (Os::Openbsd, "suser.pid", "unknown, as utmp has no pids"),
    (Os::Openbsd, "svmem.buffers", "unknown, as all buffers are in the cache"),
];

/// Windows values that Wine does not provide. The tests of `psoxide-parse` read the byte layout of these structures.
const UNSEEN_UNDER_WINE: &str = "\
## What Wine does not show of Windows

- Wine reports 0 for page faults, context switches, system calls, interrupts, I/O counters of processes, handle counts and the
  file cache.
- Wine reports no wait reason of threads, so no process appears suspended. Suspending and resuming work.
- Wine returns only the pages of the calling process. `memory_footprint` works for that process alone, and mappings of other
  processes have their size in place of their resident size.
- Wine lacks I/O priorities, page files (it reports the commit limit), disk counters, and the start of a session.
- Wine has one processor group and no protected processes. It does not show the effect of the debug privilege.
- Wine lacks the system's copy of a command line. psoxide reads it from the process's memory.
- No service changes while it is read, and none denies access.
- Wine has no idle process (pid 0), and reports its own start as the boot time.
- Wine does not interpret escape sequences in a console. `psoxide top` starts, accepts keys and ends, but its screen is not
  visible. Wine does not show the exit code of a program that a console event ends.

";

/// The kinds of evidence for a call, strongest first: the words in `testdata/evidence.txt` and PLATFORM.md.
const EVIDENCE: [(&str, &str); 4] = [
    ("live", "a test made the call on the running system"),
    ("wine", "a test made the call under Wine"),
    ("recorded", "a test replays a capture of a running kernel (Windows: of Wine)"),
    ("built", "a test replays a capture that was built from the system's headers"),
];

/// Renders PLATFORM.md. `evidence` has a line `SYSTEM CALL KIND` for each call that a test has made.
#[must_use]
pub fn platform_md(evidence: &str) -> String {
    let mut text = String::from(
        "# Platforms\n\n\
        `cargo xtask codegen` generates this file from `crates/psoxide/src/support.rs`, `testdata/evidence.txt` and the \
        field tables of the records. Do not edit it.\n\n\
        Each cell names the strongest evidence that the call works on the system:\n\n",
    );
    // Writing to a String cannot fail.
    for (kind, meaning) in EVIDENCE {
        let _ = writeln!(text, "- {kind}: {meaning}.");
    }
    text.push_str(
        "- compiles: the port has the call, but no test has made it.\n\
        - planned: the system has the call, but psoxide's port lacks it.\n\
        - –: the system lacks the call.\n\n\
        The Linux tests run on x86_64. The Windows tests are built with mingw-w64 and run under Wine 10. Nothing has run on \
        Windows itself. The code type-checks for `x86_64-pc-windows-msvc`.\n\n\
        The recorded answers of FreeBSD, OpenBSD and NetBSD come from kernels 12.1, 8.0-beta, 10.99.12 and 11.0_RC6. No kernel \
        of macOS or SunOS has given an answer: all captures of these two are built from their headers.\n\n\
        On FreeBSD, OpenBSD and NetBSD, \"live\" is a run of 29 November 2026 on kernels 12.1-RELEASE, 8.0-beta and 11.0_RC6, \
        x86_64 with two processors, under software emulation. As root and as an ordinary user ran `live-report` (every call did \
        what this file says) and the test `unix` (a program compares the readings with what it knows of itself, its children, \
        files and sockets). So did the test `exit`, without the case that needs a shell, and the commands `ps`, `procinfo`, `free`, \
        `netstat`, `disks`, `ifconfig`, `top --batch`, `pmap`, `who`, `sensors`, `lsof`, `pstree`, `doctor` and `capture`. On \
        NetBSD the programs were those that `cargo xtask ports` links. On FreeBSD and OpenBSD they were linked with a C library \
        of the kernel's age. No battery, fan or temperature sensor was there to read, and no ZFS and no jail.\n\n\
        `cargo xtask ports` links the library's tests, `live-report`, the command and the Python module for FreeBSD 14.0, \
        OpenBSD 7.8 (whose standard library a nightly compiler builds), NetBSD 10.1, macOS 11.0 (x86_64 and arm64) and illumos. \
        The linker knows the symbols of each system, those of illumos from the list `xtask/src/ports/illumos.txt`. No program \
        of psoxide has run on macOS and illumos. \
        `cargo xtask live-report` prints what a first run there has to show.\n\n",
    );
    text.push_str(UNSEEN_UNDER_WINE);
    text.push_str("## Calls\n\n");
    table(&mut text, "Call", CALLS.iter().map(|call| (call.name, call.os)), |name, os| {
        let ported = CALLS.iter().any(|call| call.name == name && call.is_ported(os));
        let seen = |kind: &str| evidence.lines().any(|line| line == format!("{} {name} {kind}", os.name()));
        match EVIDENCE.iter().find(|(kind, _)| seen(kind)) {
            // Both kinds come from Wine, so neither is stronger.
            Some(("wine", _)) if seen("recorded") => "wine, recorded",
            Some((kind, _)) => kind,
            None if ported => "compiles",
            None => "planned",
        }
    });
    text.push_str(
        "\n## Fields\n\n\"yes\" means that the port reads the field. \"–\" means that the record \
         has no value for it on the system: it is absent, 0 or empty.\n",
    );
    for (name, python, fields) in RECORDS {
        let _ = write!(text, "\n### {name} (`{python}`)\n\n");
        let fields = fields.iter().map(|field| (field.name, field.os));
        table(&mut text, "Field", fields, |field, os| {
            let is_gap =
                |(of, known, _): &(Os, &str, &str)| *of == os && known.split_once('.') == Some((python, field));
            if FIELD_GAPS.iter().any(is_gap) {
                "–"
            } else if PORTED.contains(os) {
                "yes"
            } else {
                "planned"
            }
        });
    }
    text
}

/// Writes a table with a column for each system. `cell` fills the cells of systems that have the row.
fn table(
    text: &mut String,
    title: &str,
    rows: impl Iterator<Item = (&'static str, OsSet)>,
    cell: impl Fn(&'static str, Os) -> &'static str,
) {
    let mut line = |first: &str, cell: &dyn Fn(Os) -> &'static str| {
        let _ = write!(text, "| {first} |");
        for os in Os::ALL {
            let _ = write!(text, " {} |", cell(os));
        }
        text.push('\n');
    };
    line(title, &Os::name);
    line("---", &|_| "---");
    for (name, systems) in rows {
        line(&format!("`{name}`"), &|os| if systems.contains(os) { cell(name, os) } else { "–" });
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
        let text = platform_md("Linux Process::name live\nFreeBSD Process::name recorded\n");
        assert!(CALLS.iter().all(|call| text.contains(&format!("| `{}` |", call.name))));
        assert!(RECORDS.iter().all(|(name, ..)| text.contains(&format!("### {name} "))));
        assert!(text.contains("| `Process::name` | live | compiles |"), "{text}");
    }
}
