//! The library's only error type.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use psoxide_parse::ParseError;

use crate::{Os, Pid};

/// The result of a reading.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says why a reading has no value: the kind of error, the process, file and field, and the cause.
///
/// ```text
/// process 42: /proc/42/statm: missing field "shared"
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    pid: Option<Pid>,
    path: Option<PathBuf>,
    question: Option<Box<str>>,
    field: Option<&'static str>,
    message: Option<Box<str>>,
    source: Option<Cause>,
}

#[derive(Clone)]
enum Cause {
    Io(Arc<io::Error>),
    /// An error number of another system, from a capture.
    Captured(Os, i32),
    Parse(ParseError),
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No process has this pid, or another process has taken it.
    NoSuchProcess,
    /// The process is a zombie, and this value of it no longer exists.
    ZombieProcess,
    /// The system denies this reading to the user.
    AccessDenied,
    /// The timeout expired.
    Timeout,
    /// The system, kernel or source does not have this reading.
    Unsupported,
    /// A system call failed.
    Io,
    /// The system's answer does not have its documented format.
    Parse,
    /// The caller passed an invalid argument.
    InvalidInput,
    /// The system returned a value out of range, such as a negative count.
    OutOfRange,
    /// The capture does not hold the answer to a question. This says nothing about the machine.
    NotCaptured,
}

impl Error {
    fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, pid: None, path: None, question: None, field: None, message: None, source: None }))
    }

    /// Makes the error for a `reading` that the system does not have.
    pub(crate) fn unsupported(reading: &'static str) -> Self {
        let mut error = Self::new(ErrorKind::Unsupported);
        error.0.field = Some(reading);
        error
    }

    /// Makes the error for a `reading` that the system refused, according to a recording.
    #[cfg(feature = "capture")]
    pub(crate) fn refused(reading: &'static str) -> Self {
        Self::new(ErrorKind::AccessDenied).with_field(reading)
    }

    /// Makes the error for a process that, according to a recording, was gone or a zombie before `reading` was read.
    #[cfg(feature = "capture")]
    pub(crate) fn ended(reading: &'static str) -> Self {
        Self::new(ErrorKind::ZombieProcess).with_field(reading)
    }

    /// Makes the error for an invalid argument. `message` names the cause.
    pub(crate) fn invalid(message: impl Into<Box<str>>) -> Self {
        let mut error = Self::new(ErrorKind::InvalidInput);
        error.0.message = Some(message.into());
        error
    }

    /// Makes the error for a `value` of `field` that is out of range.
    #[allow(dead_code)] // some systems have parsers that say so
    pub(crate) fn out_of_range(field: &'static str, value: impl fmt::Display) -> Self {
        let mut error = Self::new(ErrorKind::OutOfRange).with_field(field);
        error.0.message = Some(format!("{field} {value} is out of range").into());
        error
    }

    pub(crate) fn no_such_process(pid: Pid) -> Self {
        Self::new(ErrorKind::NoSuchProcess).with_pid(pid)
    }

    /// Makes the error for a service name that does not exist.
    #[allow(dead_code)] // of a system with services
    pub(crate) fn no_such_service(name: &std::ffi::OsStr) -> Self {
        let mut error = Self::new(ErrorKind::NoSuchProcess);
        error.0.message = Some(format!("there is no service {}", name.display()).into());
        error
    }

    /// Makes the error for a zombie whose start time the kernel no longer reports. The caller adds the pid.
    #[allow(dead_code)] // of NetBSD and OpenBSD
    pub(crate) fn zombie_start() -> Self {
        Self::new(ErrorKind::ZombieProcess).with_field("start")
    }

    #[allow(dead_code)] // of a system with zombies
    pub(crate) fn zombie(pid: Pid) -> Self {
        Self::new(ErrorKind::ZombieProcess).with_pid(pid)
    }

    /// Makes the error for a file system that did not answer in time.
    #[allow(dead_code)] // of a system that can stop waiting
    pub(crate) fn not_answering() -> Self {
        let mut error = Self::new(ErrorKind::Timeout);
        error.0.message = Some("the file system is not answering".into());
        error
    }

    pub(crate) fn timeout() -> Self {
        Self::new(ErrorKind::Timeout)
    }

    /// Makes the error for a failed call. A denied permission has its own kind.
    pub(crate) fn io(source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let mut error = Self::new(match source.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::AccessDenied,
            _ => ErrorKind::Io,
        });
        error.0.source = Some(Cause::Io(Arc::new(source)));
        error
    }

    /// Makes the error for a question that was answered with an error number of the system `os`.
    pub(crate) fn answered(os: Os, errno: i32) -> Self {
        /// EPERM and EACCES have the same numbers on every Unix.
        const REFUSED: [i32; 2] = [1, 13];
        /// ERROR_ACCESS_DENIED
        const REFUSED_BY_WINDOWS: [i32; 1] = [5];
        if os == Os::HOST {
            return Self::io(io::Error::from_raw_os_error(errno));
        }
        let refused = if os == Os::Windows { &REFUSED_BY_WINDOWS[..] } else { &REFUSED };
        let mut error = Self::new(if refused.contains(&errno) { ErrorKind::AccessDenied } else { ErrorKind::Io });
        error.0.source = Some(Cause::Captured(os, errno));
        error
    }

    /// Makes the error for a question that the capture does not hold.
    #[cfg(feature = "capture")]
    pub(crate) fn not_captured(question: String) -> Self {
        Self::new(ErrorKind::NotCaptured).with_question(question)
    }

    pub(crate) fn with_question(mut self, question: String) -> Self {
        self.0.question.get_or_insert_with(|| question.into());
        self
    }

    pub(crate) fn with_pid(mut self, pid: Pid) -> Self {
        self.0.pid.get_or_insert(pid);
        self
    }

    pub(crate) fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.path.get_or_insert_with(|| path.into());
        self
    }

    pub(crate) fn with_field(mut self, field: &'static str) -> Self {
        self.0.field.get_or_insert(field);
        self
    }

    /// Changes the kind: for example, a missing file can mean that the process has ended.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the pid of the process that was read.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.0.pid
    }

    /// Returns the path of the file that was read.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Returns the name of the field or reading that has no value.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        self.0.field
    }

    /// Returns the error of the failed call.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.0.source {
            Some(Cause::Io(source)) => Some(source),
            _ => None,
        }
    }

    /// Returns the error number of the failed call, as the system that was read numbers it.
    pub(crate) fn errno(&self) -> Option<i32> {
        match &self.0.source {
            Some(Cause::Captured(_, errno)) => Some(*errno),
            _ => self.io_error()?.raw_os_error(),
        }
    }

    /// Returns whether only a free descriptor was missing (`EMFILE`, `ENFILE`).
    #[allow(dead_code)] // of a system that opens files
    pub(crate) fn is_shortage(&self) -> bool {
        /// ENFILE and EMFILE have the same numbers on every Unix.
        const SHORTAGE: [i32; 2] = [23, 24];
        self.errno().is_some_and(|errno| SHORTAGE.contains(&errno))
    }

    /// Returns whether the file or process does not exist (`ENOENT`, `ESRCH`).
    pub(crate) fn is_missing(&self) -> bool {
        /// ESRCH and ENOENT have the same numbers on every Unix. std has no kind for ESRCH. On Windows these numbers
        /// are ERROR_PATH_NOT_FOUND and ERROR_FILE_NOT_FOUND.
        const MISSING: [i32; 2] = [3, 2];
        self.errno().is_some_and(|errno| MISSING.contains(&errno))
            || self.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound)
    }

    /// Returns whether the process is gone.
    #[must_use]
    pub fn is_no_such_process(&self) -> bool {
        self.kind() == ErrorKind::NoSuchProcess
    }

    /// Returns whether the system denied access.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        self.kind() == ErrorKind::AccessDenied
    }

    /// Returns whether the reading is not supported.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.kind() == ErrorKind::Unsupported
    }
}

