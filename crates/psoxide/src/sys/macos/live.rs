//! The running kernel: each question is one call.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::mem::{size_of, size_of_val};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::calls::{Flavor, Question};
use super::{Macos, Source};
use crate::sys::Live;
use crate::sys::bsd::ffi::{last_errno, sysctl, sysctl_by_name};
use crate::sys::posix::ffi::user_name;
use crate::sys::question::Answer;
use crate::{HeapInfo, Os, Pid, Result};

const _: () = {
    assert!(size_of::<libc::proc_taskallinfo>() == 232 && size_of::<libc::proc_threadinfo>() == 112);
    assert!(size_of::<libc::proc_vnodepathinfo>() == 2352 && size_of::<libc::statfs>() == 2168);
    assert!(size_of::<libc::rusage_info_v4>() == 296 && size_of::<libc::utmpx>() == 640);
    assert!(size_of::<MediaRequest>() == 44);
};

/// `KERN_PROC_PID` and `KERN_PROC_ALL` below `kern.proc`; `KERN_PROCARGS2` below `kern`.
const PROC_ALL: i32 = 0;
const PROC_PID: i32 = 1;
const PROCARGS2: i32 = 49;
/// `struct kinfo_proc`.
const RECORD: usize = 648;

/// Asks the kernel a question. The errors of each call are those of its manual page; libproc returns 0 bytes with an errno
/// for a process that is gone (`ESRCH`) or another user's (`EPERM`).
fn ask(question: &Question) -> Answer {
    match question {
        Question::Sysctl(name) => {
            let name = CString::new(*name).map_err(|_| libc::EINVAL)?;
            sysctl_by_name(&name, 0, 0)
        }
        // Room for processes that begin between the two calls.
        Question::Processes => sysctl(&[libc::CTL_KERN, libc::KERN_PROC, PROC_ALL], 0, 16 * RECORD),
        Question::Process(pid) => sysctl(&[libc::CTL_KERN, libc::KERN_PROC, PROC_PID, pid.cast_signed()], RECORD, 0),
        Question::Arguments(pid) => sysctl(&[libc::CTL_KERN, PROCARGS2, pid.cast_signed()], arguments_limit(), 0),
        Question::Info(flavor, pid) => match flavor {
            Flavor::Task => info(*pid, 2, 0, 232),
            Flavor::Directories => info(*pid, 9, 0, 2352),
            Flavor::Threads => list(*pid, 6, 8),
            Flavor::Files => list(*pid, 1, 8),
        },
        Question::Thread(pid, thread) => info(*pid, 5, *thread, 112),
        Question::File(pid, fd) => file_info(*pid, *fd, 2, 1200),
        Question::Socket(pid, fd) => file_info(*pid, *fd, 3, 792),
        Question::Path(pid) => path(*pid),
        Question::Usage(pid) => usage(*pid),
        Question::CpuTicks => cpu_ticks(),
        Question::Memory => memory(),
        Question::Timebase => Ok(timebase()),
        Question::Interfaces => sysctl(&[libc::CTL_NET, libc::PF_ROUTE, 0, 0, libc::NET_RT_IFLIST2, 0], 0, 4096),
        Question::Mounts => mounts(),
        Question::FileSystem(path) => file_system(path),
        Question::Media(name) => media(name),
        Question::DeviceName(device) => device_name(*device),
        Question::Logins => Ok(logins()),
        Question::UserName(uid) => user_name(*uid),
    }
}

/// `kern.argmax`: no argument block is longer.
fn arguments_limit() -> usize {
    let bytes = sysctl_by_name(c"kern.argmax", 4, 0).unwrap_or_default();
    bytes.first_chunk().map_or(1 << 20, |bytes| u32::from_ne_bytes(*bytes) as usize)
}

/// proc_pidinfo of a record of known size.
fn info(pid: Pid, flavor: i32, argument: u64, size: usize) -> Answer {
    let mut buffer = vec![0u8; size];
    let Ok(length) = i32::try_from(size) else { return Err(libc::EINVAL) };
    // SAFETY: the kernel writes at most `length` bytes to the buffer.
    let written =
        unsafe { libc::proc_pidinfo(pid.cast_signed(), flavor, argument, buffer.as_mut_ptr().cast(), length) };
    written_part(buffer, written)
}

/// proc_pidinfo of a list, with room for what is added meanwhile.
fn list(pid: Pid, flavor: i32, record: usize) -> Answer {
    let mut room = 64usize;
    loop {
        let size = room.saturating_mul(record);
        let answer = info(pid, flavor, 0, size)?;
        // A full buffer may have lost the end of the list.
        if answer.len() < size || room > 1 << 20 {
            return Ok(answer);
        }
        room *= 4;
    }
}

