//! Captures: a kernel's answers in one text file. Reviewers can read it, diffs can show it, and any machine can replay
//! it.
//!
//! ```text
//! psoxide-capture 1
//! origin recorded
//! system netbsd
//! release 10.99.12
//! machine amd64
//! page_size 4096
//! clock_ticks 100
//! byte_order little
//! boot_time 1795902980
//! taken 1795902990.250000000
//! uid 1000
//! note 2 CPUs, 512 MB
//! # a comment
//! file proc/1/comm
//! |init
//! file proc/1/cmdline
//! >/sbin/init\0
//! link proc/1/exe -> /usr/bin/init
//! dir proc/1/fd
//! ask sysctl kern.ostype
//! >NetBSD\0
//! ask sysctl kern.cp_time
//! +0000 57010000 00000000 00000000 00000000 |W...............|
//! +0020 05000000 00000000                   |........|
//! ask sysctl kern.nothing
//! errno 2 ENOENT
//! ```
//!
//! The header describes the machine and the origin of the answers, see [`Header`]. Each of its lines may be absent.
//!
//! `file`, `link` and `dir` form a tree of files (Linux: /proc and /sys). `ask` is a question that is not a file. The
//! port for that system chooses its text. The question is followed by the content of the answer, or by the error with
//! which the kernel refused. For a path of the tree that the kernel refused, the question is `file /PATH`, `link /PATH`
//! or `dir /PATH`.
//!
//! Content has two forms:
//! - Text: `|` begins a line that ends in a newline. `>` begins a line that does not.
//! - Bytes: `+`, the offset, the bytes in hexadecimal, and the same bytes as ASCII for the reader. Bytes that are in no
//!   row are 0. A last row without bytes marks the length.
//!
//! Text, names, targets and the header have escapes: `\\` for a backslash, `\0` for NUL, and `\xHH` for other control
//! bytes except tab and for bytes that are not UTF-8.

mod escape;
mod file;
mod scrub;
mod text;
#[cfg(unix)]
mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

#[cfg(all(unix, feature = "tempdir"))]
pub use tree::unpacked;

/// The reason why a capture cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A line violates the format.
    Syntax {
        /// The number of the line, from 1 on.
        line: usize,
        /// What is wrong in the line.
        problem: &'static str,
    },
    /// The file cannot be read.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, problem } => write!(f, "line {line}: {problem}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Syntax { .. } => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The origin of a capture's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Origin {
    /// A running kernel gave the answers.
    Recorded,
    /// A C compiler laid the answers out, from the system's headers.
    Built,
    /// A person wrote the answers, from documentation or a bug report.
    #[default]
    Written,
}

/// Describes the captured machine, and the units of its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The origin of the answers.
    pub origin: Origin,
    /// The operating system in lower case: `linux`, `freebsd`, `netbsd` …
    pub system: String,
    /// The kernel's release. Empty if unknown.
    pub release: String,
    /// The architecture, in the system's spelling: `x86_64`, `amd64`, `aarch64` … Empty if unknown.
    pub machine: String,
    /// Bytes per page.
    pub page_size: u64,
    /// Clock ticks per second.
    pub clock_ticks: u64,
    /// Whether the machine is big-endian.
    pub big_endian: bool,
    /// The boot time, in seconds since 1970.
    pub boot_time: Option<u64>,
    /// The time of the capture, since 1970.
    pub taken: Option<Duration>,
    /// The effective user id of the recording process.
    pub uid: Option<u32>,
    /// Remarks for the reader, one per line.
    pub notes: Vec<String>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            origin: Origin::default(),
            system: "linux".into(),
            release: String::new(),
            machine: String::new(),
            page_size: 4096,
            clock_ticks: 100,
            big_endian: false,
            boot_time: None,
            taken: None,
            uid: None,
            notes: Vec::new(),
        }
    }
}

/// A file of a captured tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A regular file with its bytes.
    File(Vec<u8>),
    /// A symbolic link with its target, which need not exist.
    Link(Vec<u8>),
    /// A directory. A directory that is not empty needs no entry.
    Dir,
}

/// The answer of a kernel to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The kernel returned these bytes.
    Bytes(&'a [u8]),
    /// The kernel refused with this error number, in the numbering of the captured system.
    Errno(i32),
}

/// The answers of a machine: a tree of files, and questions that are not files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capture {
    /// The description of the machine.
    pub header: Header,
    /// The files, by path relative to the root. They are sorted, so that captures diff well.
    pub entries: BTreeMap<Vec<u8>, Entry>,
    /// The answers by question: bytes or an error number.
    pub answers: BTreeMap<String, Result<Vec<u8>, i32>>,
}

impl Capture {
    /// Makes an empty capture of the machine that `header` describes.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self { header, ..Self::default() }
    }

    /// Returns the operating system in lower case.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.header.system
    }

    /// Returns the answer to `question`. Returns `None` if the capture does not hold the question. That says nothing
    /// about what the kernel would have answered.
    #[must_use]
    pub fn answer(&self, question: &str) -> Option<Answer<'_>> {
        self.answers.get(question).map(|answer| match answer {
            Ok(bytes) => Answer::Bytes(bytes),
            Err(errno) => Answer::Errno(*errno),
        })
    }

    /// Adds a question and its answer. Replaces an existing answer.
    pub fn record(&mut self, question: impl Into<String>, answer: Result<Vec<u8>, i32>) {
        self.answers.insert(question.into(), answer);
    }
}
