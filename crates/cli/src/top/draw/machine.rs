//! The machine: its title, its panels, or one line in place of the panels.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::frame;
use super::meters::{self, meter, words};
use crate::config::top::{Meter, Panels};
use crate::output::human;
use crate::output::table::cut;
use crate::process::columns::COLUMNS;
use crate::top::graph::{graph, text, wide};
use crate::top::monitor::Machine;
use crate::top::monitor::history::History;
use crate::top::palette::Palette;
use crate::top::view::View;

/// From this width on every panel has room for itself.
const WIDE: u16 = 130;

/// Below this height the panels are one line.
const LOW: u16 = 15;

/// How the machine is shown on a screen of this size.
pub(super) fn panels(view: &View, area: Rect) -> Panels {
    match view.settings.panels {
        Panels::Full if area.height < LOW => Panels::Line,
        panels => panels,
    }
}

/// The lines that the machine takes.
pub(super) fn height(view: &View, area: Rect) -> u16 {
    let machine = &view.monitor.machine;
    let cpus = u16::try_from(machine.cpus.len()).unwrap_or(u16::MAX);
    match panels(view, area) {
        Panels::Hidden => 0,
        Panels::Line => 1,
        Panels::Full => {
            let wanted = if area.width < WIDE {
                let meters = shown_meters(view);
                let gpus = if meters.contains(&Meter::Gpu) { machine.sensors.gpus.len() } else { 0 };
                8 + u16::from(meters.contains(&Meter::Sensors)) + u16::try_from(gpus).unwrap_or(u16::MAX - 9)
            } else {
                (cpus.div_ceil(2) + 2).clamp(9, 14)
            };
            // At least half of the screen is the table's.
            wanted.min(area.height / 2).max(5)
        }
    }
}

/// Draws the first line. On a narrow screen its less important parts are left out.
pub(super) fn title(buffer: &mut Buffer, area: Rect, view: &View, palette: &Palette) {
    let machine = &view.monitor.machine;
    let plain = Style::new();
    // Each part: how important it is, its label, its text.
    let mut parts = vec![(2, "", machine.host.clone(), palette.accent)];
    if let Some(uptime) = machine.gauges.uptime {
        parts.push((3, "up ", human::span(uptime), plain));
    }
    if let Some(load) = &machine.gauges.load {
        parts.push((7, "load ", format!("{:.2} {:.2} {:.2}", load.one, load.five, load.fifteen), plain));
    }
    let noun = if machine.processes == 1 { "process" } else { "processes" };
    parts.push((6, "", format!("{} {noun}", machine.processes), plain));
    if machine.kernel_threads > 0 {
        let noun = if machine.kernel_threads == 1 { "kernel thread" } else { "kernel threads" };
        parts.push((1, "", format!("{} {noun}", machine.kernel_threads), plain));
    }
    parts.push((4, "", format!("{} running", machine.running), plain));
    if let Some(taken) = view.monitor.recorded() {
        let playing = if view.paused { "paused" } else { "playing" };
        parts.push((9, "", format!("{} {playing}", human::time(taken)), palette.bad));
    } else if !view.monitor.moves() {
        parts.push((8, "", "a capture".into(), palette.bad));
    } else if view.paused {
        parts.push((8, "", "paused".into(), palette.bad));
    } else {
        parts.push((5, "every ", format!("{}s", view.settings.interval.as_secs_f64()), plain));
    }
    if let Some(column) =
        COLUMNS.get(view.settings.sort).filter(|_| !view.shown_columns().contains(&view.settings.sort))
    {
        parts.push((5, "by ", column.meta.title.to_owned(), plain));
    }
    if let Some(note) = note(view) {
        parts.push((9, "", cut(&note, usize::from(area.width / 2)).into_owned(), palette.bad));
    }
    let width = |parts: &[(u8, &str, String, Style)]| {
        parts.iter().map(|(_, label, words, _)| wide(label) + wide(words) + 2).sum::<u16>().saturating_sub(2)
    };
    while width(&parts) > area.width && parts.len() > 1 {
        let least = parts.iter().enumerate().min_by_key(|(_, (importance, ..))| *importance);
        let Some((at, _)) = least else { break };
        parts.remove(at);
    }
    let mut x = area.x;
    for (_, label, words, style) in &parts {
        x += text(buffer, x, area.y, area.right().saturating_sub(x), label, palette.faint);
        x += text(buffer, x, area.y, area.right().saturating_sub(x), words, *style) + 2;
    }
}

