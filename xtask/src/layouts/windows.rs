//! Compares the offsets in the Windows parsers with the headers of mingw-w64, by a C file with one assertion for each
//! offset.

use super::ASSERT;
use crate::steps::{Result, workspace};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The struct that each parser function reads. The name is empty for a list of numbers, if `MORE` has the struct, and if
/// these headers lack it. Then the offsets come from the documentation (`SYSTEM_HANDLE_INFORMATION_EX`).
const STRUCTS: &[(&str, &str, &str)] = &[
    ("adapters", "adapters", "IP_ADAPTER_ADDRESSES_LH"),
    ("adapters", "adapter", "IP_ADAPTER_ADDRESSES_LH"),
    ("adapters", "address", "IP_ADAPTER_UNICAST_ADDRESS_LH"),
    ("adapters", "counters", "MIB_IF_ROW2"),
    ("disk_performance", "parse", "DISK_PERFORMANCE"),
    ("handle_table", "of_process", ""),
    ("machine", "performance", "SYSTEM_PERFORMANCE_INFORMATION"),
    ("machine", "time_of_day", "SYSTEM_TIMEOFDAY_INFORMATION"),
    ("machine", "page_files", "SYSTEM_PAGEFILE_INFORMATION"),
    ("machine", "memory", "PERFORMANCE_INFORMATION"),
    ("machine", "power", "SYSTEM_POWER_STATUS"),
    ("machine", "version", "OSVERSIONINFOW"),
    ("machine", "architecture", "SYSTEM_INFO"),
    ("peb", "peb_address", "PROCESS_BASIC_INFORMATION"),
    ("peb", "counted_text", ""),
    ("process", "times", ""),
    ("process", "memory", "PROCESS_MEMORY_COUNTERS_EX"),
    ("process", "io_counters", "IO_COUNTERS"),
    ("process", "region", "MEMORY_BASIC_INFORMATION"),
    ("process_table", "processes", "SYSTEM_PROCESS_INFORMATION"),
    ("process_table", "process", "SYSTEM_PROCESS_INFORMATION"),
    ("process_table", "name", "SYSTEM_PROCESS_INFORMATION"),
    ("process_table", "thread", "SYSTEM_THREADS"),
    ("processors", "times", "SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION"),
    ("processors", "clocks", "PROCESSOR_POWER_INFORMATION"),
    ("processors", "topology", "SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX"),
    ("service_table", "counted_list", ""),
    ("service_table", "list", "ENUM_SERVICE_STATUS_PROCESSW"),
    ("service_table", "config", "QUERY_SERVICE_CONFIGW"),
    ("service_table", "description", "SERVICE_DESCRIPTIONW"),
    ("sessions", "client", "WTS_CLIENT_ADDRESS"),
    ("sessions", "logon", "WTSINFOW"),
    ("sid", "text", "SID"),
    ("socket_table", "sockets", ""),
    ("socket_table", "tcp4", "MIB_TCPROW_OWNER_PID"),
    ("socket_table", "tcp6", "MIB_TCP6ROW_OWNER_PID"),
    ("volume", "volume", ""),
    ("volume", "space", ""),
    ("working_set", "count", "PSAPI_WORKING_SET_EX_INFORMATION"),
    ("working_set", "counted", ""),
];

/// Fields that these headers name differently. An empty name means that `MORE` has the field in another struct.
const NAMES: &[(&str, &str, &str)] = &[
    ("SYSTEM_PROCESS_INFORMATION", "HardFaultCount", "Reserved[1]"),
    ("SYSTEM_THREADS", "UniqueThread", "ClientId.UniqueThread"),
    ("SYSTEM_THREADS", "ContextSwitches", "ContextSwitchCount"),
    ("SYSTEM_THREADS", "ThreadState", "State"),
    ("SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION", "DpcTime", "Reserved1[0]"),
    ("SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION", "InterruptTime", "Reserved1[1]"),
    ("SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION", "InterruptCount", "Reserved2"),
    ("SYSTEM_PAGEFILE_INFORMATION", "TotalSize", "CurrentSize"),
    ("SYSTEM_PAGEFILE_INFORMATION", "TotalInUse", "TotalUsed"),
    ("SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX", "ActiveGroupCount", "Group.ActiveGroupCount"),
    ("SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX", "ActiveProcessorCount", ""),
    ("IP_ADAPTER_UNICAST_ADDRESS_LH", "lpSockaddr", "Address.lpSockaddr"),
    ("IP_ADAPTER_UNICAST_ADDRESS_LH", "sa_family", ""),
    ("IP_ADAPTER_UNICAST_ADDRESS_LH", "sin_addr", ""),
    ("IP_ADAPTER_UNICAST_ADDRESS_LH", "sin6_addr", ""),
    ("IP_ADAPTER_UNICAST_ADDRESS_LH", "sin6_scope_id", ""),
    ("SID", "SubAuthority", ""),
];

