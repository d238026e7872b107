//! The running OpenBSD.
#![allow(unsafe_code)]

use std::ffi::{OsStr, c_char, c_int, c_void};
use std::ptr;

use super::Openbsd;
use super::abi::NODES;
use crate::Os;
use crate::sys::Live;
use crate::sys::netbsdlike::live::{about_interface, c_string, call_sysctl, errno, file, structs, sysctl, user_name};
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::sys::netbsdlike::terminal;
use crate::sys::question::Answer;

/// `SIOCGIFMEDIA` and `sizeof(struct ifmediareq)`.
const SIOCGIFMEDIA: libc::c_ulong = 0xc040_6938;
const MEDIA: usize = 64;
/// `sizeof(struct statfs)`, and `MNT_NOWAIT`: the kernel returns what it knows, without waiting for the file systems.
const STATFS: usize = 568;
const NO_WAIT: c_int = 2;
/// `sizeof(struct swapent)`, `SWAP_NSWAP` and `SWAP_STATS`.
const SWAP: usize = 1044;
const SWAP_COUNT: c_int = 3;
const SWAP_STATS: c_int = 4;
/// `sizeof(struct kinfo_vmentry)`; how many the kernel returns at once; and how many a process may have here.
const MAPPING: usize = 80;
const MAPPINGS_AT_ONCE: usize = 800;
const MOST_MAPPINGS: usize = 1 << 20;

unsafe extern "C" {
    fn getfsstat(buffer: *mut c_void, size: usize, flags: c_int) -> c_int;
    fn statfs(path: *const c_char, buffer: *mut c_void) -> c_int;
    fn swapctl(command: c_int, argument: *mut c_void, misc: c_int) -> c_int;
}

/// Turns a question into a system call.
fn ask(question: &Question) -> Answer {
    match question {
        Question::Sysctl { node, args, counted } => {
            let (_, mib) = NODES.iter().find(|(name, _)| name == node).ok_or(libc::EOPNOTSUPP)?;
            let mib: Vec<c_int> = mib.iter().chain(args).copied().collect();
            if *node == "kern.proc_vmmap" {
                return mappings(&mib);
            }
            let element = args.last().filter(|_| *counted).and_then(|size| usize::try_from(*size).ok());
            sysctl(&mib, element)
        }
        Question::File(path) => file(path),
        Question::Ioctl("SIOCGIFMEDIA", name) => about_interface(SIOCGIFMEDIA, name, MEDIA),
        Question::Call("getpwuid", uid) => user_name(uid),
        Question::Call("devname", device) => terminal::name(device),
        Question::Call("access", path) => may_run(path),
        Question::Call("getfsstat", _) => structs(
            STATFS,
            // SAFETY: without a buffer the call counts the file systems.
            || unsafe { getfsstat(ptr::null_mut(), 0, NO_WAIT) },
            // SAFETY: the call writes whole structs, as many as fit into the size.
            |buffer, room| unsafe { getfsstat(buffer, room * STATFS, NO_WAIT) },
        ),
        Question::Call("statfs", path) => {
            let path = c_string(path)?;
            // SAFETY: the path is terminated, and there is room for one struct.
            structs(STATFS, || 1, |buffer, _| if unsafe { statfs(path.as_ptr(), buffer) } == 0 { 1 } else { -1 })
        }
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

/// Asks for the mappings of a process, which the kernel returns in parts: each begins where the one before ended.
fn mappings(mib: &[c_int]) -> Answer {
    let mut all = Vec::new();
    let mut next = 0u64;
    while all.len() < MOST_MAPPINGS * MAPPING {
        let mut part = vec![0u64; MAPPINGS_AT_ONCE * MAPPING / 8];
        if let Some(first) = part.first_mut() {
            *first = next;
        }
        let mut length = part.len() * 8;
        if call_sysctl(mib, part.as_mut_ptr().cast(), &raw mut length) != 0 {
            return Err(errno());
        }
        let bytes: Vec<u8> = part.into_iter().flat_map(u64::to_le_bytes).take(length).collect();
        // `kve_end` of the last mapping.
        let end = bytes.rchunks_exact(MAPPING).next().and_then(|last| last.get(8..16)?.first_chunk().copied());
        all.extend_from_slice(&bytes);
        match end.map(u64::from_le_bytes) {
            Some(end) if length == MAPPINGS_AT_ONCE * MAPPING && end > next => next = end,
            _ => return Ok(all),
        }
    }
    Err(libc::ENOMEM)
}

/// Whether the caller may run a file: no bytes if it may.
fn may_run(path: &OsStr) -> Answer {
    if !std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Err(libc::ENOENT);
    }
    let path = c_string(path)?;
    // SAFETY: the path is terminated.
    if unsafe { libc::access(path.as_ptr(), libc::X_OK) } == 0 { Ok(Vec::new()) } else { Err(errno()) }
}

impl Live for Openbsd {
    fn host() -> Machine {
        Machine::live(Os::Openbsd, ask)
    }
}
