//! Parses and writes the text form of a capture.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::escape::{content, escape, row, unescape, unescape_to};
use crate::{Capture, Entry, Error, Header, Origin};

/// The first line, which names the version of the format.
const MAGIC: &str = "psoxide-capture 1";

/// The most zeros that a capture may leave out. Real captures stay far below, and a malicious one cannot fill memory.
const ZEROS: usize = 64 << 20;

/// The entry to which lines of content belong.
enum Open {
    File(Vec<u8>),
    Question(String),
}

/// The state of parsing a text.
struct Reader {
    capture: Capture,
    open: Option<Open>,
    content: Vec<u8>,
    errno: Option<i32>,
    /// Whether a line with `>` has ended the content.
    ended: bool,
    zeros: usize,
}

impl Capture {
    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Syntax`], which names the first wrong line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some(MAGIC) {
            return Err(Error::Syntax { line: 1, problem: "not a psoxide-capture of version 1" });
        }
        let mut reader = Reader {
            capture: Self::default(),
            open: None,
            content: Vec::new(),
            errno: None,
            ended: false,
            zeros: ZEROS,
        };
        for (at, line) in lines {
            reader.line(line).map_err(|problem| Error::Syntax { line: at + 1, problem })?;
        }
        reader.close();
        Ok(reader.capture)
    }

    /// Returns the text form. [`Capture::parse`] restores the same value from it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{MAGIC}\n{}", self.header.to_text());
        for (name, entry) in &self.entries {
            let name = escape(name);
            // Writing to a String cannot fail.
            let _ = match entry {
                Entry::File(_) => writeln!(out, "file {name}"),
                Entry::Dir => writeln!(out, "dir {name}"),
                // An arrow inside the name would end the name.
                Entry::Link(to) => writeln!(out, "link {} -> {}", name.replace(" -> ", "\\x20->\\x20"), escape(to)),
            };
            if let Entry::File(bytes) = entry {
                content(&mut out, bytes);
            }
        }
        out.push_str(&self.answers_to_text());
        out
    }

    /// The text form of the answers.
    pub(crate) fn answers_to_text(&self) -> String {
        let mut out = String::new();
        for (question, answer) in &self.answers {
            let _ = writeln!(out, "ask {}", escape(question.as_bytes()));
            match answer {
                Ok(bytes) => content(&mut out, bytes),
                Err(errno) => {
                    let _ = writeln!(out, "errno {errno}{}", errno_name(&self.header.system, *errno));
                }
            }
        }
        out
    }
}

impl Reader {
    /// Parses one line after the first.
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let Some(mark) = line.chars().next() else { return Ok(()) };
        match mark {
            '#' => return Ok(()),
            '|' | '>' | '+' => return self.content(mark, line.get(1..).unwrap_or_default()),
            _ => {}
        }
        let (word, rest) = line.split_once(' ').ok_or("a word without a value")?;
        if word == "errno" {
            return self.errno(rest);
        }
        self.close();
        let capture = &mut self.capture;
        match word {
            "file" => self.open = Some(Open::File(fresh(&capture.entries, rest)?)),
            "ask" => {
                let question = string(rest)?;
                if capture.answers.contains_key(&question) {
                    return Err("a second answer to this question");
                }
                self.open = Some(Open::Question(question));
            }
            "dir" => {
                let name = fresh(&capture.entries, rest)?;
                capture.entries.insert(name, Entry::Dir);
            }
            "link" => {
                let (name, target) = rest.split_once(" -> ").ok_or("a link without a target")?;
                let name = fresh(&capture.entries, name)?;
                capture.entries.insert(name, Entry::Link(unescape(target)?));
            }
            _ => return capture.header.take(word, rest),
        }
        Ok(())
    }

    /// Parses a line of content.
    fn content(&mut self, mark: char, text: &str) -> Result<(), &'static str> {
        if self.open.is_none() {
            return Err("content without a file or question");
        }
        if self.errno.is_some() {
            return Err("content after an errno");
        }
        if self.ended {
            return Err("content after the last line");
        }
        match mark {
            '+' => row(&mut self.content, text, &mut self.zeros)?,
            _ => unescape_to(&mut self.content, text)?,
        }
        match mark {
            '|' => self.content.push(b'\n'),
            '>' => self.ended = true,
            _ => {}
        }
        Ok(())
    }

    /// Parses the error with which a question was answered. The error's name is for the reader.
    fn errno(&mut self, text: &str) -> Result<(), &'static str> {
        if !matches!(self.open, Some(Open::Question(_))) {
            return Err("an errno without a question");
        }
        if self.errno.is_some() || self.ended || !self.content.is_empty() {
            return Err("a second answer to this question");
        }
        let number = text.split(' ').next().unwrap_or_default();
        self.errno = Some(number.parse().map_err(|_| "errno is not a number")?);
        Ok(())
    }

    /// Finishes the open entry.
    fn close(&mut self) {
        let content = std::mem::take(&mut self.content);
        let errno = self.errno.take();
        self.ended = false;
        match self.open.take() {
            Some(Open::File(name)) => drop(self.capture.entries.insert(name, Entry::File(content))),
            Some(Open::Question(question)) => self.capture.record(question, errno.map_or(Ok(content), Err)),
            None => {}
        }
    }
}

impl Header {
    /// Parses a line of the header.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match (name, value) {
            ("origin", "recorded") => self.origin = Origin::Recorded,
            ("origin", "built") => self.origin = Origin::Built,
            ("origin", "written") => self.origin = Origin::Written,
            ("origin", _) => return Err("origin is neither recorded, built nor written"),
            ("system", "") => return Err("a system without a name"),
            ("system", name) => self.system = string(name)?,
            ("release", name) => self.release = string(name)?,
            ("machine", name) => self.machine = string(name)?,
            ("page_size", number) => self.page_size = number.parse().map_err(|_| "page_size is not a number")?,
            ("clock_ticks", number) => self.clock_ticks = number.parse().map_err(|_| "clock_ticks is not a number")?,
            ("byte_order", "little") => self.big_endian = false,
            ("byte_order", "big") => self.big_endian = true,
            ("byte_order", _) => return Err("byte_order is neither little nor big"),
            ("boot_time", number) => {
                self.boot_time = Some(number.parse().map_err(|_| "boot_time is not a number of seconds")?);
            }
            ("taken", time) => self.taken = Some(seconds(time).ok_or("taken is not a number of seconds")?),
            ("uid", number) => self.uid = Some(number.parse().map_err(|_| "uid is not a number")?),
            ("note", note) => self.notes.push(string(note)?),
            _ => return Err("not a word of this format"),
        }
        Ok(())
    }

    /// Returns the lines that [`take`](Self::take) parses.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() || name == "note" {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{name} {}", escape(value.as_bytes()));
            }
        };
        line(
            "origin",
            match self.origin {
                Origin::Recorded => "recorded",
                Origin::Built => "built",
                Origin::Written => "written",
            },
        );
        line("system", &self.system);
        line("release", &self.release);
        line("machine", &self.machine);
        line("page_size", &self.page_size.to_string());
        line("clock_ticks", &self.clock_ticks.to_string());
        line("byte_order", if self.big_endian { "big" } else { "little" });
        line("boot_time", &self.boot_time.map(|time| time.to_string()).unwrap_or_default());
        let taken = |time: Duration| format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
        line("taken", &self.taken.map(taken).unwrap_or_default());
        line("uid", &self.uid.map(|uid| uid.to_string()).unwrap_or_default());
        self.notes.iter().for_each(|note| line("note", note));
        out
    }
}

/// Parses seconds, with nine digits after a point for nanoseconds.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "000000000"));
    let nanos = part.parse().ok().filter(|nanos| part.len() == 9 && *nanos < 1_000_000_000)?;
    Some(Duration::new(whole.parse().ok()?, nanos))
}

/// Parses a name. Fails if an entry already has it.
fn fresh(entries: &BTreeMap<Vec<u8>, Entry>, name: &str) -> Result<Vec<u8>, &'static str> {
    let name = unescape(name)?;
    if entries.contains_key(&name) { Err("a second entry of this name") } else { Ok(name) }
}

/// Unescapes a text. Fails if it is not UTF-8.
fn string(text: &str) -> Result<String, &'static str> {
    String::from_utf8(unescape(text)?).map_err(|_| "a text that is not UTF-8")
}

/// Returns a space and the name of an error number. Returns nothing if systems disagree about the number.
fn errno_name(system: &str, errno: i32) -> &'static str {
    // The errors of the first Unix, whose numbers are the same on every system.
    const NAMES: [&str; 10] =
        [" EPERM", " ENOENT", " ESRCH", " EINTR", " EIO", " ENXIO", " E2BIG", " ENOEXEC", " EBADF", " ECHILD"];
    const MORE: [(i32, &str); 10] = [
        (12, " ENOMEM"),
        (13, " EACCES"),
        (14, " EFAULT"),
        (16, " EBUSY"),
        (17, " EEXIST"),
        (19, " ENODEV"),
        (20, " ENOTDIR"),
        (21, " EISDIR"),
        (22, " EINVAL"),
        (25, " ENOTTY"),
    ];
    if system == "windows" {
        return "";
    }
    let first = usize::try_from(errno).ok().and_then(|errno| errno.checked_sub(1)).and_then(|at| NAMES.get(at));
    let more = || MORE.iter().find(|(number, _)| *number == errno).map(|(_, name)| name);
    first.or_else(more).copied().unwrap_or_default()
}
