//! Lists the questions that the Windows port asks.
//!
//! An answer holds what Windows writes: structs in the layout of 64-bit Windows, or UTF-16 text without a NUL. In an
//! answer of several texts, each ends with a NUL. An answer whose structs point into the answer begins with the address
//! at which Windows wrote it (`psoxide_parse::windows::Buffer::addressed`).
//!
//! An error is a system error of winerror.h: 5 is `ERROR_ACCESS_DENIED`. A native call returns an `NTSTATUS`, which
//! `RtlNtStatusToDosError` converts to a system error.

use std::ffi::OsString;
use std::fmt;
#[cfg(windows)]
use std::os::windows::io::OwnedHandle;
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(windows)]
use std::sync::OnceLock;

use psoxide_parse::windows::sid;
use psoxide_parse::windows::socket_table::Table;

#[cfg(windows)]
use super::service_handle::ServiceHandle;
use crate::Pid;

/// A question. Its `Display` is its key in a capture.
#[derive(Debug, Clone)]
pub(super) enum Question {
    /// `NtQuerySystemInformation(SystemProcessInformation)`: all processes with their threads. Addressed.
    Processes,
    /// Another table of `NtQuerySystemInformation`.
    System(Class),
    /// `NtQuerySystemInformationEx(SystemProcessorPerformanceInformation)`: the CPU times of one processor group.
    ProcessorsOf(u16),
    /// `GetLogicalProcessorInformationEx(RelationAll)`.
    Topology,
    /// `CallNtPowerInformation(ProcessorInformation)`: the clocks of the CPUs of the caller's group.
    Clocks,
    /// `GetPerformanceInfo`.
    Memory,
    /// `GetTickCount64`.
    TickCount,
    /// `GetSystemPowerStatus`.
    Power,
    /// `RtlGetVersion`.
    Version,
    /// `GetNativeSystemInfo`.
    Hardware,
    /// `GetComputerNameEx(ComputerNamePhysicalDnsHostname)`.
    ComputerName,
    /// `wine_get_version`, as bytes. Only Wine has it.
    #[cfg_attr(not(feature = "capture"), allow(dead_code))]
    Wine,
    /// `NtQuerySystemInformation(SystemProcessIdInformation)`: the device path of a process's executable.
    ImageName(Pid),
    /// `LookupAccountSid`: the domain and the name of a security identifier.
    Account(Vec<u8>),
    /// `WTSEnumerateSessions`: the number (4 bytes) and the name of each session.
    Sessions,
    /// `WTSQuerySessionInformation`.
    Session(SessionClass, u32),
    /// `GetLogicalDrives`: one bit for each drive letter.
    Drives,
    /// `GetDriveType` of a root directory.
    DriveType(OsString),
    /// `GetVolumeInformation` of a root directory: the flags (4 bytes) and the name of the file system.
    Volume(OsString),
    /// `FindFirstVolume`, `FindNextVolume`: the names of all volumes.
    Volumes,
    /// `GetVolumePathNamesForVolumeName`: the mount points of a volume.
    MountPoints(OsString),
    /// `QueryDosDevice`: the devices of a drive letter. The first one is in effect.
    DeviceNames(OsString),
    /// `GetDiskFreeSpaceEx`: the bytes available to the caller, all bytes, and all free bytes.
    FreeSpace(PathBuf),
    /// `IOCTL_DISK_PERFORMANCE` of a disk by its number.
    Disk(u32),
    /// `GetAdaptersAddresses`. Addressed.
    Adapters,
    /// `GetIfEntry2` of an interface by its LUID.
    Interface(u64),
    /// `GetExtendedTcpTable`, `GetExtendedUdpTable`.
    Sockets(Table),
    /// `EnumServicesStatusEx`: the number of services (8 bytes) and the list. Addressed.
    Services,
    /// One service.
    Service(ServiceAspect, Arc<Service>),
    /// One process.
    Process(Aspect, Arc<Target>),
}

/// `SYSTEM_INFORMATION_CLASS` of winternl.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Performance = 2,
    TimeOfDay = 3,
    Processors = 8,
    PageFiles = 18,
}

/// `WTS_INFO_CLASS` of wtsapi32.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionClass {
    UserName = 5,
    ClientAddress = 14,
    Info = 24,
}

