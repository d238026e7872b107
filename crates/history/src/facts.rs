//! What seldom changes about a process: texts and ids, stored once for each pid and start.

use std::ffi::OsString;
use std::time::SystemTime;

use psoxide::{Cgroup, Field, Ids, Pid, Reading, Row};

use crate::bytes::{Malformed, Reader, put_bytes, put_signed, put_unsigned};
use crate::cell::{Atom as _, NULL, Stored as _, reading, reason, stored};
use crate::text::{self, Text};

stored! {
    Ids { real, effective, saved }
}

/// The fields that are read once for each process.
pub const FACTS: &[Field] = &[
    Field::Name,
    Field::Exe,
    Field::Cmdline,
    Field::Username,
    Field::Terminal,
    Field::Cwd,
    Field::Cgroup,
    Field::Uids,
    Field::Gids,
    Field::CreateTime,
    Field::IsKernelThread,
    Field::NetNamespace,
];

/// The names of [`Facts::texts`].
pub const TEXTS: [&str; 8] =
    ["name", "exe", "username", "terminal", "cwd", "cgroup_path", "cgroup_unit", "cgroup_container"];

/// The names of [`Facts::numbers`].
pub const NUMBERS: [&str; 10] = [
    "uids_real",
    "uids_effective",
    "uids_saved",
    "gids_real",
    "gids_effective",
    "gids_saved",
    "create_time",
    "is_kernel_thread",
    "net_namespace",
    "missing",
];

/// What seldom changes about a process. A process that executes another program gets a second set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The pid.
    pub pid: Pid,
    /// The start stamp, in the unit of the system.
    pub start: Option<u64>,
    /// The texts, named by [`TEXTS`]. An empty terminal says that there is none.
    pub texts: [Option<Text>; 8],
    /// The command line.
    pub cmdline: Option<Vec<Text>>,
    /// The numbers, named by [`NUMBERS`].
    pub numbers: [i64; 10],
}

impl Facts {
    /// Takes the facts from a row.
    pub(crate) fn of(row: &Row) -> Self {
        let plain = |reading: &Reading<OsString>| reading.value().map(|value| text::of(value));
        let path = |reading: &Reading<std::path::PathBuf>| reading.value().map(|path| text::of(path.as_os_str()));
        let terminal = row
            .terminal
            .value()
            .map(|terminal| terminal.as_ref().map(|path| text::of(path.as_os_str())).unwrap_or_default());
        let cgroup = row.cgroup.value();
        let part = |get: fn(&Cgroup) -> Option<&OsString>| cgroup.and_then(get).map(|part| text::of(part));
        let reasons = [
            reason(&row.name),
            reason(&row.exe),
            reason(&row.cmdline),
            reason(&row.username),
            reason(&row.terminal),
            reason(&row.cwd),
            reason(&row.cgroup),
            reason(&row.uids),
            reason(&row.gids),
            reason(&row.create_time),
            reason(&row.is_kernel_thread),
            reason(&row.net_namespace),
        ];
        let mut ids = Vec::with_capacity(6);
        for reading in [&row.uids, &row.gids] {
            match reading.value() {
                Some(value) => value.store(&mut ids),
                None => ids.extend([NULL; 3]),
            }
        }
        let mut numbers = [NULL; 10];
        let created = row.create_time.value().copied().to_cell();
        let kernel = row.is_kernel_thread.value().copied().to_cell();
        let missing = reasons.iter().rev().fold(0, |bits, reason| bits << 3 | reason);
        ids.extend([created, kernel, row.net_namespace.value().copied().to_cell(), missing]);
        numbers.iter_mut().zip(ids).for_each(|(to, from)| *to = from);
        Self {
            pid: row.pid,
            start: row.start,
            texts: [
                plain(&row.name),
                path(&row.exe),
                plain(&row.username),
                terminal,
                path(&row.cwd),
                part(|cgroup| Some(&cgroup.path)),
                part(|cgroup| cgroup.unit.as_ref()),
                part(|cgroup| cgroup.container.as_ref()),
            ],
            cmdline: row.cmdline.value().map(|words| words.iter().map(|word| text::of(word)).collect()),
            numbers,
        }
    }

