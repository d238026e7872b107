//! The running kernel: each question is one call.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::fs;
use std::mem::{size_of, size_of_val};

use super::calls::{Aspect, Question, resource_number};
use super::{Freebsd, Source, abi};
use crate::sys::Live;
use crate::sys::bsd::ffi::{about_interface, file_system, last_errno, mounts, sysctl, sysctl_by_name};
use crate::sys::posix::user_names;
use crate::sys::question::Answer;
use crate::{Error, HeapInfo, Limit, Os, Pid, Resource, Result};

const _: () = {
    assert!(abi::AF_INET6 as i32 == libc::AF_INET6);
    assert!(abi::CTL_KERN == libc::CTL_KERN && abi::CTL_NET == libc::CTL_NET);
    assert!(abi::KERN_PROC == libc::KERN_PROC && abi::KERN_FILE == libc::KERN_FILE);
    assert!(abi::PF_ROUTE == libc::PF_ROUTE && abi::NET_RT_IFLIST == libc::NET_RT_IFLIST);
    assert!(abi::ENOENT == libc::ENOENT && abi::ENOMEM == libc::ENOMEM && abi::EINVAL == libc::EINVAL);
    assert!(size_of::<libc::kinfo_proc>() == RECORD && size_of::<libc::statfs>() == 2344);
};

/// `struct kinfo_proc`.
const RECORD: usize = 1088;
/// `struct kinfo_file` with the longest path. The kernel leaves out what does not fit a buffer, without an error, so the
/// buffer must end with room for one more.
const FILE: usize = 1392;

/// Asks the kernel a question.
fn ask(question: &Question) -> Answer {
    match question {
        Question::Sysctl(name) => {
            let name = CString::new(name.as_bytes()).map_err(|_| libc::EINVAL)?;
            // Most are numbers; a longer answer is asked for again.
            sysctl_by_name(&name, 0, 0)
        }
        Question::Process(Aspect::Record, _) => numbered(question, RECORD, 0),
        Question::Process(Aspect::Files, pid) => files(question, *pid),
        Question::Process(Aspect::WorkingDirectory, _) => numbered(question, 2 * FILE, 0),
        Question::Process(Aspect::Path, _) => numbered(question, PATH, 0),
        Question::Limit(..) => numbered(question, size_of::<libc::rlimit>(), 0),
        // Room for processes that begin, or files that are opened, between the two calls.
        Question::Processes => numbered(question, 0, 16 * RECORD),
        Question::Process(..) | Question::Files | Question::Interfaces => numbered(question, 0, 4096),
        Question::Mounts => mounts(),
        Question::FileSystem(path) => file_system(path),
        Question::Media(extended, name) => {
            let request = if *extended { SIOCGIFXMEDIA } else { SIOCGIFMEDIA };
            about_interface(request, name.as_ref(), MEDIA)
        }
        Question::Affinity(pid) => affinity(*pid),
        Question::DeviceName(device) => device_name(*device),
        Question::File(path) => fs::read(path).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO)),
        Question::UserName(uid) => user_names::name(*uid),
    }
}

/// `PATH_MAX`.
const PATH: usize = 1024;

fn numbered(question: &Question, expected: usize, slack: usize) -> Answer {
    sysctl(&question.mib().ok_or(libc::EINVAL)?, expected, slack)
}

/// Asks until the buffer has room left for another record.
fn files(question: &Question, _: Pid) -> Answer {
    let mut slack = 8 * FILE;
    loop {
        let mib = question.mib().ok_or(libc::EINVAL)?;
        let needed = sysctl_size(&mib)?;
        let capacity = needed.saturating_add(slack);
        let answer = sysctl(&mib, capacity, 0)?;
        if capacity.saturating_sub(answer.len()) >= FILE || slack > (64 << 20) {
            return Ok(answer);
        }
        slack *= 4;
    }
}

/// How many bytes the kernel says an answer has.
fn sysctl_size(mib: &[i32]) -> std::result::Result<usize, i32> {
    let length = u32::try_from(mib.len()).map_err(|_| libc::EINVAL)?;
    let mut size = 0;
    // SAFETY: the name has `length` numbers, and without a buffer the kernel writes the size alone.
    let done = unsafe { libc::sysctl(mib.as_ptr(), length, std::ptr::null_mut(), &raw mut size, std::ptr::null(), 0) };
    if done == 0 { Ok(size) } else { Err(last_errno()) }
}

/// The size of `struct ifmediareq`.
const MEDIA: usize = 48;
/// `SIOCGIFMEDIA`, `_IOWR('i', 56, struct ifmediareq)`.
const SIOCGIFMEDIA: libc::c_ulong = 0xc030_6938;
/// `SIOCGIFXMEDIA`, `_IOWR('i', 139, struct ifmediareq)`.
const SIOCGIFXMEDIA: libc::c_ulong = 0xc030_698b;

/// cpuset_getaffinity(2). A kernel refuses a set that is smaller than its own, or larger than it allows.
fn affinity(pid: Pid) -> Answer {
    let mut errno = libc::ERANGE;
    for size in [128usize, 32, 16, 256, 512] {
        let mut set = vec![0u8; size];
        // SAFETY: the kernel writes `size` bytes to the set.
        let done = unsafe {
            libc::cpuset_getaffinity(
                libc::CPU_LEVEL_WHICH,
                libc::CPU_WHICH_PID,
                libc::id_t::from(pid),
                size,
                set.as_mut_ptr().cast(),
            )
        };
        if done == 0 {
            return Ok(set);
        }
        errno = last_errno();
        if errno != libc::ERANGE {
            return Err(errno);
        }
    }
    Err(errno)
}

