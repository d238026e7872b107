//! The running kernel: each question is one call.
//!
//! The table names the header of each call, and what documents its errors: a man page in section 2 or 3, or a file of XNU's
//! sources. IOKit has errors of its own. `EIO` stands for all but those of a missing device and a refusal.
//!
//! | call | header | errors |
//! | --- | --- | --- |
//! | `sysctl`, `sysctlbyname` | sys/sysctl.h | sysctl(3); `EINVAL` of `kern.procargs2`: bsd/kern/kern_sysctl.c |
//! | `proc_pidinfo` | libproc.h | `ESRCH`, `EPERM`, `EINVAL`, `ENOMEM`: bsd/kern/proc_info.c |
//! | `proc_pidfdinfo` | libproc.h | as above, and `EBADF`: bsd/kern/proc_info.c |
//! | `proc_pidpath` | libproc.h | `ESRCH`, `ENOENT`: bsd/kern/proc_info.c |
//! | `proc_pid_rusage` | libproc.h | as proc_pidinfo, and `EINVAL` of a later version: bsd/kern/kern_resource.c |
//! | `__error` | sys/errno.h | none |
//! | `getfsstat` | sys/mount.h | getfsstat(2) |
//! | `statfs` | sys/mount.h | statfs(2) |
//! | `getattrlist` | sys/attr.h, unistd.h | getattrlist(2) |
//! | `ioctl` | sys/sockio.h | `EOPNOTSUPP`, `ENXIO`: bsd/net/if.c; ioctl(2) |
//! | `socket` | sys/socket.h | socket(2) |
//! | `devname_r` | stdlib.h | devname(3) |
//! | `setutxent`, `getutxent`, `endutxent` | utmpx.h | endutxent(3) |
//! | `getpwuid_r` | pwd.h | getpwuid_r(3) |
//! | `mach_host_self`, `mach_port_deallocate` | mach/mach_init.h, mach/mach_port.h | osfmk/man/mach_port_deallocate.html |
//! | `host_statistics64` | mach/mach_host.h | osfmk/kern/host.c |
//! | `host_processor_info` | mach/mach_host.h | osfmk/kern/processor.c, osfmk/arm/cpu_common.c |
//! | `vm_deallocate` | mach/vm_map.h | osfmk/man/vm_deallocate.html |
//! | `mach_timebase_info` | mach/mach_time.h | none |
//! | `malloc_zone_statistics`, `malloc_zone_pressure_relief` | malloc/malloc.h | none |
//! | `kill` | signal.h | kill(2) |
//! | `setpriority` | sys/resource.h | setpriority(2) |
//! | `kqueue`, `kevent` | sys/event.h | kqueue(2) |
//! | `waitpid` | sys/wait.h | waitpid(2) |
//! | `IOServiceMatching`, `IOServiceGetMatchingServices`, `IOIteratorNext`, `IOIteratorIsValid`, `IOObjectRelease`, `IOObjectConformsTo`, `IORegistryEntryGetParentEntry`, `IORegistryEntryGetName`, `IORegistryEntryCreateCFProperty`, `IOServiceOpen`, `IOServiceClose`, `IOConnectCallStructMethod` | IOKit/IOKitLib.h | iokit/IOKit/IOReturn.h |
//! | `IOPSCopyPowerSourcesInfo`, `IOPSCopyPowerSourcesList`, `IOPSGetPowerSourceDescription` | IOKit/ps/IOPowerSources.h | null |
//! | `CFStringCreateWithCString`, `CFArrayCreateMutable`, `CFArrayAppendValue`, `CFArrayGetCount`, `CFArrayGetValueAtIndex`, `CFDictionaryCreateMutable`, `CFDictionaryGetValue`, `CFDictionarySetValue`, `CFPropertyListCreateData`, `CFDataGetBytePtr`, `CFDataGetLength`, `CFRelease` | CoreFoundation/CoreFoundation.h | null |
#![allow(unsafe_code)]

mod iokit;
mod libproc;
mod mach;

use std::ffi::CString;
use std::mem::size_of;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use psoxide_parse::macos::smc;

