//! Drawing the view.

mod ascii;
mod details;
mod dialog;
mod machine;
mod meters;
mod table;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Clear, Widget as _};

use super::graph::{text, wide};
use super::palette::Palette;
use super::view::View;
use super::view::mode::Mode;
use crate::output::glyphs::is_ascii;

/// A terminal smaller than this shows only that it is too small.
const SMALLEST: (u16, u16) = (40, 8);

/// Draws the whole screen.
pub(crate) fn draw(frame: &mut Frame<'_>, view: &mut View, palette: &Palette) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    view.place.width = area.width;
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let hint = format!("{}x{} is too small: {}x{} are needed", area.width, area.height, SMALLEST.0, SMALLEST.1);
        text(buffer, area.x, area.y, area.width, &hint, palette.bad);
    } else {
        screen(buffer, area, view, palette);
    }
    if is_ascii() {
        ascii::translate(buffer);
    }
}

fn screen(buffer: &mut Buffer, area: Rect, view: &mut View, palette: &Palette) {
    let page = [("Up Down", "scroll"), ("Esc", "back")];
    let [body, foot] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    match &view.mode {
        Mode::Details(details) => {
            details::draw(buffer, body, details, &view.monitor, palette);
            let keys = [("e", "environment"), ("l", "files"), ("k", "signal"), ("n", "nice")];
            return hints(buffer, foot, &[&page[..], &keys[..]].concat(), palette);
        }
        Mode::Sheet(sheet) => {
            details::sheet(buffer, body, sheet, palette);
            return hints(buffer, foot, &page, palette);
        }
        _ => {}
    }
    let [title, machine, table, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(machine::height(view, area)),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    machine::title(buffer, title, view, palette);
    if machine.height > 0 {
        machine::draw(buffer, machine, view, area, palette);
    }
    table::draw(buffer, table, view, palette);
    self::footer(buffer, footer, view, palette);
    dialog::draw(buffer, area, view, palette);
}

fn footer(buffer: &mut Buffer, area: Rect, view: &View, palette: &Palette) {
    if let Mode::Search = view.mode {
        let mut x = area.x + text(buffer, area.x, area.y, area.width, "filter ", palette.accent);
        let left = |x: u16| area.right().saturating_sub(x);
        x += text(buffer, x, area.y, left(x), &format!("[{}] ", view.search.kind.name()), palette.faint);
        x += text(buffer, x, area.y, left(x), &view.search.text, palette.header);
        x += text(buffer, x, area.y, left(x), "▏", palette.accent);
        let (note, style) = match &view.search.mistake {
            Some(mistake) => (format!("  {mistake}"), palette.bad),
            None => ("  Tab: text, regex, test   Enter: keep   Esc: drop".into(), palette.faint),
        };
        text(buffer, x, area.y, left(x), &note, style);
        return;
    }
    if let Some(message) = &view.message {
        let style = if message.failed { palette.bad } else { palette.accent };
        text(buffer, area.x, area.y, area.width, &message.text, style);
        return;
    }
    let keys = [
        ("?", "help"),
        ("q", "quit"),
        ("/", "filter"),
        ("s", "sort"),
        ("t", "tree"),
        ("c", "columns"),
        ("Enter", "details"),
        ("k", "signal"),
        ("i", "change"),
        ("u", "user"),
        ("p", "presets"),
        ("F", "follow"),
    ];
    let playing = [("[ ]", "step"), ("{ }", "minute"), ("Z", if view.paused { "play" } else { "pause" })];
    let recorded = if view.monitor.recorded().is_some() { &playing[..] } else { &[] };
    hints(buffer, area, &[recorded, &keys].concat(), palette);
}

fn hints(buffer: &mut Buffer, area: Rect, keys: &[(&str, &str)], palette: &Palette) {
    let mut x = area.x;
    for (key, what) in keys {
        let left = |x: u16| area.right().saturating_sub(x);
        // One that can be read only in part is no hint.
        if left(x) < wide(key) + wide(what) + 1 {
            break;
        }
        x += text(buffer, x, area.y, left(x), key, palette.accent);
        x += text(buffer, x, area.y, left(x), &format!(" {what}"), palette.faint) + 2;
    }
}

/// Draws a frame with a title, and returns the area inside.
fn frame(buffer: &mut Buffer, area: Rect, title: &str, palette: &Palette) -> Rect {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(palette.faint);
    let inner = block.inner(area);
    block.render(area, buffer);
    let room = area.width.saturating_sub(4);
    text(buffer, area.x + 2, area.y, room, &format!(" {title} "), palette.accent);
    inner
}

/// A window in the middle, as large as its content or the screen.
fn window(buffer: &mut Buffer, area: Rect, width: u16, height: u16, title: &str, palette: &Palette) -> Rect {
    let (width, height) = ((width + 4).min(area.width), (height + 2).min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let place = Rect { x, y, width, height };
    Clear.render(place, buffer);
    buffer.set_style(place, Style::reset());
    let inner = frame(buffer, place, title, palette);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
