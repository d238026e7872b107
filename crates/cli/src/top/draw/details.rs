//! Everything about one process, with its graphs.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::frame;
use crate::output::human;
use crate::top::graph::{graph, text};
use crate::top::monitor::Monitor;
use crate::top::palette::Palette;
use crate::top::view::Details;

/// Width of the labels.
const LABEL: u16 = 14;

/// The columns for values on a terminal of this width.
pub(in crate::top) fn room(width: u16) -> usize {
    usize::from(width.saturating_sub(LABEL + 2))
}

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
    let refused = refused.is_some_and(|process| process.row.io_counters.value().is_none());
    let now = history.io.last().unwrap_or(0.0);
    let title = if refused { "I/O permission denied".into() } else { format!("I/O {}/s", human::fraction(now)) };
    let inner = frame(buffer, io, &title, palette);
    graph(buffer, inner, &history.io, history.io.peak(usize::from(inner.width) * 2), palette);

    let title = format!("{} {}", details.target.process.pid(), details.target.name);
    let inner = frame(buffer, body, &title, palette);
    if details.ended {
        let ended = " it has ended; below is what was last known ";
        text(buffer, body.right().saturating_sub(48), body.y, 46, ended, palette.bad);
    }
    for (y, (label, value)) in (inner.top()..inner.bottom()).zip(details.lines.iter().skip(details.scroll)) {
        text(buffer, inner.x, y, LABEL, label, palette.header);
        text(buffer, inner.x + LABEL, y, inner.width.saturating_sub(LABEL), value, Style::new());
    }
}
