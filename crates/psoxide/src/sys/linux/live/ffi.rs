//! System calls that rustix does not wrap. This is the only file of the Linux port with unsafe code.
#![allow(unsafe_code)]

use std::ffi::OsStr;
use std::io;
use std::mem::{offset_of, size_of, size_of_val};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

use rustix::process::Pid as RawPid;

use crate::sys::linux::abi::PidfdInfo;
use crate::{Error, HeapInfo, Limit, Result};

const IOPRIO_WHO_PROCESS: libc::c_int = 1;

/// Counts the online CPUs, including those that this process may not use.
pub(crate) fn online_cpus() -> Option<usize> {
    // SAFETY: sysconf takes no pointers.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    usize::try_from(count).ok().filter(|count| *count > 0)
}

/// Calls sysinfo(2). rustix assumes that the call cannot fail, and panics if seccomp refuses it.
fn sysinfo() -> Option<libc::sysinfo> {
    // SAFETY: the struct consists of numbers, for which all zeros is a value.
    let mut info: libc::sysinfo = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills the struct during the call.
    (unsafe { libc::sysinfo(&raw mut info) } == 0).then_some(info)
}

/// Returns total and free memory in bytes, by sysinfo(2). `None` if the call is refused or returns 0.
pub(crate) fn memory() -> (Option<u64>, Option<u64>) {
    let Some(info) = sysinfo() else { return (None, None) };
    let unit = u64::from(info.mem_unit.max(1));
    #[allow(clippy::useless_conversion)] // 32 bits on some machines
    let bytes = |units| u64::from(units).checked_mul(unit).filter(|bytes| *bytes > 0);
    (bytes(info.totalram), bytes(info.freeram))
}

/// Returns total and free swap space in bytes, by sysinfo(2).
pub(crate) fn swap() -> Result<(u64, u64)> {
    let info = sysinfo().ok_or_else(|| Error::io(std::io::Error::last_os_error()))?;
    let unit = u64::from(info.mem_unit.max(1));
    #[allow(clippy::useless_conversion)] // 32 bits on some machines
    let bytes = |units| u64::from(units).saturating_mul(unit);
    Ok((bytes(info.totalswap), bytes(info.freeswap)))
}

/// Returns the number of all threads by sysinfo(2), whose count has 16 bits.
#[cfg(feature = "bpf")]
pub(crate) fn thread_count() -> Option<u16> {
    Some(sysinfo()?.procs)
}

/// Returns whether a process has this pid, and not only a thread. Calls tgkill(2) without a signal for its first
/// thread. Returns `None` if the caller may not signal it.
pub(crate) fn is_process(pid: RawPid) -> Option<bool> {
    let pid = pid.as_raw_pid();
    // SAFETY: tgkill takes three integers, and no signal is sent.
    match done(unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, 0) }) {
        Ok(_) => Some(true),
        Err(error) if error.errno() == Some(libc::ESRCH) => Some(false),
        Err(_) => None,
    }
}

/// Converts the result of a system call: -1 becomes the error.
fn done(answer: libc::c_long) -> Result<libc::c_long> {
    if answer < 0 { Err(Error::io(io::Error::last_os_error())) } else { Ok(answer) }
}

/// Calls pidfd_send_signal(2). rustix has no names for real-time signals, so its wrapper is not used.
pub(crate) fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> Result<()> {
    let info: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: the descriptor is open. Without a siginfo_t the kernel fills one as for kill(2).
    done(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, info, 0) }).map(drop)
}

/// The first version of struct pidfd_info of linux/pidfd.h (Linux 6.13). Later versions append fields.
#[repr(C)]
#[derive(Debug, Default)]
struct RawPidfdInfo {
    mask: u64,
    cgroup: u64,
    pid: u32,
    tgid: u32,
    ppid: u32,
    ruid: u32,
    rgid: u32,
    euid: u32,
    egid: u32,
    suid: u32,
    sgid: u32,
    fsuid: u32,
    fsgid: u32,
    exit_code: i32,
}

