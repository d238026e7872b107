//! What the live tests share.
#![allow(dead_code, clippy::unwrap_used)] // no test uses all of it; a failure here is a failed test

pub(crate) mod truth;
#[cfg(windows)]
pub(crate) mod windows;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use psoxide::Child;

/// A child that is killed at the end of a test, however it ends.
pub(crate) struct Reaped(pub(crate) Child);

impl Reaped {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self(Child::spawn(command).unwrap())
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.pipes().kill();
        let _ = self.0.pipes().wait();
    }
}

pub(crate) fn sleeper() -> Reaped {
    Reaped::spawn(Command::new("sleep").arg("60"))
}

/// Tries until it comes true: a process takes its time to become what a test waits for.
#[track_caller]
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a command prints; `None`, said aloud, where it is not installed or fails.
pub(crate) fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).env("LC_ALL", "C").output();
    let text = output.ok().filter(|o| o.status.success()).map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
    if text.is_none() {
        psoxide_testing::skip(format_args!("`{program} {}` has no answer here", args.join(" ")));
    }
    text
}

pub(crate) fn is_root() -> bool {
    psoxide::System::host().current_process().unwrap().uids().unwrap().effective == 0
}

/// The path of this program.
pub(crate) fn program() -> PathBuf {
    // The standard library of OpenBSD may panic there, as of November 2026.
    if cfg!(target_os = "openbsd") {
        std::env::args_os().next().unwrap().into()
    } else {
        std::env::current_exe().unwrap()
    }
}

/// Runs a test of this very file in a process of its own, in which it finds `ANIMAL` set to `name`; what it is to do
/// there would disturb the others. The command may be changed before it starts.
pub(crate) fn animal(test: &str, name: &str) -> Command {
    let mut command = Command::new(program());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("ANIMAL", name);
    command
}

/// The name of the animal that this process is, if it is one.
pub(crate) fn this_animal() -> Option<String> {
    std::env::var("ANIMAL").ok()
}
