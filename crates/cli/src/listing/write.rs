//! Rows in each of the forms of output.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use psoxide::Unit;
use serde_json::{Map, Value as Json};

use super::presentation::Presentation;
use super::{Window, answer};
use crate::args::{Format, ListArgs};
use crate::context::Context;
use crate::output::column::{Column, Meta};
use crate::output::json::{self, Object};
use crate::output::table::{Align, Table};
use crate::output::tree::{Arranged, Tree};
use crate::output::{csv, style};

/// Writes the samples of one listing.
pub(crate) struct Writer<'a, R: 'static> {
    pub(crate) context: &'a Context,
    pub(crate) args: &'a ListArgs,
    pub(crate) presentation: &'a Presentation<'a, R>,
    pub(crate) tree: Option<&'a Tree<R>>,
    /// Places of columns that a narrow terminal has no room for.
    pub(crate) left_out: Vec<usize>,
    /// How many rows of the last table have a value that could not be read for an unusual reason.
    pub(crate) incomplete: usize,
}

/// One sample, arranged.
pub(crate) struct Page<'a, R> {
    pub(crate) rows: &'a Arranged<R>,
    pub(crate) window: Window,
    pub(crate) caption: &'a [String],
    /// Counted from 0.
    pub(crate) turn: u64,
}

impl<R> Writer<'_, R> {
    /// Writes one sample.
    pub(crate) fn write(&mut self, page: &Page<'_, R>, out: &mut dyn Write) -> io::Result<()> {
        match self.context.format {
            Format::Text => self.table(page, out),
            Format::Json => self.json(page, out),
            Format::Jsonl => self.jsonl(page, out),
            Format::Csv => self.csv(page, out),
        }
    }

    fn table(&mut self, page: &Page<'_, R>, out: &mut dyn Write) -> io::Result<()> {
        let continuous = self.presentation.listing.continuous;
        // Every screenful of a continuous listing begins with a header.
        let screen = self.context.height().and_then(|height| u64::try_from(height.saturating_sub(2)).ok());
        let due = !continuous
            || page.turn == 0
            || screen.is_some_and(|screen| screen > 0 && page.turn.is_multiple_of(screen));
        let header = due && !self.args.no_header;
        if !continuous && page.turn > 0 && !self.context.clears() {
            writeln!(out)?;
        }
        for line in page.caption {
            writeln!(out, "{line}")?;
        }
        let later = continuous && page.turn == 0 && self.context.count() != Some(1);
        if header && let Some(caption) = rates(page.window, later.then(|| self.context.interval())) {
            let faint = style::faint();
            writeln!(out, "{faint}{caption}{faint:#}")?;
        }
        let columns = &self.presentation.columns;
        let trunk = self.trunk();
        let aligned = columns.iter().enumerate().map(|(place, column)| {
            (column.meta.title, if trunk == Some(place) { Align::Left } else { align(&column.meta) })
        });
        let mut table = Table::new(aligned.collect());
        if !header {
            table = table.without_header();
        }
        if self.presentation.listing.wraps {
            table = table.wrapping();
        }
        for (place, _) in columns.iter().enumerate().filter(|(_, column)| column.is_command) {
            table.has_commands(place);
        }
        if continuous {
            table = table.at_least(columns.iter().map(|column| narrowest(&column.meta)).collect());
        }
        let now = SystemTime::now();
        self.incomplete = 0;
        for (row, branch) in page.rows.iter() {
            let mut failed = false;
            for (place, column) in columns.iter().enumerate() {
                table.cell(column.tone_of(row), |text| {
                    if trunk == Some(place) {
                        text.push_str(branch);
                    }
                    failed |= column.write(text, row, self.presentation.scale, now);
                });
            }
            self.incomplete += usize::from(failed);
        }
        if due {
            self.left_out.clear();
        }
        self.left_out.iter().for_each(|place| table.leave_out(*place));
        let width = self.context.width().filter(|_| !self.args.wide);
        if let Some(width) = width.filter(|_| due && self.presentation.default_columns) {
            for spare in self.presentation.listing.spare {
                if let Some(place) = columns.iter().position(|column| column.meta.name == *spare)
                    && !self.presentation.sorts_by(spare)
                    && table.is_wider_than(width)
                {
                    table.leave_out(place);
                    self.left_out.push(place);
                }
            }
        }
        table.write(out, width)
    }

    /// The place of the column that shows the branches of a tree: the last one with text, or the last one.
    fn trunk(&self) -> Option<usize> {
        self.tree?;
        let columns = &self.presentation.columns;
        let is_text = |column: &&Column<R>| column.meta.unit == Unit::Text;
        columns.iter().rposition(is_text).or_else(|| columns.len().checked_sub(1))
    }

    fn json(&self, page: &Page<'_, R>, out: &mut dyn Write) -> io::Result<()> {
        let mut object = json::envelope(self.presentation.listing.command);
        self.stamp(&mut object, page);
        // One line for each row: for grep, for diff, and for eyes.
        let head = json::line(&Json::Object(object));
        write!(out, "{},\"rows\":[", head.trim_end_matches('}'))?;
        for (i, (row, _)) in page.rows.iter().enumerate() {
            write!(out, "{}\n{}", if i == 0 { "" } else { "," }, json::line(&Json::Object(self.object(row))))?;
        }
        writeln!(out, "\n]}}")
    }

    fn jsonl(&self, page: &Page<'_, R>, out: &mut dyn Write) -> io::Result<()> {
        for (row, _) in page.rows.iter() {
            let mut object = Map::new();
            self.stamp(&mut object, page);
            object.extend(self.object(row));
            writeln!(out, "{}", json::line(&Json::Object(object)))?;
        }
        Ok(())
    }

    fn csv(&self, page: &Page<'_, R>, out: &mut dyn Write) -> io::Result<()> {
        let stamp = |text: fn() -> String| self.context.repeats().then(text).into_iter();
        let columns = &self.presentation.columns;
        if page.turn == 0 && !self.args.no_header {
            let names = columns.iter().map(|column| column.meta.name.to_owned());
            csv::line(out, stamp(|| "sampled".into()).chain(names))?;
        }
        for (row, _) in page.rows.iter() {
            let fields = columns.iter().map(|column| csv::field(&(column.get)(row)));
            csv::line(out, stamp(|| csv::time(SystemTime::now())).chain(fields))?;
        }
        Ok(())
    }

    /// Adds the number and time of a sample, if there are several, and the window of its rates, if it has any.
    fn stamp(&self, object: &mut Map<String, Json>, page: &Page<'_, R>) {
        answer::stamp(object, self.context, page.turn);
        match page.window {
            Window::None => {}
            Window::Lifetime | Window::Boot => _ = object.insert("window".into(), Json::Null),
            Window::Over(time) => _ = object.insert("window".into(), time.as_secs_f64().into()),
        }
    }

    fn object(&self, row: &R) -> Map<String, Json> {
        let mut object = Object::default();
        for column in &self.presentation.columns {
            object.cell(column.meta.name, &(column.get)(row));
        }
        object.into_map()
    }
}