    /// Puts the facts back into a row.
    pub(crate) fn restore(&self, row: &mut Row) {
        let [name, exe, username, terminal, cwd, path, unit, container] = &self.texts;
        let [uid @ .., _, _, _, _, _, _, _] = &self.numbers;
        let [_, _, _, gid @ .., created, kernel, namespace, missing] = &self.numbers;
        let missing = if *missing < 0 { 0 } else { *missing };
        let why = |place: u32| missing >> (3 * place) & 7;
        let os = |text: &Option<Text>| text.as_ref().map(|text| text::os(text));
        row.name = reading(os(name), why(0));
        row.exe = reading(os(exe).map(Into::into), why(1));
        let words = self.cmdline.as_ref().map(|words| words.iter().map(|word| text::os(word)).collect());
        row.cmdline = reading(words, why(2));
        row.username = reading(os(username), why(3));
        row.terminal = reading(os(terminal).map(|path| (!path.is_empty()).then(|| path.into())), why(4));
        row.cwd = reading(os(cwd).map(Into::into), why(5));
        let cgroup = os(path).map(|path| {
            psoxide::Record::with(|cgroup: &mut Cgroup| {
                (cgroup.path, cgroup.unit, cgroup.container) = (path, os(unit), os(container));
            })
        });
        row.cgroup = reading(cgroup, why(6));
        row.uids = reading(Ids::restore(uid), why(7));
        row.gids = reading(Ids::restore(gid), why(8));
        row.create_time = reading(SystemTime::from_cell(*created), why(9));
        row.is_kernel_thread = reading(bool::from_cell(*kernel), why(10));
        row.net_namespace = reading(u64::from_cell(*namespace), why(11));
    }

    /// When the process began, in seconds since 1970.
    pub(crate) fn created(&self) -> Option<i64> {
        let [.., created, _, _, _] = self.numbers;
        (created != NULL).then(|| created.div_euclid(1_000_000))
    }

    /// The real user: its number and its name.
    pub(crate) fn user(&self) -> Option<(i64, &Text)> {
        let ([uid, ..], [_, _, Some(name), ..]) = (&self.numbers, &self.texts) else { return None };
        Some((*uid, name))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> Option<&Text> {
        self.texts.first().and_then(Option::as_ref)
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_unsigned(out, u64::from(self.pid));
        put_unsigned(out, self.start.map_or(0, |start| start.saturating_add(1)));
        for text in &self.texts {
            write_text(out, text.as_ref());
        }
        put_unsigned(out, self.cmdline.as_ref().map_or(0, |words| count(words.len()).saturating_add(1)));
        for word in self.cmdline.iter().flatten() {
            put_bytes(out, word);
        }
        self.numbers.iter().for_each(|number| put_signed(out, *number));
    }

    pub(crate) fn read(bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        let pid = u32::try_from(bytes.unsigned()?).map_err(|_| Malformed)?;
        let start = bytes.unsigned()?.checked_sub(1);
        let mut texts = [const { None }; 8];
        for text in &mut texts {
            *text = read_text(bytes)?;
        }
        let cmdline = match bytes.unsigned()?.checked_sub(1) {
            None => None,
            Some(words) => {
                let mut cmdline = Vec::new();
                for _ in 0..words {
                    cmdline.push(bytes.bytes()?.to_vec());
                }
                Some(cmdline)
            }
        };
        let mut numbers = [NULL; 10];
        for number in &mut numbers {
            *number = bytes.signed()?;
        }
        Ok(Self { pid, start, texts, cmdline, numbers })
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A text that may be missing: its length plus one, or 0.
fn write_text(out: &mut Vec<u8>, text: Option<&Text>) {
    put_unsigned(out, text.map_or(0, |text| count(text.len()).saturating_add(1)));
    out.extend(text.into_iter().flatten());
}

fn read_text(bytes: &mut Reader<'_>) -> Result<Option<Text>, Malformed> {
    match bytes.unsigned()?.checked_sub(1) {
        None => Ok(None),
        Some(length) => Ok(Some(bytes.take(length)?.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_as_they_were() {
        let mut row = Row::new(42, Some(77));
        row.name = Reading::Value("x".into());
        row.exe = Reading::Denied;
        row.cmdline = Reading::Value(vec!["x".into(), "".into(), "-v".into()]);
        row.terminal = Reading::Value(None);
        row.cwd = Reading::Gone;
        row.uids = Reading::Value(Ids::new(1, 2, Some(3)));
        row.gids = Reading::Unsupported;
        row.create_time = Reading::Value(SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_500));
        row.is_kernel_thread = Reading::Value(false);
        let facts = Facts::of(&row);
        let mut bytes = Vec::new();
        facts.write(&mut bytes);
        assert_eq!(Facts::read(&mut Reader::new(&bytes)), Ok(facts.clone()));
        let mut back = Row::new(42, Some(77));
        facts.restore(&mut back);
        assert_eq!(format!("{back:?}"), format!("{row:?}"));
        for end in 0..bytes.len() {
            assert_eq!(Facts::read(&mut Reader::new(&bytes[..end])), Err(Malformed));
        }
    }
}
