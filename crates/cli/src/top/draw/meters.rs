//! Meters: a label, a bar and its figures on one line.

use psoxide::PressureOf;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::output::human;
use crate::top::graph::{bar, text, wide};
use crate::top::monitor::Machine;
use crate::top::palette::Palette;

/// A column of CPU meters is at least so wide: `12 ████ 100%`.
const METER: u16 = 14;

/// With the frequency of the CPU: `12 ████ 100% 3.4GHz`.
const WITH_FREQUENCY: u16 = 22;

/// The width of labels.
const LABEL: u16 = 5;

/// Draws a meter at line `y`, if that is within the area.
pub(super) fn meter(buffer: &mut Buffer, area: Rect, y: u16, label: &str, part: f64, figures: &str, palette: &Palette) {
    frame_meter(buffer, area, y, label, figures, palette, |buffer, place| bar(buffer, place, part, palette));
}

fn frame_meter(
    buffer: &mut Buffer,
    area: Rect,
    y: u16,
    label: &str,
    figures: &str,
    palette: &Palette,
    draw: impl FnOnce(&mut Buffer, Rect),
) {
    if y >= area.bottom() {
        return;
    }
    let figures_width = wide(figures).min(area.width);
    let label_width = wide(label).max(LABEL - 1) + 1;
    text(buffer, area.x, y, label_width, label, palette.faint);
    let width = area.width.saturating_sub(label_width + 1 + figures_width);
    draw(buffer, Rect { x: area.x + label_width, y, width, height: 1 });
    text(buffer, area.right().saturating_sub(figures_width), y, figures_width, figures, Style::new());
}

/// Draws words behind a label.
pub(super) fn words(buffer: &mut Buffer, area: Rect, y: u16, label: &str, words: &str, palette: &Palette) {
    if y < area.bottom() {
        let x = area.x + text(buffer, area.x, y, area.width, &format!("{label:<4} "), palette.faint);
        text(buffer, x, y, area.right().saturating_sub(x), words, Style::new());
    }
}

/// Draws memory and swap, and returns the line after them. The memory bar has parts: used, buffers, cache, free.
pub(super) fn memory(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) -> u16 {
    let mut y = area.y;
    if let Some(memory) = &machine.gauges.memory {
        let figures = format!("{}/{}", human::bytes(memory.used), human::bytes(memory.total));
        let part = |bytes: u64| if memory.total > 0 { bytes as f64 / memory.total as f64 } else { 0.0 };
        let parts = [
            ('█', part(memory.used), palette.load(memory.percent / 100.0)),
            ('▓', part(memory.buffers.unwrap_or(0)), palette.accent),
            ('▒', part(memory.cached.unwrap_or(0)), palette.faint),
        ];
        frame_meter(buffer, area, y, "mem", &figures, palette, |buffer, place| stacked(buffer, place, &parts, palette));
        y += 1;
        let [buffers, cached, available] = [memory.buffers, memory.cached, Some(memory.available)];
        let list = |parts: &[(&str, Option<u64>)], gap: &str| {
            let known = parts.iter().filter_map(|(name, bytes)| Some(format!("{name} {}", human::bytes((*bytes)?))));
            known.collect::<Vec<_>>().join(gap)
        };
        let room = usize::from(area.width.saturating_sub(LABEL));
        let line = [
            list(&[("buffers", buffers), ("cache", cached), ("available", available)], "  "),
            list(&[("buf", buffers), ("cache", cached), ("avail", available)], " "),
            list(&[("cache", cached), ("available", available)], " "),
        ]
        .into_iter()
        .find(|line| line.len() <= room)
        .unwrap_or_else(|| list(&[("avail", available)], ""));
        words(buffer, area, y, "", &line, palette);
        y += 1;
    }
    match &machine.gauges.swap {
        Some(swap) if swap.total > 0 => {
            let figures = format!("{}/{}", human::bytes(swap.used), human::bytes(swap.total));
            meter(buffer, area, y, "swap", swap.percent / 100.0, &figures, palette);
            y += 1;
        }
        _ => {}
    }
    y
}

