//! The calls to Windows: the one place of this system with unsafe code.
//!
//! Declarations are those of windows-sys; what the system fills is handed on as bytes, which `psoxide_parse` reads.
#![allow(unsafe_code)]

mod accounts;
mod console;
#[cfg(test)]
pub(super) mod counted;
mod disk;
mod files;
mod heap;
mod machine;
mod net;
mod process;
mod services;
mod wait;

pub(super) use accounts::{account_name, account_of, acquire_debug_privilege, sessions, system_account_of};
pub(super) use console::interrupt;
pub(super) use disk::{
    Drive, device_names, disk_performance, drives, free_space, mount_points, volume_information, volumes,
};
pub(super) use files::{duplicate, file_path};
pub(super) use heap::{heap_info, heap_trim};
pub(super) use machine::{
    Power, battery, clocks, group_information, performance, system_information, tick_count, topology,
};
pub(super) use net::{adapters, counters, sockets};
pub(super) use process::*;
pub(super) use services::Manager;
pub(super) use wait::each as wait_each;

use std::ffi::{OsStr, OsString, c_void};
use std::io;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};

use psoxide_parse::windows::Buffer;
use windows_sys::Win32::Foundation::{NTSTATUS, RtlNtStatusToDosError};

use crate::{Error, Result};

/// What the system filled. The words keep it aligned for whatever the system writes.
pub(super) struct Filled {
    words: Vec<u64>,
    length: usize,
}

impl Filled {
    fn with_capacity(bytes: usize) -> Self {
        Self { words: vec![0; bytes.div_ceil(8)], length: 0 }
    }

    fn capacity(&self) -> usize {
        self.words.len() * 8
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: the words are initialized, and as long as this slice; bytes need no alignment.
        let all = unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast::<u8>(), self.capacity()) };
        all.get(..self.length).unwrap_or(all)
    }

    pub(super) fn buffer(&self) -> Buffer<'_> {
        Buffer::new(self.bytes(), self.words.as_ptr().addr() as u64)
    }
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

/// What came of a call that fills a buffer.
enum Answer {
    /// It filled as many bytes.
    Done(u32),
    /// It needs as many bytes, or more than there were.
    TooSmall(u32),
    Failed(io::Error),
}

/// Calls `call` with a buffer and its length in bytes, until what it fills fits.
fn fill(first: usize, mut call: impl FnMut(*mut c_void, u32) -> Answer) -> Result<Filled> {
    const MOST: usize = 1 << 30;
    let mut filled = Filled::with_capacity(first);
    loop {
        let capacity = filled.capacity();
        match call(filled.words.as_mut_ptr().cast(), u32::try_from(capacity).unwrap_or(u32::MAX)) {
            Answer::Done(length) => {
                filled.length = length as usize;
                return Ok(filled);
            }
            Answer::TooSmall(needed) if capacity < MOST => {
                // What is listed may grow until the next call.
                let needed = needed as usize;
                filled = Filled::with_capacity((needed + needed / 8).max(capacity * 2));
            }
            Answer::TooSmall(_) => return Err(Error::io(io::ErrorKind::OutOfMemory)),
            Answer::Failed(error) => return Err(Error::io(error)),
        }
    }
}

/// The number of the last error.
fn last_error() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// A call's error, from what it returned: zero is failure.
fn check(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A native call's error.
fn native(status: NTSTATUS) -> io::Result<()> {
    if status >= 0 { Ok(()) } else { Err(native_error(status)) }
}

fn native_error(status: NTSTATUS) -> io::Error {
    // SAFETY: it takes and returns a number.
    let code = unsafe { RtlNtStatusToDosError(status) };
    io::Error::from_raw_os_error(i32::try_from(code).unwrap_or(i32::MAX))
}

/// Text with its NUL.
fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// The text before the first NUL.
fn text(units: &[u16]) -> OsString {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    OsString::from_wide(units.get(..end).unwrap_or(units))
}

/// The texts of a list of which each ends with a NUL, up to the empty one.
fn texts(units: &[u16]) -> Vec<OsString> {
    units.split(|unit| *unit == 0).take_while(|text| !text.is_empty()).map(OsString::from_wide).collect()
}

/// The length of a buffer, as the system takes it.
fn length(units: &[u16]) -> u32 {
    u32::try_from(units.len()).unwrap_or(u32::MAX)
}

/// Sizes as the records have them.
fn wide_size(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// The size of a struct, as the system takes it.
const fn size_of<T>() -> u32 {
    assert!(std::mem::size_of::<T>() <= 1 << 16);
    #[allow(clippy::cast_possible_truncation)] // asserted above
    let size = std::mem::size_of::<T>() as u32;
    size
}