/// Describes the active filters and tags.
fn note(view: &View) -> Option<String> {
    let mut parts: Vec<String> = view.search.shown().into_iter().collect();
    parts.extend(view.user.as_ref().map(|user| format!("user: {}", crate::output::escape(user))));
    if !parts.is_empty() {
        parts.insert(0, format!("{} of {}", view.lines.len(), view.total()));
    }
    if !view.tagged.is_empty() {
        parts.push(format!("{} tagged", view.tagged.len()));
    }
    (!parts.is_empty()).then(|| parts.join("  "))
}

/// Draws the panels, or the line in their place.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &View, whole: Rect, palette: &Palette) {
    let machine = &view.monitor.machine;
    let meters = shown_meters(view);
    if panels(view, whole) == Panels::Line {
        line(buffer, area, machine, &meters, palette);
    } else if area.width < WIDE {
        narrow(buffer, area, machine, &meters, palette);
    } else {
        let weights: Vec<u16> = meters.iter().map(|meter| weight(*meter)).collect();
        let sum = u32::from(weights.iter().sum::<u16>());
        let parts = weights.iter().map(|weight| Constraint::Ratio(u32::from(*weight), sum));
        for (meter, area) in meters.iter().zip(Layout::horizontal(parts).split(area).iter()) {
            match meter {
                Meter::Cpu => cpu(buffer, *area, machine, palette),
                Meter::Memory => memory(buffer, *area, machine, palette),
                Meter::Disks => disks(buffer, *area, machine, palette),
                Meter::Network => network(buffer, *area, machine, palette),
                Meter::Gpu => gpus(buffer, *area, machine, palette),
                Meter::Sensors => sensors(buffer, *area, machine, palette),
            }
        }
    }
}

/// The configured meters that have something to show.
fn shown_meters(view: &View) -> Vec<Meter> {
    let machine = &view.monitor.machine;
    let has = |meter: &Meter| match meter {
        Meter::Gpu => !machine.sensors.gpus.is_empty(),
        Meter::Sensors => !sensor_words(machine).is_empty(),
        _ => true,
    };
    view.settings.meters.iter().copied().filter(has).collect()
}

const fn weight(meter: Meter) -> u16 {
    match meter {
        Meter::Cpu => 34,
        Meter::Memory => 26,
        Meter::Disks | Meter::Network => 20,
        Meter::Gpu | Meter::Sensors => 16,
    }
}

/// Draws the whole machine on one line, as far as there is room.
fn line(buffer: &mut Buffer, area: Rect, machine: &Machine, meters: &[Meter], palette: &Palette) {
    let mut parts: Vec<(&str, String, Style)> = Vec::new();
    for meter in meters {
        match meter {
            Meter::Cpu => {
                if let Some(busy) = machine.history.cpu.last() {
                    parts.push(("cpu ", format!("{busy:.0}%"), palette.load(busy / 100.0)));
                }
            }
            Meter::Memory => {
                if let Some(memory) = &machine.gauges.memory {
                    let figures = format!("{}/{}", human::bytes(memory.used), human::bytes(memory.total));
                    parts.push(("mem ", figures, palette.load(memory.percent / 100.0)));
                }
                if let Some(swap) = machine.gauges.swap.as_ref().filter(|swap| swap.total > 0) {
                    parts.push(("swap ", format!("{:.0}%", swap.percent), palette.load(swap.percent / 100.0)));
                }
            }
            Meter::Disks => parts.push(("disk ", disk_rates(machine), Style::new())),
            Meter::Network => parts.push(("net ", net_rates(machine), Style::new())),
            Meter::Gpu => {
                for (name, gpu) in gpu_names(machine) {
                    let busy = gpu.busy.unwrap_or(0.0) / 100.0;
                    parts.push(("", format!("{name} {}", gpu_words(gpu)), palette.load(busy)));
                }
            }
            Meter::Sensors => {
                parts.extend(sensor_words(machine).into_iter().map(|words| ("", words, Style::new())));
            }
        }
    }
    let mut x = area.x;
    for (label, words, style) in parts {
        if area.right().saturating_sub(x) < wide(label) + wide(&words) {
            break;
        }
        x += text(buffer, x, area.y, area.width, label, palette.faint);
        x += text(buffer, x, area.y, area.width, &words, style) + 2;
    }
}

/// Draws the CPUs at the left and everything else at the right.
fn narrow(buffer: &mut Buffer, area: Rect, machine: &Machine, meters: &[Meter], palette: &Palette) {
    let others: Vec<Meter> = meters.iter().copied().filter(|meter| *meter != Meter::Cpu).collect();
    match (meters.contains(&Meter::Cpu), others.is_empty()) {
        (true, true) => cpu(buffer, area, machine, palette),
        (false, _) => summary(buffer, area, machine, &others, palette),
        (true, false) => {
            let [left, right] = Layout::horizontal([Constraint::Percentage(50); 2]).areas(area);
            cpu(buffer, left, machine, palette);
            summary(buffer, right, machine, &others, palette);
        }
    }
}

