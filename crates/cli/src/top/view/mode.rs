//! What the keys mean at the moment: the table, a menu, a prompt, a page about one process.

use std::ffi::OsString;

use psoxide::Signal;

use super::super::act::{Target, Targets, io_priorities, io_priority};
use super::View;
use crate::process::columns::COLUMNS;
use crate::signal::SIGNALS;

pub(crate) enum Mode {
    Table,
    Search,
    Help { scroll: u16 },
    Menu(Menu),
    Prompt(Prompt),
    Confirm { targets: Targets, signal: Signal },
    Details(Box<Details>),
    Sheet(Box<Sheet>),
}

/// A list with one chosen line.
pub(crate) struct Menu {
    pub(crate) kind: MenuKind,
    pub(crate) chosen: usize,
    /// The digits that have been typed: they jump to a line.
    pub(crate) typed: String,
}

#[derive(Clone)]
pub(crate) enum MenuKind {
    Sort,
    Columns,
    Presets,
    Users,
    Signals(Targets),
    Change(Targets),
    IoPriorities(Targets),
}

/// A line of a menu.
pub(crate) struct Item {
    /// What digits jump to.
    pub(crate) number: usize,
    pub(crate) text: String,
    /// Whether it is on, in a menu of switches.
    pub(crate) on: Option<bool>,
}

/// What can be changed about a process, in the order of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Nice,
    IoPriority,
    Affinity,
}

impl Change {
    pub(crate) const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Nice, "set_nice", "nice value: the share of the CPU"),
        (Self::IoPriority, "set_ionice", "I/O priority: the share of the disk"),
        (Self::Affinity, "set_cpu_affinity", "CPUs that it may run on"),
    ];
}

impl Menu {
    pub(crate) fn new(kind: MenuKind, chosen: usize) -> Self {
        Self { kind, chosen, typed: String::new() }
    }

    pub(crate) fn title(&self) -> String {
        match &self.kind {
            MenuKind::Sort => "Order by".into(),
            MenuKind::Columns => "Columns: Space chooses, Shift ← → moves, d: defaults".into(),
            MenuKind::Presets => "Presets".into(),
            MenuKind::Users => "Processes of".into(),
            MenuKind::Signals(targets) => format!("Signal to {}", targets.label()),
            MenuKind::Change(targets) => format!("Change {}", targets.label()),
            MenuKind::IoPriorities(targets) => format!("I/O priority of {}", targets.label()),
        }
    }

    /// The lines, in their order.
    pub(crate) fn items(&self, view: &View) -> Vec<Item> {
        let numbered = |(i, text): (usize, String)| Item { number: i + 1, text, on: None };
        match &self.kind {
            MenuKind::Sort => view.available.iter().map(column_text).enumerate().map(numbered).collect(),
            MenuKind::Columns => {
                let shown = view.columns();
                let item = |(i, place): (usize, &usize)| Item {
                    number: i + 1,
                    text: column_text(place),
                    on: Some(shown.contains(place)),
                };
                view.available.iter().enumerate().map(item).collect()
            }
            MenuKind::Presets => {
                let usual = std::iter::once("usual".to_owned());
                usual.chain(view.presets.iter().map(|preset| preset.name.clone())).enumerate().map(numbered).collect()
            }
            MenuKind::Users => {
                let all = std::iter::once("all users".to_owned());
                let user = |(name, count): (OsString, usize)| format!("{:<16} {count}", crate::output::escape(&name));
                all.chain(view.users().into_iter().map(user)).enumerate().map(numbered).collect()
            }
            MenuKind::Signals(_) => {
                let item = |(signal, name, doc): &(Signal, &str, &str)| Item {
                    number: usize::try_from(signal.0).unwrap_or(0),
                    text: format!("{name:<6} {doc}"),
                    on: None,
                };
                SIGNALS.iter().map(item).collect()
            }
            MenuKind::Change(_) => {
                view.changes().iter().map(|(_, _, doc)| (*doc).to_owned()).enumerate().map(numbered).collect()
            }
            MenuKind::IoPriorities(_) => {
                let text = |(priority, doc)| format!("{:<14} {doc}", io_priority(priority));
                io_priorities().into_iter().map(text).enumerate().map(numbered).collect()
            }
        }
    }
}

fn column_text(place: &usize) -> String {
    COLUMNS
        .get(*place)
        .map_or_else(String::new, |column| format!("{:<9} {}", column.meta.title, column.meta.doc.trim()))
}

/// A question that is answered with text.
pub(crate) struct Prompt {
    pub(crate) change: Change,
    pub(crate) targets: Targets,
    pub(crate) text: String,
    /// What is wrong with the text; it stays to be corrected.
    pub(crate) mistake: Option<String>,
}

impl Prompt {
    pub(crate) fn question(&self) -> String {
        let who = self.targets.label();
        match self.change {
            Change::Affinity => format!("CPUs of {who} (such as 0-3,8): "),
            Change::Nice | Change::IoPriority => format!("Nice value of {who} (-20 to 19): "),
        }
    }
}

/// Everything about one process.
pub(crate) struct Details {
    pub(crate) target: Target,
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) scroll: usize,
    pub(crate) ended: bool,
}

/// A list about one process.
pub(crate) struct Sheet {
    pub(crate) kind: SheetKind,
    pub(crate) target: Target,
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) scroll: usize,
    pub(crate) ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SheetKind {
    Environment,
    /// Open files and sockets.
    Files,
}
