//! Windows over the table: help, lists, questions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::window;
use crate::process::columns::COLUMNS;
use crate::signal::{self, SIGNALS};
use crate::top::graph::text;
use crate::top::keys::HELP;
use crate::top::palette::Palette;
use crate::top::view::{Mode, View};

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &View, palette: &Palette) {
    match &view.mode {
        Mode::Help { scroll } => {
            let lines = HELP.iter().map(|(keys, what)| (format!("{keys:<24}"), (*what).to_owned())).collect::<Vec<_>>();
            let inner = window(buffer, area, 90, rows(lines.len()), "Keys", palette);
            // The last line stays in sight, however far down one goes.
            let most = lines.len().saturating_sub(usize::from(inner.height));
            for (y, (keys, what)) in
                (inner.top()..inner.bottom()).zip(lines.iter().skip(usize::from(*scroll).min(most)))
            {
                let x = inner.x + text(buffer, inner.x, y, inner.width, keys, palette.accent);
                text(buffer, x, y, inner.right().saturating_sub(x), what, Style::new());
            }
        }
        Mode::Sort { chosen } => {
            let lines = COLUMNS.iter().map(|column| explained(column.meta.title, column.meta.doc));
            list(buffer, area, "Order by", lines.collect(), *chosen, palette);
        }
        Mode::Columns { chosen } => {
            let shown = view.columns();
            let lines = COLUMNS.iter().enumerate().map(|(place, column)| {
                let mark = if shown.contains(&place) { "[x]" } else { "[ ]" };
                format!("{mark} {}", explained(column.meta.title, column.meta.doc))
            });
            let title = "Columns: Space chooses, Shift ← → moves, d: as at first";
            list(buffer, area, title, lines.collect(), *chosen, palette);
        }
        Mode::Signals { target, chosen } => {
            let lines = SIGNALS.iter().map(|(signal, name, what)| format!("{:>2} {name:<6} {what}", signal.0));
            let title = format!("Signal to {} {}", target.process.pid(), target.name);
            list(buffer, area, &title, lines.collect(), *chosen, palette);
        }
        Mode::Confirm { target, signal } => {
            let question = format!("Send {} to {} {}?", signal::name(*signal), target.process.pid(), target.name);
            ask(buffer, area, "Signal", &question, "y: yes   any other key: no", palette);
        }
        Mode::Renice { target, text } => {
            let question = format!("Nice value of {} {} (-20 to 19): {text}▏", target.process.pid(), target.name);
            ask(buffer, area, "Nice", &question, "Enter: set   Esc: leave", palette);
        }
        Mode::Table | Mode::Search | Mode::Details(_) => {}
    }
}

fn explained(title: &str, doc: &str) -> String {
    format!("{title:<9} {}", doc.trim())
}

fn rows(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX).min(u16::MAX - 2)
}

/// Lines of which one is chosen; it is kept in sight.
fn list(buffer: &mut Buffer, area: Rect, title: &str, lines: Vec<String>, chosen: usize, palette: &Palette) {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(title.chars().count() + 2);
    let inner = window(buffer, area, rows(longest), rows(lines.len()), title, palette);
    let height = usize::from(inner.height);
    let first = chosen.saturating_sub(height.saturating_sub(1) / 2).min(lines.len().saturating_sub(height));
    for ((y, line), i) in (inner.top()..inner.bottom()).zip(lines.iter().skip(first)).zip(first..) {
        text(buffer, inner.x, y, inner.width, line, Style::new());
        if i == chosen {
            buffer.set_style(Rect { y, height: 1, ..inner }, palette.chosen);
        }
    }
}

fn ask(buffer: &mut Buffer, area: Rect, title: &str, question: &str, answers: &str, palette: &Palette) {
    let width = rows(question.chars().count().max(answers.chars().count()));
    let inner = window(buffer, area, width, 2, title, palette);
    text(buffer, inner.x, inner.y, inner.width, question, palette.header);
    text(buffer, inner.x, inner.y + 1, inner.width, answers, palette.faint);
}
