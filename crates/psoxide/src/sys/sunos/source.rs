//! The machine: its kernel, its constants, and the names of users.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, SystemTime};

use psoxide_parse::ParseError;
#[cfg(feature = "capture")]
use psoxide_parse::sunos::auxv;
use psoxide_parse::sunos::kstat::{Kstat, kstats};
use psoxide_parse::sunos::{process::Info, utmpx};

use super::abi::{EINVAL, ENOENT};
use super::calls::Question;
#[cfg(feature = "capture")]
use super::tree::Tree;
use crate::sys::bsd::text;
use crate::sys::question::Kernel;
#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Recorder};
use crate::{Error, Pid, Result};

/// A machine that runs SunOS.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    kernel: Kernel<Question>,
    /// Copied files, which answer what the capture beside them does not.
    #[cfg(feature = "capture")]
    tree: Option<Tree>,
    procfs: String,
    page_size: u64,
    clock_ticks: u64,
}

impl Source {
    /// The running machine, whose /proc is at `procfs`.
    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    pub(super) fn live(procfs: String) -> Self {
        Self {
            kernel: Kernel::live(crate::Os::Sunos, super::live::ask),
            #[cfg(feature = "capture")]
            tree: None,
            procfs,
            page_size: u64::try_from(rustix::param::page_size()).unwrap_or(4096),
            clock_ticks: rustix::param::clock_ticks_per_second(),
        }
    }

    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    pub(super) fn with_procfs(procfs: &Path) -> Result<Self> {
        match procfs.to_str() {
            Some(procfs) => Ok(Self::live(procfs.to_owned())),
            None => Err(Error::invalid("the path of another procfs must be UTF-8").with_path(procfs)),
        }
    }

    #[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
    pub(super) fn with_procfs(_: &Path) -> Result<Self> {
        Err(Error::unsupported("reading another procfs"))
    }

    /// The machine of a capture.
    #[cfg(feature = "capture")]
    pub(super) fn captured(capture: Capture) -> Self {
        let (page_size, clock_ticks) = (capture.header.page_size, capture.header.clock_ticks.max(1));
        let kernel = Kernel::captured(crate::Os::Sunos, super::files::as_answers(capture));
        Self { kernel, tree: None, procfs: "/proc".into(), page_size, clock_ticks }
    }

    /// The machine whose files were copied to a directory.
    #[cfg(feature = "capture")]
    pub(super) fn copied(root: &Path) -> Result<Self> {
        let (tree, capture, has_page_size) = Tree::open(root)?;
        let source = Self { tree: Some(tree), ..Self::captured(capture) };
        let page_size = if has_page_size { None } else { source.page_size_of_any() };
        Ok(Self { page_size: page_size.unwrap_or(source.page_size), ..source })
    }

    /// The size of a page, from the auxiliary vector of any process.
    #[cfg(feature = "capture")]
    fn page_size_of_any(&self) -> Option<u64> {
        let of = |pid| {
            let info = self.ask(&Question::File(self.of_process(pid, "psinfo"))).ok()?;
            let vector = self.ask(&Question::File(self.of_process(pid, "auxv"))).ok()?;
            auxv::page_size(&vector, Info::model_of_file(&info).ok()?)
        };
        self.pids().ok()?.into_iter().find_map(of)
    }

    /// The same machine, whose answers are added to a capture that begins as `capture`.
    #[cfg(feature = "capture")]
    pub(super) fn recorded(&self, mut capture: Capture) -> Result<(Self, Recorder)> {
        capture.header.page_size = self.page_size;
        capture.header.clock_ticks = self.clock_ticks;
        let (kernel, recorder) = self.kernel.recorded(capture)?;
        Ok((Self { kernel, ..self.clone() }, recorder))
    }

    pub(super) fn is_live(&self) -> bool {
        self.kernel.is_live()
    }

    /// The kernel, whose questions tests count.
    #[cfg(all(test, feature = "capture"))]
    pub(crate) const fn kernel(&self) -> &Kernel<Question> {
        &self.kernel
    }

    pub(super) fn page_size(&self) -> u64 {
        self.page_size
    }

    /// Converts clock ticks to a duration.
    pub(super) fn ticks(&self, ticks: u64) -> Duration {
        let nanos = ticks % self.clock_ticks * 1_000_000_000 / self.clock_ticks;
        Duration::new(ticks / self.clock_ticks, u32::try_from(nanos).unwrap_or_default())
    }

    /// The path of a file of a process.
    pub(super) fn of_process(&self, pid: Pid, file: &str) -> String {
        format!("{}/{pid}/{file}", self.procfs)
    }

    /// The memory of a process from an address on.
    pub(super) fn memory_of(&self, pid: Pid, address: u64) -> Result<Vec<u8>> {
        self.ask(&Question::Memory(self.procfs.clone(), pid, address))
    }

