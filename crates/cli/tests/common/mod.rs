//! Runs the command where its output is always the same.
#![allow(dead_code)] // no test uses all of it

#[cfg(target_os = "linux")]
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[cfg(target_os = "linux")]
use psoxide_capture::unpacked;
use serde_json::Value as Json;

/// The small machine's files, which go away with it.
#[cfg(target_os = "linux")]
pub(crate) struct Machine(Box<dyn AsRef<Path>>);

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command, in UTC and without colours.
pub(crate) fn psoxide() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_psoxide"));
    command
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS");
    // Nobody's configuration.
    command.env("XDG_CONFIG_HOME", "/nonexistent").env_remove("PSOXIDE_CONFIG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end. What it prints is UTF-8, whatever it reads.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[cfg(target_os = "linux")]
impl Machine {
    pub(crate) fn new() -> Self {
        Self(Box::new(unpacked(include_str!("../../../../testdata/linux/cli-machine.txt")).unwrap()))
    }

    /// Where its files are.
    pub(crate) fn root(&self) -> &Path {
        (*self.0).as_ref()
    }

    /// A file of it.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = psoxide();
        command.arg("--root").arg(self.root()).args(args);
        command
    }

    /// Runs it on this machine; the folder's name, which is never the same, is shown as ROOT.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let ran = run(&mut self.command(args));
        let root = self.root().to_str().unwrap();
        Ran { stdout: ran.stdout.replace(root, "ROOT"), stderr: ran.stderr.replace(root, "ROOT"), ..ran }
    }
}

impl Ran {
    /// The only line of standard error.
    #[track_caller]
    pub(crate) fn one_line(&self) -> &str {
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n') && !line.is_empty(), "{line}");
        line
    }

    /// Standard output, which is one JSON value and a newline.
    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        assert!(self.stdout.ends_with("}\n"), "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}
