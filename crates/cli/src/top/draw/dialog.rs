//! Windows over the table: help, lists, questions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::window;
use crate::output::table::wrap;
use crate::signal;
use crate::top::graph::text;
use crate::top::keys::help;
use crate::top::palette::Palette;
use crate::top::view::View;
use crate::top::view::mode::{Item, Mode};

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &View, palette: &Palette) {
    match &view.mode {
        Mode::Help { scroll } => {
            const WIDTH: u16 = 76;
            const KEYS: u16 = 20;
            let has = |call: &str| match call {
                help::RECORDED => view.monitor.recorded().is_some(),
                call => view.has(call),
            };
            // On a narrow screen an explanation goes on below itself.
            let room = usize::from(area.width.saturating_sub(4).min(WIDTH).saturating_sub(KEYS).max(1));
            let lines: Vec<(&str, String)> = help::lines(has)
                .into_iter()
                .flat_map(|(keys, does)| std::iter::once(keys).chain(std::iter::repeat("")).zip(wrap(does, room)))
                .collect();
            let inner = window(buffer, area, WIDTH, rows(lines.len()), "Keys", palette);
            // The last line stays in sight, however far down one goes.
            let most = lines.len().saturating_sub(usize::from(inner.height));
            let first = usize::from(*scroll).min(most);
            more(buffer, inner, first < most, palette);
            for (y, (keys, does)) in (inner.top()..inner.bottom()).zip(lines.iter().skip(first)) {
                let x = inner.x + text(buffer, inner.x, y, inner.width, &format!("{keys:<20}"), palette.accent);
                text(buffer, x, y, inner.right().saturating_sub(x), does, Style::new());
            }
        }
        Mode::Menu(menu) => {
            let line = |item: &Item| {
                let mark = item.on.map_or("", |on| if on { "[x] " } else { "[ ] " });
                format!("{:>2} {mark}{}", item.number, item.text)
            };
            let lines = menu.items(view).iter().map(line).collect();
            list(buffer, area, &menu.title(), lines, menu.chosen, palette);
        }
        Mode::Confirm { targets, signal } => {
            let question = format!("Send {} to {}?", signal::name(*signal), targets.label());
            ask(buffer, area, "Signal", &question, ("y: yes   any other key: no", palette.faint), palette);
        }
        Mode::Prompt(prompt) => {
            let question = format!("{}{}▏", prompt.question(), prompt.text);
            let below = match &prompt.mistake {
                Some(mistake) => (mistake.as_str(), palette.bad),
                None => ("Enter: set   Esc: leave", palette.faint),
            };
            ask(buffer, area, "Change", &question, below, palette);
        }
        Mode::Table | Mode::Search | Mode::Details(_) | Mode::Sheet(_) => {}
    }
}

fn rows(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX).min(u16::MAX - 2)
}

/// Says in the lower edge of a window that more lines follow.
fn more(buffer: &mut Buffer, inner: Rect, follows: bool, palette: &Palette) {
    const MORE: &str = " ↓ more ";
    let width = rows(MORE.chars().count());
    if follows && inner.width >= width {
        text(buffer, inner.right() - width, inner.bottom(), width, MORE, palette.accent);
    }
}

/// Draws a list, and keeps the chosen line in sight.
fn list(buffer: &mut Buffer, area: Rect, title: &str, lines: Vec<String>, chosen: usize, palette: &Palette) {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(title.chars().count() + 2);
    let inner = window(buffer, area, rows(longest), rows(lines.len()), title, palette);
    let height = usize::from(inner.height);
    let first = chosen.saturating_sub(height.saturating_sub(1) / 2).min(lines.len().saturating_sub(height));
    more(buffer, inner, first + height < lines.len(), palette);
    for ((y, line), i) in (inner.top()..inner.bottom()).zip(lines.iter().skip(first)).zip(first..) {
        text(buffer, inner.x, y, inner.width, line, Style::new());
        if i == chosen {
            buffer.set_style(Rect { y, height: 1, ..inner }, palette.chosen);
        }
    }
}

fn ask(buffer: &mut Buffer, area: Rect, title: &str, question: &str, below: (&str, Style), palette: &Palette) {
    let width = rows(question.chars().count().max(below.0.chars().count()));
    let inner = window(buffer, area, width, 2, title, palette);
    text(buffer, inner.x, inner.y, inner.width, question, palette.header);
    text(buffer, inner.x, inner.y + 1, inner.width, below.0, below.1);
}
