//! Answers questions about files from a directory of copied files.
#![cfg(feature = "capture")]

use std::path::Path;

use psoxide_parse::passwd;
use psoxide_parse::sunos::process::Info;

use super::abi::ENOENT;
use super::calls::Question;
use crate::sys::linux::CopiedFiles;
use crate::sys::question::Capture;
use crate::{Error, Os, Result};

/// The file beside `proc` that describes the machine: the header of a capture, and answers that are no files.
const SIDECAR: &str = "/.psoxide";
/// What precedes the header in a capture.
const MAGIC: &[u8] = b"psoxide-capture 1\n";
/// `S_IFREG` in octal, and a type that is no regular file's.
const REGULAR: &[u8] = b"100000";
const OTHER: &[u8] = b"0";

/// A directory that holds copies of a machine's files.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    files: CopiedFiles,
}

impl Tree {
    /// Whether the directory `root` holds a machine of SunOS: its description says so, or a process has a `psinfo`.
    pub(super) fn is_at(root: &Path) -> bool {
        let Ok(files) = CopiedFiles::open(root) else { return false };
        if let Ok(text) = files.read(SIDECAR)
            && let Some(system) = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"system "))
        {
            return system == b"sunos";
        }
        let names = files.names("/proc").unwrap_or_default();
        let pids = names.iter().filter_map(|name| name.to_str()?.parse::<u32>().ok());
        // Linux has a file `stat` in the same place. A process that ended while it was copied has neither.
        let has = |pid, file| files.is_regular(&format!("/proc/{pid}/{file}")).unwrap_or(false);
        pids.map(|pid| (has(pid, "psinfo"), has(pid, "stat")))
            .find(|(sunos, linux)| *sunos || *linux)
            .is_some_and(|of| of.0)
    }

    /// Opens the directory, and the capture beside the files, which is empty if there is none. Returns whether the capture
    /// names the size of a page too.
    ///
    /// # Errors
    /// `root/proc` is not a directory; `root/.psoxide` is malformed.
    pub(super) fn open(root: &Path) -> Result<(Self, Capture, bool)> {
        let files = CopiedFiles::open(root)?;
        if !files.is_dir("/proc") {
            return Err(
                Error::invalid("not a directory: a copied machine has its files in proc").with_path(root.join("proc"))
            );
        }
        let text = match files.read(SIDECAR) {
            Ok(text) => text,
            Err(error) if error.is_missing() => Vec::new(),
            Err(error) => return Err(error),
        };
        let capture = Capture::from_bytes(&[MAGIC, &text].concat());
        let capture = capture.map_err(|error| Error::invalid(error.to_string()).with_path(root.join(".psoxide")))?;
        let has_page_size = text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"page_size "));
        Ok((Self { files }, capture, has_page_size))
    }

    /// Answers a question from a file. What was not copied is `NotCaptured`, unless the kernel has no such file either.
    pub(super) fn answer(&self, question: &Question) -> Result<Vec<u8>> {
        let answer = match question {
            Question::File(path) => self.files.read(path),
            Question::Link(path) => self.files.link(path),
            Question::Names(path) => self
                .files
                .names(path)
                .map(|names| names.iter().flat_map(|name| [name.as_encoded_bytes(), &[0]].concat()).collect()),
            Question::Mode(path) => {
                self.files.is_regular(path).map(|regular| if regular { REGULAR } else { OTHER }.to_vec())
            }
            Question::UserName(uid) => return self.user_name(*uid),
            _ => return Err(Error::not_captured(question.to_string())),
        };
        match answer {
            Err(error) if error.is_missing() && !self.lacks_too(question) => {
                Err(Error::not_captured(question.to_string()))
            }
            answer => answer,
        }
    }

    /// Whether the kernel has no such file either: the process is not there, it is a zombie, or its other files of the same
    /// directory were copied.
    fn lacks_too(&self, question: &Question) -> bool {
        let (Question::File(path) | Question::Link(path) | Question::Names(path) | Question::Mode(path)) = question
        else {
            return false;
        };
        let Some(pid) = question.process("/proc") else { return false };
        let process = format!("/proc/{pid}");
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_zombie = || {
            let info = self.files.read(&format!("{process}/psinfo")).ok();
            info.is_some_and(|info| Info::of_file(&info).is_ok_and(|info| info.threads() == 0))
        };
        !self.files.is_dir(&process) || (folder != process && self.files.is_dir(folder)) || is_zombie()
    }

    /// Finds the name of a user in the copied `/etc/passwd`.
    fn user_name(&self, uid: u32) -> Result<Vec<u8>> {
        let Ok(passwd) = self.files.read("/etc/passwd") else {
            return Err(Error::not_captured(Question::UserName(uid).to_string()));
        };
        let name = passwd::name_of(&passwd, uid);
        name.map(<[u8]>::to_vec).ok_or_else(|| Error::answered(Os::Sunos, ENOENT))
    }
}
