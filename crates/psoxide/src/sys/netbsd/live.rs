//! The running NetBSD.
#![allow(unsafe_code)]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::ptr::{self, NonNull};

use psoxide_parse::netbsd::statvfs::{self, FileSystem};

use super::Netbsd;
use super::abi::NODES;
use crate::sys::Live;
use crate::sys::netbsdlike::live::{about_interface, c_string, errno, file, structs, sysctl, user_name};
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::sys::netbsdlike::terminal;
use crate::sys::question::Answer;
use crate::{Error, HeapInfo, Os, Result};

/// `SIOCGIFMEDIA` and `sizeof(struct ifmediareq)`.
const SIOCGIFMEDIA: libc::c_ulong = 0xc030_6938;
const MEDIA: usize = 48;
/// `ENVSYS_GETDICTIONARY`.
const ENVSYS_GETDICTIONARY: libc::c_ulong = 0xc010_4500;
/// `ST_NOWAIT`: the kernel returns what it knows, without waiting for the file systems.
const NO_WAIT: c_int = 2;
/// `sizeof(struct swapent)`, `SWAP_NSWAP` and `SWAP_STATS`.
const SWAP: usize = 1056;
const SWAP_COUNT: c_int = 3;
const SWAP_STATS: c_int = 10;

unsafe extern "C" {
    /// The calls of NetBSD 9 and before, which later C libraries still have.
    #[link_name = "getvfsstat"]
    fn old_getvfsstat(buffer: *mut c_void, size: usize, flags: c_int) -> c_int;
    #[link_name = "statvfs"]
    fn old_statvfs(path: *const c_char, buffer: *mut c_void) -> c_int;
    fn swapctl(command: c_int, argument: *mut c_void, misc: c_int) -> c_int;
}

type Getvfsstat = unsafe extern "C" fn(*mut c_void, usize, c_int) -> c_int;
type Statvfs = unsafe extern "C" fn(*const c_char, *mut c_void) -> c_int;

/// Finds a function that not every C library has.
fn function(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name is terminated.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

/// Reads the mounted file systems.
fn mounts() -> Answer {
    let read = |size: usize, call: Getvfsstat| {
        structs(
            size,
            // SAFETY: without a buffer the call counts the file systems.
            || unsafe { call(ptr::null_mut(), 0, NO_WAIT) },
            // SAFETY: the call writes whole structs of `size` bytes, as many as fit.
            |buffer, room| unsafe { call(buffer, room * size, NO_WAIT) },
        )
    };
    match function(c"__getvfsstat90") {
        // SAFETY: a function of this name has this type, which sys/statvfs.h declares.
        Some(call) => read(FileSystem::SIZE, unsafe { std::mem::transmute::<NonNull<c_void>, Getvfsstat>(call) }),
        None => read(statvfs::OLD_SIZE, old_getvfsstat).map(|bytes| statvfs::widened(&bytes)),
    }
}

/// Reads the file system of a path.
fn file_system(path: &OsStr) -> Answer {
    let path = c_string(path)?;
    let read = |size: usize, call: Statvfs| {
        // SAFETY: the path is terminated, and there is room for one struct of `size` bytes.
        structs(size, || 1, |buffer, _| if unsafe { call(path.as_ptr(), buffer) } == 0 { 1 } else { -1 })
    };
    match function(c"__statvfs90") {
        // SAFETY: as above.
        Some(call) => read(FileSystem::SIZE, unsafe { std::mem::transmute::<NonNull<c_void>, Statvfs>(call) }),
        None => read(statvfs::OLD_SIZE, old_statvfs).map(|bytes| statvfs::widened(&bytes)),
    }
}

/// `struct plistref`.
#[repr(C)]
struct PropertyList {
    text: *mut c_void,
    length: usize,
}
const _: () = assert!(size_of::<PropertyList>() == 16);

/// Turns a question into a system call.
fn ask(question: &Question) -> Answer {
    match question {
        Question::Sysctl { node, args, counted } => {
            let mut mib = number(node)?;
            mib.extend_from_slice(args);
            let element = args.last().filter(|_| *counted).and_then(|size| usize::try_from(*size).ok());
            sysctl(&mib, element)
        }
        Question::File(path) => file(path),
        Question::Ioctl("SIOCGIFMEDIA", name) => about_interface(SIOCGIFMEDIA, name, MEDIA),
        Question::Ioctl("ENVSYS_GETDICTIONARY", device) => sensors(device),
        Question::Call("getpwuid", uid) => user_name(uid),
        Question::Call("devname", device) => terminal::name(device),
        Question::Call("getvfsstat", _) => mounts(),
        Question::Call("statvfs", path) => file_system(path),
        Question::Call("swapctl", _) => structs(
            SWAP,
            // SAFETY: the command takes no argument.
            || unsafe { swapctl(SWAP_COUNT, ptr::null_mut(), 0) },
            // SAFETY: the command writes at most `room` structs.
            |buffer, room| unsafe { swapctl(SWAP_STATS, buffer, c_int::try_from(room).unwrap_or(c_int::MAX)) },
        ),
        Question::Ioctl(..) | Question::Call(..) => Err(libc::ENOSYS),
    }
}

/// The number of a node: one of the headers', or one that the kernel handed out when it started.
fn number(node: &str) -> std::result::Result<Vec<c_int>, i32> {
    if let Some((_, mib)) = NODES.iter().find(|(name, _)| *name == node) {
        return Ok(mib.to_vec());
    }
    let name = c_string(OsStr::new(node))?;
    /// `CTL_MAXNAME`.
    const MOST: usize = 12;
    let mut mib = vec![0; MOST];
    let mut length = MOST;
    // SAFETY: the name is terminated, and there is room for `length` numbers.
    if unsafe { libc::sysctlnametomib(name.as_ptr(), mib.as_mut_ptr(), &mut length) } != 0 {
        return Err(errno());
    }
    mib.truncate(length);
    Ok(mib)
}

/// Asks sysmon(4) for its sensors, as a property list.
fn sensors(device: &OsStr) -> Answer {
    let device = File::open(device).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))?;
    let mut list = PropertyList { text: ptr::null_mut(), length: 0 };
    // SAFETY: the request writes the two fields.
    if unsafe { libc::ioctl(device.as_raw_fd(), ENVSYS_GETDICTIONARY, &mut list) } == -1 {
        return Err(errno());
    }
    if list.text.is_null() {
        return Err(libc::EIO);
    }
    // SAFETY: the kernel has mapped `length` bytes of text there for the caller, who is to unmap them.
    let text = unsafe { std::slice::from_raw_parts(list.text.cast::<u8>(), list.length) }.to_vec();
    // SAFETY: as above; the copy does not refer to them.
    unsafe { libc::munmap(list.text, list.length) };
    Ok(text)
}