fn file_info(pid: Pid, fd: i32, flavor: i32, size: usize) -> Answer {
    let mut buffer = vec![0u8; size];
    let Ok(length) = i32::try_from(size) else { return Err(libc::EINVAL) };
    // SAFETY: the kernel writes at most `length` bytes to the buffer.
    let written = unsafe { libc::proc_pidfdinfo(pid.cast_signed(), fd, flavor, buffer.as_mut_ptr().cast(), length) };
    written_part(buffer, written)
}

fn path(pid: Pid) -> Answer {
    let mut buffer = vec![0u8; 4096];
    let length = u32::try_from(buffer.len()).map_err(|_| libc::EINVAL)?;
    // SAFETY: the kernel writes at most `length` bytes to the buffer.
    let written = unsafe { libc::proc_pidpath(pid.cast_signed(), buffer.as_mut_ptr().cast(), length) };
    written_part(buffer, written)
}

/// What a call of libproc wrote. It returns 0, or less, for a failure.
fn written_part(mut buffer: Vec<u8>, written: libc::c_int) -> Answer {
    match usize::try_from(written) {
        Ok(written) if written > 0 => {
            buffer.truncate(written);
            Ok(buffer)
        }
        _ => match last_errno() {
            // An empty list is no failure.
            0 => Ok(Vec::new()),
            errno => Err(errno),
        },
    }
}

fn usage(pid: Pid) -> Answer {
    let mut buffer = vec![0u8; 296];
    // SAFETY: version 4 of the record has as many bytes as the buffer. The parameter's type is a pointer to a pointer, but
    // the function writes the record to where it points.
    let done = unsafe { libc::proc_pid_rusage(pid.cast_signed(), libc::RUSAGE_INFO_V4, buffer.as_mut_ptr().cast()) };
    if done == 0 { Ok(buffer) } else { Err(last_errno()) }
}

/// An error of Mach has no errno.
const MACH_FAILED: i32 = libc::EIO;

unsafe extern "C" {
    fn mach_host_self() -> u32;
    fn mach_port_deallocate(task: u32, name: u32) -> i32;
    static mach_task_self_: u32;
    fn host_statistics64(host: u32, flavor: i32, info: *mut i32, count: *mut u32) -> i32;
    fn host_processor_info(host: u32, flavor: i32, cpus: *mut u32, info: *mut *mut i32, count: *mut u32) -> i32;
    fn vm_deallocate(task: u32, address: usize, size: usize) -> i32;
    fn mach_timebase_info(info: *mut [u32; 2]) -> i32;
    fn devname_r(device: i32, mode: u16, buffer: *mut libc::c_char, length: i32) -> *mut libc::c_char;
    fn malloc_zone_statistics(zone: *mut libc::c_void, statistics: *mut HeapStatistics);
    fn malloc_zone_pressure_relief(zone: *mut libc::c_void, goal: libc::size_t) -> libc::size_t;
}

/// Calls `ask` with the port of the host.
fn with_host<T>(ask: impl FnOnce(u32) -> T) -> T {
    // SAFETY: the call takes nothing and returns a right to a port.
    let host = unsafe { mach_host_self() };
    let answer = ask(host);
    // SAFETY: the right was returned above and is not used any more. The port of this task is set before main begins.
    unsafe { mach_port_deallocate(mach_task_self_, host) };
    answer
}

/// `HOST_VM_INFO64`.
fn memory() -> Answer {
    let mut buffer = [0i32; 104];
    let mut count = 104u32;
    // SAFETY: the kernel writes at most `count` numbers to the buffer.
    let done = with_host(|host| unsafe { host_statistics64(host, 4, buffer.as_mut_ptr(), &raw mut count) });
    if done != 0 {
        return Err(MACH_FAILED);
    }
    let written = usize::try_from(count).map_err(|_| MACH_FAILED)?;
    Ok(buffer.iter().take(written).flat_map(|number| number.to_ne_bytes()).collect())
}

/// `PROCESSOR_CPU_LOAD_INFO`.
fn cpu_ticks() -> Answer {
    let (mut cpus, mut count) = (0u32, 0u32);
    let mut info: *mut i32 = std::ptr::null_mut();
    // SAFETY: the kernel sets the three to what it has allocated for this task.
    let done = with_host(|host| unsafe { host_processor_info(host, 2, &raw mut cpus, &raw mut info, &raw mut count) });
    if done != 0 || info.is_null() {
        return Err(MACH_FAILED);
    }
    let length = usize::try_from(count).map_err(|_| MACH_FAILED)?;
    // SAFETY: the kernel has allocated `count` numbers at `info`.
    let ticks = unsafe { std::slice::from_raw_parts(info, length) };
    let bytes = ticks.iter().flat_map(|number| number.to_ne_bytes()).collect();
    // SAFETY: the memory belongs to this task and is not used any more.
    unsafe { vm_deallocate(mach_task_self_, info.addr(), length * size_of::<i32>()) };
    Ok(bytes)
}