/// Checks PIDFD_INFO_SIZE_VER0 and the offsets of the fields in the header.
const _: () = {
    assert!(size_of::<RawPidfdInfo>() == 64);
    assert!(offset_of!(RawPidfdInfo, cgroup) == 8 && offset_of!(RawPidfdInfo, pid) == 16);
    assert!(offset_of!(RawPidfdInfo, ppid) == 24);
    assert!(offset_of!(RawPidfdInfo, ruid) == 28 && offset_of!(RawPidfdInfo, rgid) == 32);
    assert!(offset_of!(RawPidfdInfo, euid) == 36 && offset_of!(RawPidfdInfo, egid) == 40);
    assert!(offset_of!(RawPidfdInfo, suid) == 44 && offset_of!(RawPidfdInfo, sgid) == 48);
    assert!(offset_of!(RawPidfdInfo, fsuid) == 52 && offset_of!(RawPidfdInfo, exit_code) == 60);
};

/// Returns the inode number of a pidfd, which no other process gets until the next boot (since Linux 6.9). Returns
/// `None` on older kernels, where all pidfds share one inode, and if the number does not fit.
pub(crate) fn pidfd_number(pidfd: BorrowedFd<'_>) -> Option<u64> {
    /// linux/magic.h: PID_FS_MAGIC
    const PIDFS: u64 = 0x5049_4446;
    let is_unique = cfg!(target_pointer_width = "64")
        && rustix::fs::fstatfs(pidfd).is_ok_and(|fs| u64::try_from(fs.f_type) == Ok(PIDFS));
    if is_unique { rustix::fs::fstat(pidfd).ok().map(|file| file.st_ino) } else { None }
}

/// Reads the ids of a process and its parent: ioctl_pidfd(2), PIDFD_GET_INFO. Returns `None` if the kernel lacks the
/// call.
///
/// # Errors
/// Fails if the call is refused, or if the process is gone.
pub(crate) fn pidfd_info(pidfd: BorrowedFd<'_>) -> Result<Option<PidfdInfo>> {
    /// PIDFD_INFO_CREDS
    const CREDENTIALS: u64 = 1 << 1;
    /// PIDFS_IOCTL_MAGIC, and the number of the call.
    const GET_INFO: libc::Ioctl = libc::_IOWR::<RawPidfdInfo>(0xff, 11);
    let mut info = RawPidfdInfo { mask: CREDENTIALS, ..RawPidfdInfo::default() };
    // SAFETY: the descriptor is open. The pointer is to a live struct of the size that the request encodes, and the
    // kernel writes no more than that.
    let code = unsafe { libc::ioctl(pidfd.as_raw_fd(), GET_INFO, &raw mut info) };
    match done(code.into()) {
        Ok(_) if info.mask & CREDENTIALS != 0 => Ok(Some(PidfdInfo {
            ppid: info.ppid,
            uids: [info.ruid, info.euid, info.suid],
            gids: [info.rgid, info.egid, info.sgid],
        })),
        // The process has ended.
        Ok(_) => Err(Error::io(io::Error::from_raw_os_error(libc::ESRCH))),
        Err(error) if matches!(error.errno(), Some(libc::ENOTTY | libc::EINVAL)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The answer that a helper process writes for this process.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Answer {
    /// Becomes 1 when the other fields have been written.
    pub(crate) done: AtomicU32,
    /// An error number, or 0.
    pub(crate) errno: AtomicU32,
    /// The space of a file system.
    pub(crate) space: [AtomicU64; 4],
    /// A path and its length.
    pub(crate) length: AtomicU64,
    pub(crate) path: [AtomicU8; 4096],
}

/// Memory for an answer, shared with a forked child.
#[derive(Debug)]
pub(crate) struct SharedAnswer(NonNull<Answer>);

impl SharedAnswer {
    pub(crate) fn new() -> Result<Self> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping does not overlap an existing one.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Answer>(), protection, flags, -1, 0) };
        match NonNull::new(page) {
            // The mapping is page-aligned and filled with zeros, which is a value of atomic numbers.
            Some(page) if page.as_ptr() != libc::MAP_FAILED => Ok(Self(page.cast())),
            _ => Err(Error::io(io::Error::last_os_error())),
        }
    }
}

impl std::ops::Deref for SharedAnswer {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        // SAFETY: the mapping lives as long as `self`, is aligned, and is only accessed as atomic numbers.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for SharedAnswer {
    fn drop(&mut self) {
        // SAFETY: `new` made this mapping, and nobody borrows from it any more. A child has its own mapping.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<Answer>()) };
    }
}