/// Sets the CPUs that a process may run on.
pub(super) fn set_cpus(pid: Pid, cpus: &[u32]) -> Result<()> {
    set_affinity(pid, cpus).map_err(failed)
}

fn failed(errno: i32) -> Error {
    Error::io(std::io::Error::from_raw_os_error(errno))
}

/// cpuset_setaffinity(2).
fn set_affinity(pid: Pid, cpus: &[u32]) -> std::result::Result<(), i32> {
    let mut set = affinity(pid)?;
    set.fill(0);
    for cpu in cpus {
        let byte = usize::try_from(cpu / 8).ok().and_then(|byte| set.get_mut(byte)).ok_or(libc::EINVAL)?;
        *byte |= 1 << (cpu % 8);
    }
    // SAFETY: the kernel reads as many bytes as the set has.
    let done = unsafe {
        libc::cpuset_setaffinity(
            libc::CPU_LEVEL_WHICH,
            libc::CPU_WHICH_PID,
            libc::id_t::from(pid),
            set.len(),
            set.as_ptr().cast(),
        )
    };
    if done == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Sets a resource limit.
pub(super) fn set_limit(pid: Pid, resource: Resource, limit: Limit) -> Result<()> {
    let number = resource_number(resource).ok_or_else(|| Error::unsupported("set_rlimit"))?;
    write_limit(&Question::Limit(pid, number), limit).map_err(failed)
}

/// Sets a resource limit by `kern.proc.rlimit`.
fn write_limit(question: &Question, limit: Limit) -> std::result::Result<(), i32> {
    let number = |limit: Option<u64>| match limit {
        None => Ok(libc::RLIM_INFINITY),
        Some(limit) => libc::rlim_t::try_from(limit).map_err(|_| libc::EINVAL),
    };
    let new = libc::rlimit { rlim_cur: number(limit.soft)?, rlim_max: number(limit.hard)? };
    let mib = question.mib().ok_or(libc::EINVAL)?;
    let length = u32::try_from(mib.len()).map_err(|_| libc::EINVAL)?;
    // SAFETY: the name has `length` numbers, and the kernel reads one `struct rlimit`.
    let done = unsafe {
        libc::sysctl(
            mib.as_ptr(),
            length,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::from_ref(&new).cast(),
            size_of_val(&new),
        )
    };
    if done == 0 { Ok(()) } else { Err(last_errno()) }
}

/// `kern.devname`, which takes the number of the device as the value to set.
fn device_name(device: u64) -> Answer {
    let mut buffer = vec![0u8; 256];
    let mut size = buffer.len();
    // SAFETY: the kernel writes at most `size` bytes and reads the 8 bytes of the number.
    let done = unsafe {
        libc::sysctlbyname(
            c"kern.devname".as_ptr(),
            buffer.as_mut_ptr().cast(),
            &raw mut size,
            std::ptr::from_ref(&device).cast(),
            size_of_val(&device),
        )
    };
    if done != 0 {
        return Err(last_errno());
    }
    buffer.truncate(size);
    Ok(buffer)
}

/// A value of the allocator's control interface, mallctl(3).
fn allocator(name: &CStr) -> Result<u64> {
    let mut value: libc::size_t = 0;
    let mut size = size_of_val(&value);
    // SAFETY: the name ends with a NUL, and these values are numbers of the width of a pointer.
    let errno = unsafe {
        mallctl(name.as_ptr(), std::ptr::from_mut(&mut value).cast(), &raw mut size, std::ptr::null_mut(), 0)
    };
    if errno == 0 { Ok(value as u64) } else { Err(failed(errno)) }
}

/// An action of the allocator's control interface, with a new value if it takes one.
fn allocate(name: &CStr, new: Option<u64>) -> Result<()> {
    let mut new = new;
    let (pointer, size) = match &mut new {
        Some(value) => (std::ptr::from_mut(value).cast(), size_of::<u64>()),
        None => (std::ptr::null_mut(), 0),
    };
    // SAFETY: the name ends with a NUL, and the new value has `size` bytes.
    let errno = unsafe { mallctl(name.as_ptr(), std::ptr::null_mut(), std::ptr::null_mut(), pointer, size) };
    if errno == 0 { Ok(()) } else { Err(failed(errno)) }
}

impl Live for Freebsd {
    fn host() -> Source {
        Source::live(Os::Freebsd, ask)
    }

    fn heap_info() -> Result<HeapInfo> {
        // What this thread has freed but not returned counts as allocated until it is flushed.
        allocate(c"thread.tcache.flush", None)?;
        // Setting the epoch refreshes the statistics.
        allocate(c"epoch", Some(1))?;
        Ok(HeapInfo {
            heap_used: allocator(c"stats.allocated")?,
            mmap_used: allocator(c"stats.mapped")?,
            ..HeapInfo::default()
        })
    }

    /// The allocator does not say whether it had anything to return.
    fn heap_trim() -> Result<bool> {
        // 4096 is MALLCTL_ARENAS_ALL.
        allocate(c"arena.4096.purge", None).map(|()| true)
    }
}

unsafe extern "C" {
    /// mallctl(3), of the C library.
    fn mallctl(
        name: *const libc::c_char,
        old: *mut libc::c_void,
        old_size: *mut libc::size_t,
        new: *mut libc::c_void,
        new_size: libc::size_t,
    ) -> libc::c_int;
}
