//! The cheapest way to read files of /proc: only the system calls that cannot be left out.

use std::ffi::{CStr, CString};
use std::fs;
use std::hint::black_box;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, RawFd};

use crate::measure::Result;

/// Opens, reads and closes one file.
pub fn file(path: &CStr) -> Result<()> {
    if read(libc::AT_FDCWD, path) { Ok(()) } else { Err(io::Error::last_os_error().into()) }
}

/// Reads `stat` of every thread.
pub fn threads(pid: u32) -> Result<()> {
    let (folder, names) = numbers(&format!("/proc/{pid}/task"))?;
    for name in names {
        read(folder.as_raw_fd(), &within(name, c"stat"));
    }
    Ok(())
}

/// Reads the target of every descriptor, calls `stat` on it, and reads `fdinfo` of those that lead to a file.
pub fn open_files(pid: u32) -> Result<()> {
    let (folder, names) = numbers(&format!("/proc/{pid}/fd"))?;
    let infos = fs::File::open(format!("/proc/{pid}/fdinfo"))?;
    let mut path = [0u8; 4096];
    for name in names {
        // SAFETY: the name ends with a NUL. The call writes at most one byte less than the buffer holds, so that a NUL
        // fits.
        let length =
            unsafe { libc::readlinkat(folder.as_raw_fd(), name.as_ptr(), path.as_mut_ptr().cast(), path.len() - 1) };
        let Ok(length) = usize::try_from(length) else { continue };
        path[length] = 0;
        // SAFETY: stat consists of integers, for which all zeros is a value.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: the path ends with a NUL, and the pointer is to a live struct.
        if path[0] == b'/' && unsafe { libc::stat(path.as_ptr().cast(), &raw mut stat) } == 0 {
            read(infos.as_raw_fd(), &name);
        }
    }
    Ok(())
}

/// Reads `stat` of every process.
pub fn family(_: u32) -> Result<()> {
    each_process(&[c"stat"], false)
}

/// Reads `stat`, `statm` and `cmdline` of every process, and its user by a pidfd.
pub fn snapshot(_: u32) -> Result<()> {
    each_process(&[c"stat", c"statm", c"cmdline"], true)
}

/// Reads the same files as `snapshot` except `cmdline`.
pub fn snapshot_short(_: u32) -> Result<()> {
    each_process(&[c"stat", c"statm"], true)
}

fn each_process(files: &[&CStr], owners: bool) -> Result<()> {
    let (folder, names) = numbers("/proc")?;
    for name in names {
        if owners {
            owner(name.to_str()?.parse()?);
        }
        let mut path = name;
        for file in files {
            path = within(path, file);
            read(folder.as_raw_fd(), &path);
        }
    }
    Ok(())
}

/// Replaces the part of `path` after the directory by `file`. Reuses the memory.
fn within(path: CString, file: &CStr) -> CString {
    let mut path = path.into_bytes();
    let end = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
    path.truncate(end);
    path.push(b'/');
    path.extend(file.to_bytes_with_nul());
    CString::from_vec_with_nul(path).unwrap_or_default()
}

/// Opens a directory and lists its numeric names.
fn numbers(path: &str) -> Result<(fs::File, Vec<CString>)> {
    let names = fs::read_dir(path)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let names = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let names = names.filter_map(|name| CString::new(name).ok()).collect();
    Ok((fs::File::open(path)?, names))
}

fn read(folder: RawFd, path: &CStr) -> bool {
    let mut buffer = MaybeUninit::<[u8; 4096]>::uninit();
    // SAFETY: the path ends with a NUL, read gets the buffer's length, and the descriptor is closed once.
    let length = unsafe {
        let fd = libc::openat(folder, path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return false;
        }
        let length = libc::read(fd, buffer.as_mut_ptr().cast(), size_of_val(&buffer));
        libc::close(fd);
        length
    };
    black_box(&buffer);
    length > 0
}

/// Reads the user of a process: ioctl_pidfd(2), PIDFD_GET_INFO with PIDFD_INFO_CREDS. The struct begins with its mask.
fn owner(pid: libc::pid_t) {
    const GET_INFO: libc::Ioctl = libc::_IOWR::<[u64; 8]>(0xff, 11);
    let mut info = [2u64, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: the buffer has the size that the request names, and the descriptor is closed once.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        if let Ok(fd @ 0..) = libc::c_int::try_from(fd) {
            libc::ioctl(fd, GET_INFO, info.as_mut_ptr());
            libc::close(fd);
        }
    }
    black_box(&info);
}
