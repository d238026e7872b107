//! Runs child processes that do one thing and report it as text. Each has a deadline.

use std::fs::File;
use std::io::{Read as _, Write};
use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::{ffi, inquest};

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It exited with this code.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
    /// It did not end in time and was killed. Holds what it was doing.
    Hung(String),
}

/// The output of a child, and how it ended.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) ended: Ended,
}

/// Runs `work` in a forked child. Returns what it wrote.
///
/// # Errors
/// Fails if the machine permits no more processes or pipes.
pub(crate) fn in_child(limit: Duration, work: impl FnOnce(&mut dyn Write) -> i32) -> std::io::Result<Answer> {
    let (reader, writer) = std::io::pipe()?;
    let Some(pid) = ffi::fork()? else {
        drop(reader);
        let mut writer = File::from(OwnedFd::from(writer));
        let code = work(&mut writer);
        let _ = writer.flush();
        ffi::exit_now(code);
    };
    drop(writer);
    let text = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = { reader }.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let ended = wait(pid, limit);
    Ok(Answer { text: text.join().unwrap_or_default(), ended })
}

/// Waits for a child. Kills it at the deadline.
///
/// Only time in which this process sleeps counts: whoever stops both and lets them go on takes nothing from the child.
pub(crate) fn wait(pid: i32, limit: Duration) -> Ended {
    let mut pause = Duration::from_micros(200);
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = ffi::reap(pid, false) {
            return if libc::WIFSIGNALED(status) {
                Ended::Signal(libc::WTERMSIG(status))
            } else {
                Ended::Exit(libc::WEXITSTATUS(status))
            };
        }
        if waited > limit {
            let doing = inquest::describe(pid);
            ffi::kill(pid, libc::SIGKILL);
            ffi::reap(pid, true);
            return Ended::Hung(doing);
        }
        std::thread::sleep(pause);
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Runs `work` as the first process of new pid and mount namespaces with a /proc of their own.
///
/// # Errors
/// Fails if the machine or the user does not permit namespaces.
pub(crate) fn in_namespaces(limit: Duration, work: impl FnOnce(&mut dyn Write) -> i32) -> std::io::Result<Answer> {
    in_child(limit, |out| {
        if let Err(error) = ffi::unshare(libc::CLONE_NEWPID | libc::CLONE_NEWNS) {
            let _ = writeln!(out, "unshare: {error}");
            return 3;
        }
        // The new pid namespace applies to the next child.
        match ffi::fork() {
            Ok(Some(pid)) => match wait(pid, limit) {
                Ended::Exit(code) => code,
                ended => {
                    let _ = writeln!(out, "{ended:?}");
                    4
                }
            },
            Ok(None) => {
                if let Err(error) = ffi::mount_proc() {
                    let _ = writeln!(out, "mount: {error}");
                    ffi::exit_now(3);
                }
                let code = work(out);
                ffi::exit_now(code);
            }
            Err(error) => {
                let _ = writeln!(out, "fork: {error}");
                3
            }
        }
    })
}
