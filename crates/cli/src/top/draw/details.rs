//! Everything about one process, with its graphs.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::frame;
use crate::output::human;
use crate::top::graph::{graph, text, wide};
use crate::top::monitor::Monitor;
use crate::top::palette::Palette;
use crate::top::place::LABEL;
use crate::top::view::mode::{Details, Sheet, SheetKind};

pub(super) fn draw(buffer: &mut Buffer, area: Rect, details: &Details, monitor: &Monitor, palette: &Palette) {
    let graphs = (area.height / 4).clamp(4, 10);
    let [top, body] = Layout::vertical([Constraint::Length(graphs), Constraint::Fill(1)]).areas(area);
    let third = [Constraint::Ratio(1, 3); 3];
    let [cpu, memory, io] = Layout::horizontal(third).areas(top);
    let history = &monitor.machine.history.process;

    let now = history.cpu.last().unwrap_or(0.0);
    let inner = frame(buffer, cpu, &format!("CPU {now:.1}%"), palette);
    // One busy thread is 100 %; a process with several may pass it.
    let full = history.cpu.peak(usize::from(inner.width) * 2).max(100.0);
    graph(buffer, inner, &history.cpu, full, palette);

    let now = history.memory.last().unwrap_or(0.0);
    let inner = frame(buffer, memory, &format!("RSS {}", human::fraction(now)), palette);
    let full = history.memory.peak(usize::from(inner.width) * 2) * 1.25;
    graph(buffer, inner, &history.memory, full, palette);

    let refused = monitor.find((details.target.process.pid(), details.target.process.start()));
    let refused = refused.is_some_and(|entry| entry.proc.row.io_counters.value().is_none());
    let now = history.io.last().unwrap_or(0.0);
    let title = if refused { "I/O permission denied".into() } else { format!("I/O {}/s", human::fraction(now)) };
    let inner = frame(buffer, io, &title, palette);
    graph(buffer, inner, &history.io, history.io.peak(usize::from(inner.width) * 2), palette);

    let title = format!("{} {}", details.target.process.pid(), details.target.name);
    lines(buffer, body, &title, &details.lines, details.scroll, details.ended, palette);
}

/// Draws a list about one process.
pub(super) fn sheet(buffer: &mut Buffer, area: Rect, sheet: &Sheet, palette: &Palette) {
    let what = match sheet.kind {
        SheetKind::Environment => "Environment",
        SheetKind::Files => "Open files and sockets",
    };
    let title = format!("{what} of {} {}", sheet.target.process.pid(), sheet.target.name);
    lines(buffer, area, &title, &sheet.lines, sheet.scroll, sheet.ended, palette);
}

fn lines(
    buffer: &mut Buffer,
    area: Rect,
    title: &str,
    lines: &[(String, String)],
    scroll: usize,
    ended: bool,
    palette: &Palette,
) {
    let inner = frame(buffer, area, title, palette);
    if ended {
        let note = " exited; showing the last known values ";
        let width = wide(note).min(area.width.saturating_sub(2));
        text(buffer, area.right().saturating_sub(width + 1), area.y, width, note, palette.bad);
    }
    let labelled = lines.iter().any(|(label, _)| !label.is_empty());
    let indent = if labelled { LABEL } else { 0 };
    for (y, (label, value)) in (inner.top()..inner.bottom()).zip(lines.iter().skip(scroll)) {
        text(buffer, inner.x, y, indent, label, palette.header);
        text(buffer, inner.x + indent, y, inner.width.saturating_sub(indent), value, Style::new());
    }
}
