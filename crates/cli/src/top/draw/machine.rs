//! The machine: CPUs, memory, pressure, disks, network.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::frame;
use super::table::wide;
use crate::output::human;
use crate::output::table::cut;
use crate::top::graph::{bar, graph, text};
use crate::top::monitor::Machine;
use crate::top::palette::Palette;
use crate::top::view::View;

/// A column of CPU meters is at least so wide: `12 ████ 100%`.
const METER: u16 = 14;

/// From this width on every panel has room for itself.
const WIDE: u16 = 130;

/// Lines that the panels take on a terminal of this size.
pub(super) fn height(machine: &Machine, area: Rect) -> u16 {
    let cpus = u16::try_from(machine.cpus.len()).unwrap_or(u16::MAX);
    let wanted = if area.width < WIDE { 8 } else { (cpus.div_ceil(2) + 2).clamp(9, 14) };
    // At least half of the screen is the table's.
    wanted.min(area.height / 2).max(5)
}

pub(super) fn title(buffer: &mut Buffer, area: Rect, view: &View, palette: &Palette) {
    let machine = &view.monitor.machine;
    let mut x = area.x;
    let mut put = |words: &str, style: Style| {
        x += text(buffer, x, area.y, area.right().saturating_sub(x), words, style);
    };
    put(&machine.host, palette.accent);
    if let Some(uptime) = machine.uptime {
        put("  up ", palette.faint);
        put(&human::span(uptime), Style::new());
    }
    if let Some(load) = &machine.load {
        put("  load ", palette.faint);
        put(&format!("{:.2} {:.2} {:.2}", load.one, load.five, load.fifteen), Style::new());
    }
    put("  processes ", palette.faint);
    put(&machine.processes.to_string(), Style::new());
    put(&format!(" ({} running)", machine.running), Style::new());
    if view.paused {
        put("  paused", palette.bad);
    } else {
        put(&format!("  every {}s", view.interval.as_secs_f64()), palette.faint);
    }
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    if area.width < WIDE {
        let [left, right] = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area);
        cpu(buffer, left, machine, palette);
        summary(buffer, right, machine, palette);
        return;
    }
    let [first, second, third, fourth] = Layout::horizontal([
        Constraint::Percentage(34),
        Constraint::Percentage(26),
        Constraint::Percentage(20),
        Constraint::Percentage(20),
    ])
    .areas(area);
    cpu(buffer, first, machine, palette);
    memory(buffer, second, machine, palette);
    disks(buffer, third, machine, palette);
    network(buffer, fourth, machine, palette);
}

/// The graph of all CPUs at the left, a meter for each at the right.
fn cpu(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let busy = machine.history.cpu.last();
    let title = busy.map_or_else(|| "CPU".into(), |busy| format!("CPU {busy:.1}%"));
    let inner = frame(buffer, area, &title, palette);
    let cpus = u16::try_from(machine.cpus.len()).unwrap_or(u16::MAX);
    let rows = inner.height.max(1);
    let columns = cpus.div_ceil(rows);
    let fits = columns.saturating_mul(METER) <= inner.width.saturating_sub(8);
    // Meters that do not fit are drawn as one character each.
    let meters = match columns {
        _ if !fits => cpus.min(inner.width / 2).max(1),
        1 if inner.width > 40 => METER + 8,
        _ => columns * METER,
    };
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(meters + 1)]).areas(inner);
    graph(buffer, left, &machine.history.cpu, 100.0, palette);
    let right = Rect { x: right.x + 1, width: right.width.saturating_sub(1), ..right };
    let each = if fits { (right.width / columns.max(1)).max(1) } else { 1 };
    for (i, busy) in (0u16..).zip(&machine.cpus) {
        let part = busy.unwrap_or(0.0) / 100.0;
        if fits {
            let (x, y) = (right.x + i / rows * each, right.y + i % rows);
            text(buffer, x, y, 3, &format!("{i:>2}"), palette.faint);
            bar(buffer, Rect { x: x + 3, y, width: each.saturating_sub(9), height: 1 }, part, palette);
            let percent = busy.map_or_else(|| "-".into(), |busy| format!("{busy:>3.0}%"));
            text(buffer, x + each.saturating_sub(5), y, 4, &percent, Style::new());
        } else {
            let (x, y) = (right.x + i % meters, right.y + i / meters);
            if y < right.bottom() {
                text(buffer, x, y, 1, level(part), palette.load(part));
            }
        }
    }
}