/// Starts a child process that runs `work` and exits. Its exit sends no signal, so a program that waits for its own
/// children does not see it.
///
/// The child may never end, so it must hold no file of this process open: otherwise, for example, the reader of a pipe
/// would wait for it. It drops the descriptors without closing the files, because closing can block too. Before Linux
/// 5.9 it shares the descriptors.
///
/// `work` runs in a copy of a process that may have had threads. It must only make system calls, and must not allocate.
pub(crate) fn start_helper(work: impl FnOnce()) -> Result<RawPid> {
    let (zero, files): (libc::c_long, libc::c_long) = (0, libc::CLONE_FILES.into());
    // s390 takes the first two arguments in the other order, see clone(2).
    let (first, second) = if cfg!(target_arch = "s390x") { (zero, files) } else { (files, zero) };
    // SAFETY: without a stack, clone(2) works as fork(2), here with shared descriptors and without a signal. The child
    // runs on a copy of this stack and leaves by _exit.
    let child = done(unsafe { libc::syscall(libc::SYS_clone, first, second, zero, zero, zero) })?;
    if let Some(child) = i32::try_from(child).ok().and_then(RawPid::from_raw) {
        return Ok(child);
    }
    /// linux/close_range.h: CLOSE_RANGE_UNSHARE
    const UNSHARE: libc::c_uint = 1 << 1;
    // SAFETY: the call gives the child a new, empty table of descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, 0 as libc::c_uint, libc::c_uint::MAX, UNSHARE) };
    work();
    // SAFETY: _exit takes an integer and does not return.
    unsafe { libc::_exit(0) }
}

/// Kills a child of [`start_helper`].
pub(crate) fn kill_helper(child: RawPid) {
    // SAFETY: kill takes integers. The child has not been reaped, so no other process has its pid.
    unsafe { libc::kill(child.as_raw_pid(), libc::SIGKILL) };
}

/// Reaps a child of [`start_helper`] if it has ended. Returns whether the child is gone.
pub(crate) fn reap_helper(child: RawPid) -> bool {
    loop {
        // SAFETY: the pointer for the status is null, so nothing is written.
        match unsafe { libc::waitpid(child.as_raw_pid(), std::ptr::null_mut(), libc::__WALL | libc::WNOHANG) } {
            0 => return false,
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return true,
        }
    }
}

/// A page of numbers that are zero in a forked child: madvise(2), MADV_WIPEONFORK (since Linux 4.14).
#[derive(Debug)]
pub(crate) struct WipedOnFork(NonNull<[AtomicU64; WipedOnFork::CELLS]>);

// SAFETY: atomic numbers may be read and written by any thread, and the mapping belongs to no thread.
unsafe impl Send for WipedOnFork {}
// SAFETY: as for Send.
unsafe impl Sync for WipedOnFork {}

impl WipedOnFork {
    const CELLS: usize = 8;
    const SIZE: usize = size_of::<[AtomicU64; Self::CELLS]>();

    pub(crate) fn new() -> Option<Self> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping does not overlap an existing one.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), Self::SIZE, protection, flags, -1, 0) };
        if page == libc::MAP_FAILED {
            return None;
        }
        // The mapping is page-aligned and filled with zeros, which is a value of atomic numbers.
        let page = Self(NonNull::new(page)?.cast());
        // SAFETY: the mapping was made above. The advice only changes what a forked child finds there.
        let advised = unsafe { libc::madvise(page.0.as_ptr().cast(), Self::SIZE, libc::MADV_WIPEONFORK) };
        (advised == 0).then_some(page)
    }

    pub(crate) fn cell(&self, index: usize) -> Option<&AtomicU64> {
        // SAFETY: the mapping lives as long as `self`, is aligned, and is only accessed as atomic numbers.
        unsafe { self.0.as_ref() }.get(index)
    }
}

impl Drop for WipedOnFork {
    fn drop(&mut self) {
        // SAFETY: `new` made this mapping, and nobody borrows from it any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), Self::SIZE) };
    }
}

/// Borrows a descriptor of the program by its number. Its owner may close it at any time, and another file may get the
/// number. Use it only for queries whose answers are checked.
pub(crate) fn descriptor(number: i32) -> Option<BorrowedFd<'static>> {
    // SAFETY: the number is not -1. The kernel handles any other number, even if it is closed or belongs to another
    // file.
    (number >= 0).then(|| unsafe { BorrowedFd::borrow_raw(number) })
}

