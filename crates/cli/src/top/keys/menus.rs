//! Keys in a menu.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Flow;
use crate::process::columns::COLUMNS;
use crate::signal::SIGNALS;
use crate::top::act::{Action, io_priorities};
use crate::top::view::View;
use crate::top::view::mode::{Change, Item, Menu, MenuKind, Mode};

/// The effect of a key in a menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Moved,
    Chosen(usize),
    Left,
    Other,
}

impl View {
    pub(super) fn menu_key(&mut self, key: KeyEvent) -> Flow {
        let Mode::Menu(menu) = &self.mode else { return Flow::Draw };
        let items = menu.items(self);
        let kind = menu.kind.clone();
        let Mode::Menu(menu) = &mut self.mode else { return Flow::Draw };
        let pick = menu.key(key.code, &items);
        let chosen = menu.chosen;
        if let MenuKind::Columns = kind {
            let moves = key.modifiers.contains(KeyModifiers::SHIFT);
            return self.columns_key(key.code, pick, chosen, moves);
        }
        match pick {
            Pick::Chosen(at) => self.choose(kind, at),
            Pick::Left => self.back(),
            Pick::Moved | Pick::Other => Flow::Draw,
        }
    }

    /// Carries out the chosen line of a menu.
    fn choose(&mut self, kind: MenuKind, at: usize) -> Flow {
        self.mode = Mode::Table;
        match kind {
            MenuKind::Sort => {
                if let Some(place) = self.available.get(at).copied() {
                    self.sort_by(place);
                }
            }
            MenuKind::Presets => {
                match at.checked_sub(1).and_then(|at| self.presets.get(at)) {
                    Some(preset) => self.settings.take(&preset.clone()),
                    None => self.settings.take_usual(),
                }
                self.place.forget_widths();
            }
            MenuKind::Users => {
                let user = at.checked_sub(1).and_then(|at| self.users().into_iter().nth(at));
                self.user = user.map(|(name, _)| name);
                self.arrange();
            }
            MenuKind::Signals(targets) => {
                if let Some((signal, ..)) = SIGNALS.get(at) {
                    self.mode = Mode::Confirm { targets, signal: *signal };
                }
            }
            MenuKind::Change(targets) => match self.changes().get(at).map(|(change, ..)| *change) {
                Some(Change::IoPriority) => {
                    let now = targets.first().and_then(|target| target.process.ionice().ok());
                    let known = io_priorities();
                    let at = known.iter().position(|(priority, _)| Some(*priority) == now).unwrap_or(0);
                    self.mode = Mode::Menu(Menu::new(MenuKind::IoPriorities(targets), at));
                }
                Some(change) => self.ask(change, targets),
                None => {}
            },
            MenuKind::IoPriorities(targets) => {
                if let Some((priority, _)) = io_priorities().get(at) {
                    self.message = Some(targets.apply(&Action::IoPriority(*priority)));
                }
            }
            MenuKind::Columns => {}
        }
        Flow::Look
    }

    fn columns_key(&mut self, code: KeyCode, pick: Pick, chosen: usize, moves: bool) -> Flow {
        let Some(place) = self.available.get(chosen).copied() else { return self.back() };
        let mut columns = self.columns();
        let at = columns.iter().position(|column| *column == place);
        match (code, at) {
            (KeyCode::Left, Some(at)) if moves && at > 0 => columns.swap(at, at - 1),
            (KeyCode::Right, Some(at)) if moves && at + 1 < columns.len() => columns.swap(at, at + 1),
            (KeyCode::Char(' '), Some(at)) if columns.len() > 1 => _ = columns.remove(at),
            // A text column at the end stays last: it takes the remaining width.
            (KeyCode::Char(' '), None) => {
                let last = columns.last().and_then(|place| COLUMNS.get(*place));
                let before = usize::from(last.is_some_and(|column| !column.meta.is_number()));
                columns.insert(columns.len().saturating_sub(before), place);
            }
            (KeyCode::Char('d'), _) => {
                self.settings.columns = None;
                return Flow::Look;
            }
            _ => {
                return match pick {
                    Pick::Chosen(_) | Pick::Left => self.back(),
                    Pick::Moved | Pick::Other => Flow::Draw,
                };
            }
        }
        self.settings.columns = Some(columns);
        Flow::Look
    }
}

impl Menu {
    fn key(&mut self, code: KeyCode, items: &[Item]) -> Pick {
        let last = items.len().saturating_sub(1);
        if let KeyCode::Char(digit @ '0'..='9') = code {
            return self.digit(digit, items);
        }
        self.typed.clear();
        self.chosen = match code {
            KeyCode::Up => self.chosen.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.chosen.saturating_add(1),
            KeyCode::PageUp => self.chosen.saturating_sub(10),
            KeyCode::PageDown => self.chosen.saturating_add(10),
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => last,
            KeyCode::Enter => return Pick::Chosen(self.chosen),
            KeyCode::Esc | KeyCode::Char('q') => return Pick::Left,
            _ => return Pick::Other,
        }
        .min(last);
        Pick::Moved
    }

    /// Jumps to the line whose number the digits are, or else begin.
    fn digit(&mut self, digit: char, items: &[Item]) -> Pick {
        self.typed.push(digit);
        let find = |typed: &str| {
            let exact = items.iter().position(|item| item.number.to_string() == typed);
            exact.or_else(|| items.iter().position(|item| item.number.to_string().starts_with(typed)))
        };
        let mut at = find(&self.typed);
        if at.is_none() {
            // It begins another number.
            self.typed = digit.to_string();
            at = find(&self.typed);
        }
        match at {
            Some(at) => self.chosen = at,
            None => self.typed.clear(),
        }
        Pick::Moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_jump() {
        let items: Vec<Item> =
            [1, 2, 9, 15, 19].map(|number| Item { number, text: String::new(), on: None }).into_iter().collect();
        let mut menu = Menu::new(MenuKind::Sort, 0);
        let mut typed = |digits: &str| {
            digits.chars().for_each(|digit| _ = menu.key(KeyCode::Char(digit), &items));
            let number = items.get(menu.chosen).map(|item| item.number);
            menu.typed.clear();
            number
        };
        assert_eq!(typed("9"), Some(9));
        assert_eq!(typed("1"), Some(1));
        assert_eq!(typed("15"), Some(15));
        assert_eq!(typed("92"), Some(2), "9 and then 2");
        assert_eq!(typed("7"), Some(2), "no such number");
    }
}
