//! Mounts a file system whose server stops answering: FUSE, with this process as its server.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long the file system stays mounted.
const LIMIT: Duration = Duration::from_secs(80);

/// The files of the file system, with node numbers from 2 on: the program that the process executes, and two files that
/// it has open. The last name ends like the kernel's mark of a deleted file.
const FILES: [&str; 3] = ["program", "data", "data (deleted)"];

/// A mounted file system that does not answer, and a process that uses it: its program, its working directory and two
/// open files are there.
#[derive(Debug)]
pub struct HungMount {
    /// The mount point. Every lookup of it blocks.
    pub dir: PathBuf,
    /// The process. It cannot end before the file system is gone, because closing its files needs an answer.
    pub victim: Child,
}

/// Runs the ignored test `name` of this test program in a mount namespace of its own. Returns whether it passed, or
/// `None` if FUSE cannot be mounted.
///
/// A test that waits for the file system forever counts as failed. The caller does not wait for it.
pub fn passes_in_a_mount_namespace(name: &str) -> Option<bool> {
    File::options().read(true).write(true).open("/dev/fuse").ok()?;
    let allowed = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut test = Command::new("unshare");
    test.args(["--mount", "--kill-child", "--fork", "--"]).arg(env::current_exe().ok()?);
    test.args(["--exact", name, "--ignored", "--nocapture"]).stdin(Stdio::null());
    let mut test = test.spawn().ok()?;
    let (sender, receiver) = mpsc::channel();
    let pid = test.id();
    thread::spawn(move || sender.send(test.wait().is_ok_and(|status| status.success())));
    let passed = receiver.recv_timeout(Duration::from_secs(100));
    if passed.is_err() {
        let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    }
    Some(passed.unwrap_or(false))
}