/// Draws a bar of several parts, each with its character.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the width of a terminal
fn stacked(buffer: &mut Buffer, area: Rect, parts: &[(char, f64, Style)], palette: &Palette) {
    let mut ends = Vec::with_capacity(parts.len());
    let mut end = 0.0;
    for (c, part, style) in parts {
        end += part;
        ends.push(((end.clamp(0.0, 1.0) * f64::from(area.width)).round() as u16, *c, *style));
    }
    for (i, x) in (0..area.width).zip(area.left()..area.right()) {
        let Some(cell) = buffer.cell_mut((x, area.y)) else { continue };
        match ends.iter().find(|(end, ..)| i < *end) {
            Some((_, c, style)) => cell.set_char(*c).set_style(*style),
            None => cell.set_char('·').set_style(palette.faint),
        };
    }
}

/// Draws how much work waits for CPUs, memory and storage: pressure over the last ten seconds.
pub(super) fn pressure(buffer: &mut Buffer, area: Rect, y: u16, machine: &Machine, palette: &Palette) {
    if machine.gauges.pressure.is_empty() || y >= area.bottom() {
        return;
    }
    let mut x = area.x + text(buffer, area.x, y, area.width, "pressure", palette.faint);
    for (what, pressure) in &machine.gauges.pressure {
        let Some(some) = &pressure.some else { continue };
        let name = if *what == PressureOf::Memory { "mem" } else { what.name() };
        let label = format!(" {name} ");
        let decimals = usize::from(some.avg10 < 9.95);
        let percent = format!("{:.decimals$}%", some.avg10);
        // On a narrow screen the last ones are left out whole.
        if area.right().saturating_sub(x) < wide(&label) + wide(&percent) {
            break;
        }
        x += text(buffer, x, y, area.width, &label, palette.faint);
        x += text(buffer, x, y, area.width, &percent, palette.load(some.avg10 / 100.0));
    }
}

/// Returns the width of the CPU meters in an area, and whether each CPU gets a meter of its own.
pub(super) fn cpus_width(machine: &Machine, inner: Rect) -> (u16, bool) {
    let cpus = u16::try_from(machine.cpus.len()).unwrap_or(u16::MAX);
    let columns = cpus.div_ceil(inner.height.max(1));
    let fits = columns.saturating_mul(METER) <= inner.width.saturating_sub(8);
    let with_frequency = !machine.sensors.frequencies.is_empty();
    let width = match columns {
        _ if !fits => cpus.min(inner.width / 2).max(1),
        1 if inner.width > 40 => WITH_FREQUENCY,
        _ if with_frequency && columns.saturating_mul(WITH_FREQUENCY) <= inner.width.saturating_sub(16) => {
            columns * WITH_FREQUENCY
        }
        _ => columns * METER,
    };
    (width, fits)
}

/// Draws a meter for each CPU, or a character where there is no room for more.
pub(super) fn cpus(buffer: &mut Buffer, area: Rect, machine: &Machine, fits: bool, palette: &Palette) {
    let rows = area.height.max(1);
    let columns = u16::try_from(machine.cpus.len()).unwrap_or(u16::MAX).div_ceil(rows).max(1);
    let each = if fits { (area.width / columns).max(1) } else { 1 };
    for (i, (cpu, busy)) in (0u16..).zip(&machine.cpus) {
        let part = busy.unwrap_or(0.0) / 100.0;
        if !fits {
            let (x, y) = (area.x + i % area.width.max(1), area.y + i / area.width.max(1));
            if y < area.bottom() {
                text(buffer, x, y, 1, level(part), palette.load(part));
            }
            continue;
        }
        let (x, y) = (area.x + i / rows * each, area.y + i % rows);
        let megahertz = machine.sensors.frequencies.get(usize::from(i)).filter(|_| each >= WITH_FREQUENCY);
        let frequency = megahertz.map_or_else(String::new, |megahertz| format!(" {:.1}GHz", megahertz / 1000.0));
        let percent = busy.map_or_else(|| "-".into(), |busy| format!("{busy:>3.0}%"));
        text(buffer, x, y, 3, &format!("{cpu:>2}"), palette.faint);
        let right = 6 + wide(&frequency);
        bar(buffer, Rect { x: x + 3, y, width: each.saturating_sub(3 + right), height: 1 }, part, palette);
        let x = x + each.saturating_sub(right - 1);
        let x = x + text(buffer, x, y, 4, &percent, Style::new());
        text(buffer, x, y, wide(&frequency), &frequency, palette.faint);
    }
}

/// One of eight heights.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
fn level(part: f64) -> &'static str {
    const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    LEVELS.get((part.clamp(0.0, 1.0) * 7.0).round() as usize).copied().unwrap_or("█")
}
