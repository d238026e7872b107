//! Signals by name.

use psoxide::{Os, Signal};

/// The signals that can be sent to a process on this system, with what each does.
pub(crate) const SIGNALS: &[(Signal, &str, &str)] = match Os::HOST {
    Os::Windows => &[
        (Signal::INT, "INT", "Ctrl+C, to all processes of the console"),
        (Signal::KILL, "KILL", "end immediately"),
        (Signal::TERM, "TERM", "end immediately"),
        (Signal::BREAK, "BREAK", "Ctrl+Break, to all processes of the console"),
    ],
    Os::Linux | Os::Macos | Os::Freebsd | Os::Openbsd | Os::Netbsd | Os::Sunos => &[
        (Signal::HUP, "HUP", "hang up; daemons reload"),
        (Signal::INT, "INT", "interrupt (Ctrl-C)"),
        (Signal::QUIT, "QUIT", "quit with a core dump"),
        (Signal::ABRT, "ABRT", "abort with a core dump"),
        (Signal::KILL, "KILL", "end immediately; cannot be caught"),
        (Signal::USR1, "USR1", "defined by the program"),
        (Signal::USR2, "USR2", "defined by the program"),
        (Signal::PIPE, "PIPE", "wrote to a pipe without readers"),
        (Signal::ALRM, "ALRM", "timer expired"),
        (Signal::TERM, "TERM", "terminate; the program can clean up"),
        (Signal::CONT, "CONT", "continue if stopped"),
        (Signal::STOP, "STOP", "stop; cannot be caught"),
        (Signal::TSTP, "TSTP", "stop (Ctrl-Z)"),
        (Signal::WINCH, "WINCH", "window size changed"),
    ],
};

/// Parses a signal: its name, with or without SIG, or its number.
pub(crate) fn parse(text: &str) -> Result<Signal, String> {
    if let Ok(number) = text.parse::<i32>()
        && (0..=64).contains(&number)
    {
        return Ok(Signal(number));
    }
    Signal::of_name(text, Os::HOST).ok_or_else(|| {
        let names: Vec<_> = SIGNALS.iter().map(|(_, name, _)| *name).collect();
        format!("expected a number from 0 to 64, or one of {}", names.join(", "))
    })
}

/// Returns the name of a signal without SIG, or its number if it has no name.
pub(crate) fn name(signal: Signal) -> String {
    signal.name(Os::HOST).map_or_else(|| signal.0.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for text in ["TERM", "term", "SIGTERM", "15"] {
            assert_eq!(parse(text), Ok(Signal::TERM), "{text}");
        }
        assert!(parse("-1").is_err() && parse("65").is_err() && parse("NONE").unwrap_err().contains("TERM"));
        assert_eq!([name(Signal::KILL), name(Signal(40))], ["KILL", "40"]);
    }
}