    pub(super) fn ask(&self, question: &Question) -> Result<Vec<u8>> {
        let answer = self.kernel.ask(question);
        #[cfg(feature = "capture")]
        if let Err(error) = &answer
            && error.kind() == crate::ErrorKind::NotCaptured
        {
            return match &self.tree {
                Some(tree) => tree.answer(question).map_err(|error| error.with_question(question.to_string())),
                None if self.is_of_nobody(question) => {
                    Err(Error::answered(crate::Os::Sunos, ENOENT).with_question(question.to_string()))
                }
                None => answer,
            };
        }
        answer
    }

    /// Whether a question is about a file of a process that the capture does not list.
    #[cfg(feature = "capture")]
    fn is_of_nobody(&self, question: &Question) -> bool {
        let listed = self.kernel.ask(&Question::Names(self.procfs.clone()));
        match (question.process(&self.procfs), listed) {
            (Some(pid), Ok(names)) => names.split(|byte| *byte == 0).all(|name| name != pid.as_bytes()),
            _ => false,
        }
    }

    /// Asks a question and parses the answer. The error names the question and the field.
    pub(super) fn read<T>(&self, question: &Question, parse: impl FnOnce(&[u8]) -> Result<T, ParseError>) -> Result<T> {
        parse(&self.ask(question)?).map_err(|error| Error::from(error).with_question(question.to_string()))
    }

    /// Reads kstats. A line that is malformed is an error: nothing says which statistic it was.
    pub(super) fn kstats<T>(
        &self,
        question: &Question,
        read: impl FnOnce(&[Kstat<'_>]) -> Result<T, ParseError>,
    ) -> Result<T> {
        self.read(question, |bytes| read(&kstats(bytes).into_iter().collect::<Result<Vec<_>, _>>()?))
    }

    /// Where a link leads.
    pub(super) fn link(&self, path: String) -> Result<OsString> {
        Ok(text(&self.ask(&Question::Link(path))?))
    }

    /// The names in a directory that are numbers, in ascending order.
    pub(super) fn numbers(&self, path: String) -> Result<Vec<u32>> {
        let names = self.ask(&Question::Names(path))?;
        let number = |name: &[u8]| std::str::from_utf8(name).ok()?.parse().ok();
        let mut numbers: Vec<u32> = names.split(|byte| *byte == 0).filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    pub(super) fn pids(&self) -> Result<Vec<Pid>> {
        self.numbers(self.procfs.clone())
    }

    /// Reads when the machine was booted: from the kstats. A copied tree may have the record that init(8) writes at boot instead,
    /// or the first process, which the kernel starts.
    pub(super) fn boot(&self) -> Result<Duration> {
        let counted = self.kstats(&Question::Module("unix"), |all| {
            Ok(Duration::from_secs(named(all, "system_misc")?.number("boot_time")?))
        });
        if !counted.as_ref().is_err_and(|error| error.kind() == crate::ErrorKind::NotCaptured) {
            return counted;
        }
        let logged = self.read(&Question::File("/var/adm/utmpx".into()), |bytes| {
            let record = utmpx::records(bytes).find(|record| !record.as_ref().is_ok_and(|record| !record.is_boot()));
            record.transpose()?.map(utmpx::Record::time).transpose()
        });
        let first = || self.read(&Question::File(self.of_process(0, "psinfo")), |bytes| Info::of_file(bytes)?.start());
        logged.ok().flatten().or_else(|| first().ok()).map_or(counted, Ok)
    }

    /// The time on the wall clock; of a capture, when it was taken.
    pub(super) fn now(&self) -> Result<Duration> {
        #[cfg(feature = "capture")]
        if let Some(capture) = self.kernel.capture() {
            return capture.header.taken.ok_or_else(|| Error::not_captured("taken".to_owned()));
        }
        Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    /// Reads the name that a question asks for. Returns `None` if nothing has the number.
    pub(super) fn name(&self, question: &Question) -> Result<Option<OsString>> {
        match self.ask(question) {
            Ok(name) => Ok(Some(text(&name))),
            // EINVAL: no zone has the id.
            Err(error) if [ENOENT, EINVAL].contains(&error.errno().unwrap_or_default()) => Ok(None),
            // The tree of another machine need not hold its users and zones.
            #[cfg(feature = "capture")]
            Err(error) if self.tree.is_some() && error.kind() == crate::ErrorKind::NotCaptured => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The kstat of a name.
pub(super) fn named<'a, 'b>(all: &'a [Kstat<'b>], name: &'static str) -> Result<&'a Kstat<'b>, ParseError> {
    all.iter().find(|kstat| kstat.name == name.as_bytes()).ok_or_else(|| ParseError::missing(name))
}
