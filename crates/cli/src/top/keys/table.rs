//! Keys in the table, and in the filter's line below it.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Flow;
use crate::top::act::Message;
use crate::top::columns::column;
use crate::top::monitor::Entry;
use crate::top::monitor::source::Step;
use crate::top::save::save;
use crate::top::search::Kind;
use crate::top::view::View;
use crate::top::view::mode::{Menu, MenuKind, Mode};

/// Intervals that + and - go through, in milliseconds.
const INTERVALS: [u64; 9] = [100, 250, 500, 1000, 2000, 3000, 5000, 10_000, 30_000];

impl View {
    pub(super) fn table_key(&mut self, code: KeyCode) -> Flow {
        let page = isize::try_from(self.place.page.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        if let Some(flow) = self.act_key(code, None) {
            return flow;
        }
        match code {
            KeyCode::Char('q') | KeyCode::F(10) => return Flow::Quit,
            KeyCode::Up => self.move_by(-1),
            KeyCode::Down | KeyCode::Char('j') => self.move_by(1),
            KeyCode::PageUp => self.move_by(-page),
            KeyCode::PageDown => self.move_by(page),
            KeyCode::Home | KeyCode::Char('g') => self.move_by(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.move_by(isize::MAX),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.mode = Mode::Help { scroll: 0 },
            KeyCode::Char('/') | KeyCode::F(3 | 4) => self.open_search(),
            KeyCode::Esc => {
                self.search.clear();
                self.follow = None;
                self.user = None;
                self.tagged.clear();
                self.arrange();
            }
            KeyCode::Char('s') | KeyCode::F(6) => {
                let at = self.available.iter().position(|place| *place == self.settings.sort);
                self.mode = Mode::Menu(Menu::new(MenuKind::Sort, at.unwrap_or(0)));
            }
            KeyCode::Char('c') | KeyCode::F(2) => self.mode = Mode::Menu(Menu::new(MenuKind::Columns, 0)),
            KeyCode::Char('p') => self.mode = Mode::Menu(Menu::new(MenuKind::Presets, 0)),
            KeyCode::Char('u') if self.has("username") => {
                self.mode = Mode::Menu(Menu::new(MenuKind::Users, 0));
                return Flow::Look;
            }
            KeyCode::Char('<' | ',') => return self.sort_beside(false),
            KeyCode::Char('>' | '.') => return self.sort_beside(true),
            KeyCode::Char('r' | 'I') => self.sort_by(self.settings.sort),
            KeyCode::Char('P') => return self.sort_descending("cpu_percent"),
            KeyCode::Char('M') => return self.sort_descending("memory_percent"),
            KeyCode::Char('T') => return self.sort_descending("cpu_time"),
            KeyCode::Char('t') | KeyCode::F(5) => {
                self.settings.tree = !self.settings.tree;
                self.arrange();
            }
            KeyCode::Left if self.settings.tree => self.fold_chosen(true),
            KeyCode::Right if self.settings.tree => self.fold_chosen(false),
            KeyCode::Char('*') if self.settings.tree => self.fold_all(),
            KeyCode::Char('H') if self.has("thread_details") => {
                self.settings.threads = !self.settings.threads;
                return Flow::Look;
            }
            KeyCode::Char('K') if self.has("is_kernel_thread") => {
                self.settings.kernel_threads = !self.settings.kernel_threads;
                self.arrange();
            }
            KeyCode::Char('f' | 'F') => {
                let chosen = self.entry(self.selected).map(Entry::id);
                self.follow = if self.follow.is_some() { None } else { chosen };
            }
            KeyCode::Char(' ') => self.tag(),
            KeyCode::Char('U') => self.tagged.clear(),
            KeyCode::Char('m') => self.settings.panels = self.settings.panels.next(),
            KeyCode::Char(key @ ('[' | ']' | '{' | '}' | '(' | ')')) if self.monitor.recorded().is_some() => {
                return Flow::Step(match key {
                    '[' => Step::Before,
                    ']' => Step::After,
                    '{' => Step::By(-60),
                    '}' => Step::By(60),
                    '(' => Step::By(-3600),
                    _ => Step::By(3600),
                });
            }
            KeyCode::Char('Z' | 'z') if self.monitor.moves() => self.paused = !self.paused,
            KeyCode::Char('+' | '=') => self.settings.interval = beside(self.settings.interval, false),
            KeyCode::Char('-') => self.settings.interval = beside(self.settings.interval, true),
            KeyCode::Char('w') => {
                self.message = Some(match save(&self.settings, self.config.as_deref()) {
                    Ok(path) => Message::done(format!("settings written to {}", path.display())),
                    Err(error) => Message::failed(error),
                });
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

    fn sort_descending(&mut self, name: &str) -> Flow {
        (self.settings.sort, self.settings.descending) = (column(name), true);
        self.arrange();
        Flow::Look
    }

    /// Orders by the shown column before or after.
    fn sort_beside(&mut self, after: bool) -> Flow {
        let columns = self.shown_columns();
        let at = columns.iter().position(|column| *column == self.settings.sort).unwrap_or(0);
        let next = if after { (at + 1).min(columns.len().saturating_sub(1)) } else { at.saturating_sub(1) };
        match columns.get(next) {
            Some(column) if *column != self.settings.sort => self.sort_by(*column),
            _ => {}
        }
        Flow::Look
    }

    /// Keys of the filter's line.
    pub(super) fn search_key(&mut self, key: KeyEvent) -> Flow {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            // A filter that cannot be understood stays to be corrected.
            KeyCode::Enter if self.search.mistake.is_some() => return Flow::Draw,
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

    /// Opens the filter's line, in text mode each time: a filter of another kind stays until something is typed.
    fn open_search(&mut self) {
        if self.search.kind != Kind::Plain {
            self.search.start_anew();
        }
        self.mode = Mode::Search;
    }
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