/// The line above a table with rates: the time that they cover, and that of samples that follow under the same header.
fn rates(window: Window, later: Option<Duration>) -> Option<String> {
    match window {
        Window::None | Window::Lifetime => None,
        Window::Boot => Some("rates since boot".into()),
        Window::Over(time) => {
            let later = later.filter(|later| later.abs_diff(time) > Duration::from_millis(100));
            let later = later.map(|later| format!(", then over {:.2} s", later.as_secs_f64()));
            Some(format!("rates over {:.2} s{}", time.as_secs_f64(), later.unwrap_or_default()))
        }
    }
}

fn align(meta: &Meta) -> Align {
    if meta.is_number() { Align::Right } else { Align::Left }
}

/// The least width of a column whose later rows are not read yet.
fn narrowest(meta: &Meta) -> usize {
    match meta.unit {
        Unit::Text => 0,
        Unit::BytesPerSecond => 7,
        Unit::PerSecond => 6,
        Unit::Bytes => 6,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_under_one_header_say_what_each_covers() {
        let first = Window::Over(Duration::from_millis(500));
        let rates = |later: Option<u64>| rates(first, later.map(Duration::from_millis)).unwrap();
        assert_eq!(rates(None), "rates over 0.50 s");
        assert_eq!(rates(Some(1000)), "rates over 0.50 s, then over 1.00 s");
        assert_eq!(rates(Some(505)), "rates over 0.50 s");
    }
}
