//! What the keys and the mouse do.

use std::time::Duration;

use psoxide::ErrorKind;
use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::Position;

use super::view::{Mode, Target, View};
use crate::output::reason;
use crate::process::columns::COLUMNS;
use crate::signal::{self, SIGNALS};

/// What the loop has to do after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Draw,
    /// Read what is needed now and was not before.
    Look,
    Suspend,
    Quit,
}

/// The explanation of the keys.
pub(crate) const HELP: &[(&str, &str)] = &[
    ("↑ ↓ PgUp PgDn Home End", "move; so does the wheel of the mouse"),
    ("Enter", "all about the chosen process (or click it twice)"),
    ("/", "filter as you type; Tab: text, regex or a test"),
    ("Esc", "drop the filter; leave a window"),
    ("s", "choose the column to order by (or click it)"),
    ("< >", "order by the column before or after"),
    ("r", "reverse the order"),
    ("P M T", "order by CPU, memory, time"),
    ("t", "tree"),
    ("c", "choose columns"),
    ("f", "follow the chosen process"),
    ("k", "send a signal, after a question"),
    ("n", "change the nice value"),
    ("m", "show or hide the machine"),
    ("+ -", "sample more or less often"),
    ("Space", "pause"),
    ("Ctrl-Z", "suspend"),
    ("? h", "this help"),
    ("q Ctrl-C", "quit"),
];

#[test]
fn help_fits_a_small_terminal() {
    for (keys, what) in HELP {
        assert!(keys.chars().count() < 24 && what.chars().count() <= 80 - 24 - 4, "{keys}: {what}");
    }
}

/// Intervals that + and - go through, in milliseconds.
const INTERVALS: [u64; 9] = [100, 250, 500, 1000, 2000, 3000, 5000, 10_000, 30_000];