/// One of eight heights.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
fn level(part: f64) -> &'static str {
    const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    LEVELS.get((part.clamp(0.0, 1.0) * 7.0).round() as usize).copied().unwrap_or("█")
}

/// A label, a bar and its figures on one line.
fn meter(buffer: &mut Buffer, area: Rect, y: u16, label: &str, part: f64, figures: &str, palette: &Palette) {
    if y >= area.bottom() {
        return;
    }
    let figures_width = u16::try_from(figures.chars().count()).unwrap_or(u16::MAX);
    let label_width = wide(label).max(4) + 1;
    text(buffer, area.x, y, label_width, label, palette.faint);
    let width = area.width.saturating_sub(label_width + 1 + figures_width + 1);
    bar(buffer, Rect { x: area.x + label_width, y, width, height: 1 }, part, palette);
    text(buffer, area.right().saturating_sub(figures_width), y, figures_width, figures, Style::new());
}

fn memory_meters(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) -> u16 {
    let mut y = area.y;
    if let Some(memory) = &machine.memory {
        let figures = format!("{}/{}", human::bytes(memory.used), human::bytes(memory.total));
        meter(buffer, area, y, "mem", memory.percent / 100.0, &figures, palette);
        y += 1;
    }
    match &machine.swap {
        Some(swap) if swap.total > 0 => {
            let figures = format!("{}/{}", human::bytes(swap.used), human::bytes(swap.total));
            meter(buffer, area, y, "swap", swap.percent / 100.0, &figures, palette);
            y += 1;
        }
        _ => {}
    }
    y
}

/// How much work waits, over the last ten seconds.
fn pressure(buffer: &mut Buffer, area: Rect, y: u16, machine: &Machine, palette: &Palette) {
    if machine.pressure.is_empty() || y >= area.bottom() {
        return;
    }
    let mut x = area.x + text(buffer, area.x, y, area.width, "wait", palette.faint);
    for (what, pressure) in &machine.pressure {
        let Some(some) = &pressure.some else { continue };
        let label = format!(" {} ", what.name());
        x += text(buffer, x, y, area.right().saturating_sub(x), &label, palette.faint);
        let percent = format!("{:.1}%", some.avg10);
        x += text(buffer, x, y, area.right().saturating_sub(x), &percent, palette.load(some.avg10 / 100.0));
    }
}

fn memory(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let title = machine.memory.as_ref().map_or_else(
        || "Memory".into(),
        |memory| format!("Memory {:.1}%, {} available", memory.percent, human::bytes(memory.available)),
    );
    let inner = frame(buffer, area, &title, palette);
    let meters = memory_meters(buffer, inner, machine, palette);
    pressure(buffer, inner, meters, machine, palette);
    let used = meters - inner.y + u16::from(!machine.pressure.is_empty());
    let rest = Rect { y: inner.y + used, height: inner.height.saturating_sub(used), ..inner };
    graph(buffer, rest, &machine.history.memory, 100.0, palette);
}

/// Bytes in each second of the window.
fn rate(bytes: u64, machine: &Machine) -> f64 {
    let seconds = machine.window.as_secs_f64();
    if seconds > 0.0 { bytes as f64 / seconds } else { 0.0 }
}

