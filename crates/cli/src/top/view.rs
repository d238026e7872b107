//! The state of the view: what is shown, what is chosen, what is being asked.

use std::time::Duration;

use psoxide::{Field, Process, Signal};

use super::monitor::{Identity, Monitor};
use super::search::Search;
use crate::context::Failure;
use crate::filter::find;
use crate::output::column::{Column, Meta};
use crate::output::plan::ordered;
use crate::output::table::wrap;
use crate::output::tree::order;
use crate::process::Proc;
use crate::process::columns::COLUMNS;

/// Columns of a narrow, a usual and a wide terminal, unless the user has chosen.
const NARROW: &[&str] = &["pid", "username", "rss", "status", "cpu_percent", "memory_percent", "cpu_time", "cmdline"];
const USUAL: &[&str] =
    &["pid", "username", "nice", "vms", "rss", "status", "cpu_percent", "memory_percent", "cpu_time", "cmdline"];
const WIDE: &[&str] = &[
    "pid",
    "ppid",
    "username",
    "nice",
    "num_threads",
    "vms",
    "rss",
    "shared",
    "status",
    "cpu_percent",
    "memory_percent",
    "create_time",
    "cpu_time",
    "cmdline",
];

/// What the keys mean at the moment.
pub(crate) enum Mode {
    Table,
    Search,
    Help { scroll: u16 },
    Sort { chosen: usize },
    Columns { chosen: usize },
    Signals { target: Target, chosen: usize },
    Confirm { target: Target, signal: Signal },
    Renice { target: Target, text: String },
    Details(Box<Details>),
}

/// The process that something is about to be done to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) process: Process,
    pub(crate) name: String,
}

/// Everything about one process.
pub(crate) struct Details {
    pub(crate) target: Target,
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) scroll: usize,
    pub(crate) ended: bool,
}

/// A line of the table.
pub(crate) struct Line {
    /// Its place among the monitor's processes.
    pub(crate) place: usize,
    pub(crate) branch: String,
}

pub(crate) struct View {
    pub(crate) monitor: Monitor,
    /// The fields that the last sample has.
    held: Vec<Field>,
    pub(crate) mode: Mode,
    /// The columns that the user has chosen; `None`: by the width of the terminal.
    pub(crate) chosen_columns: Option<Vec<usize>>,
    pub(crate) sort: usize,
    pub(crate) falling: bool,
    pub(crate) tree: bool,
    pub(crate) search: Search,
    pub(crate) lines: Vec<Line>,
    pub(crate) selected: usize,
    pub(crate) scroll: usize,
    /// The process that the selection stays on.
    pub(crate) follow: Option<Identity>,
    pub(crate) paused: bool,
    pub(crate) panels: bool,
    pub(crate) interval: Duration,
    /// What came of the last action, and whether it went wrong.
    pub(crate) message: Option<(String, bool)>,
    /// Set by drawing: how many columns and lines of the table there are, and where.
    pub(crate) place: super::draw::Place,
}

/// The place of a column.
pub(crate) fn column(name: &str) -> usize {
    let metas: Vec<Meta> = COLUMNS.iter().map(|column| column.meta).collect();
    find(&metas, name).unwrap_or(0)
}

impl View {
    pub(crate) fn new(monitor: Monitor, interval: Duration) -> Self {
        Self {
            monitor,
            held: Vec::new(),
            mode: Mode::Table,
            chosen_columns: None,
            sort: column("cpu_percent"),
            falling: true,
            tree: false,
            search: Search::default(),
            lines: Vec::new(),
            selected: 0,
            scroll: 0,
            follow: None,
            paused: false,
            panels: true,
            interval,
            message: None,
            place: super::draw::Place::default(),
        }
    }

    /// The columns that are shown.
    pub(crate) fn columns(&self) -> Vec<usize> {
        match (&self.chosen_columns, self.place.width) {
            (Some(columns), _) => columns.clone(),
            (None, 0..100) => NARROW.iter().map(|name| column(name)).collect(),
            (None, 100..160) => USUAL.iter().map(|name| column(name)).collect(),
            (None, _) => WIDE.iter().map(|name| column(name)).collect(),
        }
    }

    /// Takes a sample of what is shown.
    pub(crate) fn sample(&mut self) -> Result<(), Failure> {
        self.held = self.wanted();
        self.monitor.sample(&self.held)?;
        self.arrange();
        self.read_details();
        Ok(())
    }

    /// Reads what has come to be shown since the last sample, if anything has.
    pub(crate) fn look_again(&mut self) -> Result<(), Failure> {
        let wanted = self.wanted();
        if wanted.iter().any(|field| !self.held.contains(field)) {
            self.held = wanted;
            self.monitor.look_again(&self.held)?;
        }
        self.arrange();
        self.read_details();
        Ok(())
    }