/// Draws everything but the CPUs, where there is not much room.
fn summary(buffer: &mut Buffer, area: Rect, machine: &Machine, meters: &[Meter], palette: &Palette) {
    let names: Vec<_> = meters.iter().map(|meter| meter.name()).collect();
    let mut title = names.join(", ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let inner = frame(buffer, area, &title, palette);
    let mut y = inner.y;
    for meter in meters {
        match meter {
            Meter::Cpu => {}
            Meter::Memory => y = meters::memory(buffer, Rect { y, ..inner }.intersection(inner), machine, palette),
            Meter::Disks => {
                words(buffer, inner, y, "disk", &disk_rates(machine), palette);
                y += 1;
            }
            Meter::Network => {
                words(buffer, inner, y, "net", &net_rates(machine), palette);
                y += 1;
            }
            Meter::Gpu => {
                for (name, gpu) in gpu_names(machine) {
                    let busy = gpu.busy.unwrap_or(0.0) / 100.0;
                    meters::meter(buffer, inner, y, &name, busy, &gpu_words(gpu), palette);
                    y += 1;
                }
            }
            Meter::Sensors => {
                words(buffer, inner, y, "temp", &sensor_words(machine).join(" "), palette);
                y += 1;
            }
        }
    }
    meters::pressure(buffer, inner, y, machine, palette);
    let rest = Rect { y: y + 1, height: inner.bottom().saturating_sub(y + 1), ..inner };
    if meters.contains(&Meter::Memory) {
        graph(buffer, rest, &machine.history.memory, 100.0, palette);
    }
}

/// Draws the graph of all CPUs at the left, a meter for each at the right.
fn cpu(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let busy = machine.history.cpu.last();
    let title = busy.map_or_else(|| "CPU".into(), |busy| format!("CPU {busy:.1}%"));
    let inner = frame(buffer, area, &title, palette);
    let (width, fits) = meters::cpus_width(machine, inner);
    let [left, _, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), Constraint::Length(width)]).areas(inner);
    graph(buffer, left, &machine.history.cpu, 100.0, palette);
    meters::cpus(buffer, right, machine, fits, palette);
}

fn memory(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let memory = machine.gauges.memory.as_ref();
    let title = memory.map_or_else(|| "Memory".into(), |memory| format!("Memory {:.1}%", memory.percent));
    let inner = frame(buffer, area, &title, palette);
    let y = meters::memory(buffer, inner, machine, palette);
    meters::pressure(buffer, inner, y, machine, palette);
    let y = y + u16::from(!machine.gauges.pressure.is_empty());
    let rest = Rect { y, height: inner.bottom().saturating_sub(y), ..inner };
    graph(buffer, rest, &machine.history.memory, 100.0, palette);
}

/// Bytes in each second of the window; `-` if there is no sample before.
fn rate(bytes: u64, machine: &Machine) -> String {
    let seconds = machine.window.as_secs_f64();
    if seconds > 0.0 { human::fraction(bytes as f64 / seconds) } else { "-".into() }
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
    format!("R {} W {}/s", sum(|io| io.read_bytes), sum(|io| io.write_bytes))
}

fn network(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let inner = frame(buffer, area, &format!("Net {}", net_rates(machine)), palette);
    let mut y = inner.y;
    let most = usize::from(inner.height.saturating_sub(3).min(4));
    let mut nics: Vec<_> = machine.nics.iter().collect();
    nics.sort_by_key(|(_, io)| std::cmp::Reverse(io.bytes_recv.saturating_add(io.bytes_sent)));
    for (name, io) in nics.into_iter().take(most) {
        let [received, sent] = [io.bytes_recv, io.bytes_sent].map(|bytes| rate(bytes, machine));
        text(buffer, inner.x, y, 8, &cut(&crate::output::escape(name), 7), palette.faint);
        let figures = format!("↓{received:>7} ↑{sent:>7}");
        text(buffer, inner.x + 8, y, inner.width.saturating_sub(8), &figures, Style::new());
        y += 1;
    }
    let rest = Rect { y, height: inner.bottom().saturating_sub(y), ..inner };
    moving(buffer, rest, &machine.history.net, palette);
}