/// The counters in `VM_COUNTERS` and `IO_COUNTERS`, which `SYSTEM_PROCESS_INFORMATION` contains.
const WITHIN: &[(&str, &str)] = &[
    ("VirtualMemoryCounters.", "PeakVirtualSize VirtualSize PageFaultCount PeakWorkingSetSize WorkingSetSize"),
    ("VirtualMemoryCounters.", "QuotaPeakPagedPoolUsage QuotaPagedPoolUsage QuotaPeakNonPagedPoolUsage"),
    ("VirtualMemoryCounters.", "QuotaNonPagedPoolUsage PagefileUsage PeakPagefileUsage"),
    ("IoCounters.", "ReadOperationCount WriteOperationCount OtherOperationCount"),
    ("IoCounters.", "ReadTransferCount WriteTransferCount OtherTransferCount"),
];

/// Offsets that the parsers use without a name beside them.
const MORE: &str = "
    IS(offsetof(struct sockaddr_in, sin_addr), 4);
    IS(offsetof(struct sockaddr_in6, sin6_addr), 8);
    IS(offsetof(struct sockaddr_in6, sin6_scope_id), 24);
    IS(offsetof(struct sockaddr, sa_family), 0);
    IS(sizeof(SYSTEM_PROCESS_INFORMATION), 0x100);
    IS(sizeof(MEMORY_BASIC_INFORMATION), 48);
    IS(sizeof(WTS_CLIENT_ADDRESS), 24);
    IS(offsetof(WTS_CLIENT_ADDRESS, Address), 4);
    IS(sizeof(SYSTEM_THREADS), 0x50);
    IS(sizeof(SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION), 48);
    IS(sizeof(PROCESSOR_POWER_INFORMATION), 24);
    IS(offsetof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, Group.GroupInfo), 32);
    IS(sizeof(PROCESSOR_GROUP_INFO), 48);
    IS(offsetof(PROCESSOR_GROUP_INFO, ActiveProcessorCount), 1);
    IS(sizeof(ENUM_SERVICE_STATUS_PROCESSW), 56);
    IS(offsetof(ENUM_SERVICE_STATUS_PROCESSW, ServiceStatusProcess), 16);
    IS(offsetof(SERVICE_STATUS_PROCESS, dwCurrentState), 4);
    IS(offsetof(SERVICE_STATUS_PROCESS, dwProcessId), 28);
    IS(offsetof(QUERY_SERVICE_CONFIGW, lpBinaryPathName), 16);
    IS(offsetof(QUERY_SERVICE_CONFIGW, lpServiceStartName), 48);
    IS(offsetof(QUERY_SERVICE_CONFIGW, lpDisplayName), 56);
    IS(sizeof(MIB_TCPROW_OWNER_PID), 24);
    IS(offsetof(MIB_TCPROW_OWNER_PID, dwLocalAddr), 4);
    IS(offsetof(MIB_TCPROW_OWNER_PID, dwLocalPort), 8);
    IS(offsetof(MIB_TCPROW_OWNER_PID, dwRemoteAddr), 12);
    IS(offsetof(MIB_TCPROW_OWNER_PID, dwRemotePort), 16);
    IS(sizeof(MIB_TCP6ROW_OWNER_PID), 56);
    IS(offsetof(MIB_TCP6ROW_OWNER_PID, ucLocalAddr), 0);
    IS(offsetof(MIB_TCP6ROW_OWNER_PID, dwLocalScopeId), 16);
    IS(offsetof(MIB_TCP6ROW_OWNER_PID, dwLocalPort), 20);
    IS(offsetof(MIB_TCP6ROW_OWNER_PID, ucRemoteAddr), 24);
    IS(sizeof(MIB_UDPROW_OWNER_PID), 12);
    IS(offsetof(MIB_UDPROW_OWNER_PID, dwLocalPort), 4);
    IS(offsetof(MIB_UDPROW_OWNER_PID, dwOwningPid), 8);
    IS(sizeof(MIB_UDP6ROW_OWNER_PID), 28);
    IS(offsetof(MIB_UDP6ROW_OWNER_PID, dwLocalPort), 20);
    IS(offsetof(MIB_UDP6ROW_OWNER_PID, dwOwningPid), 24);
    IS(offsetof(MIB_TCPTABLE_OWNER_PID, table), 4);
    IS(sizeof(PSAPI_WORKING_SET_EX_INFORMATION), 16);
    IS(sizeof(PROCESS_BASIC_INFORMATION), 48);
    IS(sizeof(UNICODE_STRING), 16);
    IS(offsetof(SID, SubAuthority), 8);
    IS(offsetof(IP_ADAPTER_ADDRESSES_LH, PhysicalAddress), 80);
    IS(offsetof(PEB, ProcessParameters), 0x20);
    IS(offsetof(RTL_USER_PROCESS_PARAMETERS, CommandLine), 0x70);";