    /// What is shown, sorted by or tested.
    fn wanted(&self) -> Vec<Field> {
        let used = self.columns().into_iter().chain([self.sort]).filter_map(|place| COLUMNS.get(place));
        let mut wanted: Vec<Field> = used.flat_map(|column| column.needs).copied().collect();
        wanted.extend(self.search.needs());
        if matches!(self.mode, Mode::Details(_)) {
            wanted.extend([Field::MemoryInfo, Field::IoCounters]);
        }
        wanted
    }

    /// Filters and orders the processes.
    pub(crate) fn arrange(&mut self) {
        let processes = &self.monitor.processes;
        let mut places: Vec<usize> = (0..processes.len()).collect();
        places.retain(|place| processes.get(*place).is_some_and(|process| self.search.passes(process)));
        if let Some(column) = COLUMNS.get(self.sort) {
            places.sort_by(|a, b| match (processes.get(*a), processes.get(*b)) {
                (Some(a), Some(b)) => ordered(column, self.falling, a, b).then(a.row.pid.cmp(&b.row.pid)),
                _ => a.cmp(b),
            });
        }
        self.lines = if self.tree {
            let link = |place: &usize| {
                let row = processes.get(*place).map(|process| &process.row);
                (row.map_or(0, |row| row.pid), row.and_then(|row| row.ppid.value().copied()))
            };
            let links: Vec<_> = places.iter().map(link).collect();
            let placed = |(at, branch): (usize, String)| Some(Line { place: *places.get(at)?, branch });
            order(&links).into_iter().filter_map(placed).collect()
        } else {
            places.into_iter().map(|place| Line { place, branch: String::new() }).collect()
        };
        if let Some(id) = self.follow {
            let at = self.lines.iter().position(|line| self.identity(line) == Some(id));
            match at {
                Some(at) => self.selected = at,
                None if self.monitor.find(id).is_none() => {
                    self.follow = None;
                    self.message = Some((format!("process {} has ended", id.0), false));
                }
                None => {}
            }
        }
        self.select(self.selected);
    }

    fn identity(&self, line: &Line) -> Option<Identity> {
        self.monitor.processes.get(line.place).map(|process| (process.row.pid, process.row.start))
    }

    pub(crate) fn process(&self, line: usize) -> Option<&Proc> {
        self.lines.get(line).and_then(|line| self.monitor.processes.get(line.place))
    }

    /// Moves the selection; the line is brought into sight.
    pub(crate) fn select(&mut self, line: usize) {
        self.selected = line.min(self.lines.len().saturating_sub(1));
        let page = self.place.page.max(1);
        self.scroll = self.scroll.clamp((self.selected + 1).saturating_sub(page), self.selected);
    }

    /// As [`select`](Self::select), by the user: what was followed no longer is.
    pub(crate) fn move_by(&mut self, by: isize) {
        self.follow = None;
        self.select(self.selected.saturating_add_signed(by));
    }

    /// The chosen process, held so that nothing is done to a later one with its pid.
    pub(crate) fn target(&mut self) -> Option<Target> {
        let (pid, start) = {
            let row = &self.process(self.selected)?.row;
            (row.pid, row.start)
        };
        let target = self.monitor.system().process(pid).ok().filter(|process| process.start() == start);
        let Some(process) = target else {
            self.message = Some((format!("process {pid} has ended"), true));
            return None;
        };
        let name = process.name().map_or_else(|_| "?".into(), |name| crate::output::escape(&name));
        Some(Target { process, name })
    }

    /// Orders by a column: by the one that it is ordered by already, the other way round.
    pub(crate) fn sort_by(&mut self, place: usize) {
        let number = COLUMNS.get(place).is_some_and(|c: &Column<Proc>| crate::output::write::is_number(&c.meta));
        self.falling = if place == self.sort { !self.falling } else { number };
        self.sort = place;
        self.arrange();
    }

    /// Shows everything about a process.
    pub(crate) fn show_details(&mut self, target: Target) {
        self.monitor.watch((target.process.pid(), target.process.start()));
        self.mode = Mode::Details(Box::new(Details { target, lines: Vec::new(), scroll: 0, ended: false }));
        self.read_details();
    }

    fn read_details(&mut self) {
        let Mode::Details(details) = &mut self.mode else { return };
        let process = details.target.process.oneshot();
        if !process.is_running().unwrap_or(false) {
            details.ended = true;
            return;
        }
        let room = super::draw::details::room(self.place.width);
        let mut lines = Vec::new();
        for (label, values) in crate::cmd::procinfo::fields(&process, true) {
            let mut label = label.to_owned();
            for value in values.iter().flat_map(|value| wrap(value, room)) {
                lines.push((std::mem::take(&mut label), value));
            }
        }
        details.lines = lines;
    }
}
