//! Captures: what a kernel answered, as one text file that a reviewer can read, a diff can show, and any machine can replay.
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
//! The header says which machine it was and where the answers come from: see [`Header`]. Each of its lines may be absent.
//!
//! `file`, `link` and `dir` are a tree of files (Linux: /proc and /sys). `ask` is a question that is no file. Its text is
//! whatever the port for that system calls the question. What follows is the content, or the error with which the kernel refused.
//! `ask file /PATH`, `ask link /PATH` and `ask dir /PATH` with an error are what the kernel refused of a tree.
//!
//! Content has two forms:
//! - Text: `|` begins a line that ends in a newline, `>` one that does not.
//! - Bytes: `+`, the offset, the bytes in hexadecimal, and the same bytes as ASCII, for the reader only. Bytes that no row
//!   holds are 0. A last row without bytes marks the length.
//!
//! In text, names, targets and the header a backslash is `\\`, NUL is `\0`, and other control bytes but tab, and bytes that are
//! not UTF-8, are `\xHH`.

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

/// Why a capture could not be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A line is not what the format allows.
    Syntax {
        /// Counted from one.
        line: usize,
        /// What is wrong with the line.
        problem: &'static str,
    },
    /// The file system refused.
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

/// Where the answers of a capture come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Origin {
    /// A running kernel gave them.
    Recorded,
    /// A C compiler laid them out, from the system's headers.
    Built,
    /// A person wrote them, from documentation or a bug report.
    #[default]
    Written,
}

/// Which machine a capture is of, and the constants that its numbers are in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Where the answers come from.
    pub origin: Origin,
    /// The operating system, in lower case: `linux`, `freebsd`, `netbsd` …
    pub system: String,
    /// The kernel's release. Empty if unknown.
    pub release: String,
    /// The hardware, as the system names it: `x86_64`, `amd64`, `aarch64` … Empty if unknown.
    pub machine: String,
    /// Bytes in a page.
    pub page_size: u64,
    /// Clock ticks in a second.
    pub clock_ticks: u64,
    /// Whether the kernel puts the high byte of a number first.
    pub big_endian: bool,
    /// When the machine was booted, in seconds since 1970.
    pub boot_time: Option<u64>,
    /// When the capture was taken, since 1970.
    pub taken: Option<Duration>,
    /// The effective user id that asked.
    pub uid: Option<u32>,
    /// Remarks for the reader, a line each.
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
    /// A regular file and its bytes.
    File(Vec<u8>),
    /// A symbolic link and its target, which need not exist.
    Link(Vec<u8>),
    /// A directory. One that holds something needs no entry.
    Dir,
}

/// What a kernel answered to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// It gave these bytes.
    Bytes(&'a [u8]),
    /// It refused with this error number, which is the captured system's, not this machine's.
    Errno(i32),
}

/// What a machine answered: a tree of files, and questions that are no files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capture {
    /// Which machine it was.
    pub header: Header,
    /// The files, by path relative to the root. They are sorted, so that captures diff well.
    pub entries: BTreeMap<Vec<u8>, Entry>,
    /// The answers, bytes or error number, by question.
    pub answers: BTreeMap<String, Result<Vec<u8>, i32>>,
}

impl Capture {
    /// An empty capture of the machine that `header` describes.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self { header, ..Self::default() }
    }

    /// The operating system, in lower case.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.header.system
    }

    /// What the kernel answered to `question`. `None` if the capture does not hold the question, which says nothing about
    /// what the kernel would have answered.
    #[must_use]
    pub fn answer(&self, question: &str) -> Option<Answer<'_>> {
        self.answers.get(question).map(|answer| match answer {
            Ok(bytes) => Answer::Bytes(bytes),
            Err(errno) => Answer::Errno(*errno),
        })
    }

    /// Adds a question and its answer. A question that was there gets the new answer.
    pub fn record(&mut self, question: impl Into<String>, answer: Result<Vec<u8>, i32>) {
        self.answers.insert(question.into(), answer);
    }
}
