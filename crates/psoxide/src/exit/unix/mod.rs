//! The Unix part: a thread that waits for signals.

mod ffi;
mod fork;

use std::collections::BTreeMap;
use std::{process, thread};

use signal_hook::consts::FORBIDDEN;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::{emulate_default_handler, signal_name};

use ffi::Action;

use super::{registry, run_all};
use crate::{Error, Result, Signal};

/// The thread that waits for signals, and the signals that wake it.
pub(super) struct Watch {
    /// `None` in a forked child, which does not have the thread.
    handle: Option<Handle>,
    signals: BTreeMap<i32, Watched>,
}

struct Watched {
    before: Action,
    /// The handler that wakes the thread.
    handler: Action,
    /// Whether the handler is installed. A forked child removes it, until the child registers functions itself.
    watched: bool,
}

/// Makes the thread wait for these signals in addition. Starts the thread if needed.
pub(super) fn signals(watch: &mut Option<Watch>, signals: &[Signal]) -> Result<()> {
    let mut new = BTreeMap::new();
    for &Signal(number) in signals {
        if FORBIDDEN.contains(&number) {
            return Err(Error::invalid(format!("{} cannot be caught", name(number))));
        }
        let known = watch.as_ref().and_then(|watch| watch.signals.get(&number));
        if known.is_none_or(|signal| !signal.watched) {
            let before = Action::of(number).map_err(|_| Error::invalid(format!("{number} is not a signal")))?;
            if !before.is_ignored() {
                new.insert(number, before);
            }
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    if watch.is_none() {
        fork::watch_forks().map_err(Error::io)?;
    }
    let watch = watch.get_or_insert(Watch { handle: None, signals: BTreeMap::new() });
    let handle = match &watch.handle {
        Some(handle) => handle,
        None => watch.handle.insert(start()?),
    };
    for (number, before) in new {
        handle.add_signal(number).map_err(Error::io)?;
        let handler = match watch.signals.get(&number) {
            // Only a forked child gets here. signal-hook still assumes that the handler is installed.
            Some(known) => known.handler.install(number).map(|()| known.handler),
            None => Action::of(number),
        };
        watch.signals.insert(number, Watched { before, handler: handler.map_err(Error::io)?, watched: true });
    }
    Ok(())
}

fn start() -> Result<Handle> {
    let mut signals = Signals::new([0; 0]).map_err(Error::io)?;
    let handle = signals.handle();
    let wait = move || signals.forever().for_each(arrived);
    thread::Builder::new().name("psoxide-exit".into()).spawn(wait).map_err(Error::io)?;
    Ok(handle)
}

/// Runs the functions and ends the program. If no function chose this signal, takes its previous default action.
fn arrived(number: i32) {
    run_all(Signal(number));
    let registry = registry();
    let before = registry.watch.as_ref().and_then(|watch| watch.signals.get(&number)).map(|signal| signal.before);
    drop(registry);
    if before.is_some_and(|before| before.is_default()) {
        // The call fails for signals without a name. Their default action ends the program too.
        emulate_default_handler(number).unwrap_or_else(|_| process::exit(number));
    }
}

/// Ends the program by the signal itself. Returns if the signal's default action does not end a program.
pub(super) fn die_of(signal: Signal) {
    let _ = emulate_default_handler(signal.0);
}

pub(super) fn name(number: i32) -> String {
    signal_name(number).map_or_else(|| number.to_string(), str::to_owned)
}
