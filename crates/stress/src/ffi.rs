//! System calls that neither std nor rustix offers as safe functions.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::Duration;

/// Forks. Returns the child's pid in the parent, and `None` in the child.
///
/// The attacks fork from a single thread, or measure the effect of forking with several.
pub(crate) fn fork() -> io::Result<Option<i32>> {
    // SAFETY: fork takes no arguments. The child runs only this crate's code and ends with `exit_now`.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}

/// The memory of a child that [`start_at`] starts.
pub(crate) type Stack = Box<[u128; 1024]>;

pub(crate) fn new_stack() -> Stack {
    Box::new([0; 1024])
}

/// What a child of [`start_at`] does. Beside it runs its parent on the same memory: it makes system calls only.
pub(crate) type Life = extern "C" fn(usize) -> !;

/// Starts a child that has the pid `at` and lives `life`. It shares this process's memory, so that it costs a tenth of a
/// fork. With `wait`, this process waits until the child has ended.
///
/// # Errors
/// `EEXIST` if the pid is taken. Choosing a pid needs root.
pub(crate) fn start_at(at: i32, stack: &mut Stack, wait: bool, life: Life, argument: usize) -> io::Result<()> {
    let pids = [at];
    // SAFETY: all zeros is a valid `clone_args`.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = if wait { libc::CLONE_VM | libc::CLONE_VFORK } else { libc::CLONE_VM }.unsigned_abs().into();
    args.exit_signal = libc::SIGCHLD.unsigned_abs().into();
    args.stack = stack.as_mut_ptr() as u64;
    args.stack_size = size_of_val(&**stack) as u64;
    args.set_tid = pids.as_ptr() as u64;
    args.set_tid_size = 1;
    match clone(&args, life, argument) {
        error @ ..0 => Err(io::Error::from_raw_os_error(i32::try_from(error.unsigned_abs()).unwrap_or(libc::EIO))),
        _ => Ok(()),
    }
}

/// Calls clone3(2), and `life` in the child.
#[cfg(target_arch = "x86_64")]
fn clone(args: &libc::clone_args, life: Life, argument: usize) -> i64 {
    let mut result = libc::SYS_clone3;
    // SAFETY: the arguments live until the call returns in the parent. The child starts on a stack that is its own, aligned
    // to 16 bytes, and leaves it by ending. It finds its function in registers that the kernel preserves.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inout("rax") result,
            in("rdi") args,
            in("rsi") size_of::<libc::clone_args>(),
            in("r12") argument,
            in("r13") life,
            out("rcx") _,
            out("r11") _,
        );
    }
    result
}

/// Calls clone3(2), and `life` in the child, which gets a copy of the memory and of the stack.
#[cfg(not(target_arch = "x86_64"))]
fn clone(args: &libc::clone_args, life: Life, argument: usize) -> i64 {
    let args = libc::clone_args { flags: 0, stack: 0, stack_size: 0, ..*args };
    // SAFETY: the arguments live until the call returns. The callers have one thread, so that no lock is held in the child.
    match unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) } {
        0 => life(argument),
        -1 => -i64::from(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)),
        pid => pid,
    }
}

/// Sleeps until a signal ends the process.
pub(crate) extern "C" fn sleep_for_ever(_: usize) -> ! {
    loop {
        pause();
    }
}

/// Ends the process without running exit handlers or destructors.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Sends SIGALRM at every `interval` to a handler that does nothing. System calls are not restarted.
pub(crate) fn alarm_storm(interval: Duration) -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let micros = libc::suseconds_t::try_from(interval.as_micros()).unwrap_or(1000);
    let every = libc::timeval { tv_sec: 0, tv_usec: micros };
    let timer = libc::itimerval { it_interval: every, it_value: every };
    // SAFETY: the structs are live during the calls, all zeros is a valid sigaction, and the handler accesses nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        if libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        if libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Sets the name of the calling thread, which is the process's name in /proc.
pub(crate) fn set_name(name: &CStr) {
    // SAFETY: the name ends in NUL, and the kernel copies it during the call.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Changes to another user and group permanently, and drops supplementary groups.
pub(crate) fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: the calls take numbers, and a null pointer with a length of 0.
    let done = unsafe {
        libc::setgroups(0, std::ptr::null()) == 0
            && libc::setresgid(id, id, id) == 0
            && libc::setresuid(id, id, id) == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Closes every descriptor from `first` on.
pub(crate) fn close_from(first: u32) {
    // SAFETY: the callers own no descriptor beyond the standard three that they use afterwards.
    unsafe { libc::close_range(first, u32::MAX, 0) };
}

/// Sleeps until a signal ends the process.
pub(crate) fn pause() {
    // SAFETY: the call takes no arguments.
    unsafe { libc::pause() };
}

/// Reaps a child and returns its wait status. With `wait`, waits for it. Without, returns `None` while it runs.
pub(crate) fn reap(pid: i32, wait: bool) -> Option<i32> {
    let mut status = 0;
    let flags = if wait { 0 } else { libc::WNOHANG };
    loop {
        // SAFETY: the status is valid for the call.
        match unsafe { libc::waitpid(pid, &raw mut status, flags) } {
            0 => return None,
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return Some(-1),
            _ => return Some(status),
        }
    }
}

/// Sends a signal.
pub(crate) fn kill(pid: i32, signal: i32) -> bool {
    // SAFETY: the call takes numbers.
    unsafe { libc::kill(pid, signal) == 0 }
}

/// Moves the calling process into new namespaces. A new pid namespace applies to its next child.
pub(crate) fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: the call takes a number.
    if unsafe { libc::unshare(flags) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Opens a descriptor of a child.
pub(crate) fn pidfd(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(fd) {
        // SAFETY: the kernel has just given this descriptor to this process.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Moves the calling process into the namespaces of the process of a pidfd.
pub(crate) fn enter(process: &OwnedFd, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: the call takes numbers, and the descriptor is open.
    if unsafe { libc::setns(process.as_raw_fd(), flags) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Mounts this pid namespace's /proc in this mount namespace.
pub(crate) fn mount_proc() -> io::Result<()> {
    let private = libc::MS_PRIVATE | libc::MS_REC;
    // SAFETY: the strings end in NUL. Null pointers stand for arguments that the calls do not use.
    let done = unsafe {
        libc::mount(c"none".as_ptr(), c"/".as_ptr(), std::ptr::null(), private, std::ptr::null()) == 0
            && libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), 0, std::ptr::null()) == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}
