//! Listings: a kind of rows with its defaults, its samples, and how they are chosen, ordered, repeated and written.

pub(crate) mod answer;
pub(crate) mod presentation;
pub(crate) mod rate;
mod run;
mod write;

use std::time::Duration;

use psoxide::Field;

use crate::output::column::{Column, Meta};
use crate::output::human::counted;
use crate::output::value::Scale;

/// A kind of rows, with its default columns and order.
pub(crate) struct Listing<R: 'static> {
    pub(crate) command: &'static str,
    pub(crate) columns: &'static [Column<R>],
    /// Columns of a table.
    pub(crate) table: &'static [&'static str],
    /// Columns of JSON and CSV; if empty, those of the table.
    pub(crate) data: &'static [&'static str],
    /// Columns that a table drops on a narrow terminal, the first one first.
    pub(crate) spare: &'static [&'static str],
    /// The column that names each row; a table shows it even when the user has chosen other columns. May be empty.
    pub(crate) label: &'static str,
    /// The order, in the form that `--sort` takes; empty for the order in which rows are read.
    pub(crate) sort: &'static str,
    pub(crate) scale: Scale,
    /// Whether a text that is too long for the terminal goes on below itself instead of being cut.
    pub(crate) wraps: bool,
    /// Whether samples follow each other under one header.
    pub(crate) continuous: bool,
}

/// The rows at one moment.
pub(crate) struct Sample<R> {
    pub(crate) rows: Vec<R>,
    pub(crate) window: Window,
    /// The number of rows, including those that options such as `--user` left out.
    pub(crate) all: usize,
    /// Writes the lines above a table.
    pub(crate) caption: Option<Caption>,
}

/// Writes the lines above a table, given how many of how many rows are shown.
pub(crate) type Caption = Box<dyn Fn(Counts) -> Vec<String>>;

/// How many rows are shown, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) shown: usize,
    pub(crate) all: usize,
}

impl Counts {
    /// `131 processes`, or `12 of 131 processes`.
    pub(crate) fn of(self, one: &str, many: &str) -> String {
        let all = counted(self.all, one, many);
        if self.shown == self.all { all } else { format!("{} of {all}", self.shown) }
    }
}

/// The time that the rates of a sample cover.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Window {
    /// The sample has no rates.
    None,
    /// The lifetime of each process; the column's documentation says so.
    Lifetime,
    /// The time since boot.
    Boot,
    /// The time since the previous sample.
    Over(Duration),
}

impl<R> Sample<R> {
    /// Rows without rates.
    pub(crate) fn of(rows: impl IntoIterator<Item = R>) -> Self {
        Self::over(Window::None, rows)
    }

    /// Rows with rates over this window.
    pub(crate) fn over(window: Window, rows: impl IntoIterator<Item = R>) -> Self {
        let rows: Vec<R> = rows.into_iter().collect();
        Self { all: rows.len(), rows, window, caption: None }
    }
}

/// What a sample must hold.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) fields: Vec<Field>,
    pub(crate) columns: Vec<&'static str>,
}

impl Ask {
    /// Whether one of these columns is shown, sorted by or tested.
    pub(crate) fn any(&self, names: &[&str]) -> bool {
        self.columns.iter().any(|column| names.contains(column))
    }
}

impl<R> Listing<R> {
    /// What most listings have in common.
    pub(crate) const DEFAULT: Self = Self {
        command: "",
        columns: &[],
        table: &[],
        data: &[],
        spare: &[],
        label: "",
        sort: "",
        scale: Scale::Human,
        wraps: false,
        continuous: false,
    };

    pub(crate) fn metas(&self) -> Vec<Meta> {
        self.columns.iter().map(|column| column.meta).collect()
    }
}
