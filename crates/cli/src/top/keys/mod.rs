//! What the keys and the mouse do.

pub(crate) mod help;
mod menus;
mod mouse;
mod prompts;
mod table;

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::act::{Action, Message, Targets};
use super::monitor::source::Step;
use super::view::View;
use super::view::mode::{Menu, MenuKind, Mode, SheetKind};
use crate::signal::SIGNALS;

/// The next step of the loop after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Draw,
    /// Read the fields that are newly needed, then draw.
    Look,
    /// Show another recorded sample.
    Step(Step),
    Suspend,
    Quit,
}

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
                    KeyCode::Down | KeyCode::Char('j') => *scroll = scroll.saturating_add(1),
                    KeyCode::Up => *scroll = scroll.saturating_sub(1),
                    KeyCode::PageDown => *scroll = scroll.saturating_add(10),
                    KeyCode::PageUp => *scroll = scroll.saturating_sub(10),
                    _ => self.mode = Mode::Table,
                }
                Flow::Draw
            }
            Mode::Menu(_) => self.menu_key(key),
            Mode::Prompt(_) => self.prompt_key(key.code),
            Mode::Confirm { targets, signal } => {
                let yes = matches!(key.code, KeyCode::Char('y' | 'Y'));
                self.message = Some(match yes {
                    true => targets.apply(&Action::Signal(*signal)),
                    false => Message::done("nothing was sent"),
                });
                self.back()
            }
            Mode::Details(page) => {
                let lines = page.lines.len();
                let target = page.target.clone();
                if let Some(flow) = self.act_key(key.code, Some(&Targets(vec![target]))) {
                    return flow;
                }
                let Mode::Details(page) = &mut self.mode else { return Flow::Draw };
                if scroll(key.code, &mut page.scroll, lines) { Flow::Draw } else { self.back() }
            }
            Mode::Sheet(page) => {
                let lines = page.lines.len();
                if scroll(key.code, &mut page.scroll, lines) { Flow::Draw } else { self.back() }
            }
        }
    }

    /// Leaves a window.
    fn back(&mut self) -> Flow {
        self.mode = Mode::Table;
        Flow::Look
    }

    /// The keys that do something to processes: to these, or to the tagged or the chosen one.
    fn act_key(&mut self, code: KeyCode, targets: Option<&Targets>) -> Option<Flow> {
        let kind = match code {
            KeyCode::Char('k') | KeyCode::F(9) | KeyCode::Delete => MenuKind::Signals,
            KeyCode::Char('i') if !self.changes().is_empty() => MenuKind::Change,
            KeyCode::Char('n') | KeyCode::F(7 | 8) => {
                if let Some(targets) = targets.cloned().or_else(|| self.targets()) {
                    self.ask(super::view::mode::Change::Nice, targets);
                }
                return Some(Flow::Draw);
            }
            KeyCode::Char('e') if self.has("environ") => return Some(self.sheet(SheetKind::Environment, targets)),
            KeyCode::Char('l') if self.has("open_files") => return Some(self.sheet(SheetKind::Files, targets)),
            _ => return None,
        };
        if let Some(targets) = targets.cloned().or_else(|| self.targets()) {
            let chosen = match kind(targets.clone()) {
                MenuKind::Signals(_) => usual_signal(),
                _ => 0,
            };
            self.mode = Mode::Menu(Menu::new(kind(targets), chosen));
        }
        Some(Flow::Draw)
    }

    fn sheet(&mut self, kind: SheetKind, targets: Option<&Targets>) -> Flow {
        let target = targets.and_then(Targets::first).cloned().or_else(|| self.target());
        if let Some(target) = target {
            self.show_sheet(kind, target);
        }
        Flow::Draw
    }
}

/// Scrolls a page of `lines` lines. Returns whether the key scrolls.
fn scroll(code: KeyCode, at: &mut usize, lines: usize) -> bool {
    let last = lines.saturating_sub(1);
    *at = match code {
        KeyCode::Down | KeyCode::Char('j') => at.saturating_add(1),
        KeyCode::Up => at.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => at.saturating_add(20),
        KeyCode::PageUp => at.saturating_sub(20),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => return false,
    }
    .min(last);
    true
}

/// The place of TERM in the list of signals.
fn usual_signal() -> usize {
    SIGNALS.iter().position(|(signal, ..)| *signal == psoxide::Signal::TERM).unwrap_or(0)
}
