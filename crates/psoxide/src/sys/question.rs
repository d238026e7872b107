//! Questions that a port asks a kernel, and the kernels that answer: the running one or a capture.
//!
//! A question is a value: a sysctl, an ioctl, a file, a call. Its `Display` is its stable key in a capture, such as
//! `sysctl kern.proc2.0.0.680`. Buffer sizes and retries are not part of the key. They belong to `live`, which turns a
//! question into one system call. Everything above a question is ordinary code that runs on any machine.
#![allow(dead_code)] // Linux reads files instead

use std::fmt::{self, Display};
#[cfg(feature = "capture")]
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

#[cfg(feature = "capture")]
pub(crate) use psoxide_capture::Capture;

use crate::{Error, Os, Result};

/// The bytes of an answer, or an error number of the system that was asked.
pub(crate) type Answer = std::result::Result<Vec<u8>, i32>;

/// A kernel that answers questions: the running one, or a capture.
pub(crate) struct Kernel<Q> {
    os: Os,
    answers: Answers<Q>,
}

enum Answers<Q> {
    Live(fn(&Q) -> Answer),
    #[cfg(feature = "capture")]
    Recorded(fn(&Q) -> Answer, Recorder),
    #[cfg(feature = "capture")]
    Captured(Arc<Captured>),
}

/// A capture that grows while its machine is read.
#[cfg(feature = "capture")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Capture>>);

#[cfg(feature = "capture")]
impl Recorder {
    pub(crate) fn new(capture: Capture) -> Self {
        Self(Arc::new(Mutex::new(capture)))
    }

    /// Adds an answer. The first answer to a question stays, because it fits the answers around it best.
    fn record(&self, question: String, answer: &Answer) {
        let mut capture = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        capture.answers.entry(question).or_insert_with(|| answer.clone());
    }

    /// Returns what has been recorded.
    pub(crate) fn take(&self) -> Capture {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads a capture from a file.
#[cfg(feature = "capture")]
pub(crate) fn read(file: &std::path::Path) -> Result<Capture> {
    Capture::read(file).map_err(|error| match error {
        psoxide_capture::Error::Io(error) => Error::io(error),
        error => Error::invalid(error.to_string()),
    })
}

/// Returns the system that a capture was taken on.
#[cfg(feature = "capture")]
pub(crate) fn system(capture: &Capture) -> Result<Os> {
    let name = capture.system();
    Os::of_name(name).ok_or_else(|| Error::invalid(format!("a capture of an unknown system {name:?}")))
}

#[cfg(feature = "capture")]
struct Captured {
    capture: Capture,
    asked: AtomicUsize,
    /// Answers to questions that were asked before, for tests of a machine that changes while it is read.
    #[cfg(test)]
    later: Mutex<std::collections::BTreeMap<String, Later>>,
}

/// The answer to a question from its second time on.
#[cfg(all(test, feature = "capture"))]
struct Later {
    was_asked: bool,
    answer: Answer,
}

impl<Q> Kernel<Q> {
    /// Makes the running kernel of the system `os`. `ask` turns a question into one system call.
    pub(crate) const fn live(os: Os, ask: fn(&Q) -> Answer) -> Self {
        Self { os, answers: Answers::Live(ask) }
    }

    /// Makes a captured kernel of the system `os`.
    #[cfg(feature = "capture")]
    pub(crate) fn captured(os: Os, capture: Capture) -> Self {
        Self {
            os,
            answers: Answers::Captured(Arc::new(Captured {
                capture,
                asked: AtomicUsize::new(0),
                #[cfg(test)]
                later: Mutex::default(),
            })),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        match self.answers {
            Answers::Live(_) => true,
            #[cfg(feature = "capture")]
            Answers::Recorded(..) => true,
            #[cfg(feature = "capture")]
            Answers::Captured(_) => false,
        }
    }

    /// Returns the same running kernel, and a recorder that adds its answers to `capture`.
    #[cfg(feature = "capture")]
    pub(crate) fn recorded(&self, capture: Capture) -> Result<(Self, Recorder)> {
        let (Answers::Live(ask) | Answers::Recorded(ask, _)) = self.answers else {
            return Err(Error::unsupported("recording a capture of a capture"));
        };
        let recorder = Recorder::new(capture);
        Ok((Self { os: self.os, answers: Answers::Recorded(ask, recorder.clone()) }, recorder))
    }

    /// Returns the capture. Its header has values that no question answers.
    #[cfg(feature = "capture")]
    pub(crate) fn capture(&self) -> Option<&Capture> {
        match &self.answers {
            Answers::Captured(captured) => Some(&captured.capture),
            _ => None,
        }
    }

    /// Counts the questions asked of a capture, for tests. The running kernel returns 0.
    #[cfg(feature = "capture")]
    pub(crate) fn asked(&self) -> usize {
        match &self.answers {
            Answers::Captured(captured) => captured.asked.load(Ordering::Relaxed),
            _ => 0,
        }
    }
}

#[cfg(all(test, feature = "capture"))]
impl<Q> Kernel<Q> {
    /// Makes a captured kernel answer a question otherwise from its second time on.
    pub(crate) fn answer_later(&self, question: &str, answer: Answer) {
        let Answers::Captured(captured) = &self.answers else { return };
        let mut later = captured.later.lock().unwrap_or_else(PoisonError::into_inner);
        later.insert(question.to_owned(), Later { was_asked: false, answer });
    }
}

impl<Q: Display> Kernel<Q> {
    /// Asks a question. An error names the question.
    ///
    /// # Errors
    /// Fails with the kernel's error number, which has its meaning on that system. Fails with `NotCaptured` if a
    /// capture lacks the question. That says nothing about the machine, and is never treated as missing or empty.
    pub(crate) fn ask(&self, question: &Q) -> Result<Vec<u8>> {
        match &self.answers {
            Answers::Live(ask) => {
                ask(question).map_err(|errno| Error::answered(self.os, errno).with_question(question.to_string()))
            }
            #[cfg(feature = "capture")]
            Answers::Recorded(ask, recorder) => {
                let (answer, key) = (ask(question), question.to_string());
                recorder.record(key.clone(), &answer);
                answer.map_err(|errno| Error::answered(self.os, errno).with_question(key))
            }
            #[cfg(feature = "capture")]
            Answers::Captured(captured) => {
                captured.asked.fetch_add(1, Ordering::Relaxed);
                let key = question.to_string();
                #[cfg(test)]
                if let Some(later) = captured.later.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&key)
                    && std::mem::replace(&mut later.was_asked, true)
                {
                    let answer = later.answer.clone();
                    return answer.map_err(|errno| Error::answered(self.os, errno).with_question(key));
                }
                match captured.capture.answer(&key) {
                    Some(psoxide_capture::Answer::Bytes(bytes)) => Ok(bytes.to_vec()),
                    Some(psoxide_capture::Answer::Errno(errno)) => {
                        Err(Error::answered(self.os, errno).with_question(key))
                    }
                    None => Err(Error::not_captured(key)),
                }
            }
        }
    }
}

impl<Q> Clone for Kernel<Q> {
    fn clone(&self) -> Self {
        let answers = match &self.answers {
            Answers::Live(ask) => Answers::Live(*ask),
            #[cfg(feature = "capture")]
            Answers::Recorded(ask, recorder) => Answers::Recorded(*ask, recorder.clone()),
            #[cfg(feature = "capture")]
            Answers::Captured(captured) => Answers::Captured(Arc::clone(captured)),
        };
        Self { os: self.os, answers }
    }
}

impl<Q> fmt::Debug for Kernel<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_live() { "running" } else { "captured" };
        write!(f, "Kernel({kind} {})", self.os.name())
    }
}

