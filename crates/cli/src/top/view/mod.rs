//! The state of the view: rows, selection, open dialog.

pub(crate) mod mode;
mod pages;
mod rows;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::PathBuf;

use psoxide::{Field, Os, support};

use self::mode::{Change, Mode};
pub(crate) use self::rows::Line;
use super::act::{Message, Target, Targets};
use super::columns;
use super::monitor::source::Step;
use super::monitor::{Entry, Identity, Monitor};
use super::place::Place;
use super::search::Search;
use super::settings::{Preset, Settings, presets};
use crate::failure::Failure;
use crate::output::column::Column;
use crate::process::Proc;
use crate::process::columns::COLUMNS;

pub(crate) struct View {
    pub(crate) monitor: Monitor,
    pub(crate) settings: Settings,
    pub(crate) presets: Vec<Preset>,
    /// The file that the settings are written to.
    pub(crate) config: Option<PathBuf>,
    /// The places of the columns that the machine has.
    pub(crate) available: Vec<usize>,
    /// Those that are shown unless the user has chosen others.
    usual: Vec<usize>,
    /// The system of the machine.
    pub(crate) os: Os,
    /// The fields that the last sample has.
    held: Vec<Field>,
    pub(crate) mode: Mode,
    pub(crate) search: Search,
    /// The user whose processes alone are shown.
    pub(crate) user: Option<OsString>,
    pub(crate) lines: Vec<Line>,
    pub(crate) selected: usize,
    pub(crate) scroll: usize,
    /// The row that the selection stays on.
    pub(crate) follow: Option<Identity>,
    /// The processes that the next action is for, instead of the chosen one.
    pub(crate) tagged: HashSet<Identity>,
    /// The branches of the tree that are folded.
    pub(crate) folded: HashSet<Identity>,
    pub(crate) paused: bool,
    /// What came of the last action.
    pub(crate) message: Option<Message>,
    /// Where things were drawn.
    pub(crate) place: Place,
}

impl View {
    pub(crate) fn new(monitor: Monitor, os: Os, settings: Settings) -> Self {
        let available = columns::available(os);
        Self {
            // A recorded machine waits to be played.
            paused: !monitor.moves() || monitor.recorded().is_some(),
            monitor,
            settings,
            presets: presets(&available),
            usual: columns::usual(&available),
            config: None,
            available,
            os,
            held: Vec::new(),
            mode: Mode::Table,
            search: Search::default(),
            user: None,
            lines: Vec::new(),
            selected: 0,
            scroll: 0,
            follow: None,
            tagged: HashSet::new(),
            folded: HashSet::new(),
            message: None,
            place: Place::default(),
        }
    }

    /// The chosen columns, whether there is room for them or not.
    pub(crate) fn columns(&self) -> Vec<usize> {
        self.settings.columns.clone().unwrap_or_else(|| self.usual.clone())
    }

    /// The columns that the screen has room for.
    pub(crate) fn shown_columns(&self) -> Vec<usize> {
        columns::fitting(self.columns(), self.settings.sort, self.place.width, |place| self.place.column_width(place))
    }

    /// Reads the fields that the view needs.
    pub(crate) fn sample(&mut self) -> Result<(), Failure> {
        self.held = self.wanted();
        self.monitor.sample(&self.held)?;
        self.arrange();
        self.read_pages();
        Ok(())
    }

    /// Shows another recorded sample, with the graphs of what was before it.
    pub(crate) fn step(&mut self, step: Step) -> Result<(), Failure> {
        /// Samples that the graphs begin with. Where there are many processes, one is enough for the rates.
        const GRAPH: usize = 40;
        const MANY: usize = 1000;
        if step == Step::By(0) || self.moved(step)? {
            self.monitor.forget();
            let wanted = if self.monitor.machine.processes > MANY { 1 } else { GRAPH };
            let mut back = 0;
            while back < wanted && self.monitor.step(Step::Before).map_err(Failure::Other)? {
                back += 1;
            }
            self.held = self.wanted();
            self.monitor.sample(&self.held)?;
            for _ in 0..back {
                self.monitor.step(Step::After).map_err(Failure::Other)?;
                self.monitor.sample(&self.held)?;
            }
            self.arrange();
            self.read_pages();
        }
        Ok(())
    }

    /// Shows the next recorded sample. At the last one the view pauses.
    pub(crate) fn play(&mut self) -> Result<(), Failure> {
        if self.moved(Step::After)? { self.sample() } else { Ok(()) }
    }

    fn moved(&mut self, step: Step) -> Result<bool, Failure> {
        let moved = self.monitor.step(step).map_err(Failure::Other)?;
        if !moved {
            let forward = matches!(step, Step::After | Step::By(0..));
            self.message = Some(Message::done(if forward { "no later sample" } else { "no earlier sample" }));
            self.paused = true;
        }
        Ok(moved)
    }

