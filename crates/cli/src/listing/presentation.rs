//! The columns, order, filter and scale of a listing: options, configuration and defaults, resolved.

use std::cmp::Ordering;

use psoxide::{Reading, Unit};

use super::{Ask, Listing};
use crate::args::{Format, ListArgs};
use crate::config::Config;
use crate::failure::Failure;
use crate::filter::{Filter, find, unknown};
use crate::output::column::{Column, Meta};
use crate::output::tree::{Arranged, Tree};
use crate::output::value::{self, Cell, Scale};

/// What is shown of a listing.
pub(crate) struct Presentation<'a, R: 'static> {
    pub(crate) listing: &'a Listing<R>,
    pub(crate) columns: Vec<&'a Column<R>>,
    pub(crate) scale: Scale,
    /// Whether the columns are the listing's own choice.
    pub(crate) default_columns: bool,
    sort: Vec<(&'a Column<R>, bool)>,
    filter: Option<Filter>,
    limit: Option<usize>,
}

impl<'a, R> Presentation<'a, R> {
    pub(crate) fn new(
        listing: &'a Listing<R>,
        format: Format,
        config: &Config,
        args: &ListArgs,
    ) -> Result<Self, Failure> {
        let metas = listing.metas();
        refuse_idle(&metas, listing.command, format, args)?;
        let column = |name: &str| {
            let place = find(&metas, name).and_then(|place| listing.columns.get(place));
            place.ok_or_else(|| Failure::Usage(unknown(&metas, name)))
        };
        let text = format == Format::Text;
        let default = if text || listing.data.is_empty() { listing.table } else { listing.data };
        let chosen = args.columns.as_deref().or(config.columns(listing.command).filter(|_| text));
        let mut columns = match chosen {
            Some(names) => names.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?,
            None => default.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?,
        };
        if text && !listing.label.is_empty() && columns.iter().all(|column| column.meta.name != listing.label) {
            columns.insert(0, column(listing.label)?);
        }
        let order = args.sort.as_deref().or_else(|| config.sort(listing.command)).unwrap_or(listing.sort);
        let mut sort = Vec::new();
        for name in order.split(',').filter(|name| !name.is_empty()) {
            sort.push((column(name.trim_start_matches(['-', '+']))?, name.starts_with('-')));
        }
        let filter = args.filter.as_deref().map(|text| Filter::parse(text, &metas)).transpose();
        let filter = filter.map_err(|mistake| Failure::Usage(format!("--filter, {mistake}")))?;
        let scale = match (args.bytes, args.human) {
            (true, _) => Scale::Bytes,
            (_, true) => Scale::Human,
            _ => listing.scale,
        };
        Ok(Self { listing, columns, scale, default_columns: chosen.is_none(), sort, filter, limit: args.limit })
    }

    /// Whether rows are ordered by this column first.
    pub(crate) fn sorts_by(&self, name: &str) -> bool {
        self.sort.first().is_some_and(|(column, _)| column.meta.name == name)
    }

    /// What a sample must hold to be shown, sorted and filtered.
    pub(crate) fn ask(&self) -> Ask {
        let tested = self.filter.iter().flat_map(Filter::columns).filter_map(|place| self.listing.columns.get(place));
        let sorted = self.sort.iter().map(|(column, _)| *column);
        let used: Vec<&Column<R>> = self.columns.iter().copied().chain(sorted).chain(tested).collect();
        Ask {
            fields: used.iter().flat_map(|column| column.needs).copied().collect(),
            columns: used.iter().map(|column| column.meta.name).collect(),
        }
    }

    /// Refuses to choose or order rows by a column that has no value yet.
    pub(crate) fn refuse_choice_by(&self, name: &str, why: &str) -> Result<(), Failure> {
        let is_it = |column: &Column<R>| column.meta.name == name;
        let tested = self.filter.iter().flat_map(Filter::columns).filter_map(|place| self.listing.columns.get(place));
        let option = if tested.into_iter().any(is_it) {
            "--filter"
        } else if self.sort.iter().any(|(column, _)| is_it(column)) {
            "--sort"
        } else {
            return Ok(());
        };
        Err(Failure::Usage(format!("{option} cannot use {name}: {why}")))
    }

    /// The rows that pass the filter, in their order.
    pub(crate) fn arrange(&self, rows: Vec<R>, tree: Option<&Tree<R>>) -> Arranged<R> {
        Arranged::new(self.ordered(rows), tree, self.limit)
    }

    /// The first rows, as many as the limit allows, of those that pass the filter.
    pub(crate) fn chosen(&self, rows: Vec<R>) -> Vec<R> {
        let mut rows = self.ordered(rows);
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        rows
    }

    fn ordered(&self, mut rows: Vec<R>) -> Vec<R> {
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
                let orders =
                    self.sort.iter().map(|(column, falling)| ordered(*falling, &(column.get)(a), &(column.get)(b)));
                orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            });
        }
        rows
    }
}

/// Refuses options that would change nothing.
fn refuse_idle(metas: &[Meta], command: &str, format: Format, args: &ListArgs) -> Result<(), Failure> {
    let sized = |meta: &Meta| matches!(meta.unit, Unit::Bytes | Unit::BytesPerSecond);
    let text = format == Format::Text;
    let given = [
        (args.bytes, "--bytes", text, "for tables; JSON and CSV are in bytes"),
        (args.human, "--human", text, "for tables; JSON and CSV are in bytes"),
        (args.wide, "--wide", text, "for tables; JSON and CSV are never cut"),
        (args.no_header, "--no-header", text || format == Format::Csv, "for tables and CSV"),
    ];
    if let Some((_, option, _, reason)) = given.iter().find(|(given, _, useful, _)| *given && !useful) {
        return Err(Failure::Usage(format!("{option} is {reason}")));
    }
    if (args.bytes || args.human) && !metas.iter().any(sized) {
        let option = if args.bytes { "--bytes" } else { "--human" };
        return Err(Failure::Usage(format!("{option} changes nothing: {command} shows no sizes")));
    }
    Ok(())
}

/// The order of two cells of a column; a cell without a value comes last, whichever way.
pub(crate) fn ordered(falling: bool, a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
    let order = value::compare(a, b);
    let both = value::present(a).is_some() && value::present(b).is_some();
    if falling && both { order.reverse() } else { order }
}