fn net_rates(machine: &Machine) -> String {
    // What a machine sends to itself has gone nowhere.
    let outward = machine.nics.iter().filter(|(name, _)| name != "lo");
    let (mut received, mut sent) = (0u64, 0u64);
    for (_, io) in outward {
        received = received.saturating_add(io.bytes_recv);
        sent = sent.saturating_add(io.bytes_sent);
    }
    format!("↓ {} ↑ {}/s", rate(received, machine), rate(sent, machine))
}

fn gpus(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let inner = frame(buffer, area, "GPU", palette);
    let mut y = inner.y;
    for (name, gpu) in gpu_names(machine) {
        if let Some(busy) = gpu.busy {
            meter(buffer, inner, y, &name, busy / 100.0, &format!("{busy:>3.0}%"), palette);
            y += 1;
        }
        if let Some((used, total)) = gpu.memory_used.zip(gpu.memory_total).filter(|(_, total)| *total > 0) {
            let figures = format!("{}/{}", human::bytes(used), human::bytes(total));
            let label = if gpu.busy.is_some() { "mem" } else { &name };
            meter(buffer, inner, y, label, used as f64 / total as f64, &figures, palette);
            y += 1;
        }
    }
}

/// The GPUs with what they are called: the only one is simply "gpu".
fn gpu_names(machine: &Machine) -> impl Iterator<Item = (String, &psoxide::Gpu)> {
    let gpus = &machine.sensors.gpus;
    let name =
        |gpu: &psoxide::Gpu| if gpus.len() == 1 { "gpu".into() } else { crate::output::escape(gpu.name.as_ref()) };
    gpus.iter().map(move |gpu| (name(gpu), gpu))
}

/// How busy a GPU is and how much of its memory is in use.
fn gpu_words(gpu: &psoxide::Gpu) -> String {
    let busy = gpu.busy.map(|busy| format!("{busy:.0}%"));
    let memory = gpu.memory_used.zip(gpu.memory_total);
    let memory = memory.map(|(used, total)| format!("{}/{}", human::bytes(used), human::bytes(total)));
    busy.into_iter().chain(memory).collect::<Vec<_>>().join(" ")
}

fn sensors(buffer: &mut Buffer, area: Rect, machine: &Machine, palette: &Palette) {
    let inner = frame(buffer, area, "Sensors", palette);
    let sensors = &machine.sensors;
    let mut lines: Vec<(String, String, Style)> = Vec::new();
    if let Some(battery) = &sensors.battery {
        // An empty battery is what a full disk is.
        lines.push(("battery".into(), battery_words(battery), palette.load(1.0 - battery.percent / 100.0)));
    }
    for (name, sensor) in &sensors.temperatures {
        let hot = sensor.critical.or(sensor.high).unwrap_or(100.0);
        let part = if hot > 0.0 { (sensor.current / hot).powi(2) } else { 0.0 };
        lines.push((crate::output::escape(name.as_ref()), format!("{:.0}°C", sensor.current), palette.load(part)));
    }
    for (name, fan) in &sensors.fans {
        lines.push((crate::output::escape(name.as_ref()), format!("{} rpm", fan.current), Style::new()));
    }
    for (y, (label, figures, style)) in (inner.top()..inner.bottom()).zip(lines) {
        let width = wide(&figures);
        text(buffer, inner.x, y, inner.width.saturating_sub(width + 1), &label, palette.faint);
        text(buffer, inner.right().saturating_sub(width), y, width, &figures, style);
    }
}

/// The hottest temperature and the battery, in a few words.
fn sensor_words(machine: &Machine) -> Vec<String> {
    let sensors = &machine.sensors;
    let hottest = sensors.temperatures.iter().map(|(_, sensor)| sensor.current).max_by(f64::total_cmp);
    let mut words: Vec<String> = hottest.map(|celsius| format!("{celsius:.0}°C")).into_iter().collect();
    words.extend(sensors.fans.iter().map(|(_, fan)| fan.current).max().map(|rpm| format!("{rpm} rpm")));
    words.extend(sensors.battery.as_ref().map(|battery| format!("bat {}", battery_words(battery))));
    words
}

fn battery_words(battery: &psoxide::Battery) -> String {
    let left = match battery.secsleft {
        psoxide::TimeLeft::For(time) => format!(" {}", human::span(time)),
        psoxide::TimeLeft::Unlimited => " AC".into(),
        psoxide::TimeLeft::Unknown => String::new(),
    };
    format!("{:.0}%{left}", battery.percent)
}

/// A graph without a natural limit: its own peak fills it.
fn moving(buffer: &mut Buffer, area: Rect, history: &History, palette: &Palette) {
    let peak = history.peak(usize::from(area.width) * 2);
    graph(buffer, area, history, peak, palette);
}