/// The same kind of offsets for 32-bit processes.
const MORE_OF_32: &str = "
    IS(offsetof(PEB, ProcessParameters), 0x10);
    IS(offsetof(RTL_USER_PROCESS_PARAMETERS, CommandLine), 0x40);
    IS(sizeof(UNICODE_STRING), 8);";

const HEADERS: &str = "
    #define _WIN32_WINNT 0x0a00
    #include <winsock2.h>
    #include <ws2tcpip.h>
    #include <windows.h>
    #include <winternl.h>
    #include <winioctl.h>
    #include <iphlpapi.h>
    #include <psapi.h>
    #include <wtsapi32.h>
    // Of ntpoapi.h, which programs cannot include.
    typedef struct { ULONG Number, MaxMhz, CurrentMhz, MhzLimit, MaxIdleState, CurrentIdleState; }
        PROCESSOR_POWER_INFORMATION;
";

/// Returns the files of assertions, with the targets for which they are compiled.
pub(super) fn sources() -> Result<[(&'static str, String); 2]> {
    let mut asserts = String::from(MORE);
    let mut files: Vec<&str> = STRUCTS.iter().map(|(file, ..)| *file).collect();
    files.dedup();
    for file in files {
        let path = workspace().join("crates/parse/src/windows").join(format!("{file}.rs"));
        assertions(file, &path, &mut asserts)?;
    }
    let text = |asserts: &str| format!("{HEADERS}{ASSERT}{asserts}\n");
    Ok([("x86_64-windows-gnu", text(&asserts)), ("x86-windows-gnu", text(MORE_OF_32))])
}

/// Appends an assertion for each `(offset, "name")` in the file.
fn assertions(file: &str, path: &Path, asserts: &mut String) -> Result {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut function = "";
    for line in code.lines() {
        if let Some(name) = line.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')) {
            function = name.0;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once(", \"") {
            rest = after;
            let Some(field) = after.split('"').next() else { continue };
            let offset = before.rsplit('(').next().unwrap_or_default();
            let number = match offset.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => offset.parse(),
            };
            let Ok(number) = number else { continue };
            let of = STRUCTS.iter().find(|(known, reads, _)| (*known, *reads) == (file, function));
            let (.., of) = of.ok_or_else(|| format!("{file}.rs: which struct does {function} read?"))?;
            let within = WITHIN.iter().find(|(_, fields)| fields.split(' ').any(|known| known == field));
            let other = NAMES.iter().find(|(known, name, _)| (*known, *name) == (*of, field));
            let name = match (other, within) {
                (Some((.., name)), _) => (*name).to_owned(),
                (None, Some((prefix, _))) if *of == "SYSTEM_PROCESS_INFORMATION" => format!("{prefix}{field}"),
                _ => field.to_owned(),
            };
            if !of.is_empty() && !name.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(asserts, "\n    IS(offsetof({of}, {name}), {number});");
            }
        }
    }
    Ok(())
}