/// mallctl(3) of jemalloc, the system's allocator.
type Mallctl = unsafe extern "C" fn(*const c_char, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;

/// Finds mallctl(3), which a program with another allocator lacks. The C library's own has a prefix, which
/// `jemalloc/jemalloc.h` adds for C programs. A jemalloc that is linked in has none.
fn mallctl() -> Result<Mallctl> {
    let symbol = function(c"mallctl").or_else(|| function(c"__je_mallctl"));
    let symbol = symbol.ok_or_else(|| Error::unsupported("heap_info"))?;
    // SAFETY: a function of this name has this type, which jemalloc(3) declares.
    Ok(unsafe { std::mem::transmute::<NonNull<c_void>, Mallctl>(symbol) })
}

/// Reads a value of the allocator; `new` is written to it.
fn allocator(name: &CStr, new: Option<u64>) -> Result<u64> {
    let (mut old, mut size) = (0u64, size_of::<u64>());
    let mut new = new;
    let (pointer, length) = match &mut new {
        Some(value) => (ptr::from_mut(value).cast(), size_of::<u64>()),
        None => (ptr::null_mut(), 0),
    };
    // SAFETY: the name is terminated, and each pointer is to as many bytes as its size says.
    let code = unsafe { mallctl()?(name.as_ptr(), ptr::from_mut(&mut old).cast(), &mut size, pointer, length) };
    if code == 0 { Ok(old) } else { Err(Error::io(std::io::Error::from_raw_os_error(code))) }
}

/// Has the allocator do something that has no value.
fn have_allocator(name: &CStr) -> Result<()> {
    // SAFETY: the name is terminated, and nothing is read or written.
    let code = unsafe { mallctl()?(name.as_ptr(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), 0) };
    if code == 0 { Ok(()) } else { Err(Error::io(std::io::Error::from_raw_os_error(code))) }
}

impl Live for Netbsd {
    fn host() -> Machine {
        Machine::live(Os::Netbsd, ask)
    }

    fn heap_info() -> Result<HeapInfo> {
        // What the caches of this thread hold counts as allocated.
        have_allocator(c"thread.tcache.flush")?;
        // The statistics are those of the last epoch.
        allocator(c"epoch", Some(1))?;
        Ok(HeapInfo {
            heap_used: allocator(c"stats.allocated", None)?,
            mmap_used: allocator(c"stats.mapped", None)?,
            heap_count: None,
        })
    }

    /// The allocator does not say whether it had anything to return.
    fn heap_trim() -> Result<bool> {
        // 4096 is MALLCTL_ARENAS_ALL.
        have_allocator(c"arena.4096.purge").map(|()| true)
    }
}
