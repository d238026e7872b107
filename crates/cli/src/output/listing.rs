//! The one way in which rows are chosen and ordered: every listing of the command goes through here.

use std::cmp::Ordering;
use std::time::Duration;

use psoxide::{Field, Reading};

use super::column::{Cell, Column, Meta};
use super::tree::{Arranged, Tree};
use super::value::{self, Scale};
use super::write::{Page, Writer};
use crate::args::{Format, ListArgs};
use crate::context::{Context, Failure, Outcome};
use crate::filter::{Filter, find, unknown};

/// A kind of rows, and how they are shown unless the user says otherwise.
pub(crate) struct Listing<R: 'static> {
    pub(crate) command: &'static str,
    pub(crate) columns: &'static [Column<R>],
    /// Columns of a table.
    pub(crate) table: &'static [&'static str],
    /// Columns of JSON and CSV; if empty, those of the table.
    pub(crate) data: &'static [&'static str],
    /// Columns of the table that a narrow terminal can do without, the first first.
    pub(crate) spare: &'static [&'static str],
    /// The order, as `--sort` takes it; empty: as they come.
    pub(crate) sort: &'static str,
    pub(crate) scale: Scale,
    /// Samples follow each other under one header.
    pub(crate) continuous: bool,
}

/// The rows at one moment.
pub(crate) struct Sample<R> {
    pub(crate) rows: Vec<R>,
    pub(crate) window: Window,
    /// Lines above a table.
    pub(crate) caption: Vec<String>,
}

/// What the rates of a sample are taken over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Window {
    /// There are no rates in it.
    None,
    /// Of a process, all the time since it began: its column says so.
    Lifetime,
    /// All the time since boot.
    Boot,
    /// The time since the sample before.
    Over(Duration),
}

impl<R> Sample<R> {
    /// Rows without rates.
    pub(crate) fn of(rows: impl IntoIterator<Item = R>) -> Self {
        Self::over(Window::None, rows)
    }

    /// Rows with rates over this window.
    pub(crate) fn over(window: Window, rows: impl IntoIterator<Item = R>) -> Self {
        Self { rows: rows.into_iter().collect(), window, caption: Vec::new() }
    }
}

/// What a sample must hold.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) fields: Vec<Field>,
    columns: Vec<&'static str>,
}

impl Ask {
    /// Whether one of these columns is shown, sorted by or tested.
    pub(crate) fn any(&self, names: &[&str]) -> bool {
        self.columns.iter().any(|column| names.contains(column))
    }
}

/// What has been chosen of a listing: options and defaults, resolved.
pub(crate) struct Plan<'a, R: 'static> {
    pub(crate) listing: &'a Listing<R>,
    pub(crate) columns: Vec<&'a Column<R>>,
    pub(crate) scale: Scale,
    /// Whether nobody has chosen the columns.
    pub(crate) usual: bool,
    sort: Vec<(&'a Column<R>, bool)>,
    filter: Option<Filter>,
}

impl<R> Listing<R> {
    pub(crate) fn metas(&self) -> Vec<Meta> {
        self.columns.iter().map(|column| column.meta).collect()
    }

    /// Takes samples and writes them, as often as the user wants; whether there was any row.
    pub(crate) fn run(
        &self,
        context: &Context,
        args: &ListArgs,
        tree: Option<&Tree<R>>,
        mut sample: impl FnMut(&Ask) -> Result<Sample<R>, Failure>,
    ) -> Outcome {
        let plan = self.plan(context, args)?;
        let ask = plan.ask();
        let mut writer = Writer { context, args, plan: &plan, tree, left_out: Vec::new() };
        let mut found = false;
        context.repeat(!self.continuous, |turn, out| {
            let Sample { rows, window, caption } = sample(&ask)?;
            let rows = plan.arrange(rows, tree);
            found |= !rows.is_empty();
            Ok(writer.write(&Page { rows: &rows, window, caption: &caption, turn }, out)?)
        })?;
        Ok(found)
    }

    /// What is written of these rows.
    #[cfg(test)]
    pub(crate) fn written(&self, context: &Context, rows: Vec<R>) -> String {
        let args = ListArgs::default();
        let plan = self.plan(context, &args).unwrap();
        let rows = plan.arrange(rows, None);
        let page = Page { rows: &rows, window: Window::None, caption: &[], turn: 0 };
        let mut out = Vec::new();
        Writer { context, args: &args, plan: &plan, tree: None, left_out: Vec::new() }.write(&page, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn plan(&self, context: &Context, args: &ListArgs) -> Result<Plan<'_, R>, Failure> {
        let metas = self.metas();
        let column = |name: &str| {
            let place = find(&metas, name).and_then(|place| self.columns.get(place));
            place.ok_or_else(|| Failure::Usage(unknown(&metas, name)))
        };
        let configured = context.config.columns(self.command).filter(|_| context.format == Format::Text);
        let usual = if context.format == Format::Text || self.data.is_empty() { self.table } else { self.data };
        let chosen = args.columns.as_deref().or(configured);
        let columns = match chosen {
            Some(names) => names.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?,
            None => usual.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?,
        };
        let order = args.sort.as_deref().or_else(|| context.config.sort(self.command)).unwrap_or(self.sort);
        let mut sort = Vec::new();
        for name in order.split(',').filter(|name| !name.is_empty()) {
            sort.push((column(name.trim_start_matches(['-', '+']))?, name.starts_with('-')));
        }
        let filter = args.filter.as_deref().map(|text| Filter::parse(text, &metas)).transpose();
        let filter = filter.map_err(|mistake| Failure::Usage(format!("--filter, {mistake}")))?;
        let scale = match (args.bytes, args.human) {
            (true, _) => Scale::Bytes,
            (_, true) => Scale::Human,
            _ => self.scale,
        };
        Ok(Plan { listing: self, columns, scale, usual: chosen.is_none(), sort, filter })
    }
}

impl<R> Plan<'_, R> {
    pub(crate) fn sorts_by(&self, name: &str) -> bool {
        self.sort.iter().any(|(column, _)| column.meta.name == name)
    }

    fn ask(&self) -> Ask {
        let tested = self.filter.iter().flat_map(Filter::columns).filter_map(|place| self.listing.columns.get(place));
        let sorted = self.sort.iter().map(|(column, _)| *column);
        let used: Vec<&Column<R>> = self.columns.iter().copied().chain(sorted).chain(tested).collect();
        Ask {
            fields: used.iter().flat_map(|column| column.needs).copied().collect(),
            columns: used.iter().map(|column| column.meta.name).collect(),
        }
    }

    fn arrange(&self, mut rows: Vec<R>, tree: Option<&Tree<R>>) -> Arranged<R> {
        if let Some(filter) = &self.filter {
            rows.retain(|row| {
                filter.passes(&|place| match self.listing.columns.get(place) {
                    Some(column) => (column.get)(row),
                    None => Reading::NotAsked,
                })
            });
        }
        if !self.sort.is_empty() {
            rows.sort_by(|a, b| {
                let orders = self.sort.iter().map(|(column, falling)| ordered(column, *falling, a, b));
                orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            });
        }
        Arranged::new(rows, tree)
    }
}

/// The order of two rows by one column; a row without a value comes last, whichever way.
pub(crate) fn ordered<R>(column: &Column<R>, falling: bool, a: &R, b: &R) -> Ordering {
    let (a, b): (Cell<'_>, Cell<'_>) = ((column.get)(a), (column.get)(b));
    let order = value::compare(&a, &b);
    let both = value::present(&a).is_some() && value::present(&b).is_some();
    if falling && both { order.reverse() } else { order }
}