#[cfg(all(test, feature = "capture"))]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn kernel() -> Kernel<&'static str> {
        let mut capture = Capture::default();
        capture.record("sysctl hw.ncpu", Ok(vec![2, 0, 0, 0]));
        capture.record("sysctl kern.proc", Err(3));
        capture.record("sysctl kern.secret", Err(1));
        Kernel::captured(Os::Netbsd, capture)
    }

    #[test]
    fn questions_are_counted_and_answered() {
        let kernel = kernel();
        assert_eq!(kernel.ask(&"sysctl hw.ncpu").unwrap(), [2, 0, 0, 0]);
        assert_eq!(kernel.clone().ask(&"sysctl hw.ncpu").unwrap(), [2, 0, 0, 0]);
        assert_eq!(kernel.asked(), 2);
    }

    #[test]
    fn errors_are_the_captured_systems() {
        let kernel = kernel();
        let gone = kernel.ask(&"sysctl kern.proc").unwrap_err();
        assert!(gone.is_missing(), "{gone:?}");
        let refused = kernel.ask(&"sysctl kern.secret").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AccessDenied);
        assert_eq!(refused.to_string(), "sysctl kern.secret: permission denied");
    }

    #[test]
    fn a_question_that_was_not_captured_is_neither_missing_nor_empty() {
        let error = kernel().ask(&"sysctl hw.model").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotCaptured);
        assert!(!error.is_missing());
        assert_eq!(error.to_string(), "sysctl hw.model: the capture does not hold the answer");
    }

    #[test]
    fn the_first_answers_are_recorded() {
        let ask = |question: &&'static str| if question.len() > 4 { Ok(question.as_bytes().to_vec()) } else { Err(1) };
        let (kernel, recorder) = Kernel::live(Os::Netbsd, ask).recorded(Capture::default()).unwrap();
        assert!(kernel.is_live());
        assert_eq!(kernel.clone().ask(&"sysctl").unwrap(), b"sysctl");
        assert_eq!(kernel.ask(&"env").unwrap_err().kind(), ErrorKind::AccessDenied);
        let capture = recorder.take();
        assert_eq!(capture.answers.len(), 2);
        let kernel = Kernel::captured(Os::Netbsd, capture);
        assert_eq!(kernel.ask(&"sysctl").unwrap(), b"sysctl");
        assert_eq!(kernel.ask(&"env").unwrap_err().kind(), ErrorKind::AccessDenied);
        assert!(kernel.recorded(Capture::default()).is_err());
    }
}
