//! Which rows are shown, in which order.

use std::collections::HashSet;

use super::View;
use crate::listing::presentation::ordered;
use crate::output::tree::order;
use crate::process::columns::COLUMNS;
use crate::top::act::Message;
use crate::top::monitor::{Entry, Identity};

/// A line of the table.
pub(crate) struct Line {
    /// Its place among the monitor's entries.
    pub(crate) place: usize,
    /// The lines that lead to it in a tree.
    pub(crate) branch: String,
    /// How many lines below it are folded away.
    pub(crate) folded: usize,
}

impl View {
    /// Filters and orders the rows.
    pub(crate) fn arrange(&mut self) {
        let entries = &self.monitor.entries;
        let entry = |place: usize| entries.get(place);
        let mut places: Vec<usize> = (0..entries.len()).collect();
        let split = self.processes_with_threads();
        places.retain(|place| entry(*place).is_some_and(|entry| self.is_shown(entry, &split)));
        if let Some(column) = COLUMNS.get(self.settings.sort) {
            let key = |place| entry(place).map(|entry| ((column.get)(&entry.proc), entry.id(), place));
            let mut keys: Vec<_> = places.into_iter().filter_map(key).collect();
            keys.sort_by(|(a, a_id, _), (b, b_id, _)| {
                ordered(self.settings.descending, a, b).then_with(|| a_id.cmp(b_id))
            });
            places = keys.into_iter().map(|(.., place)| place).collect();
        }
        self.lines = if self.settings.tree {
            // A thread can have the id of its process.
            let link = |place: &usize| {
                let entry = entry(*place);
                let pid = entry.map_or(0, |entry| entry.proc.row.pid);
                let parent = entry.and_then(|entry| entry.proc.row.ppid.value().copied());
                ((pid, entry.is_some_and(|entry| entry.thread_of.is_some())), parent.map(|pid| (pid, false)))
            };
            let links: Vec<_> = places.iter().map(link).collect();
            let placed = |(at, branch): (usize, String)| Some(Line { place: *places.get(at)?, branch, folded: 0 });
            self.fold(order(&links).into_iter().filter_map(placed).collect())
        } else {
            places.into_iter().map(|place| Line { place, branch: String::new(), folded: 0 }).collect()
        };
        if let Some(id) = self.follow {
            let at = self.lines.iter().position(|line| self.identity(line) == Some(id));
            match at {
                Some(at) => self.selected = at,
                None if self.monitor.find(id).is_none() => {
                    self.follow = None;
                    self.message = Some(Message::done(format!("process {} has ended", id.0)));
                }
                None => {}
            }
        }
        if !self.tagged.is_empty() {
            let alive: HashSet<Identity> = self.monitor.entries.iter().map(|entry| entry.process()).collect();
            self.tagged.retain(|id| alive.contains(id));
        }
        self.select(self.selected);
    }

    /// The processes that have threads as rows.
    fn processes_with_threads(&self) -> HashSet<Identity> {
        match self.settings.threads {
            true => self.monitor.entries.iter().filter_map(|entry| entry.thread_of).collect(),
            false => HashSet::new(),
        }
    }

    fn is_shown(&self, entry: &Entry, split: &HashSet<Identity>) -> bool {
        // Outside a tree the threads of a process take its place.
        let by_threads = match entry.thread_of {
            Some(_) => self.settings.threads,
            None => self.settings.tree || !split.contains(&entry.id()),
        };
        by_threads
            && (self.settings.kernel_threads || !entry.is_kernel())
            && self.user.as_ref().is_none_or(|user| entry.proc.row.username.value() == Some(user))
            && self.search.passes(&entry.proc)
    }

    /// Removes the rows below a folded row.
    fn fold(&self, lines: Vec<Line>) -> Vec<Line> {
        let depth = |line: &Line| line.branch.chars().count();
        let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
        let mut above: Option<usize> = None;
        for line in lines {
            match (above, kept.last_mut()) {
                (Some(fold), Some(last)) if depth(&line) > fold => last.folded += 1,
                _ => {
                    let folded = self.identity(&line).is_some_and(|id| self.folded.contains(&id));
                    above = folded.then(|| depth(&line));
                    kept.push(line);
                }
            }
        }
        kept
    }

    /// Folds the chosen branch, or unfolds it. A row without a branch folds that of its parent.
    pub(crate) fn fold_chosen(&mut self, fold: bool) {
        let Some(line) = self.lines.get(self.selected) else { return };
        let Some(id) = self.identity(line) else { return };
        if !fold {
            self.folded.remove(&id);
        } else if self.has_children(self.selected) {
            self.folded.insert(id);
        } else if let Some(parent) = self.parent_line(self.selected) {
            self.follow = None;
            self.select(parent);
        }
        self.arrange();
    }

    /// Folds every branch below the first processes, or unfolds all.
    pub(crate) fn fold_all(&mut self) {
        if self.folded.is_empty() {
            let branches = (0..self.lines.len()).filter(|at| self.has_children(*at));
            // What the kernel starts itself stays open.
            let deep = branches.filter(|at| self.lines.get(*at).is_some_and(|line| !line.branch.is_empty()));
            self.folded = deep.filter_map(|at| self.identity(self.lines.get(at)?)).collect();
        } else {
            self.folded.clear();
        }
        self.arrange();
    }

    fn has_children(&self, at: usize) -> bool {
        let depth = |at: usize| self.lines.get(at).map(|line| line.branch.chars().count());
        self.lines.get(at).is_some_and(|line| line.folded > 0)
            || depth(at + 1).zip(depth(at)).is_some_and(|(a, b)| a > b)
    }

    fn parent_line(&self, at: usize) -> Option<usize> {
        let depth = self.lines.get(at)?.branch.chars().count();
        self.lines.iter().take(at).rposition(|line| line.branch.chars().count() < depth)
    }

    pub(crate) fn identity(&self, line: &Line) -> Option<Identity> {
        self.monitor.entries.get(line.place).map(|entry| entry.id())
    }

    /// The row of a line.
    pub(crate) fn entry(&self, line: usize) -> Option<&Entry> {
        self.lines.get(line).and_then(|line| self.monitor.entries.get(line.place)).map(|entry| &**entry)
    }

    /// How many rows there would be without the filter and the choice of a user.
    pub(crate) fn total(&self) -> usize {
        let split = self.processes_with_threads();
        let counts = |entry: &&Entry| {
            (entry.thread_of.is_some() || self.settings.tree || !split.contains(&entry.id()))
                && (self.settings.kernel_threads || !entry.is_kernel())
        };
        self.monitor.entries.iter().map(|entry| &**entry).filter(counts).count()
    }
}