/// struct ethtool_cmd of linux/ethtool.h.
#[repr(C)]
#[derive(Debug, Default)]
struct EthtoolCmd {
    cmd: u32,
    supported: u32,
    advertising: u32,
    speed: u16,
    duplex: u8,
    port: u8,
    phy_address: u8,
    transceiver: u8,
    autoneg: u8,
    mdio_support: u8,
    maxtxpkt: u32,
    maxrxpkt: u32,
    speed_hi: u16,
    eth_tp_mdix: u8,
    eth_tp_mdix_ctrl: u8,
    lp_advertising: u32,
    reserved: [u32; 2],
}

const _: () = {
    assert!(size_of::<EthtoolCmd>() == 44);
    assert!(offset_of!(EthtoolCmd, speed) == 12 && offset_of!(EthtoolCmd, duplex) == 14);
    assert!(offset_of!(EthtoolCmd, speed_hi) == 28);
};

/// Reads the speed in megabits and the duplex mode of an interface by ETHTOOL_GSET of linux/ethtool.h: netdevice(7),
/// SIOCETHTOOL. The socket may be of any kind. Returns `None` if the interface reports neither.
pub(crate) fn link_settings(socket: BorrowedFd<'_>, name: &OsStr) -> Option<(u32, u8)> {
    const ETHTOOL_GSET: u32 = 1;
    const SIOCETHTOOL: libc::Ioctl = 0x8946;
    let mut settings = EthtoolCmd { cmd: ETHTOOL_GSET, ..EthtoolCmd::default() };
    // SAFETY: ifreq consists of integers, pointers and arrays of them, for which all zeros is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // One byte less than the field, so that the name ends with a NUL.
    let room = request.ifr_name.len() - 1;
    if name.len() > room {
        return None;
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.as_bytes()) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    request.ifr_ifru.ifru_data = (&raw mut settings).cast();
    // SAFETY: the descriptor is open, and the request points to a live struct of the type that the command expects.
    let code = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    (code == 0).then(|| ((u32::from(settings.speed_hi) << 16) | u32::from(settings.speed), settings.duplex))
}

/// Calls ioprio_get(2). Returns class and value as the kernel packs them.
pub(crate) fn ioprio_get(pid: RawPid) -> Result<i32> {
    // SAFETY: ioprio_get takes two integers.
    let value = done(unsafe { libc::syscall(libc::SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid.as_raw_pid()) })?;
    i32::try_from(value).map_err(|_| Error::io(io::ErrorKind::InvalidData))
}

/// Calls ioprio_set(2).
pub(crate) fn ioprio_set(pid: RawPid, value: i32) -> Result<()> {
    // SAFETY: ioprio_set takes three integers.
    done(unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid.as_raw_pid(), value) }).map(drop)
}

/// struct rlimit64: the soft and the hard limit. All ones means no limit.
type Rlimit64 = [u64; 2];

/// Reads a limit by prlimit(2), of this process or another one.
pub(crate) fn rlimit(pid: RawPid, resource: u32) -> Result<Limit> {
    let (new, mut old): (*const Rlimit64, Rlimit64) = (std::ptr::null(), [0; 2]);
    // SAFETY: no limit is set, and the answer goes to a live array of two 64-bit numbers.
    done(unsafe { libc::syscall(libc::SYS_prlimit64, pid.as_raw_pid(), resource, new, &raw mut old) })?;
    let [soft, hard] = old.map(|limit| (limit != u64::MAX).then_some(limit));
    Ok(Limit { soft, hard })
}

/// Sets a limit by prlimit(2).
pub(crate) fn set_rlimit(pid: RawPid, resource: u32, limit: Limit) -> Result<()> {
    let new: Rlimit64 = [limit.soft.unwrap_or(u64::MAX), limit.hard.unwrap_or(u64::MAX)];
    let old: *mut Rlimit64 = std::ptr::null_mut();
    // SAFETY: the pointer is to a live array of two 64-bit numbers. The pointer for the old limit is null.
    done(unsafe { libc::syscall(libc::SYS_prlimit64, pid.as_raw_pid(), resource, &raw const new, old) }).map(drop)
}