impl Drop for HungMount {
    fn drop(&mut self) {
        ffi::abort_fuse(&self.dir);
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

impl HungMount {
    /// Mounts the file system at a directory, which it creates if needed. Starts the process, and stops answering.
    ///
    /// # Errors
    /// Fails if the machine refuses one of these steps.
    pub fn start(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let device = File::options().read(true).write(true).open("/dev/fuse")?;
        ffi::mount_fuse(&device, dir)?;
        let mounted = dir.to_owned();
        thread::spawn(move || {
            // A thread that still waits for the file system would keep this process from ending.
            thread::sleep(LIMIT);
            ffi::abort_fuse(&mounted);
        });
        let program = fs::read("/bin/sleep")?;
        let silent = Arc::new(AtomicBool::new(false));
        let is_silent = Arc::clone(&silent);
        thread::spawn(move || serve(&device, &program, &is_silent));
        let [program, data, deleted] = FILES.map(|name| dir.join(name));
        let mut command = Command::new(program);
        command.arg("600").current_dir(dir);
        command.stdin(File::open(data)?).stdout(File::open(deleted)?).stderr(Stdio::null());
        let victim = command.spawn()?;
        // Closing a file sends a request too, so it happens while the server answers.
        drop(command);
        // When the process sleeps, its program has been read completely.
        let stat = format!("/proc/{}/syscall", victim.id());
        let asleep = format!("{} ", ffi::NANOSLEEP);
        while !fs::read_to_string(&stat)?.starts_with(&asleep) {
            thread::sleep(Duration::from_millis(5));
        }
        silent.store(true, Ordering::SeqCst);
        Ok(Self { dir: dir.to_owned(), victim })
    }
}

/// Answers requests until `silent` is set. After that, it only reads them: linux/fuse.h.
fn serve(mut device: &File, program: &[u8], silent: &AtomicBool) {
    let mut buffer = vec![0; 1 << 18];
    while let Ok(length) = device.read(&mut buffer) {
        let request = buffer.get(..length).unwrap_or_default();
        if silent.load(Ordering::SeqCst) {
            continue;
        }
        let (Some(opcode), Some(unique), Some(node)) =
            (number(request, 4, 4), number(request, 8, 8), number(request, 16, 8))
        else {
            continue;
        };
        let Some(answer) = answer(opcode, node, request.get(40..).unwrap_or_default(), program) else { continue };
        let (error, body) = match answer {
            Ok(body) => (0, body),
            Err(errno) => (-errno, Vec::new()),
        };
        let mut reply = u32::try_from(16 + body.len()).unwrap_or(0).to_ne_bytes().to_vec();
        reply.extend(error.to_ne_bytes());
        reply.extend(unique.to_ne_bytes());
        reply.extend(body);
        // The write fails if the request was interrupted.
        let _ = device.write(&reply);
    }
}

/// Reads a number of `size` bytes.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + size)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Returns the body of a reply, or an error number. Returns `None` for a request that needs no reply.
fn answer(opcode: u64, node: u64, body: &[u8], program: &[u8]) -> Option<Result<Vec<u8>, i32>> {
    const ENOENT: i32 = 2;
    const ENOSYS: i32 = 38;
    const CONTENT: &[u8] = b"hello\n";
    let content = if node == 2 { program } else { CONTENT };
    Some(match opcode {
        // LOOKUP
        1 => {
            let place = FILES.iter().position(|name| body.strip_suffix(b"\0") == Some(name.as_bytes()));
            match place.and_then(|place| u64::try_from(place).ok()) {
                None => Err(ENOENT),
                Some(place) => {
                    let node = place + 2;
                    // Node, generation and timeouts. A timeout of 0 seconds keeps the kernel from caching.
                    let mut entry: Vec<u8> = [node, 0, 0, 0, 0].into_iter().flat_map(u64::to_ne_bytes).collect();
                    entry.extend(attributes(node, program));
                    Ok(entry)
                }
            }
        }
        // FORGET, INTERRUPT, BATCH_FORGET
        2 | 36 | 42 => return None,
        // GETATTR
        3 => Ok([vec![0; 16], attributes(node, program)].concat()),
        // OPEN, OPENDIR
        14 | 27 => Ok(vec![0; 16]),
        // READ
        15 => {
            let (offset, size) = (number(body, 8, 8).unwrap_or(0), number(body, 16, 4).unwrap_or(0));
            let at = |place| usize::try_from(place).unwrap_or(usize::MAX).min(content.len());
            Ok(content.get(at(offset)..at(offset.saturating_add(size))).unwrap_or_default().to_vec())
        }
        // STATFS
        17 => Ok(vec![0; 80]),
        // RELEASE, FLUSH, RELEASEDIR, ACCESS
        18 | 25 | 29 | 34 => Ok(Vec::new()),
        // INIT: version 7.31, with the smallest limits.
        26 => {
            let mut init: Vec<u8> = [7_u32, 31, 0, 0, 0, 4096, 1].into_iter().flat_map(u32::to_ne_bytes).collect();
            init.resize(64, 0);
            Ok(init)
        }
        _ => Err(ENOSYS),
    })
}

/// Makes a struct fuse_attr.
fn attributes(node: u64, program: &[u8]) -> Vec<u8> {
    let (mode, size) = match node {
        1 => (0o040_755_u32, 0),
        2 => (0o100_755, program.len()),
        _ => (0o100_644, 6),
    };
    let size = u64::try_from(size).unwrap_or(0);
    let mut bytes: Vec<u8> = [node, size, size.div_ceil(512), 0, 0, 0].into_iter().flat_map(u64::to_ne_bytes).collect();
    // Nanoseconds of three times, mode, links, user, group, device, block size, flags.
    bytes.extend([0, 0, 0, mode, 1, 0, 0, 0, 4096, 0].into_iter().flat_map(u32::to_ne_bytes));
    bytes
}

mod ffi {
    #![allow(unsafe_code)]

    use std::ffi::CString;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::ffi::OsStrExt as _;

    use super::{File, Path, io};

    /// The system call in which sleep(1) waits.
    pub(super) const NANOSLEEP: libc::c_long = libc::SYS_clock_nanosleep;

    pub(super) fn mount_fuse(device: &File, at: &Path) -> io::Result<()> {
        let at = CString::new(at.as_os_str().as_bytes())?;
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        let options = CString::new(options)?;
        // SAFETY: all pointers are to NUL-terminated strings that outlive the call.
        let mounted =
            unsafe { libc::mount(c"test".as_ptr(), at.as_ptr(), c"fuse".as_ptr(), 0, options.as_ptr().cast()) };
        if mounted == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Aborts the file system. Everything that waits for it gets an error.
    pub(super) fn abort_fuse(at: &Path) {
        let Ok(at) = CString::new(at.as_os_str().as_bytes()) else { return };
        // SAFETY: the path is NUL-terminated and outlives the call.
        unsafe { libc::umount2(at.as_ptr(), libc::MNT_FORCE | libc::MNT_DETACH) };
    }
}
