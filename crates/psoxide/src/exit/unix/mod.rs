//! Unix: the thread that waits for signals.

mod ffi;

use std::collections::HashMap;
use std::{process, thread};

use signal_hook::consts::FORBIDDEN;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::{emulate_default_handler, signal_name};

use ffi::{Before, before};

use super::{registry, run_all};
use crate::{Error, Result, Signal};

/// The thread that waits, and what each of its signals did before.
pub(super) struct Watch {
    handle: Handle,
    before: HashMap<i32, Before>,
}

/// Makes the thread wait for these signals too; starts it if there is none yet.
pub(super) fn signals(watch: &mut Option<Watch>, signals: &[Signal]) -> Result<()> {
    let mut new = HashMap::new();
    for &Signal(number) in signals {
        if FORBIDDEN.contains(&number) {
            return Err(Error::invalid(format!("{} cannot be caught", name(number))));
        }
        if watch.as_ref().is_none_or(|watch| !watch.before.contains_key(&number)) {
            let before = before(number).map_err(|_| Error::invalid(format!("{number} is not a signal")))?;
            if before != Before::Ignored {
                new.insert(number, before);
            }
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let watch = match watch {
        Some(watch) => watch,
        none => none.insert(start()?),
    };
    for (number, before) in new {
        // After the handler is there it would be seen as the one before.
        watch.handle.add_signal(number).map_err(Error::io)?;
        watch.before.insert(number, before);
    }
    Ok(())
}

fn start() -> Result<Watch> {
    let mut signals = Signals::new([0; 0]).map_err(Error::io)?;
    let handle = signals.handle();
    let wait = move || signals.forever().for_each(arrived);
    thread::Builder::new().name("psoxide-exit".into()).spawn(wait).map_err(Error::io)?;
    Ok(Watch { handle, before: HashMap::new() })
}

/// Ends the program; without a function for this signal, does what the signal did before.
fn arrived(number: i32) {
    run_all(Signal(number));
    let before = registry().watch.as_ref().and_then(|watch| watch.before.get(&number)).copied();
    if before == Some(Before::Default) {
        // Fails for signals without a name, which end a program: there is no milder way.
        emulate_default_handler(number).unwrap_or_else(|_| process::exit(number));
    }
}

/// Ends the program by the signal itself; returns for signals that end nothing by default.
pub(super) fn die_of(signal: Signal) {
    let _ = emulate_default_handler(signal.0);
}

pub(super) fn name(number: i32) -> String {
    signal_name(number).map_or_else(|| number.to_string(), str::to_owned)
}