/// One word of the kernel's set of CPUs.
type CpuWord = libc::c_ulong;

/// Calls sched_getaffinity(2) for any number of CPUs. The C library's set ends at 1024.
pub(crate) fn cpu_affinity(pid: RawPid) -> Result<Vec<u32>> {
    const MOST: usize = 1 << 16;
    let mut words: Vec<CpuWord> = vec![0; 16];
    let filled = loop {
        let (size, set) = (size_of_val(words.as_slice()), words.as_mut_ptr());
        // SAFETY: the buffer has the size that the call receives.
        match done(unsafe { libc::syscall(libc::SYS_sched_getaffinity, pid.as_raw_pid(), size, set) }) {
            Ok(bytes) => break usize::try_from(bytes).unwrap_or(0) / size_of::<CpuWord>(),
            // The machine has more CPUs than fit into the buffer.
            Err(error) if error.errno() == Some(libc::EINVAL) && words.len() < MOST => {
                words.resize(words.len() * 2, 0);
            }
            Err(error) => return Err(error),
        }
    };
    let cpus = words.iter().take(filled).flat_map(|word| (0..CpuWord::BITS).map(move |bit| word >> bit & 1 == 1));
    Ok((0..).zip(cpus).filter(|(_, may)| *may).map(|(cpu, _)| cpu).collect())
}

/// Calls sched_setaffinity(2).
pub(crate) fn set_cpu_affinity(pid: RawPid, cpus: &[u32]) -> Result<()> {
    let mut words: Vec<CpuWord> = Vec::new();
    for &cpu in cpus {
        let place = usize::try_from(cpu / CpuWord::BITS).unwrap_or(usize::MAX);
        // CONFIG_NR_CPUS is at most 8192, so a larger set is never needed.
        if place >= 1 << 16 {
            return Err(Error::invalid(format!("there is no CPU {cpu}")));
        }
        if place >= words.len() {
            words.resize(place + 1, 0);
        }
        if let Some(word) = words.get_mut(place) {
            *word |= 1 << (cpu % CpuWord::BITS);
        }
    }
    let (size, set) = (size_of_val(words.as_slice()), words.as_ptr());
    // SAFETY: the buffer has the size that the call receives.
    done(unsafe { libc::syscall(libc::SYS_sched_setaffinity, pid.as_raw_pid(), size, set) }).map(drop)
}

/// Calls mallinfo2(3) or, before glibc 2.33, mallinfo(3).
#[cfg(target_env = "gnu")]
pub(crate) fn heap_info() -> Result<HeapInfo> {
    type Mallinfo2 = unsafe extern "C" fn() -> libc::mallinfo2;
    // SAFETY: the name is a NUL-terminated string.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
    // SAFETY: every glibc that has this symbol defines it as this function. A null symbol becomes `None`.
    let mallinfo2 = unsafe { std::mem::transmute::<*mut libc::c_void, Option<Mallinfo2>>(symbol) };
    let Some(mallinfo2) = mallinfo2 else {
        // SAFETY: mallinfo takes no arguments and returns integers.
        let info = unsafe { libc::mallinfo() };
        let bytes = |bytes| u64::try_from(bytes).map_err(|_| Error::unsupported("heap_info"));
        return Ok(HeapInfo { heap_used: bytes(info.uordblks)?, mmap_used: bytes(info.hblkhd)?, heap_count: None });
    };
    // SAFETY: mallinfo2 takes no arguments and returns integers.
    let info = unsafe { mallinfo2() };
    let bytes = |bytes| u64::try_from(bytes).unwrap_or(u64::MAX);
    Ok(HeapInfo { heap_used: bytes(info.uordblks), mmap_used: bytes(info.hblkhd), heap_count: None })
}

/// Calls malloc_trim(3).
#[cfg(target_env = "gnu")]
pub(crate) fn heap_trim() -> Result<bool> {
    // SAFETY: malloc_trim takes an integer and may be called at any time.
    Ok(unsafe { libc::malloc_trim(0) } == 1)
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn heap_info() -> Result<HeapInfo> {
    Err(Error::unsupported("heap_info"))
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn heap_trim() -> Result<bool> {
    Err(Error::unsupported("heap_trim"))
}