impl View {
    pub(crate) fn event(&mut self, event: &Event) -> Flow {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(*key),
            Event::Mouse(mouse) => self.mouse(*mouse),
            Event::Resize(width, _) => {
                // A wider terminal has more columns.
                self.place.width = *width;
                Flow::Look
            }
            _ => Flow::Draw,
        }
    }

    fn key(&mut self, key: KeyEvent) -> Flow {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return Flow::Quit,
                KeyCode::Char('z') => return Flow::Suspend,
                _ => {}
            }
        }
        self.message = None;
        match &mut self.mode {
            Mode::Table => self.table_key(key.code),
            Mode::Search => self.search_key(key),
            Mode::Help { scroll } => {
                match key.code {
                    KeyCode::Down => *scroll = scroll.saturating_add(1),
                    KeyCode::Up => *scroll = scroll.saturating_sub(1),
                    _ => self.mode = Mode::Table,
                }
                Flow::Draw
            }
            Mode::Sort { chosen } => match list_key(key.code, chosen, COLUMNS.len()) {
                Pick::Chosen(place) => {
                    self.mode = Mode::Table;
                    self.sort_by(place);
                    Flow::Look
                }
                Pick::Left => self.back(),
                Pick::Moved | Pick::Other => Flow::Draw,
            },
            Mode::Columns { chosen } => {
                let pick = list_key(key.code, chosen, COLUMNS.len());
                let (place, moves) = (*chosen, key.modifiers.contains(KeyModifiers::SHIFT));
                self.columns_key(key.code, pick, place, moves)
            }
            Mode::Signals { target, chosen } => match list_key(key.code, chosen, SIGNALS.len()) {
                Pick::Chosen(place) => {
                    let target = target.clone();
                    let chosen = SIGNALS.get(place).map(|(signal, ..)| *signal);
                    self.mode = chosen.map_or(Mode::Table, |signal| Mode::Confirm { target, signal });
                    Flow::Draw
                }
                Pick::Left => self.back(),
                Pick::Moved | Pick::Other => Flow::Draw,
            },
            Mode::Confirm { target, signal } => {
                if let KeyCode::Char('y' | 'Y') = key.code {
                    let (result, what) = (target.process.send_signal(*signal), signal::name(*signal));
                    let target = target.clone();
                    self.report(&target, &format!("{what} sent"), result);
                    self.mode = Mode::Table;
                    return Flow::Look;
                }
                self.message = Some(("nothing was sent".into(), false));
                self.back()
            }
            Mode::Renice { .. } => self.renice_key(key.code),
            Mode::Details(details) => {
                let last = details.lines.len().saturating_sub(1);
                match key.code {
                    KeyCode::Down => details.scroll = (details.scroll + 1).min(last),
                    KeyCode::Up => details.scroll = details.scroll.saturating_sub(1),
                    KeyCode::PageDown => details.scroll = (details.scroll + 10).min(last),
                    KeyCode::PageUp => details.scroll = details.scroll.saturating_sub(10),
                    KeyCode::Home => details.scroll = 0,
                    KeyCode::End => details.scroll = last,
                    KeyCode::Char('k') => {
                        let target = details.target.clone();
                        self.mode = Mode::Signals { target, chosen: usual_signal() };
                    }
                    KeyCode::Char('n') => {
                        let target = details.target.clone();
                        self.mode = Mode::Renice { target, text: String::new() };
                    }
                    KeyCode::Esc | KeyCode::Enter | KeyCode::Backspace | KeyCode::Char('q') => return self.back(),
                    _ => {}
                }
                Flow::Draw
            }
        }
    }

    fn back(&mut self) -> Flow {
        self.mode = Mode::Table;
        Flow::Draw
    }

    fn table_key(&mut self, code: KeyCode) -> Flow {
        let page = isize::try_from(self.place.page.saturating_sub(1).max(1)).unwrap_or(1);
        match code {
            KeyCode::Char('q') | KeyCode::F(10) => return Flow::Quit,
            KeyCode::Up => self.move_by(-1),
            KeyCode::Down => self.move_by(1),
            KeyCode::PageUp => self.move_by(-page),
            KeyCode::PageDown => self.move_by(page),
            KeyCode::Home => self.move_by(isize::MIN),
            KeyCode::End => self.move_by(isize::MAX),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.mode = Mode::Help { scroll: 0 },
            KeyCode::Char('/') | KeyCode::F(4) => self.mode = Mode::Search,
            KeyCode::Esc => {
                self.search.clear();
                self.follow = None;
                self.arrange();
            }
            KeyCode::Char('s') | KeyCode::F(6) => self.mode = Mode::Sort { chosen: self.sort },
            KeyCode::Char('c') => self.mode = Mode::Columns { chosen: 0 },
            KeyCode::Char('<' | ',') => return self.sort_beside(false),
            KeyCode::Char('>' | '.') => return self.sort_beside(true),
            KeyCode::Char('r' | 'I') => self.sort_by(self.sort),
            KeyCode::Char('P') => return self.sort_falling("cpu_percent"),
            KeyCode::Char('M') => return self.sort_falling("memory_percent"),
            KeyCode::Char('T') => return self.sort_falling("cpu_time"),
            KeyCode::Char('t') | KeyCode::F(5) => {
                self.tree = !self.tree;
                self.arrange();
            }
            KeyCode::Char('f' | 'F') => {
                let chosen = self.process(self.selected).map(|process| (process.row.pid, process.row.start));
                self.follow = if self.follow.is_some() { None } else { chosen };
            }
            KeyCode::Char('m') => self.panels = !self.panels,
            KeyCode::Char(' ') => {
                self.paused = !self.paused;
            }
            KeyCode::Char('+' | '=') => self.interval = beside(self.interval, false),
            KeyCode::Char('-') => self.interval = beside(self.interval, true),
            KeyCode::Char('k') | KeyCode::F(9) | KeyCode::Delete => {
                if let Some(target) = self.target() {
                    self.mode = Mode::Signals { target, chosen: usual_signal() };
                }
            }
            KeyCode::Char('n') | KeyCode::F(7 | 8) => {
                if let Some(target) = self.target() {
                    self.mode = Mode::Renice { target, text: String::new() };
                }
            }
            KeyCode::Enter => {
                if let Some(target) = self.target() {
                    self.show_details(target);
                    return Flow::Look;
                }
            }
            _ => {}
        }
        Flow::Draw
    }

    fn sort_falling(&mut self, name: &str) -> Flow {
        (self.sort, self.falling) = (super::view::column(name), true);
        self.arrange();
        Flow::Look
    }

    /// Orders by the shown column before or after.
    fn sort_beside(&mut self, after: bool) -> Flow {
        let columns = self.columns();
        let at = columns.iter().position(|column| *column == self.sort).unwrap_or(0);
        let next = if after { (at + 1).min(columns.len().saturating_sub(1)) } else { at.saturating_sub(1) };
        match columns.get(next) {
            Some(column) if *column != self.sort => self.sort_by(*column),
            _ => {}
        }
        Flow::Draw
    }

    fn search_key(&mut self, key: KeyEvent) -> Flow {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return self.back(),
            KeyCode::Esc => {
                self.search.clear();
                self.mode = Mode::Table;
            }
            KeyCode::Tab | KeyCode::BackTab => self.search.turn(),
            KeyCode::Char('u') if control => self.search.clear(),
            KeyCode::Backspace => {
                if self.search.text.pop().is_none() {
                    return self.back();
                }
                self.search.changed();
            }
            KeyCode::Char(c) if !control => {
                self.search.text.push(c);
                self.search.changed();
            }
            KeyCode::Up => self.move_by(-1),
            KeyCode::Down => self.move_by(1),
            _ => {}
        }
        self.arrange();
        // A test may be of columns that are not shown.
        Flow::Look
    }

    fn columns_key(&mut self, code: KeyCode, pick: Pick, place: usize, moves: bool) -> Flow {
        let mut columns = self.columns();
        let at = columns.iter().position(|column| *column == place);
        match (code, at) {
            (KeyCode::Left, Some(at)) if moves && at > 0 => columns.swap(at, at - 1),
            (KeyCode::Right, Some(at)) if moves && at + 1 < columns.len() => columns.swap(at, at + 1),
            (KeyCode::Char(' '), Some(at)) if columns.len() > 1 => _ = columns.remove(at),
            // The command stays last: it takes what is left of the line.
            (KeyCode::Char(' '), None) => {
                let before =
                    columns.len().saturating_sub(usize::from(columns.last() == Some(&super::view::column("cmdline"))));
                columns.insert(before, place);
            }
            (KeyCode::Char('d'), _) => {
                self.chosen_columns = None;
                return Flow::Look;
            }
            _ => {
                return match pick {
                    Pick::Chosen(_) | Pick::Left => self.back(),
                    Pick::Moved | Pick::Other => Flow::Draw,
                };
            }
        }
        self.chosen_columns = Some(columns);
        Flow::Look
    }

    fn renice_key(&mut self, code: KeyCode) -> Flow {
        let Mode::Renice { target, text } = &mut self.mode else { return Flow::Draw };
        match code {
            KeyCode::Char(c) if text.len() < 3 && (c.is_ascii_digit() || (c == '-' && text.is_empty())) => text.push(c),
            KeyCode::Backspace => _ = text.pop(),
            KeyCode::Esc => return self.back(),
            KeyCode::Enter => {
                let (target, text) = (target.clone(), text.clone());
                self.mode = Mode::Table;
                match text.parse::<i32>().ok().filter(|nice| (-20..=19).contains(nice)) {
                    Some(nice) => {
                        let result = target.process.set_nice(nice);
                        self.report(&target, &format!("nice value is now {nice}"), result);
                    }
                    None => self.message = Some(("a nice value is a number from -20 to 19".into(), true)),
                }
                return Flow::Look;
            }
            _ => {}
        }
        Flow::Draw
    }

    /// Says what came of an action.
    fn report(&mut self, target: &Target, done: &str, result: psoxide::Result<()>) {
        let who = format!("{} {}", target.process.pid(), target.name);
        self.message = Some(match result {
            Ok(()) => (format!("{who}: {done}"), false),
            Err(error) if error.kind() == ErrorKind::AccessDenied => {
                (format!("{who}: permission denied; root or its owner may do it"), true)
            }
            Err(error) => (format!("{who}: {}", reason(&error)), true),
        });
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Flow {
        let at = Position::new(mouse.column, mouse.row);
        match (&mut self.mode, mouse.kind) {
            (Mode::Table | Mode::Search, MouseEventKind::ScrollDown) => self.move_by(3),
            (Mode::Table | Mode::Search, MouseEventKind::ScrollUp) => self.move_by(-3),
            (Mode::Details(details), MouseEventKind::ScrollDown) => {
                details.scroll = (details.scroll + 3).min(details.lines.len().saturating_sub(1));
            }
            (Mode::Details(details), MouseEventKind::ScrollUp) => details.scroll = details.scroll.saturating_sub(3),
            (Mode::Table | Mode::Search, MouseEventKind::Down(MouseButton::Left)) => {
                let headings = &self.place.headings;
                if let Some((_, column)) = headings.iter().find(|(area, _)| area.contains(at)) {
                    self.sort_by(*column);
                } else if self.place.rows.contains(at) {
                    let line = self.scroll + usize::from(mouse.row - self.place.rows.y);
                    let again = line == self.selected;
                    if line < self.lines.len() {
                        self.follow = None;
                        self.select(line);
                    }
                    if again && let Some(target) = self.target() {
                        self.show_details(target);
                        return Flow::Look;
                    }
                }
            }
            _ => {}
        }
        Flow::Draw
    }
}

