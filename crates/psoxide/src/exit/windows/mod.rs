//! The Windows part: a handler of console events.

mod ffi;

use std::process;

use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};

use super::run_all;
use crate::{Error, Result, Signal};

/// Shows that the handler is installed.
pub(super) struct Watch;

/// The signal names of the console events.
const NAMES: [(Signal, &str); 4] =
    [(Signal::HUP, "SIGHUP"), (Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM"), (Signal::BREAK, "SIGBREAK")];

/// Checks that console events exist for these signals. Installs the handler if needed.
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

/// Runs the functions for a console event. The system calls it in a new thread. After it returns, the system calls the
/// previous handler. The last handler ends the program.
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

/// Ends the program as the system's last handler does.
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
        // The values of CTRL_…_EVENT in wincon.h.
        let signals = [0, 1, 2, 3, 5, 6].map(signal_of);
        let (hup, term) = (Some(Signal::HUP), Some(Signal::TERM));
        assert_eq!(signals, [Some(Signal::INT), Some(Signal::BREAK), hup, None, term, term]);
    }
}
