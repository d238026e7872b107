//! Windows: what the console tells a program.

mod ffi;

use std::process;

use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};

use super::run_all;
use crate::{Error, Result, Signal};

/// The handler is there.
pub(super) struct Watch;

/// What a console's events are called here.
const NAMES: [(Signal, &str); 4] =
    [(Signal::HUP, "SIGHUP"), (Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM"), (Signal::BREAK, "SIGBREAK")];

/// Sees to it that the console tells of these signals too.
pub(super) fn signals(watch: &mut Option<Watch>, signals: &[Signal]) -> Result<()> {
    for &signal in signals {
        if signal == Signal::KILL {
            return Err(Error::invalid("SIGKILL cannot be caught"));
        }
        if NAMES.iter().all(|(known, _)| *known != signal) {
            return Err(Error::invalid(format!("{} is not a signal", signal.0)));
        }
    }
    if watch.is_none() && !signals.is_empty() {
        ffi::handle_events().map_err(Error::io)?;
        *watch = Some(Watch);
    }
    Ok(())
}

/// In a thread that the system starts for it. When this returns, the handler before is asked; the last one ends the
/// program.
fn arrived(event: u32) {
    if let Some(signal) = signal_of(event) {
        run_all(signal);
    }
}

fn signal_of(event: u32) -> Option<Signal> {
    match event {
        CTRL_C_EVENT => Some(Signal::INT),
        CTRL_BREAK_EVENT => Some(Signal::BREAK),
        CTRL_CLOSE_EVENT => Some(Signal::HUP),
        CTRL_LOGOFF_EVENT | CTRL_SHUTDOWN_EVENT => Some(Signal::TERM),
        _ => None,
    }
}

/// Ends the program as the last handler would.
pub(super) fn die_of(_: Signal) {
    process::exit(STATUS_CONTROL_C_EXIT)
}

pub(super) fn name(number: i32) -> String {
    let known = NAMES.iter().find(|(signal, _)| signal.0 == number);
    known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::signal_of;
    use crate::Signal;

    #[test]
    fn the_events_of_a_console_are_signals() {
        // CTRL_…_EVENT of wincon.h.
        let signals = [0, 1, 2, 3, 5, 6].map(signal_of);
        let (hup, term) = (Some(Signal::HUP), Some(Signal::TERM));
        assert_eq!(signals, [Some(Signal::INT), Some(Signal::BREAK), hup, None, term, term]);
    }
}