/// The properties of a service that the service manager reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceAspect {
    /// `QueryServiceStatusEx`.
    Status,
    /// `QueryServiceConfig`. Addressed.
    Config,
    /// `QueryServiceConfig2(SERVICE_CONFIG_DESCRIPTION)`. Addressed.
    Description,
}

/// The properties of a process that are read through its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    /// `OpenProcess`, then `GetProcessTimes`: creation, exit, kernel and user time. The error is that of `OpenProcess`.
    /// If the process ends between the two calls, the error is that of a pid without a process
    /// (`ERROR_INVALID_PARAMETER`).
    Open,
    /// `GetProcessHandleCount`.
    HandleCount,
    /// `GetProcessIoCounters`.
    IoCounters,
    /// `GetProcessMemoryInfo`.
    Memory,
    /// `QueryFullProcessImageName`.
    ImageName,
    /// `GetPriorityClass`.
    PriorityClass,
    /// `GetProcessAffinityMask`: the mask of the process (8 bytes).
    Affinity,
    /// `GetProcessGroupAffinity`: the processor groups of the process's threads, 2 bytes each.
    Groups,
    /// `OpenProcessToken`, then `GetTokenInformation(TokenUser)`: the security identifier.
    User,
    /// `NtQueryInformationProcess`.
    Information(InformationClass),
    /// `ReadProcessMemory` at an address, with a size.
    ReadMemory(u64, usize),
    /// `VirtualQueryEx` of an address, then `ReadProcessMemory` from it to the end of the region: an environment.
    Environment(u64),
    /// `VirtualQueryEx` of all addresses: one struct for each region.
    Regions,
    /// `GetMappedFileName` of an address: the device path of the mapped file.
    MappedFile(u64),
    /// `QueryWorkingSetEx` from an address, with a size and a page size: the number of resident pages, and of those
    /// among them that no other process has (8 bytes each). Windows writes 16 bytes for each page, which is too much
    /// for a capture.
    WorkingSet(u64, u64, u64),
    /// `NtQuerySystemInformation(SystemExtendedHandleInformation)`, then `DuplicateHandle` and
    /// `GetFinalPathNameByHandle` for each handle of the process: the paths of its regular files.
    Files,
}

/// `PROCESSINFOCLASS` of winternl.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InformationClass {
    Basic = 0,
    Wow64 = 26,
    IoPriority = 33,
    /// A struct, followed by the text to which it points.
    CommandLine = 60,
}

/// The process of a question. `live` opens it for the first question, and closes it when the target is dropped.
pub(super) struct Target {
    pub(super) pid: Pid,
    pub(super) access: u32,
    #[cfg(windows)]
    pub(super) opened: OnceLock<OwnedHandle>,
}

impl Target {
    pub(super) const fn new(pid: Pid, access: u32) -> Self {
        Self {
            pid,
            access,
            #[cfg(windows)]
            opened: OnceLock::new(),
        }
    }
}

/// The service of a question. It is opened like a [`Target`].
pub(super) struct Service {
    pub(super) name: OsString,
    #[cfg(windows)]
    pub(super) opened: OnceLock<ServiceHandle>,
}

