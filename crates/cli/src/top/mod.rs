//! The full-screen view: the machine and its processes, live.
//!
//! [`monitor`] takes the samples, [`view`] holds what is shown and chosen, [`keys`] changes it, [`draw`] draws it on the
//! [`screen`].

mod draw;
mod graph;
mod history;
mod keys;
mod monitor;
mod palette;
mod screen;
mod search;
mod view;

use std::time::{Duration, Instant};

use ratatui::crossterm::event;

use self::keys::Flow;
pub(crate) use self::monitor::Monitor;
use self::palette::{Depth, Palette};
use self::screen::Screen;
use self::search::Search;
pub(crate) use self::view::View;
use crate::args::ListArgs;
use crate::context::{Context, Failure, Outcome};
use crate::filter::{find, unknown};
use crate::output::column::Meta;
use crate::process::columns::COLUMNS;

/// The window of the first rates.
const FIRST: Duration = Duration::from_millis(200);

/// Shows the view until the user has seen enough.
pub(crate) fn run(context: &Context, list: &ListArgs, tree: bool) -> Outcome {
    let host = context.system.host_info().map(|info| info.hostname).unwrap_or_default();
    let mut view = View::new(Monitor::new(&context.system, &host), context.interval());
    view.tree = tree;
    configure(&mut view, context, list)?;
    let palette = Palette::new(Depth::detect(|name| std::env::var(name).ok()));
    let mut screen = Screen::open()?;
    view.place.width = screen.width();
    view.sample()?;
    std::thread::sleep(FIRST);
    view.sample()?;
    let mut samples = 1;
    let mut due = Instant::now() + view.interval;
    loop {
        screen.draw(|frame| draw::draw(frame, &mut view, &palette))?;
        if context.count().is_some_and(|count| context.repeats() && samples >= count) {
            return Ok(true);
        }
        // Paused, only the user can change something.
        let wait = if view.paused { Duration::from_secs(3600) } else { due.saturating_duration_since(Instant::now()) };
        let interval = view.interval;
        if event::poll(wait)? {
            match pending(&mut view)? {
                Flow::Quit => return Ok(true),
                Flow::Suspend => screen.suspend()?,
                Flow::Look => view.look_again()?,
                Flow::Draw => {}
            }
        }
        if view.interval != interval {
            due = Instant::now() + view.interval;
        }
        if !view.paused && Instant::now() >= due {
            view.sample()?;
            samples += 1;
            due = Instant::now() + view.interval;
        }
    }
}

/// Takes all events that have come, so that none is drawn for nothing.
fn pending(view: &mut View) -> std::io::Result<Flow> {
    let mut flow = Flow::Draw;
    loop {
        match view.event(&event::read()?) {
            Flow::Draw => {}
            Flow::Look => flow = Flow::Look,
            end => return Ok(end),
        }
        if !event::poll(Duration::ZERO)? {
            return Ok(flow);
        }
    }
}

/// What the options and the configuration say of it.
fn configure(view: &mut View, context: &Context, list: &ListArgs) -> Result<(), Failure> {
    let metas: Vec<Meta> = COLUMNS.iter().map(|column| column.meta).collect();
    let place = |name: &str| find(&metas, name).ok_or_else(|| Failure::Usage(unknown(&metas, name)));
    if let Some(names) = list.columns.as_deref().or_else(|| context.config.columns("top")) {
        view.chosen_columns = Some(names.iter().map(|name| place(name)).collect::<Result<_, _>>()?);
    }
    // A screen has one order; the first that is named.
    let order = list.sort.as_deref().or_else(|| context.config.sort("top"));
    if let Some(name) = order.and_then(|order| order.split(',').next()) {
        view.falling = name.starts_with('-');
        view.sort = place(name.trim_start_matches(['-', '+']))?;
    }
    if let Some(filter) = &list.filter {
        view.search = Search::test(filter);
        if let Some(mistake) = &view.search.mistake {
            return Err(Failure::Usage(format!("--filter, {mistake}")));
        }
    }
    Ok(())
}
