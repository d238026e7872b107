//! Aligned columns, cut to the width of the terminal.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::style;

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
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
    header: bool,
    /// No column is narrower than this.
    least: Vec<usize>,
}

impl Table {
    pub(crate) fn new(columns: Vec<(&'static str, Align)>) -> Self {
        Self { columns, rows: Vec::new(), header: true, least: Vec::new() }
    }

    pub(crate) fn without_header(mut self) -> Self {
        self.header = false;
        self
    }

    pub(crate) fn at_least(mut self, least: Vec<usize>) -> Self {
        self.least = least;
        self
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether lines would be cut so short that their last column is hardly seen.
    pub(crate) fn is_wider_than(&self, terminal: usize) -> bool {
        let widths = self.widths();
        let others: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
        others + widths.last().map_or(0, |last| (*last).min(terminal / 4)) > terminal
    }

    /// Leaves out a column.
    pub(crate) fn drop_column(&mut self, place: usize) {
        let rows = self.rows.iter_mut().filter(|row| place < row.len());
        rows.for_each(|row| _ = row.remove(place));
        if place < self.columns.len() {
            self.columns.remove(place);
        }
        if place < self.least.len() {
            self.least.remove(place);
        }
    }

    fn widths(&self) -> Vec<usize> {
        let titles = self.columns.iter().map(|(title, _)| wide(title));
        let shown = self.header || !self.least.is_empty();
        let mut widths: Vec<usize> = titles.map(|title| if shown { title } else { 0 }).collect();
        for (width, least) in widths.iter_mut().zip(&self.least) {
            *width = (*width).max(*least);
        }
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(wide(cell));
            }
        }
        widths
    }

    /// Writes it; on a terminal of `width` columns no line is longer than that.
    pub(crate) fn write(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let titles: Vec<String> = self.columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        let mut widths = self.widths();
        if let Some(terminal) = width {
            self.fit(&mut widths, terminal);
        }
        if self.header {
            writeln!(out, "{h}{}{h:#}", self.line(&titles, &widths, width), h = style::header())?;
        }
        for row in &self.rows {
            writeln!(out, "{}", self.line(row, &widths, width))?;
        }
        Ok(())
    }

    /// Takes from the widest columns of text until the lines fit; the last column gets what is left.
    fn fit(&self, widths: &mut [usize], terminal: usize) {
        let Some((_, others)) = widths.split_last_mut() else { return };
        // The last column may be cut to a quarter of the line before any other loses something.
        let room = terminal.saturating_sub((terminal / 4).max(NARROWEST));
        loop {
            let used: usize = others.iter().map(|width| width + GAP).sum();
            let text = others.iter_mut().zip(&self.columns).filter(|(_, (_, align))| *align == Align::Left);
            match text.map(|(width, _)| width).max_by_key(|width| **width) {
                Some(widest) if used > room && *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
    }

    fn line(&self, cells: &[String], widths: &[usize], terminal: Option<usize>) -> String {
        let mut line = String::new();
        let last = self.columns.len().saturating_sub(1);
        for (i, ((cell, width), (_, align))) in cells.iter().zip(widths).zip(&self.columns).enumerate() {
            if i > 0 {
                line.push_str("  ");
            }
            match align {
                Align::Right => pad(&mut line, width.saturating_sub(wide(cell)), cell, true),
                Align::Left if i == last => line.push_str(cell),
                Align::Left if wide(cell) > *width => line.push_str(&cut(cell, *width)),
                Align::Left => pad(&mut line, width.saturating_sub(wide(cell)), cell, false),
            }
        }
        line.truncate(line.trim_end().len());
        match terminal {
            Some(terminal) if wide(&line) > terminal => cut(&line, terminal),
            _ => line,
        }
    }
}

fn pad(line: &mut String, blanks: usize, cell: &str, before: bool) {
    let blanks = std::iter::repeat_n(' ', blanks);
    if before {
        line.extend(blanks);
        line.push_str(cell);
    } else {
        line.push_str(cell);
        line.extend(blanks);
    }
}

/// The columns that a text takes on a terminal.
pub(crate) fn wide(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// `text` in at most `width` columns, `…` at the end if something is missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if wide(text) <= width {
        return text.to_owned();
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
        short.push('…');
    }
    short
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

    fn lines(width: Option<usize>) -> Vec<String> {
        let mut table =
            Table::new(vec![("PID", Align::Right), ("NAME", Align::Left), ("CMD", Align::Left)]).without_header();
        table.row(["1", "init", "/sbin/init"].map(String::from).to_vec());
        table.row(["12345", "a very long name it is", "x"].map(String::from).to_vec());
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
