//! What the mouse does.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::Flow;
use crate::top::view::View;
use crate::top::view::mode::Mode;

impl View {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Flow {
        match (&mut self.mode, mouse.kind) {
            (Mode::Table | Mode::Search, MouseEventKind::ScrollDown) => self.move_by(3),
            (Mode::Table | Mode::Search, MouseEventKind::ScrollUp) => self.move_by(-3),
            (Mode::Table | Mode::Search, MouseEventKind::Down(MouseButton::Left)) => {
                return self.click(Position::new(mouse.column, mouse.row));
            }
            (Mode::Details(page), kind) => wheel(kind, &mut page.scroll, page.lines.len()),
            (Mode::Sheet(page), kind) => wheel(kind, &mut page.scroll, page.lines.len()),
            _ => {}
        }
        Flow::Draw
    }

    /// Orders by a heading, chooses a row, or shows every detail of the row that is chosen already.
    fn click(&mut self, at: Position) -> Flow {
        let heading = self.place.headings.iter().find(|(area, _)| area.contains(at)).map(|(_, column)| *column);
        if let Some(column) = heading {
            self.sort_by(column);
        } else if self.place.rows.contains(at) {
            let line = self.scroll + usize::from(at.y - self.place.rows.y);
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
        Flow::Draw
    }
}

fn wheel(kind: MouseEventKind, at: &mut usize, lines: usize) {
    match kind {
        MouseEventKind::ScrollDown => *at = (*at + 3).min(lines.saturating_sub(1)),
        MouseEventKind::ScrollUp => *at = at.saturating_sub(3),
        _ => {}
    }
}
