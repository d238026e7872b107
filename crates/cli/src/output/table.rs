//! Aligned columns, cut to the width of the terminal.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::glyphs::ellipsis;
use super::style::{self, Tone};

/// Between two columns.
const GAP: usize = 2;

/// A column of text is not made narrower than this to fit the terminal.
const NARROWEST: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows under bold headers. Cells hold text that is already escaped.
///
/// All cells share one string: thousands of small strings would cost more than their contents.
pub(crate) struct Table {
    columns: Vec<Column>,
    text: String,
    /// Row by row, where each cell ends in the text.
    cells: Vec<Cell>,
    header: bool,
    /// Whether a text that is too long goes on below itself instead of being cut.
    wraps: bool,
}

struct Column {
    title: &'static str,
    align: Align,
    /// It is not narrower than this.
    least: usize,
    /// The widest of its cells.
    widest: usize,
    left_out: bool,
    /// Whether its cells are command lines.
    commands: bool,
    /// The longest word of its cells, if they are wrapped.
    word: usize,
}

struct Cell {
    end: usize,
    wide: usize,
    tone: Tone,
}

impl Table {
    pub(crate) fn new(columns: Vec<(&'static str, Align)>) -> Self {
        let column =
            |(title, align)| Column { title, align, least: 0, widest: 0, left_out: false, commands: false, word: 0 };
        Self {
            columns: columns.into_iter().map(column).collect(),
            text: String::new(),
            cells: Vec::new(),
            header: true,
            wraps: false,
        }
    }

    pub(crate) fn without_header(mut self) -> Self {
        self.header = false;
        self
    }

    /// A text that is too long goes on below itself.
    pub(crate) fn wrapping(mut self) -> Self {
        self.wraps = true;
        self
    }

    /// The cells of this column are command lines.
    pub(crate) fn has_commands(&mut self, place: usize) {
        if let Some(column) = self.columns.get_mut(place) {
            column.commands = true;
        }
    }

    /// No column is narrower than its title and this.
    pub(crate) fn at_least(mut self, least: Vec<usize>) -> Self {
        for (column, least) in self.columns.iter_mut().zip(least) {
            column.least = least.max(wide(column.title));
        }
        self
    }

    /// Adds the next cell of the row; after the last column, the first cell of the next row.
    pub(crate) fn cell(&mut self, tone: Tone, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        let wide = self.text.get(start..).map_or(0, wide);
        let place = self.cells.len() % self.columns.len().max(1);
        if let Some(column) = self.columns.get_mut(place) {
            column.widest = column.widest.max(wide);
            if self.wraps {
                let words = self.text.get(start..).unwrap_or_default().split(' ');
                column.word = words.map(self::wide).fold(column.word, usize::max);
            }
        }
        self.cells.push(Cell { end: self.text.len(), wide, tone });
    }

    /// Whether lines would be cut so short that their last column is hardly seen.
    pub(crate) fn is_wider_than(&self, terminal: usize) -> bool {
        let widths = self.widths();
        let others: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
        others + widths.last().map_or(0, |last| (*last).min(terminal / 4)) > terminal
    }

    /// Leaves out a column.
    pub(crate) fn leave_out(&mut self, place: usize) {
        if let Some(column) = self.columns.get_mut(place) {
            column.left_out = true;
        }
    }

    fn shown(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.left_out)
    }

    fn widths(&self) -> Vec<usize> {
        let title = |column: &Column| if self.header { wide(column.title) } else { 0 };
        self.shown().map(|column| title(column).max(column.least).max(column.widest)).collect()
    }

