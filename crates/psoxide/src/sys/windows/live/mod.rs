//! The running system. Each question is one call, or a few calls on one handle.
//!
//! Only this directory of the Windows port has unsafe code. The declarations are those of windows-sys.
#![allow(unsafe_code)]

mod accounts;
mod console;
mod disk;
mod files;
mod heap;
mod machine;
mod net;
mod process;
mod services;
mod wait;

pub(super) use console::interrupt;
pub(super) use heap::{heap_info, heap_trim};
pub(super) use process::{exit_code, handle, resume, set_affinity, set_io_priority, set_priority, suspend, terminate};
pub(super) use wait::each as wait_each;

use std::ffi::{OsStr, c_void};
use std::io;
use std::os::windows::ffi::OsStrExt as _;

use windows_sys::Win32::Foundation::{
    ERROR_GEN_FAILURE, ERROR_INSUFFICIENT_BUFFER, NTSTATUS, RtlNtStatusToDosError, STATUS_BUFFER_OVERFLOW,
    STATUS_BUFFER_TOO_SMALL, STATUS_INFO_LENGTH_MISMATCH,
};

use super::calls::Question;
use crate::sys::question::Answer;

/// Checks the numbers of `abi` against the headers.
const _: () = {
    use super::abi;
    use windows_sys::Win32::Foundation as errors;
    assert!(abi::INVALID_FUNCTION.cast_unsigned() == errors::ERROR_INVALID_FUNCTION);
    assert!(abi::GEN_FAILURE.cast_unsigned() == errors::ERROR_GEN_FAILURE);
    assert!(abi::NOT_SUPPORTED.cast_unsigned() == errors::ERROR_NOT_SUPPORTED);
    assert!(abi::INVALID_PARAMETER.cast_unsigned() == errors::ERROR_INVALID_PARAMETER);
    assert!(abi::INVALID_NAME.cast_unsigned() == errors::ERROR_INVALID_NAME);
    assert!(abi::PARTIAL_COPY.cast_unsigned() == errors::ERROR_PARTIAL_COPY);
    assert!(abi::NOACCESS.cast_unsigned() == errors::ERROR_NOACCESS);
    assert!(abi::SERVICE_DOES_NOT_EXIST.cast_unsigned() == errors::ERROR_SERVICE_DOES_NOT_EXIST);
    assert!(abi::NONE_MAPPED.cast_unsigned() == errors::ERROR_NONE_MAPPED);
};

/// Asks Windows a question.
pub(super) fn ask(question: &Question) -> Answer {
    match question {
        Question::Processes => machine::processes(),
        Question::System(class) => machine::system(*class),
        Question::ProcessorsOf(group) => machine::processors_of(*group),
        Question::Topology => machine::topology(),
        Question::Clocks => machine::clocks(),
        Question::Memory => machine::memory(),
        Question::TickCount => Ok(machine::tick_count().to_le_bytes().to_vec()),
        Question::Power => machine::power(),
        Question::Version => machine::version(),
        Question::Hardware => machine::hardware(),
        Question::ComputerName => machine::computer_name(),
        Question::Wine => machine::wine(),
        Question::ImageName(pid) => process::image_name_of(*pid),
        Question::Account(identifier) => accounts::account_name(identifier),
        Question::Sessions => accounts::sessions(),
        Question::Session(class, id) => accounts::session(*class, *id),
        Question::Drives => disk::drives(),
        Question::DriveType(root) => Ok(disk::drive_type(root).to_le_bytes().to_vec()),
        Question::Volume(root) => disk::volume(root),
        Question::Volumes => disk::volumes(),
        Question::MountPoints(volume) => disk::mount_points(volume),
        Question::DeviceNames(drive) => disk::device_names(drive),
        Question::FreeSpace(path) => disk::free_space(path),
        Question::Disk(number) => disk::performance(*number),
        Question::Adapters => net::adapters(),
        Question::Interface(luid) => net::interface(*luid),
        Question::Sockets(table) => net::sockets(*table),
        Question::Services => services::list(),
        Question::Service(aspect, service) => services::ask(*aspect, service),
        Question::Process(aspect, target) => process::ask(*aspect, target),
    }
}

/// The result of a call that fills a buffer.
enum Filled {
    /// The call wrote this many bytes.
    Done(u32),
    /// The buffer is too small. The call needs this many bytes, or an unknown larger number.
    TooSmall(u32),
    Failed(i32),
}

