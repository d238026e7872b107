//! What is done to processes: signals, nice values, I/O priorities, CPUs.

use psoxide::{ErrorKind, IoPriority, IoPriorityClass, Os, Process, Signal};

use crate::output::{human, reason};
use crate::signal;

/// A process that something is about to be done to. It is held open by its identity, so that nothing is done to a later
/// one with the same pid.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) process: Process,
    pub(crate) name: String,
}

/// The processes that something is about to be done to: one, or all that are tagged.
#[derive(Clone)]
pub(crate) struct Targets(pub(crate) Vec<Target>);

impl Targets {
    /// Names them: `512 server`, or `3 processes`.
    pub(crate) fn label(&self) -> String {
        match self.0.as_slice() {
            [one] => format!("{} {}", one.process.pid(), one.name),
            many => format!("{} processes", many.len()),
        }
    }

    /// The first of them.
    pub(crate) fn first(&self) -> Option<&Target> {
        self.0.first()
    }

    /// Does something to each, and says what came of it.
    pub(crate) fn apply(&self, action: &Action) -> Message {
        let failed: Vec<_> =
            self.0.iter().filter_map(|target| Some((target, action.apply(&target.process).err()?))).collect();
        let done = action.done();
        let Some((target, error)) = failed.first() else {
            return Message { text: format!("{}: {done}", self.label()), failed: false };
        };
        let why = match error.kind() {
            ErrorKind::AccessDenied => "permission denied (try as root or its owner)".into(),
            _ => reason(error),
        };
        let who = format!("{} {}", target.process.pid(), target.name);
        let text = match self.0.len() {
            1 => format!("{who}: {why}"),
            many => format!("{} of {many} failed; {who}: {why}", failed.len()),
        };
        Message { text, failed: true }
    }
}

/// What came of an action, for the last line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) failed: bool,
}

impl Message {
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: false }
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: true }
    }
}

/// Something that can be done to a process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Signal(Signal),
    Nice(i32),
    IoPriority(IoPriority),
    Affinity(Vec<u32>),
}

impl Action {
    fn apply(&self, process: &Process) -> psoxide::Result<()> {
        match self {
            Self::Signal(signal) => process.send_signal(*signal),
            Self::Nice(value) => process.set_nice(*value),
            Self::IoPriority(priority) => process.set_ionice(*priority),
            Self::Affinity(cpus) => process.set_cpu_affinity(cpus),
        }
    }

    fn done(&self) -> String {
        match self {
            Self::Signal(signal) => format!("{} sent", signal::name(*signal)),
            Self::Nice(value) => format!("nice value is now {value}"),
            Self::IoPriority(priority) => format!("I/O priority is now {}", io_priority(*priority)),
            Self::Affinity(cpus) => format!("runs on CPUs {} now", human::ranges(cpus)),
        }
    }
}

/// Names an I/O priority: `best-effort 4`, `idle`.
pub(crate) fn io_priority(priority: IoPriority) -> String {
    match priority.value {
        Some(value) => format!("{} {value}", priority.class),
        None => priority.class.to_string(),
    }
}

/// The I/O priorities that can be chosen, with what they mean.
pub(crate) fn io_priorities() -> Vec<(IoPriority, &'static str)> {
    let class = |class, doc| (IoPriority::new(class, None), doc);
    if Os::HOST == Os::Windows {
        return vec![
            class(IoPriorityClass::VeryLow, "for work in the background"),
            class(IoPriorityClass::Low, "below normal"),
            class(IoPriorityClass::Normal, "what a process starts with"),
            class(IoPriorityClass::High, "above normal"),
        ];
    }
    let levels = |class, first, other, last| {
        (0..=7).map(move |value| {
            let doc = match value {
                0 => first,
                7 => last,
                _ => other,
            };
            (IoPriority::new(class, Some(value)), doc)
        })
    };
    let mut all = vec![class(IoPriorityClass::None, "follows the nice value")];
    all.extend(levels(IoPriorityClass::BestEffort, "the highest without real time", "", "the lowest that is not idle"));
    all.push(class(IoPriorityClass::Idle, "only when no other process uses the disk"));
    all.extend(levels(IoPriorityClass::Realtime, "before all others (root only)", "", "before all best-effort ones"));
    all
}

/// Reads a list of CPUs such as `0-3,8`, ascending.
pub(crate) fn parse_cpus(text: &str) -> Result<Vec<u32>, String> {
    /// More than any kernel has.
    const MOST: u32 = 65_536;
    let wrong = || "CPUs are numbers and ranges such as 0-3,8".to_owned();
    let mut cpus = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u32>().ok().filter(|cpu| *cpu < MOST).ok_or_else(wrong);
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(wrong());
        }
        cpus.extend(first..=last);
    }
    cpus.sort_unstable();
    cpus.dedup();
    Ok(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus() {
        assert_eq!(parse_cpus("0-2, 8,1"), Ok(vec![0, 1, 2, 8]));
        for odd in ["", "a", "3-1", "-1", "1-", "0,,1", "99999999"] {
            assert!(parse_cpus(odd).is_err(), "{odd}");
        }
    }
}
