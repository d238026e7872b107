//! Calls bpf(2): loads programs, and reads what iterators print.
#![allow(unsafe_code)]

use std::fs::File;
use std::mem::{ManuallyDrop, offset_of, size_of};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::ptr::{self, NonNull};
use std::{io, slice};

use crate::asm::Instruction;

const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_TEST_RUN: libc::c_int = 10;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const BPF_LINK_CREATE: libc::c_int = 28;
const BPF_ITER_CREATE: libc::c_int = 33;
const BPF_MAP_TYPE_PERCPU_ARRAY: u32 = 6;
const BPF_PROG_TYPE_TRACING: u32 = 26;
const BPF_PROG_TYPE_SYSCALL: u32 = 31;
const BPF_TRACE_ITER: u32 = 28;
const BPF_F_SLEEPABLE: u32 = 1 << 4;

/// The part of `union bpf_attr` for BPF_PROG_LOAD, from linux/bpf.h, with the fields of Linux 5.9. Pointers are 64 bits
/// wide on every machine.
#[repr(C)]
#[derive(Default)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
    prog_ifindex: u32,
    expected_attach_type: u32,
    prog_btf_fd: u32,
    func_info_rec_size: u32,
    func_info: u64,
    func_info_cnt: u32,
    line_info_rec_size: u32,
    line_info: u64,
    line_info_cnt: u32,
    attach_btf_id: u32,
    attach_prog_fd: u32,
    pad: u32,
}

/// The part of `union bpf_attr` for BPF_MAP_CREATE.
#[repr(C)]
#[derive(Default)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
}

/// The part of `union bpf_attr` for BPF_LINK_CREATE.
#[repr(C)]
#[derive(Default)]
struct LinkCreate {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    flags: u32,
    iter_info: u64,
    iter_info_len: u32,
    pad: u32,
}

/// `union bpf_iter_link_info` for tasks (Linux 6.1): the only thread, or the process whose threads the iterator visits.
#[repr(C)]
#[derive(Default)]
struct IterLinkInfo {
    tid: u32,
    pid: u32,
    pid_fd: u32,
    pad: u32,
}

/// The part of `union bpf_attr` for BPF_PROG_TEST_RUN, which runs programs of type BPF_PROG_TYPE_SYSCALL.
#[repr(C)]
#[derive(Default)]
struct ProgRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
    flags: u32,
    cpu: u32,
    batch_size: u32,
    pad: u32,
}

/// The part of `union bpf_attr` for BPF_OBJ_GET_INFO_BY_FD.
#[repr(C)]
#[derive(Default)]
struct GetInfo {
    bpf_fd: u32,
    info_len: u32,
    info: u64,
}

/// The first fields of `struct bpf_prog_info` and `struct bpf_link_info`: the type of the program or link, and its id.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Identity {
    kind: u32,
    id: u32,
}

/// The part of `union bpf_attr` for BPF_ITER_CREATE.
#[repr(C)]
#[derive(Default)]
struct IterCreate {
    link_fd: u32,
    flags: u32,
}

const _: () = {
    assert!(offset_of!(ProgLoad, log_buf) == 32 && offset_of!(ProgLoad, prog_flags) == 44);
    assert!(offset_of!(ProgLoad, expected_attach_type) == 68 && offset_of!(ProgLoad, line_info) == 96);
    assert!(offset_of!(ProgLoad, attach_btf_id) == 108 && offset_of!(ProgLoad, attach_prog_fd) == 112);
    assert!(size_of::<ProgLoad>() == 120);
    assert!(offset_of!(LinkCreate, attach_type) == 8 && offset_of!(LinkCreate, iter_info) == 16);
    assert!(offset_of!(LinkCreate, iter_info_len) == 24 && size_of::<LinkCreate>() == 32);
    assert!(offset_of!(IterLinkInfo, pid) == 4 && size_of::<IterLinkInfo>() == 16);
    assert!(offset_of!(MapCreate, max_entries) == 12 && size_of::<MapCreate>() == 16);
    assert!(offset_of!(GetInfo, info) == 8 && size_of::<GetInfo>() == 16 && size_of::<Identity>() == 8);
    assert!(offset_of!(ProgRun, data_in) == 16 && offset_of!(ProgRun, ctx_size_in) == 40);
    assert!(offset_of!(ProgRun, ctx_in) == 48 && offset_of!(ProgRun, flags) == 64 && size_of::<ProgRun>() == 80);
    assert!(size_of::<IterCreate>() == 8 && size_of::<Instruction>() == 8);
};

/// The kernel's BTF, mapped from /sys/kernel/btf/vmlinux (since Linux 6.16). Reading it would copy five megabytes.
pub(crate) struct Types {
    at: NonNull<libc::c_void>,
    length: usize,
}

