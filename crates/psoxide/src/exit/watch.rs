//! The thread that waits for signals, and what it does when one comes.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::{process, thread};

use signal_hook::consts::FORBIDDEN;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::{emulate_default_handler, signal_name};

use super::ffi::{Before, before};
use super::{IDLE, caught, registry};
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

/// Runs every function and ends the program; without a function for this signal, does what the signal did before.
fn arrived(number: i32) {
    let mut registry = registry();
    while registry.running > 0 {
        registry = IDLE.wait(registry).unwrap_or_else(PoisonError::into_inner);
    }
    if !registry.entries.iter().any(|entry| entry.signals.contains(&Signal(number))) {
        let before = registry.watch.as_ref().and_then(|watch| watch.before.get(&number)).copied();
        drop(registry);
        if before == Some(Before::Default) {
            // Fails for signals without a name, which end a program: there is no milder way.
            emulate_default_handler(number).unwrap_or_else(|_| process::exit(number));
        }
        return;
    }
    registry.ending = Some(thread::current().id());
    let all = std::mem::take(&mut registry.entries);
    drop(registry);

    let (chosen, others): (Vec<_>, Vec<_>) =
        all.into_iter().rev().partition(|entry| entry.signals.contains(&Signal(number)));
    let message = format!("signal {} received by process with PID {}", name(number), process::id());
    let mut succeeded = true;
    let mut die = number == Signal::INT.0;
    for mut entry in chosen {
        die |= entry.die_by_signal;
        if let Some(log) = entry.log.take() {
            succeeded &= caught(|| log(&message)).is_some();
        }
        succeeded &= entry.run();
    }
    for entry in others {
        succeeded &= entry.run();
    }
    if die {
        // Returns for signals that end nothing by default.
        let _ = emulate_default_handler(number);
    }
    process::exit(if succeeded { number } else { 1 });
}

fn name(number: i32) -> String {
    signal_name(number).map_or_else(|| number.to_string(), str::to_owned)
}