use super::calls::{Flavor, Question, SmcValues};
use super::{Macos, Source};
use crate::sys::Live;
use crate::sys::bsd::ffi::{about_interface, file_system, last_errno, mounts, sysctl, sysctl_by_name};
use crate::sys::posix::user_names;
use crate::sys::question::Answer;
use crate::{HeapInfo, Os, Result};

const _: () = {
    assert!(size_of::<libc::proc_taskallinfo>() == 232 && size_of::<libc::proc_threadinfo>() == 112);
    assert!(size_of::<libc::proc_vnodepathinfo>() == 2352 && size_of::<libc::statfs>() == 2168);
    assert!(size_of::<libc::rusage_info_v4>() == 296 && size_of::<libc::utmpx>() == 640);
    assert!(size_of::<libc::attrlist>() == 24);
};

// stdlib.h
unsafe extern "C" {
    fn devname_r(device: i32, mode: u16, buffer: *mut libc::c_char, length: i32) -> *mut libc::c_char;
}

/// `KERN_PROC_PID` and `KERN_PROC_ALL` below `kern.proc`; `KERN_PROCARGS2` below `kern`.
const PROC_ALL: i32 = 0;
const PROC_PID: i32 = 1;
const PROCARGS2: i32 = 49;
/// `struct kinfo_proc`.
const RECORD: usize = 648;
/// `PROCESSOR_CPU_LOAD_INFO` and, of mach/arm/processor_info.h, `PROCESSOR_CPU_STAT64`.
const CPU_LOAD: i32 = 2;
const CPU_STAT64: i32 = 0x1000_0004;

impl Live for Macos {
    fn host() -> Source {
        Source::live(Os::Macos, ask)
    }

    fn heap_info() -> Result<HeapInfo> {
        Ok(mach::heap_info())
    }

    fn heap_trim() -> Result<bool> {
        Ok(mach::heap_trim() > 0)
    }
}

/// Asks the kernel a question.
fn ask(question: &Question) -> Answer {
    match question {
        Question::Sysctl(name) => sysctl_named(name),
        Question::CoreKind(..) => sysctl_named(question.to_string().strip_prefix("sysctl ").unwrap_or_default()),
        // Room for processes that begin between the two calls.
        Question::Processes => sysctl(&[libc::CTL_KERN, libc::KERN_PROC, PROC_ALL], 0, 16 * RECORD),
        Question::Process(pid) => sysctl(&[libc::CTL_KERN, libc::KERN_PROC, PROC_PID, pid.cast_signed()], RECORD, 0),
        Question::Arguments(pid) => {
            let mut block = sysctl(&[libc::CTL_KERN, PROCARGS2, pid.cast_signed()], arguments_limit(), 0)?;
            // It is much shorter than the buffer, and may be kept for a while.
            block.shrink_to_fit();
            Ok(block)
        }
        Question::Info(flavor, pid) => match flavor {
            Flavor::Task => libproc::info(*pid, 2, 0, 232),
            Flavor::Directories => libproc::info(*pid, 9, 0, 2352),
            Flavor::Threads => libproc::list(*pid, 6, 8),
            // bsd/sys/proc_info_private.h
            Flavor::ThreadIds => libproc::list(*pid, 28, 8),
            Flavor::Files => libproc::list(*pid, 1, 8),
        },
        Question::Thread(pid, handle) => libproc::info(*pid, 5, *handle, 112),
        Question::ThreadById(pid, id) => libproc::info(*pid, 15, *id, 112),
        Question::File(pid, fd) => libproc::file_info(*pid, *fd, 2, 1200),
        Question::Socket(pid, fd) => libproc::file_info(*pid, *fd, 3, 792),
        Question::Path(pid) => libproc::path(*pid),
        Question::Usage(version, pid) => libproc::usage(*pid, *version),
        Question::CpuTicks => mach::processors(CPU_LOAD),
        Question::Interrupts => mach::processors(CPU_STAT64),
        Question::Memory => mach::memory(),
        Question::Timebase => Ok(mach::timebase()),
        Question::Interfaces => sysctl(&[libc::CTL_NET, libc::PF_ROUTE, 0, 0, libc::NET_RT_IFLIST2, 0], 0, 4096),
        Question::Mounts => mounts(),
        Question::FileSystem(path) => file_system(path),
        Question::SpaceUsed(path) => space_used(path),
        Question::Media(name) => about_interface(SIOCGIFXMEDIA, name.as_ref(), MEDIA),
        Question::DeviceName(device) => device_name(*device),
        Question::Logins => Ok(user_names::apart_from_forks(logins)),
        Question::UserName(uid) => user_names::name(*uid),
        Question::Disks => iokit::disks(),
        Question::PowerSources => iokit::power_sources(),
        Question::VoltageStates => iokit::voltage_states(),
        Question::Smc(SmcValues::Temperatures) => iokit::controller(smc::temperature_keys()),
        Question::Smc(SmcValues::Fans) => iokit::controller(smc::fan_keys()),
    }
}