impl Types {
    pub(crate) fn open() -> io::Result<Self> {
        let file = File::open("/sys/kernel/btf/vmlinux")?;
        let length = usize::try_from(file.metadata()?.len()).map_err(|_| io::ErrorKind::Unsupported)?;
        // SAFETY: a new mapping does not overlap an existing one. Nobody writes to the mapped memory, not even the
        // kernel.
        let at =
            unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0) };
        match NonNull::new(at) {
            Some(at) if at.as_ptr() != libc::MAP_FAILED => Ok(Self { at, length }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: this many bytes are mapped there as long as `self` lives. Bytes need no alignment and may have any
        // value.
        unsafe { slice::from_raw_parts(self.at.as_ptr().cast(), self.length) }
    }
}

impl Drop for Types {
    fn drop(&mut self) {
        // SAFETY: `open` made this mapping, and nobody borrows from it any more.
        unsafe { libc::munmap(self.at.as_ptr(), self.length) };
    }
}

/// Calls bpf(2). Returns its result.
///
/// # Safety
/// `attr` is the structure that `command` reads. Every pointer in it is valid for the length that it states.
unsafe fn call<T>(command: libc::c_int, attr: &mut T) -> io::Result<i32> {
    let pointer: *mut T = attr;
    // SAFETY: the pointer is to a live structure of the given size. The caller guarantees its contents.
    let code = unsafe { libc::syscall(libc::SYS_bpf, command, pointer, size_of::<T>()) };
    i32::try_from(code).ok().filter(|code| *code >= 0).ok_or_else(io::Error::last_os_error)
}

/// Calls a command of bpf(2) that returns a new descriptor.
///
/// # Safety
/// As for [`call`].
unsafe fn bpf<T>(command: libc::c_int, attr: &mut T) -> io::Result<OwnedFd> {
    // SAFETY: the caller guarantees the contents of `attr`.
    let fd = unsafe { call(command, attr) }?;
    // SAFETY: the command returned a new descriptor, which has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Returns the type and id of the program or link behind a descriptor.
fn identity(fd: BorrowedFd<'_>) -> io::Result<Identity> {
    let mut found = [Identity::default()];
    let mut attr = GetInfo {
        bpf_fd: number(fd),
        info_len: u32::try_from(size_of_val(&found)).unwrap_or_default(),
        info: u64::try_from(found.as_mut_ptr().expose_provenance()).unwrap_or_default(),
    };
    // SAFETY: the kernel writes at most the given number of bytes, into a structure that outlives the call.
    unsafe { call(BPF_OBJ_GET_INFO_BY_FD, &mut attr) }?;
    Ok(found.first().copied().unwrap_or_default())
}

/// A descriptor of a program or link that stays open without the host program's knowledge.
///
/// A host that closes all its descriptors, as daemons do, closes this one too. Another file may then get its number.
/// Such a file is neither used nor closed here.
#[derive(Debug)]
pub(crate) struct Kept {
    fd: ManuallyDrop<OwnedFd>,
    identity: Identity,
}

impl Kept {
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { identity: identity(fd.as_fd())?, fd: ManuallyDrop::new(fd) })
    }

    /// Returns the descriptor, if it still belongs to the same program or link.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        let fd = self.fd.as_fd();
        (identity(fd).ok() == Some(self.identity)).then_some(fd)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.fd().is_some() {
            // SAFETY: nothing uses the field afterwards.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
        }
    }
}

fn address<T>(values: &[T]) -> u64 {
    u64::try_from(values.as_ptr().addr()).unwrap_or_default()
}

fn number(fd: BorrowedFd<'_>) -> u32 {
    u32::try_from(fd.as_raw_fd()).unwrap_or(u32::MAX)
}

/// Makes a per-CPU map with one number for each CPU.
pub(crate) fn per_cpu_map() -> io::Result<OwnedFd> {
    let mut attr = MapCreate { map_type: BPF_MAP_TYPE_PERCPU_ARRAY, key_size: 4, value_size: 8, max_entries: 1 };
    // SAFETY: the structure has no pointers.
    unsafe { bpf(BPF_MAP_CREATE, &mut attr) }
}

/// How a program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// By an iterator, given by the BTF id of its function. The program may sleep if `sleepable`.
    Iterator { function: u32, sleepable: bool },
    /// By [`run`]. The program may sleep.
    Call,
}

// The kernel permits bpf_probe_read_kernel and others only to programs with a licence that it knows as free, such as
// this.
const LICENSE: &[u8] = b"GPL\0";

fn prog_load(program: &[Instruction], runs: Runs) -> io::Result<ProgLoad> {
    let attr = ProgLoad {
        insn_cnt: u32::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        insns: address(program),
        license: address(LICENSE),
        prog_name: *b"psoxide\0\0\0\0\0\0\0\0\0",
        ..ProgLoad::default()
    };
    Ok(match runs {
        Runs::Iterator { function, sleepable } => ProgLoad {
            prog_type: BPF_PROG_TYPE_TRACING,
            prog_flags: if sleepable { BPF_F_SLEEPABLE } else { 0 },
            expected_attach_type: BPF_TRACE_ITER,
            attach_btf_id: function,
            ..attr
        },
        Runs::Call => ProgLoad { prog_type: BPF_PROG_TYPE_SYSCALL, prog_flags: BPF_F_SLEEPABLE, ..attr },
    })
}

