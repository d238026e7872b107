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
}

struct Column {
    title: &'static str,
    align: Align,
    /// It is not narrower than this.
    least: usize,
    /// The widest of its cells.
    widest: usize,
    left_out: bool,
}

struct Cell {
    end: usize,
    wide: usize,
    tone: Tone,
}

impl Table {
    pub(crate) fn new(columns: Vec<(&'static str, Align)>) -> Self {
        let column = |(title, align)| Column { title, align, least: 0, widest: 0, left_out: false };
        Self {
            columns: columns.into_iter().map(column).collect(),
            text: String::new(),
            cells: Vec::new(),
            header: true,
        }
    }

    pub(crate) fn without_header(mut self) -> Self {
        self.header = false;
        self
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
            put_line(&mut line, cells, &shown, &widths, width);
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    /// Narrows the widest text columns until the lines fit. The last column gets the remaining width.
    fn fit(&self, widths: &mut [usize], terminal: usize) {
        let Some((_, others)) = widths.split_last_mut() else { return };
        // The last column may be cut to a quarter of the line before any other loses something.
        let room = terminal.saturating_sub((terminal / 4).max(NARROWEST));
        loop {
            let used: usize = others.iter().map(|width| width + GAP).sum();
            let text = others.iter_mut().zip(self.shown()).filter(|(_, column)| column.align == Align::Left);
            match text.map(|(width, _)| width).max_by_key(|width| **width) {
                Some(widest) if used > room && *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
    }
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
        let blanks = std::iter::repeat_n(' ', width.saturating_sub(taken));
        match column.align {
            Align::Right => {
                line.extend(blanks.take(room));
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
    fn text_is_cut_to_the_terminal() {
        assert_eq!(lines(Some(30)), ["    1  init           /sbin/i…", "12345  a very long …  x"]);
        assert_eq!(lines(Some(10)), ["    1  in…", "12345  a …"]);
    }
}
