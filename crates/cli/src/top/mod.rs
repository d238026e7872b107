//! The full-screen view: the machine and its processes, live.
//!
//! [`monitor`] takes the samples, [`view`] holds rows and selection, [`keys`] changes the view, [`draw`] draws it on the
//! [`screen`]. [`mod@settings`] reads and writes the configuration, [`act`] signals and changes processes.

mod act;
mod columns;
mod draw;
mod graph;
mod keys;
mod monitor;
mod palette;
mod place;
mod save;
mod screen;
mod search;
mod settings;
pub(crate) mod summary;
mod view;

use std::time::{Duration, Instant};

use ratatui::crossterm::event;

use self::columns::column;
use self::keys::Flow;
use self::monitor::Monitor;
use self::monitor::source::{Machine, Source, Step};
use self::palette::{Depth, Palette};
use self::screen::Screen;
use self::search::Search;
use self::settings::{Preset, Settings};
use self::view::View;
use crate::args::ListArgs;
use crate::config::top::{Meter, Panels};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::filter::{find, unknown};
use crate::output::column::Meta;
use crate::process::columns::COLUMNS;

/// The window of the first rates.
const FIRST: Duration = Duration::from_millis(200);

/// Shows the view until the user leaves it.
pub(crate) fn run(context: &Context, list: &ListArgs, tree: bool) -> Outcome {
    let host = context.system.host_info().map(|info| info.hostname).unwrap_or_default();
    let monitor = Monitor::new(source(context)?, &host);
    let mut view = View::new(monitor, context.system.os(), settings(context, list, tree)?);
    view.config = context.config.path.clone();
    view.presets.extend(context.config.top.presets.iter().map(Preset::of));
    if let Some(filter) = &list.filter {
        view.search = Search::test(filter);
        if let Some(mistake) = &view.search.mistake {
            return Err(Failure::Usage(format!("--filter, {mistake}")));
        }
    }
    let palette = Palette::new(Depth::detect(|name| std::env::var(name).ok()));
    let mut screen = Screen::open()?;
    view.place.width = screen.width();
    view.sample()?;
    if view.monitor.recorded().is_some() {
        // Its rates are those since the sample before.
        view.step(Step::By(0))?;
    } else if view.monitor.moves() {
        std::thread::sleep(FIRST);
        view.sample()?;
    }
    let mut samples = 1;
    let mut due = Instant::now() + view.settings.interval;
    loop {
        screen.draw(|frame| draw::draw(frame, &mut view, &palette))?;
        if context.count().is_some_and(|count| context.repeats() && samples >= count) {
            return Ok(true);
        }
        // Paused, only the user can change something.
        let wait = if view.paused { Duration::from_secs(3600) } else { due.saturating_duration_since(Instant::now()) };
        let interval = view.settings.interval;
        if event::poll(wait)? {
            match pending(&mut view)? {
                Flow::Quit => return Ok(true),
                Flow::Suspend => screen.suspend()?,
                Flow::Look => view.look_again()?,
                Flow::Step(step) => view.step(step)?,
                Flow::Draw => {}
            }
        }
        if view.settings.interval != interval {
            due = Instant::now() + view.settings.interval;
        }
        if !view.paused && Instant::now() >= due {
            if view.monitor.recorded().is_some() {
                view.play()?
            } else {
                view.sample()?
            }
            samples += 1;
            due = Instant::now() + view.settings.interval;
        }
    }
}

/// Where the samples come from: the machine, or its history.
#[cfg(all(feature = "history", target_os = "linux"))]
fn source(context: &Context) -> Result<Box<dyn Source>, Failure> {
    let Some(time) = context.sampled else { return Ok(Box::new(Machine::new(context.system.clone()))) };
    let mut history = crate::recorded::open(context.history.as_ref())?;
    let (sample, _) = crate::recorded::pair(&mut history, time)?;
    Ok(Box::new(self::monitor::playback::Playback::new(history, sample)?))
}

/// Where the samples come from.
#[cfg(not(all(feature = "history", target_os = "linux")))]
#[allow(clippy::unnecessary_wraps)] // a history may not be readable
fn source(context: &Context) -> Result<Box<dyn Source>, Failure> {
    Ok(Box::new(Machine::new(context.system.clone())))
}

/// Handles all pending events, so that the view is drawn once for all of them.
fn pending(view: &mut View) -> std::io::Result<Flow> {
    let mut flow = Flow::Draw;
    loop {
        match view.event(&event::read()?) {
            Flow::Draw => {}
            Flow::Look => flow = Flow::Look,
            // Quits, suspends, or shows another sample.
            end => return Ok(end),
        }
        if !event::poll(Duration::ZERO)? {
            return Ok(flow);
        }
    }
}

/// The settings of the configuration, and of the options, which count more.
fn settings(context: &Context, list: &ListArgs, tree: bool) -> Result<Settings, Failure> {
    let metas: Vec<Meta> = COLUMNS.iter().map(|column| column.meta).collect();
    let place = |name: &str| find(&metas, name).ok_or_else(|| Failure::Usage(unknown(&metas, name)));
    let names = list.columns.as_deref().or_else(|| context.config.columns("top"));
    let columns = names.map(|names| names.iter().map(|name| place(name)).collect::<Result<_, _>>()).transpose()?;
    // A screen has one order: the first that is named.
    let order = list.sort.as_deref().or_else(|| context.config.sort("top"));
    let (sort, descending) = match order.and_then(|order| order.split(',').next()) {
        Some(name) => (place(name.trim_start_matches(['-', '+']))?, name.starts_with('-')),
        None => (column("cpu_percent"), true),
    };
    let top = &context.config.top;
    Ok(Settings {
        columns,
        sort,
        descending,
        tree: tree || top.tree.unwrap_or(false),
        threads: top.threads.unwrap_or(false),
        kernel_threads: top.kernel_threads.unwrap_or(false),
        panels: top.panels.unwrap_or(Panels::Full),
        meters: top.meters.clone().unwrap_or_else(|| Meter::ALL.to_vec()),
        interval: top.interval.filter(|_| !context.has_interval()).unwrap_or_else(|| context.interval()),
    })
}