fn sysctl_named(name: &str) -> Answer {
    let name = CString::new(name).map_err(|_| libc::EINVAL)?;
    sysctl_by_name(&name, 0, 0)
}

/// `kern.argmax`: no argument block is longer, and the kernel refuses a longer buffer.
fn arguments_limit() -> usize {
    let bytes = sysctl_by_name(c"kern.argmax", 4, 0).unwrap_or_default();
    bytes.first_chunk().map_or(1 << 20, |bytes| u32::from_ne_bytes(*bytes) as usize)
}

/// `ATTR_VOL_INFO` and `ATTR_VOL_SPACEUSED` of sys/attr.h.
const VOLUME: u32 = 0x8000_0000;
const SPACE_USED: u32 = 0x0080_0000;

/// getattrlist(2) of the bytes that a volume uses: the length of the answer, and the number.
fn space_used(path: &Path) -> Answer {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    let mut wanted = libc::attrlist {
        bitmapcount: libc::ATTR_BIT_MAP_COUNT,
        reserved: 0,
        commonattr: 0,
        volattr: VOLUME | SPACE_USED,
        dirattr: 0,
        fileattr: 0,
        forkattr: 0,
    };
    let mut buffer = vec![0u8; 12];
    let (list, to) = (std::ptr::from_mut(&mut wanted).cast(), buffer.as_mut_ptr().cast());
    // SAFETY: the path ends with a NUL, the list is a `struct attrlist`, and the kernel writes at most as many bytes as the
    // buffer has.
    let done = unsafe { libc::getattrlist(path.as_ptr(), list, to, buffer.len(), 0) };
    if done == 0 { Ok(buffer) } else { Err(last_errno()) }
}

/// The size of `struct ifmediareq`, which macOS packs to 4 bytes.
const MEDIA: usize = 44;
/// `SIOCGIFXMEDIA`, `_IOWR('i', 72, struct ifmediareq)`.
const SIOCGIFXMEDIA: libc::c_ulong = 0xc02c_6948;

/// devname_r(3) of a character device.
fn device_name(device: u32) -> Answer {
    let mut buffer = vec![0u8; 256];
    // SAFETY: the function writes a text with a NUL of at most 256 bytes.
    let name = unsafe { devname_r(device.cast_signed(), libc::S_IFCHR, buffer.as_mut_ptr().cast(), 256) };
    if name.is_null() { Err(libc::ENOENT) } else { Ok(buffer) }
}

/// All records of getutxent(3), which keeps its place in a variable of the C library. The caller keeps forks away, so that no
/// child begins with the lock held.
fn logins() -> Vec<u8> {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let mut records = Vec::new();
    // SAFETY: the calls belong together, and the lock keeps other threads of psoxide away from their place.
    unsafe { libc::setutxent() };
    loop {
        // SAFETY: as above.
        let record = unsafe { libc::getutxent() };
        if record.is_null() {
            break;
        }
        // SAFETY: the record is valid until the next call, and has as many bytes as its type.
        let bytes = unsafe { std::slice::from_raw_parts(record.cast::<u8>(), size_of::<libc::utmpx>()) };
        records.extend_from_slice(bytes);
    }
    // SAFETY: as above.
    unsafe { libc::endutxent() };
    records
}