impl Service {
    pub(super) const fn new(name: OsString) -> Self {
        Self {
            name,
            #[cfg(windows)]
            opened: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}, {:#x})", self.pid, self.access)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({:?})", self.name)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processes => f.write_str("NtQuerySystemInformation SystemProcessInformation"),
            Self::System(class) => write!(
                f,
                "NtQuerySystemInformation {}",
                match class {
                    Class::Performance => "SystemPerformanceInformation",
                    Class::TimeOfDay => "SystemTimeOfDayInformation",
                    Class::Processors => "SystemProcessorPerformanceInformation",
                    Class::PageFiles => "SystemPageFileInformation",
                }
            ),
            Self::ProcessorsOf(group) => {
                write!(f, "NtQuerySystemInformationEx SystemProcessorPerformanceInformation {group}")
            }
            Self::Topology => f.write_str("GetLogicalProcessorInformationEx RelationAll"),
            Self::Clocks => f.write_str("CallNtPowerInformation ProcessorInformation"),
            Self::Memory => f.write_str("GetPerformanceInfo"),
            Self::TickCount => f.write_str("GetTickCount64"),
            Self::Power => f.write_str("GetSystemPowerStatus"),
            Self::Version => f.write_str("RtlGetVersion"),
            Self::Hardware => f.write_str("GetNativeSystemInfo"),
            Self::ComputerName => f.write_str("GetComputerNameEx ComputerNamePhysicalDnsHostname"),
            Self::Wine => f.write_str("wine_get_version"),
            Self::ImageName(pid) => write!(f, "NtQuerySystemInformation SystemProcessIdInformation {pid}"),
            Self::Account(identifier) => match sid::text(identifier) {
                Ok(text) => write!(f, "LookupAccountSid {text}"),
                Err(_) => write!(f, "LookupAccountSid {identifier:02x?}"),
            },
            Self::Sessions => f.write_str("WTSEnumerateSessions"),
            Self::Session(class, id) => {
                let class = match class {
                    SessionClass::UserName => "WTSUserName",
                    SessionClass::ClientAddress => "WTSClientAddress",
                    SessionClass::Info => "WTSSessionInfo",
                };
                write!(f, "WTSQuerySessionInformation {class} {id}")
            }
            Self::Drives => f.write_str("GetLogicalDrives"),
            Self::DriveType(root) => write!(f, "GetDriveType {}", root.display()),
            Self::Volume(root) => write!(f, "GetVolumeInformation {}", root.display()),
            Self::Volumes => f.write_str("FindFirstVolume"),
            Self::MountPoints(volume) => write!(f, "GetVolumePathNamesForVolumeName {}", volume.display()),
            Self::DeviceNames(drive) => write!(f, "QueryDosDevice {}", drive.display()),
            Self::FreeSpace(path) => write!(f, "GetDiskFreeSpaceEx {}", path.display()),
            Self::Disk(number) => write!(f, "IOCTL_DISK_PERFORMANCE {number}"),
            Self::Adapters => f.write_str("GetAdaptersAddresses"),
            Self::Interface(luid) => write!(f, "GetIfEntry2 {luid:#x}"),
            Self::Sockets(table) => f.write_str(match table {
                Table::Tcp4 => "GetExtendedTcpTable AF_INET",
                Table::Tcp6 => "GetExtendedTcpTable AF_INET6",
                Table::Udp4 => "GetExtendedUdpTable AF_INET",
                Table::Udp6 => "GetExtendedUdpTable AF_INET6",
            }),
            Self::Services => f.write_str("EnumServicesStatusEx"),
            Self::Service(aspect, service) => {
                let call = match aspect {
                    ServiceAspect::Status => "QueryServiceStatusEx",
                    ServiceAspect::Config => "QueryServiceConfig",
                    ServiceAspect::Description => "QueryServiceConfig2 SERVICE_CONFIG_DESCRIPTION",
                };
                write!(f, "service {} {call}", service.name.display())
            }
            Self::Process(aspect, target) => {
                write!(f, "process {} ", target.pid)?;
                match aspect {
                    Aspect::Open => write!(f, "OpenProcess {:#x}", target.access),
                    aspect => aspect.fmt(f),
                }
            }
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("OpenProcess"),
            Self::HandleCount => f.write_str("GetProcessHandleCount"),
            Self::IoCounters => f.write_str("GetProcessIoCounters"),
            Self::Memory => f.write_str("GetProcessMemoryInfo"),
            Self::ImageName => f.write_str("QueryFullProcessImageName"),
            Self::PriorityClass => f.write_str("GetPriorityClass"),
            Self::Affinity => f.write_str("GetProcessAffinityMask"),
            Self::Groups => f.write_str("GetProcessGroupAffinity"),
            Self::User => f.write_str("GetTokenInformation TokenUser"),
            Self::Information(class) => {
                let class = match class {
                    InformationClass::Basic => "ProcessBasicInformation",
                    InformationClass::Wow64 => "ProcessWow64Information",
                    InformationClass::IoPriority => "ProcessIoPriority",
                    InformationClass::CommandLine => "ProcessCommandLineInformation",
                };
                write!(f, "NtQueryInformationProcess {class}")
            }
            Self::ReadMemory(address, size) => write!(f, "ReadProcessMemory {address:#x}+{size:#x}"),
            Self::Environment(address) => write!(f, "environment {address:#x}"),
            Self::Regions => f.write_str("VirtualQueryEx"),
            Self::MappedFile(address) => write!(f, "GetMappedFileName {address:#x}"),
            Self::WorkingSet(start, size, page) => write!(f, "QueryWorkingSetEx {start:#x}+{size:#x}/{page:#x}"),
            Self::Files => f.write_str("files"),
        }
    }
}
