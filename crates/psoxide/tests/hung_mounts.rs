//! A file system that never answers: FUSE, mounted by the test, which is its server and stays silent.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::env;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use psoxide::{ErrorKind, System};

#[test]
fn a_file_system_that_never_answers_is_not_waited_for() {
    if !rustix::process::geteuid().is_root() || File::options().read(true).write(true).open("/dev/fuse").is_err() {
        return eprintln!(
            "skip: a_file_system_that_never_answers_is_not_waited_for: mounting FUSE needs root and /dev/fuse"
        );
    }
    let mut alone = Command::new("unshare");
    alone.args(["--mount", "--"]).arg(env::current_exe().unwrap());
    alone.args(["--exact", "in_a_mount_namespace", "--ignored", "--nocapture"]).stdin(Stdio::null());
    let mut alone = alone.spawn().unwrap();
    // Whatever waits for the file system for ever is a failure, and no reason for this test to wait.
    let (say, said) = mpsc::channel();
    let pid = rustix::process::Pid::from_child(&alone);
    thread::spawn(move || say.send(alone.wait().unwrap().success()));
    let ended = said.recv_timeout(Duration::from_secs(60));
    if ended.is_err() {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    assert_eq!(ended, Ok(true));
}

/// No test of its own: what the other runs in a mount namespace of its own.
#[test]
#[ignore = "another test starts it"]
fn in_a_mount_namespace() {
    let dir = tempfile::tempdir().unwrap();
    let device = File::options().read(true).write(true).open("/dev/fuse").unwrap();
    ffi::mount_fuse(&device, dir.path());
    let system = System::host();
    for _ in 0..2 {
        let error = system.disk_usage_within(dir.path(), Duration::from_millis(300)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains("not answering"), "{error}");
    }
    assert!(system.disk_usage_within("/", Duration::from_secs(20)).unwrap().total > 0);
    // Nothing may look at the directory again: it would wait. The end of this process ends the file system.
    let _ = dir.keep();
}

mod ffi {
    #![allow(unsafe_code)]

    use std::ffi::CString;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::ffi::OsStrExt as _;

    use super::{File, Path};

    pub(super) fn mount_fuse(device: &File, at: &Path) {
        let at = CString::new(at.as_os_str().as_bytes()).unwrap();
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        let options = CString::new(options).unwrap();
        // SAFETY: all pointers are to terminated strings that outlive the call.
        let mounted =
            unsafe { libc::mount(c"test".as_ptr(), at.as_ptr(), c"fuse".as_ptr(), 0, options.as_ptr().cast()) };
        assert_eq!(mounted, 0, "{}", std::io::Error::last_os_error());
    }
}