    /// Reads fields that the view needs since a key was pressed, if there are any.
    pub(crate) fn look_again(&mut self) -> Result<(), Failure> {
        let wanted = self.wanted();
        if wanted.iter().any(|field| !self.held.contains(field)) {
            self.held = wanted;
            self.monitor.look_again(&self.held)?;
        }
        self.arrange();
        self.read_pages();
        Ok(())
    }

    /// The fields that columns, order and filter need.
    fn wanted(&self) -> Vec<Field> {
        let used = self.shown_columns().into_iter().chain([self.settings.sort]);
        let mut wanted: Vec<Field> =
            used.filter_map(|place| COLUMNS.get(place)).flat_map(|column| column.needs).copied().collect();
        wanted.extend(self.search.needs());
        if self.user.is_some() || matches!(&self.mode, Mode::Menu(menu) if matches!(menu.kind, mode::MenuKind::Users)) {
            wanted.push(Field::Username);
        }
        if self.settings.threads && self.has("thread_details") {
            wanted.push(Field::ThreadDetails);
        }
        if matches!(self.mode, Mode::Details(_)) {
            wanted.extend([Field::MemoryInfo, Field::IoCounters]);
        }
        wanted
    }

    /// Whether the machine's system has this call of a process.
    pub(crate) fn has(&self, call: &str) -> bool {
        let known = support::CALLS.iter().find(|known| known.name.strip_prefix("Process::") == Some(call));
        known.is_some_and(|call| call.os.contains(self.os))
    }

    /// What can be changed about a process of this machine.
    pub(crate) fn changes(&self) -> Vec<(Change, &'static str, &'static str)> {
        Change::ALL.into_iter().filter(|(_, call, _)| self.has(call)).collect()
    }

    /// The users that have processes, by name, with how many.
    pub(crate) fn users(&self) -> Vec<(OsString, usize)> {
        let mut users = BTreeMap::new();
        let processes = self.monitor.entries.iter().filter(|entry| entry.thread_of.is_none());
        let shown = processes.filter(|entry| self.settings.kernel_threads || !entry.is_kernel());
        for user in shown.filter_map(|entry| entry.proc.row.username.value()) {
            *users.entry(user.clone()).or_insert(0) += 1;
        }
        users.into_iter().collect()
    }

    /// Moves the selection; the line is brought into sight.
    pub(crate) fn select(&mut self, line: usize) {
        self.selected = line.min(self.lines.len().saturating_sub(1));
        let page = self.place.page.max(1);
        self.scroll = self.scroll.clamp((self.selected + 1).saturating_sub(page), self.selected);
    }

    /// Moves the selection for the user, and stops following.
    pub(crate) fn move_by(&mut self, by: isize) {
        self.follow = None;
        self.select(self.selected.saturating_add_signed(by));
    }

    /// Tags the chosen process, or takes its tag away, and goes to the next line.
    pub(crate) fn tag(&mut self) {
        let Some(id) = self.entry(self.selected).map(Entry::process) else { return };
        if !self.tagged.remove(&id) {
            self.tagged.insert(id);
        }
        self.move_by(1);
    }

    /// The chosen process.
    pub(crate) fn target(&mut self) -> Option<Target> {
        let id = self.entry(self.selected).map(Entry::process)?;
        let target = self.open(id);
        if target.is_none() {
            self.message = Some(Message::failed(format!("process {} has ended", id.0)));
        }
        target
    }

    /// The tagged processes, or the chosen one if none is tagged.
    pub(crate) fn targets(&mut self) -> Option<Targets> {
        if self.tagged.is_empty() {
            return self.target().map(|target| Targets(vec![target]));
        }
        let mut ids: Vec<Identity> = self.tagged.iter().copied().collect();
        ids.sort_unstable();
        let targets: Vec<Target> = ids.into_iter().filter_map(|id| self.open(id)).collect();
        if targets.is_empty() {
            self.message = Some(Message::failed("the tagged processes have ended"));
        }
        Some(Targets(targets)).filter(|targets| !targets.0.is_empty())
    }

    fn open(&self, (pid, start): Identity) -> Option<Target> {
        let process = self.monitor.open(pid).filter(|process| process.start() == start)?;
        let name = process.name().map_or_else(|_| "?".into(), |name| crate::output::escape(&name));
        Some(Target { process, name })
    }

    /// Orders by a column, or reverses the order if it is that of the column already.
    pub(crate) fn sort_by(&mut self, place: usize) {
        let number = COLUMNS.get(place).is_some_and(|c: &Column<Proc>| c.meta.is_number());
        self.settings.descending = if place == self.settings.sort { !self.settings.descending } else { number };
        self.settings.sort = place;
        self.arrange();
    }
}
