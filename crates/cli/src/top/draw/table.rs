//! The processes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::output::column::Column;
use crate::output::value::Scale;
use crate::output::write::is_number;
use crate::process::Proc;
use crate::process::columns::COLUMNS;
use crate::top::graph::text;
use crate::top::palette::Palette;
use crate::top::view::View;

/// No column but the last is wider than this.
const WIDEST: u16 = 24;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, palette: &Palette) {
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    view.place.page = usize::from(rows.height);
    view.place.rows = rows;
    view.select(view.selected);
    let places = view.columns();
    let columns: Vec<(usize, &Column<Proc>)> =
        places.iter().filter_map(|place| Some((*place, COLUMNS.get(*place)?))).collect();
    let lines: Vec<Vec<String>> = (view.scroll..view.lines.len())
        .take(view.place.page)
        .map(|line| columns.iter().map(|(_, column)| cell(view, line, column)).collect())
        .collect();
    let widths = widths(view, &columns, &lines, area.width);
    head(buffer, area, view, &columns, &widths, palette);
    for (i, (y, cells)) in (rows.top()..rows.bottom()).zip(&lines).enumerate() {
        let line = view.scroll + i;
        let mut x = area.x;
        for (((_, column), width), cell) in columns.iter().zip(&widths).zip(cells) {
            let number = is_number(&column.meta);
            let blanks = if number { width.saturating_sub(wide(cell)) } else { 0 };
            // Colours of loads would make patches in the chosen line.
            let style = if line == view.selected { Style::new() } else { style(view, line, column, palette) };
            text(buffer, x + blanks, y, width.saturating_sub(blanks), cell, style);
            x += width + 1;
        }
        if line == view.selected {
            let followed = view.follow.is_some();
            let chosen = if followed { palette.chosen.patch(palette.accent) } else { palette.chosen };
            buffer.set_style(Rect { x: area.x, y, width: area.width, height: 1 }, chosen);
        }
    }
    if view.lines.is_empty() {
        let nobody = if view.search.is_active() { "no process passes the filter; Esc drops it" } else { "no process" };
        text(buffer, area.x, rows.y, area.width, nobody, palette.faint);
    }
}

pub(super) fn wide(text: &str) -> u16 {
    u16::try_from(crate::output::table::wide(text)).unwrap_or(u16::MAX)
}

fn cell(view: &View, line: usize, column: &Column<Proc>) -> String {
    let Some(process) = view.process(line) else { return String::new() };
    let mut shown = String::new();
    if column.meta.name == "cmdline"
        && let Some(line) = view.lines.get(line)
    {
        shown.push_str(&line.branch);
    }
    column.write(&mut shown, process, Scale::Human, view.monitor.now);
    shown
}

/// As wide as needed so far; the last column takes what is left.
fn widths(view: &mut View, columns: &[(usize, &Column<Proc>)], lines: &[Vec<String>], total: u16) -> Vec<u16> {
    let mut widths = Vec::new();
    let mut used = 0u16;
    for (i, (place, column)) in columns.iter().enumerate() {
        let title = wide(column.meta.title) + u16::from(*place == view.sort);
        let needed = lines.iter().filter_map(|cells| cells.get(i)).map(|cell| wide(cell)).max().unwrap_or(0);
        let width = view.place.widths.entry(*place).or_insert(0);
        *width = (*width).max(title).max(needed).min(WIDEST);
        let left = total.saturating_sub(used);
        let width = if i + 1 == columns.len() { left } else { (*width).min(left) };
        widths.push(width);
        used = used.saturating_add(width + 1);
    }
    widths
}

fn head(
    buffer: &mut Buffer,
    area: Rect,
    view: &mut View,
    columns: &[(usize, &Column<Proc>)],
    widths: &[u16],
    palette: &Palette,
) {
    view.place.headings.clear();
    let mut x = area.x;
    for ((place, column), width) in columns.iter().zip(widths) {
        let sorted = *place == view.sort;
        let mark = if view.falling { "▼" } else { "▲" };
        let title = if sorted { format!("{}{mark}", column.meta.title) } else { column.meta.title.to_owned() };
        let blanks = if is_number(&column.meta) { width.saturating_sub(wide(&title)) } else { 0 };
        let style = if sorted { palette.accent } else { palette.header };
        text(buffer, x + blanks, area.y, width.saturating_sub(blanks), &title, style);
        view.place.headings.push((Rect { x, y: area.y, width: *width, height: 1 }, *place));
        x += width + 1;
    }
    if view.search.is_active() {
        let note = format!(" {}: {} ", view.search.kind.name(), view.search.text);
        let width = wide(&note).min(area.width / 2);
        text(buffer, area.right().saturating_sub(width), area.y, width, &note, palette.bad);
    }
}

/// Loads in the colour of their size, what is idle faint.
fn style(view: &View, line: usize, column: &Column<Proc>, palette: &Palette) -> Style {
    let Some(process) = view.process(line) else { return Style::new() };
    let part = |percent: Option<f64>| match percent {
        Some(percent) if percent >= 0.05 => palette.load(percent / 100.0),
        _ => palette.faint,
    };
    match column.meta.name {
        "cpu_percent" => part(process.cpu_percent),
        "memory_percent" => part(process.memory_percent),
        "status" => match process.row.status.value() {
            Some(psoxide::ProcessStatus::Running) => palette.load(0.0),
            Some(psoxide::ProcessStatus::Zombie | psoxide::ProcessStatus::DiskSleep) => palette.bad,
            _ => palette.faint,
        },
        _ => Style::new(),
    }
}
