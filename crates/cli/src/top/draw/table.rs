//! The processes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::output::column::Column;
use crate::output::table::without_directory;
use crate::output::value::Scale;
use crate::process::Proc;
use crate::process::columns::COLUMNS;
use crate::top::graph::{text, wide};
use crate::top::palette::Palette;
use crate::top::view::View;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, palette: &Palette) {
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    view.place.page = usize::from(rows.height);
    view.place.rows = rows;
    view.place.width = area.width;
    view.select(view.selected);
    let places = view.shown_columns();
    let columns: Vec<(usize, &Column<Proc>)> =
        places.iter().filter_map(|place| Some((*place, COLUMNS.get(*place)?))).collect();
    let trunk = columns.iter().rposition(|(_, column)| !column.meta.is_number());
    let lines: Vec<Vec<String>> = (view.scroll..view.lines.len())
        .take(view.place.page)
        .map(|line| {
            let cell = |(i, (_, column)): (usize, &(usize, &Column<Proc>))| cell(view, line, column, trunk == Some(i));
            columns.iter().enumerate().map(cell).collect()
        })
        .collect();
    let widths = widths(view, &columns, &lines, area.width);
    head(buffer, area, view, &columns, &widths, palette);
    for (i, (y, cells)) in (rows.top()..rows.bottom()).zip(&lines).enumerate() {
        let line = view.scroll + i;
        let selected = line == view.selected;
        let mut x = area.x;
        for (((_, column), width), cell) in columns.iter().zip(&widths).zip(cells) {
            let blanks = if column.meta.is_number() { width.saturating_sub(wide(cell)) } else { 0 };
            // Colours of loads would make patches in the chosen line.
            let style = if selected { Style::new() } else { style(view, line, column, palette) };
            let room = width.saturating_sub(blanks);
            let shorter = (column.is_command && wide(cell) > room).then(|| without_directory(cell));
            text(buffer, x + blanks, y, room, shorter.as_deref().unwrap_or(cell), style);
            x += width + 1;
        }
        let whole = Rect { x: area.x, y, width: area.width, height: 1 };
        if selected {
            let chosen = if view.follow.is_some() { palette.chosen.patch(palette.accent) } else { palette.chosen };
            buffer.set_style(whole, chosen);
        }
        if view.entry(line).is_some_and(|entry| view.tagged.contains(&entry.process())) {
            buffer.set_style(whole, Style::new().add_modifier(Modifier::BOLD));
            if columns.first().is_some_and(|(_, column)| column.meta.is_number()) {
                text(buffer, area.x, y, 1, "●", palette.accent);
            }
        }
    }
    if view.lines.is_empty() {
        let filtered = view.search.is_active() || view.user.is_some();
        let nobody = if filtered { "no process passes the filter; Esc drops it" } else { "no process" };
        text(buffer, area.x, rows.y, area.width, nobody, palette.faint);
    }
}

fn cell(view: &View, at: usize, column: &Column<Proc>, trunk: bool) -> String {
    let Some(entry) = view.entry(at) else { return String::new() };
    let mut shown = String::new();
    if trunk && let Some(line) = view.lines.get(at) {
        shown.push_str(&line.branch);
        if line.folded > 0 {
            shown.push_str(&format!("[+{}] ", line.folded));
        }
    }
    column.write(&mut shown, &entry.proc, Scale::Human, view.monitor.now);
    // Outside a tree, only this shows the process of a thread.
    if column.meta.name == "cmdline"
        && let Some((pid, _)) = entry.thread_of.filter(|_| !view.settings.tree)
    {
        shown.push_str(&format!(" (thread of {pid})"));
    }
    shown
}

/// Returns the widths of the columns. The last one takes the remaining width.
fn widths(view: &mut View, columns: &[(usize, &Column<Proc>)], lines: &[Vec<String>], total: u16) -> Vec<u16> {
    let mut widths = Vec::new();
    let mut used = 0u16;
    for (i, (place, column)) in columns.iter().enumerate() {
        let title = wide(column.meta.title) + u16::from(*place == view.settings.sort);
        let needed = lines.iter().filter_map(|cells| cells.get(i)).map(|cell| wide(cell)).max().unwrap_or(0);
        // The mark of a tagged process stands before the pid.
        let needed = needed + u16::from(i == 0 && column.meta.is_number());
        view.place.widen(*place, title.max(needed));
        let left = total.saturating_sub(used);
        let width = if i + 1 == columns.len() { left } else { view.place.column_width(*place).min(left) };
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
        let sorted = *place == view.settings.sort;
        let mark = if view.settings.descending { "▼" } else { "▲" };
        let title = if sorted { format!("{}{mark}", column.meta.title) } else { column.meta.title.to_owned() };
        let blanks = if column.meta.is_number() { width.saturating_sub(wide(&title)) } else { 0 };
        let style = if sorted { palette.accent } else { palette.header };
        text(buffer, x + blanks, area.y, width.saturating_sub(blanks), &title, style);
        view.place.headings.push((Rect { x, y: area.y, width: *width, height: 1 }, *place));
        x += width + 1;
    }
}

/// Returns the style of a cell: loads by size, idle processes faint.
fn style(view: &View, line: usize, column: &Column<Proc>, palette: &Palette) -> Style {
    let Some(process) = view.entry(line).map(|entry| &entry.proc) else { return Style::new() };
    let part = |percent: Option<f64>| match percent {
        Some(percent) if percent >= 0.05 => palette.load(percent / 100.0),
        _ => palette.faint,
    };
    match column.meta.name {
        "cpu_percent" => part(process.cpu_percent),
        "memory_percent" => part(process.memory_percent),
        "iowait_percent" => part(process.iowait_percent),
        "status" => match process.row.status.value() {
            Some(psoxide::ProcessStatus::Running) => palette.load(0.0),
            Some(psoxide::ProcessStatus::Zombie | psoxide::ProcessStatus::DiskSleep) => palette.bad,
            _ => palette.faint,
        },
        _ => Style::new(),
    }
}