impl From<ParseError> for Error {
    fn from(source: ParseError) -> Self {
        let mut error = Self::new(ErrorKind::Parse).with_field(source.field());
        error.0.source = Some(Cause::Parse(source));
        error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(pid) = inner.pid {
            write!(f, "process {pid}")?;
            f.write_str(": ")?;
        }
        if let Some(path) = &inner.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(question) = &inner.question {
            write!(f, "{question}: ")?;
        }
        match (inner.kind, &inner.message, &inner.source) {
            (_, Some(message), _) => f.write_str(message),
            (ErrorKind::NoSuchProcess, ..) => f.write_str("the process no longer exists"),
            (ErrorKind::ZombieProcess, ..) => f.write_str("the process is a zombie"),
            (ErrorKind::Timeout, ..) => f.write_str("the time to wait is over"),
            (ErrorKind::Unsupported, ..) => match inner.field {
                Some(field) => write!(f, "{field} is not supported here"),
                None => f.write_str("not supported here"),
            },
            (ErrorKind::AccessDenied, ..) => f.write_str("permission denied"),
            (ErrorKind::NotCaptured, ..) => f.write_str("the capture does not hold the answer"),
            (_, None, Some(Cause::Io(source))) => write!(f, "{source}"),
            (_, None, Some(Cause::Captured(os, errno))) => match os.error_name(*errno) {
                Some(name) => write!(f, "{name} ({} error {errno})", os.name()),
                None => write!(f, "{} error {errno}", os.name()),
            },
            (_, None, Some(Cause::Parse(source))) => write!(f, "{source}"),
            (ErrorKind::Io, ..) => f.write_str("the call failed"),
            (ErrorKind::Parse, ..) => f.write_str("unexpected contents"),
            (ErrorKind::OutOfRange, ..) => f.write_str("value out of range"),
            (ErrorKind::InvalidInput, ..) => f.write_str("invalid value"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.kind())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.0.source.as_ref()? {
            Cause::Io(source) => Some(&**source),
            Cause::Captured(..) => None,
            Cause::Parse(source) => Some(source),
        }
    }
}