    /// Writes it; on a terminal of `width` columns no line is longer than that.
    pub(crate) fn write(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let mut widths = self.widths();
        if let Some(terminal) = width {
            self.fit(&mut widths, terminal);
        }
        let shown: Vec<&Column> = self.shown().collect();
        let mut line = String::new();
        if self.header {
            let titles = shown.iter().map(|column| (column.title, wide(column.title), Tone::Plain));
            put_line(&mut line, titles, &shown, &widths, width);
            writeln!(out, "{h}{line}{h:#}", h = style::header())?;
        }
        let mut start = 0;
        for row in self.cells.chunks(self.columns.len().max(1)) {
            let cells = row.iter().zip(&self.columns).filter_map(|(cell, column)| {
                let text = self.text.get(start..cell.end).unwrap_or_default();
                start = cell.end;
                (!column.left_out).then_some((text, cell.wide, cell.tone))
            });
            match width.filter(|_| self.wraps) {
                Some(terminal) => {
                    let cells: Vec<_> = cells.collect();
                    let columns: Vec<_> = columns_of(&cells, &shown, &widths, terminal);
                    for i in 0..columns.iter().map(Vec::len).max().unwrap_or(1) {
                        let part = |lines: &Vec<String>| lines.get(i).cloned().unwrap_or_default();
                        let parts: Vec<String> = columns.iter().map(part).collect();
                        let parts =
                            parts.iter().zip(&cells).map(|(part, (_, _, tone))| (part.as_str(), wide(part), *tone));
                        put_line(&mut line, parts, &shown, &widths, width);
                        writeln!(out, "{line}")?;
                    }
                }
                None => {
                    put_line(&mut line, cells, &shown, &widths, width);
                    line.push('\n');
                    out.write_all(line.as_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// Narrows the widest text columns until the lines fit. The last column gets the remaining width.
    fn fit(&self, widths: &mut [usize], terminal: usize) {
        let Some((last, others)) = widths.split_last_mut() else { return };
        // The last column may be cut to a quarter of the line before any other loses something, or to a third if that
        // tears a word.
        let word = self.shown().last().map_or(0, |column| column.word.min(terminal / 3));
        let room = terminal.saturating_sub((*last).min((terminal / 4).max(NARROWEST).max(word)));
        // Words of the first column are torn last: they name the row.
        let whole = |place| if place == 0 { terminal / 2 } else { terminal.saturating_sub(GAP) / 4 };
        let floor = |place, column: &Column| NARROWEST.max(column.word.min(whole(place)));
        loop {
            let used: usize = others.iter().map(|width| width + GAP).sum();
            let text = others.iter_mut().zip(self.shown()).enumerate();
            let text =
                text.filter(|(place, (width, column))| column.align == Align::Left && **width > floor(*place, column));
            match text.map(|(_, (width, _))| width).max_by_key(|width| **width) {
                Some(widest) if used > room => *widest -= 1,
                _ => break,
            }
        }
    }
}

/// The lines that each cell of a row takes.
fn columns_of(
    cells: &[(&str, usize, Tone)],
    columns: &[&Column],
    widths: &[usize],
    terminal: usize,
) -> Vec<Vec<String>> {
    let mut used = 0;
    let last = columns.len().saturating_sub(1);
    let lines = cells.iter().zip(columns).zip(widths).enumerate().map(|(i, (((text, ..), column), width))| {
        let room = if i == last { terminal.saturating_sub(used) } else { *width };
        used += width + GAP;
        if column.align == Align::Left { wrap(text, room.max(1)) } else { vec![(*text).to_owned()] }
    });
    lines.collect()
}

/// Writes one line of cells, each given with the terminal columns that it takes and its tone.
fn put_line<'a>(
    line: &mut String,
    cells: impl Iterator<Item = (&'a str, usize, Tone)>,
    columns: &[&Column],
    widths: &[usize],
    terminal: Option<usize>,
) {
    line.clear();
    let last = columns.len().saturating_sub(1);
    let mut used = 0;
    for (i, (((cell, taken, tone), &width), column)) in cells.zip(widths).zip(columns).enumerate() {
        if i > 0 {
            line.push_str("  ");
            used += GAP;
        }
        let room = terminal.map_or(usize::MAX, |terminal| terminal.saturating_sub(used));
        let shorter;
        let (cell, taken) = match column.commands && taken > room {
            true => {
                shorter = without_directory(cell);
                (&*shorter, wide(&shorter))
            }
            false => (cell, taken),
        };
        let blanks = std::iter::repeat_n(' ', width.saturating_sub(taken).min(room));
        match column.align {
            Align::Right => {
                let room = room - blanks.len();
                line.extend(blanks);
                put(line, cell, taken, room, tone);
            }
            Align::Left if i == last => put(line, cell, taken, room, tone),
            Align::Left => {
                put(line, cell, taken, width.min(room), tone);
                line.extend(blanks);
            }
        }
        used += if column.align == Align::Left { width } else { taken.max(width) };
    }
    line.truncate(line.trim_end().len());
}

/// A command line without the directory of its program: what is left says more where there is no room for all. What stands
/// before the program, such as the branches of a tree, stays.
pub(crate) fn without_directory(command: &str) -> Cow<'_, str> {
    let start = command.find(|c: char| c == '/' || c.is_alphanumeric()).unwrap_or(command.len());
    let (before, program) = command.split_at(start);
    let end = program.find(' ').unwrap_or(program.len());
    match program.get(..end).and_then(|path| path.rfind('/')) {
        Some(slash) if program.starts_with('/') && slash + 1 < end => {
            format!("{before}{}", program.get(slash + 1..).unwrap_or_default()).into()
        }
        _ => command.into(),
    }
}

/// Writes a cell in at most `room` terminal columns.
fn put(line: &mut String, cell: &str, taken: usize, room: usize, tone: Tone) {
    let shown = if taken > room { cut(cell, room) } else { cell.into() };
    let style = tone.style();
    if shown.is_empty() || style.is_plain() {
        line.push_str(&shown);
    } else {
        _ = write!(line, "{style}{shown}{style:#}");
    }
}

/// The columns that a text takes on a terminal.
pub(crate) fn wide(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// `text` in at most `width` columns, with an ellipsis at the end if something is missing.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if wide(text) <= width {
        return text.into();
    }
    let mut short = String::new();
    let mut used = 1; // the ellipsis
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(c);
    }
    if width > 0 {
        short.push(ellipsis());
    }
    short.into()
}

/// `text` in lines of at most `width` columns, broken at a blank where there is one.
pub(crate) fn wrap(mut text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    // A character wider than that has a line of its own.
    while wide(text) > width && text.chars().nth(1).is_some() {
        let mut used = 0;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= width
        };
        // At least one character, however narrow it is.
        let end = text.chars().take_while(fits).map(char::len_utf8).sum::<usize>();
        let end = end.max(text.chars().next().map_or(1, char::len_utf8));
        let blank = text.get(..=end).and_then(|line| line.rfind(' ')).filter(|blank| *blank > 0);
        let (line, rest) = text.split_at_checked(blank.unwrap_or(end)).unwrap_or((text, ""));
        lines.push(line.to_owned());
        text = if blank.is_some() { rest.trim_start_matches(' ') } else { rest };
    }
    lines.push(text.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_knows_wide_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn long_text_is_wrapped() {
        assert_eq!(wrap("one two", 7), ["one two"]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("/a/long/path and", 5), ["/a/lo", "ng/pa", "th", "and"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
        assert_eq!(wrap("", 5), [""]);
    }

    fn lines(width: Option<usize>) -> Vec<String> {
        let mut table =
            Table::new(vec![("PID", Align::Right), ("NAME", Align::Left), ("CMD", Align::Left)]).without_header();
        for cell in ["1", "init", "/sbin/init", "12345", "a very long name it is", "x"] {
            table.cell(Tone::Plain, |text| text.push_str(cell));
        }
        let mut out = Vec::new();
        table.write(&mut out, width).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn numbers_go_right_and_nothing_is_cut_in_a_pipe() {
        assert_eq!(lines(None), ["    1  init                    /sbin/init", "12345  a very long name it is  x"]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut table = Table::new(vec![("A", Align::Left), ("PID", Align::Right), ("STATUS", Align::Left)]);
        for cell in ["some text", "31810", "x"] {
            table.cell(Tone::Plain, |text| text.push_str(cell));
        }
        for width in 1..24 {
            let mut out = Vec::new();
            table.write(&mut out, Some(width)).unwrap();
            let out = String::from_utf8(out).unwrap();
            assert!(out.lines().all(|line| wide(line) <= width), "{width}: {out}");
        }
    }

    #[test]
    fn nothing_is_cut_for_the_sake_of_a_short_last_column() {
        let mut table = Table::new(vec![("INTERFACE", Align::Left), ("RECV", Align::Right), ("SENT", Align::Right)]);
        for cell in ["wlp0s20f3", "9.2Gi", "15Mi"] {
            table.cell(Tone::Plain, |text| text.push_str(cell));
        }
        let mut out = Vec::new();
        table.write(&mut out, Some(22)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "INTERFACE   RECV  SENT\nwlp0s20f3  9.2Gi  15Mi\n");
    }

    #[test]
    fn the_directory_of_a_program_gives_way_first() {
        assert_eq!(without_directory("/usr/bin/rustc --crate-name a/b"), "rustc --crate-name a/b");
        assert_eq!(without_directory("│  └─ /opt/x y"), "│  └─ x y");
        for whole in ["rustc /a/b", "[kworker/0:1]", "/", "/opt/ x", "-bash", ""] {
            assert_eq!(without_directory(whole), whole);
        }
        let mut table = Table::new(vec![("PID", Align::Right), ("COMMAND", Align::Left)]);
        table.has_commands(1);
        for cell in ["1", "/usr/lib/systemd/systemd --system"] {
            table.cell(Tone::Plain, |text| text.push_str(cell));
        }
        let written = |width| {
            let mut out = Vec::new();
            table.write(&mut out, width).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(None), "PID  COMMAND\n  1  /usr/lib/systemd/systemd --system\n");
        assert_eq!(written(Some(20)), "PID  COMMAND\n  1  systemd --syst…\n");
    }

    #[test]
    fn long_texts_go_on_below_themselves() {
        let mut table =
            Table::new(vec![("CHECK", Align::Left), ("N", Align::Right), ("ADVICE", Align::Left)]).wrapping();
        for cell in ["privileges", "7", "run as root, or with a capability"] {
            table.cell(Tone::Plain, |text| text.push_str(cell));
        }
        let mut out = Vec::new();
        table.write(&mut out, Some(30)).unwrap();
        let expected =
            "CHECK       N  ADVICE\nprivileges  7  run as root, or\n               with a\n               capability\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn the_first_column_keeps_its_words_on_a_narrow_terminal() {
        let titles = [("CHECK", Align::Left), ("STATE", Align::Left), ("DETAIL", Align::Left), ("ADVICE", Align::Left)];
        let mut table = Table::new(titles.to_vec()).wrapping();
        for cell in ["delay accounting", "limited", "processes wait unseen", "sysctl kernel.task_delayacct=1"] {
            table.cell(Tone::Plain, |text| text.push_str(cell));
        }
        let mut out = Vec::new();
        table.write(&mut out, Some(40)).unwrap();
        let expected = "\
CHECK       STATE    DETAIL     ADVICE
delay       limited  processes  sysctl
accounting           wait       kernel.t
                     unseen     ask_dela
                                yacct=1
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn text_is_cut_to_the_terminal() {
        assert_eq!(lines(Some(30)), ["    1  init           /sbin/i…", "12345  a very long …  x"]);
        assert_eq!(lines(Some(10)), ["    1  in…", "12345  a …"]);
    }
}