fn timebase() -> Vec<u8> {
    let mut base = [0u32; 2];
    // SAFETY: the call writes the two numbers, and cannot fail.
    unsafe { mach_timebase_info(&raw mut base) };
    base.iter().flat_map(|number| number.to_ne_bytes()).collect()
}

/// getfsstat(2).
fn mounts() -> Answer {
    let size = size_of::<libc::statfs>();
    let mut room = 32usize;
    loop {
        let mut buffer = vec![0u8; room.saturating_mul(size)];
        let Ok(bytes) = i32::try_from(buffer.len()) else { return Err(libc::ENOMEM) };
        // SAFETY: the kernel writes whole records, at most `bytes` bytes.
        let count = unsafe { libc::getfsstat(buffer.as_mut_ptr().cast(), bytes, libc::MNT_NOWAIT) };
        let Ok(count) = usize::try_from(count) else { return Err(last_errno()) };
        if count < room {
            buffer.truncate(count * size);
            return Ok(buffer);
        }
        room *= 2;
    }
}

/// statfs(2).
fn file_system(path: &Path) -> Answer {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    let mut buffer = vec![0u8; size_of::<libc::statfs>()];
    // SAFETY: the path ends with a NUL, and the kernel writes one record, as long as the buffer.
    let done = unsafe { libc::statfs(path.as_ptr(), buffer.as_mut_ptr().cast()) };
    if done == 0 { Ok(buffer) } else { Err(last_errno()) }
}

/// `struct ifmediareq`, which macOS packs to 4 bytes.
#[repr(C, packed(4))]
struct MediaRequest {
    name: [libc::c_char; 16],
    numbers: [libc::c_int; 5],
    list: *mut libc::c_int,
}

/// `SIOCGIFXMEDIA`, `_IOWR('i', 72, struct ifmediareq)`.
const SIOCGIFXMEDIA: libc::c_ulong = 0xc02c_6948;

/// The media of an interface.
fn media(name: &str) -> Answer {
    let mut request = MediaRequest { name: [0; 16], numbers: [0; 5], list: std::ptr::null_mut() };
    // The last byte stays NUL.
    for (to, from) in request.name.iter_mut().take(15).zip(name.as_bytes()) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None);
    let socket = socket.map_err(rustix::io::Errno::raw_os_error)?;
    // SAFETY: the socket is open, and the number takes a `struct ifmediareq`. Without a list the kernel writes to the
    // struct alone.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCGIFXMEDIA, std::ptr::from_mut(&mut request)) };
    if done != 0 {
        return Err(last_errno());
    }
    let pointer = std::ptr::from_ref(&request).cast::<u8>();
    // SAFETY: the struct is packed, so all its bytes are initialised.
    Ok(unsafe { std::slice::from_raw_parts(pointer, size_of_val(&request)) }.to_vec())
}

/// devname_r(3) of a character device.
fn device_name(device: u32) -> Answer {
    let mut buffer = vec![0u8; 256];
    // SAFETY: the function writes a text with a NUL of at most 256 bytes.
    let name = unsafe { devname_r(device.cast_signed(), libc::S_IFCHR, buffer.as_mut_ptr().cast(), 256) };
    if name.is_null() { Err(libc::ENOENT) } else { Ok(buffer) }
}

/// All records of getutxent(3), which keeps its place in a variable of the C library.
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

/// `malloc_statistics_t`.
#[repr(C)]
#[derive(Default)]
struct HeapStatistics {
    blocks: libc::c_uint,
    used: libc::size_t,
    most: libc::size_t,
    allocated: libc::size_t,
}

impl Live for Macos {
    fn host() -> Source {
        Source::live(Os::Macos, ask)
    }

    /// The statistics of all zones of the allocator.
    fn heap_info() -> Result<HeapInfo> {
        let mut statistics = HeapStatistics::default();
        // SAFETY: no zone means all of them, and the statistics are written to the struct.
        unsafe { malloc_zone_statistics(std::ptr::null_mut(), &raw mut statistics) };
        Ok(HeapInfo {
            heap_used: statistics.used as u64,
            mmap_used: statistics.allocated as u64,
            ..HeapInfo::default()
        })
    }

    fn heap_trim() -> Result<bool> {
        // SAFETY: no zone means all of them, and 0 means as much as possible.
        Ok(unsafe { malloc_zone_pressure_relief(std::ptr::null_mut(), 0) } > 0)
    }
}