fn disks(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let inner = frame(buffer, area, &format!("Disks {}", disk_rates(machine)), palette);
    let mut busy: Vec<_> = machine.disks.iter().filter(|(_, io)| io.busy_time.is_some()).collect();
    busy.sort_by_key(|(_, io)| std::cmp::Reverse(io.busy_time));
    let most = usize::from(inner.height.saturating_sub(3).min(4));
    busy.truncate(most);
    // As in nvme0n1; a longer one leaves too little for its meter.
    let names: Vec<_> = busy.iter().map(|(name, _)| cut(&crate::output::escape(name), 8).into_owned()).collect();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut y = inner.y;
    for ((_, io), name) in busy.iter().zip(names) {
        let seconds = machine.window.as_secs_f64();
        let part = io.busy_time.filter(|_| seconds > 0.0).map_or(0.0, |time| time.as_secs_f64() / seconds).min(1.0);
        meter(buffer, inner, y, &format!("{name:<widest$}"), part, &format!("{:>3.0}% busy", part * 100.0), palette);
        y += 1;
    }
    let rest = Rect { y, height: inner.bottom().saturating_sub(y), ..inner };
    moving(buffer, rest, &machine.history.disk, palette);
}

fn disk_rates(machine: &Machine) -> String {
    let sum = |get: fn(&psoxide::DiskIo) -> u64| rate(machine.disks.iter().map(|(_, io)| get(io)).sum(), machine);
    format!("R {} W {}/s", human::fraction(sum(|io| io.read_bytes)), human::fraction(sum(|io| io.write_bytes)))
}

fn network(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let inner = frame(buffer, area, &format!("Net {}", net_rates(machine)), palette);
    let mut y = inner.y;
    let most = usize::from(inner.height.saturating_sub(3).min(4));
    let mut nics: Vec<_> = machine.nics.iter().collect();
    nics.sort_by_key(|(_, io)| std::cmp::Reverse(io.bytes_recv.saturating_add(io.bytes_sent)));
    for (name, io) in nics.into_iter().take(most) {
        let [received, sent] = [io.bytes_recv, io.bytes_sent].map(|bytes| human::fraction(rate(bytes, machine)));
        text(buffer, inner.x, y, 8, &cut(&crate::output::escape(name), 7), palette.faint);
        let figures = format!("↓{received:>7} ↑{sent:>7}");
        text(buffer, inner.x + 8, y, inner.width.saturating_sub(8), &figures, Style::new());
        y += 1;
    }
    let rest = Rect { y, height: inner.bottom().saturating_sub(y), ..inner };
    moving(buffer, rest, &machine.history.net, palette);
}

fn net_rates(machine: &Machine) -> String {
    // What a machine says to itself has gone nowhere.
    let outward = machine.nics.iter().filter(|(name, _)| name != "lo");
    let (mut received, mut sent) = (0u64, 0u64);
    for (_, io) in outward {
        received = received.saturating_add(io.bytes_recv);
        sent = sent.saturating_add(io.bytes_sent);
    }
    format!("↓ {} ↑ {}/s", human::fraction(rate(received, machine)), human::fraction(rate(sent, machine)))
}

/// A graph without a natural limit: its own peak fills it.
fn moving(buffer: &mut Buffer, area: Rect, history: &crate::top::history::History, palette: &Palette) {
    let peak = history.peak(usize::from(area.width) * 2);
    graph(buffer, area, history, peak, palette);
}

/// Everything but the CPUs, where there is not much room.
fn summary(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let inner = frame(buffer, area, "Memory, disks, network", palette);
    let mut y = memory_meters(buffer, inner, machine, palette);
    let mut line = |label: &str, words: &str, y: u16| {
        if y < inner.bottom() {
            text(buffer, inner.x, y, 5, label, palette.faint);
            text(buffer, inner.x + 5, y, inner.width.saturating_sub(5), words, Style::new());
        }
    };
    line("disk", &disk_rates(machine), y);
    line("net", &net_rates(machine), y + 1);
    y += 2;
    pressure(buffer, inner, y, machine, palette);
    let rest = Rect { y: y + 1, height: inner.bottom().saturating_sub(y + 1), ..inner };
    graph(buffer, rest, &machine.history.memory, 100.0, palette);
}