/// Loads a program. The verifier gives up with EAGAIN if the thread has something else to handle, such as a signal.
pub(crate) fn load(program: &[Instruction], runs: Runs) -> io::Result<OwnedFd> {
    const TRIES: usize = 5;
    let mut attr = prog_load(program, runs)?;
    // SAFETY: instructions and licence outlive the call. Their lengths are given, or marked by a NUL.
    let mut load = || unsafe { bpf(BPF_PROG_LOAD, &mut attr) };
    for _ in 1..TRIES {
        match load() {
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => {}
            done => return done,
        }
    }
    load()
}

/// Runs a program that reads its question from `context`, and writes its answer there.
pub(crate) fn run(program: BorrowedFd<'_>, context: &mut [u8]) -> io::Result<()> {
    let mut attr = ProgRun {
        prog_fd: number(program),
        ctx_size_in: u32::try_from(size_of_val(context)).map_err(|_| io::ErrorKind::InvalidInput)?,
        ctx_in: u64::try_from(context.as_mut_ptr().expose_provenance()).unwrap_or_default(),
        ..ProgRun::default()
    };
    // SAFETY: the kernel copies the context from and to memory of the given size, which outlives the call.
    unsafe { call(BPF_PROG_TEST_RUN, &mut attr) }.map(drop)
}

/// The threads that an iterator visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    All,
    /// One thread. The id of a process's first thread is its pid.
    Thread(u32),
    /// All threads of a process.
    Process(u32),
}

/// Attaches a program to its iterator.
pub(crate) fn link(program: BorrowedFd<'_>, over: Over) -> io::Result<OwnedFd> {
    let info = [match over {
        Over::All => IterLinkInfo::default(),
        Over::Thread(tid) => IterLinkInfo { tid, ..IterLinkInfo::default() },
        Over::Process(pid) => IterLinkInfo { pid, ..IterLinkInfo::default() },
    }];
    let mut attr = LinkCreate { prog_fd: number(program), attach_type: BPF_TRACE_ITER, ..LinkCreate::default() };
    if over != Over::All {
        attr.iter_info = address(&info);
        attr.iter_info_len = u32::try_from(size_of_val(&info)).unwrap_or_default();
    }
    // SAFETY: the info outlives the call, and has the given length.
    unsafe { bpf(BPF_LINK_CREATE, &mut attr) }
}

/// Starts a walk. Reading the returned descriptor returns what the program prints.
pub(crate) fn iterate(link: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attr = IterCreate { link_fd: number(link), flags: 0 };
    // SAFETY: the structure has no pointers.
    unsafe { bpf(BPF_ITER_CREATE, &mut attr) }
}

/// Returns the end of the verifier's log for a program that it refuses. Empty if it accepts the program or cannot be
/// asked.
pub(crate) fn verifier_log(program: &[Instruction], runs: Runs) -> String {
    const ROOM: usize = 1 << 20;
    const LINES: usize = 40;
    let Ok(attr) = prog_load(program, runs) else { return String::new() };
    let mut log = vec![0u8; ROOM];
    let mut attr = ProgLoad {
        log_level: 1,
        log_size: u32::try_from(log.len()).unwrap_or_default(),
        log_buf: u64::try_from(log.as_mut_ptr().expose_provenance()).unwrap_or_default(),
        ..attr
    };
    // SAFETY: instructions, licence and log outlive the call. Their lengths are given, or marked by a NUL.
    if unsafe { bpf(BPF_PROG_LOAD, &mut attr) }.is_ok() {
        return String::new();
    }
    let text = String::from_utf8_lossy(log.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_that_was_closed_and_taken_is_left_alone() {
        let map = match per_cpu_map() {
            Ok(map) => map,
            Err(error) => {
                return psoxide_testing::skip(format_args!("bpf(2): {error}"));
            }
        };
        let kept = Kept::new(map).unwrap();
        assert!(kept.fd().is_some());
        // A file takes the number in one step, so that no file of another test can.
        let taken = kept.fd.as_raw_fd();
        let file = std::fs::File::open("/dev/null").unwrap();
        // SAFETY: both descriptors are open. This test alone uses the second one.
        assert_eq!(unsafe { libc::dup2(file.as_raw_fd(), taken) }, taken);
        assert!(kept.fd().is_none());
        drop(kept);
        // SAFETY: the call only reads flags.
        assert_eq!(unsafe { libc::fcntl(taken, libc::F_GETFD) & !libc::FD_CLOEXEC }, 0);
        // SAFETY: this test opened the descriptor.
        assert_eq!(unsafe { libc::close(taken) }, 0);
    }
}