/// Converts the result of a native call that reports the needed size.
fn filled(status: NTSTATUS, needed: u32, room: u32) -> Filled {
    match status {
        STATUS_INFO_LENGTH_MISMATCH | STATUS_BUFFER_TOO_SMALL | STATUS_BUFFER_OVERFLOW => Filled::TooSmall(needed),
        status if status < 0 => Filled::Failed(system_error(status)),
        _ => Filled::Done(needed.min(room)),
    }
}

/// Fills a buffer, see [`fill_after`].
fn fill(first: usize, call: impl FnMut(*mut c_void, u32) -> Filled) -> Answer {
    fill_after(0, first, call)
}

/// Fills a buffer, and puts its address before its bytes.
fn fill_addressed(first: usize, call: impl FnMut(*mut c_void, u32) -> Filled) -> Answer {
    fill_after(size_of::<u64>(), first, call)
}

/// Calls `call` with a buffer and its length in bytes until the answer fits. The first buffer has `first` bytes. It is
/// aligned to 8 bytes, as the structs of Windows need. With `head`, the 8 bytes before the buffer hold its address.
fn fill_after(head: usize, first: usize, mut call: impl FnMut(*mut c_void, u32) -> Filled) -> Answer {
    const MOST: usize = 1 << 30;
    const ALIGNMENT: usize = 8;
    let mut room = first;
    loop {
        let mut bytes = vec![0u8; head + room + ALIGNMENT];
        // The allocator usually aligns to more, so that nothing is skipped, but does not guarantee it.
        let skipped = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        let start = skipped + head;
        let buffer = bytes.get_mut(start..start + room).unwrap_or_default();
        let address = buffer.as_ptr().addr() as u64;
        match call(buffer.as_mut_ptr().cast(), u32::try_from(room).unwrap_or(u32::MAX)) {
            Filled::Done(length) => {
                bytes.truncate(start + (length as usize).min(room));
                if let Some(place) = bytes.get_mut(skipped..start).and_then(<[u8]>::first_chunk_mut) {
                    *place = address.to_le_bytes();
                }
                bytes.drain(..skipped);
                return Ok(bytes);
            }
            // The list may grow until the next call.
            Filled::TooSmall(needed) if room < MOST => {
                let needed = needed as usize;
                room = (needed + needed / 8).max(room * 2);
            }
            Filled::TooSmall(_) => return Err(ERROR_INSUFFICIENT_BUFFER.cast_signed()),
            Filled::Failed(error) => return Err(error),
        }
    }
}

/// Fills a buffer with a struct of a fixed size. `call` returns zero on failure.
fn fill_struct(size: u32, mut call: impl FnMut(*mut c_void) -> i32) -> Answer {
    fill(size as usize, |buffer, _| match call(buffer) {
        0 => Filled::Failed(last_error()),
        _ => Filled::Done(size),
    })
}

/// Returns the number of the last error. Some calls of Wine fail without setting one.
fn last_error() -> i32 {
    match io::Error::last_os_error().raw_os_error() {
        None | Some(0) => ERROR_GEN_FAILURE.cast_signed(),
        Some(error) => error,
    }
}

/// Converts the result of a call that returns zero on failure.
fn check(answer: i32) -> Result<(), i32> {
    if answer == 0 { Err(last_error()) } else { Ok(()) }
}

/// Converts the result of a native call.
fn native(status: NTSTATUS) -> Result<(), i32> {
    if status >= 0 { Ok(()) } else { Err(system_error(status)) }
}

fn system_error(status: NTSTATUS) -> i32 {
    // SAFETY: the call takes and returns a number.
    let code = unsafe { RtlNtStatusToDosError(status) };
    i32::try_from(code).unwrap_or(i32::MAX)
}

/// Returns whether the last call failed because its buffer was too small.
fn too_small() -> bool {
    last_error() == ERROR_INSUFFICIENT_BUFFER.cast_signed()
}

/// Encodes text in UTF-16 with a NUL.
fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// Returns the bytes of a text before its first NUL.
fn text(units: &[u16]) -> Vec<u8> {
    units.iter().take_while(|unit| **unit != 0).flat_map(|unit| unit.to_le_bytes()).collect()
}

/// Returns the bytes of a text with its NUL.
fn terminated(units: &[u16]) -> Vec<u8> {
    [text(units), vec![0; 2]].concat()
}

/// Returns the length of a buffer in units, in the type that Windows takes.
fn length(units: &[u16]) -> u32 {
    u32::try_from(units.len()).unwrap_or(u32::MAX)
}

/// Returns the size of a struct, in the type that Windows takes.
const fn size_of_u32<T>() -> u32 {
    assert!(size_of::<T>() <= 1 << 16);
    #[allow(clippy::cast_possible_truncation)] // asserted above
    let size = size_of::<T>() as u32;
    size
}