/// What a key does in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Moved,
    Chosen(usize),
    Left,
    Other,
}

fn list_key(code: KeyCode, chosen: &mut usize, many: usize) -> Pick {
    let last = many.saturating_sub(1);
    match code {
        KeyCode::Up => *chosen = chosen.saturating_sub(1),
        KeyCode::Down => *chosen = (*chosen + 1).min(last),
        KeyCode::PageUp => *chosen = chosen.saturating_sub(10),
        KeyCode::PageDown => *chosen = (*chosen + 10).min(last),
        KeyCode::Home => *chosen = 0,
        KeyCode::End => *chosen = last,
        KeyCode::Enter => return Pick::Chosen(*chosen),
        KeyCode::Esc | KeyCode::Char('q') => return Pick::Left,
        _ => return Pick::Other,
    }
    Pick::Moved
}

fn usual_signal() -> usize {
    SIGNALS.iter().position(|(signal, ..)| *signal == psoxide::Signal::TERM).unwrap_or(0)
}

/// The next interval up or down.
fn beside(interval: Duration, longer: bool) -> Duration {
    let now = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    let next = if longer {
        INTERVALS.iter().find(|next| **next > now)
    } else {
        INTERVALS.iter().rev().find(|next| **next < now)
    };
    next.map_or(interval, |next| Duration::from_millis(*next))
}
