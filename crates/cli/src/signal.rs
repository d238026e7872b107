//! Signals by name.

use psoxide::{Os, Signal};

/// The signals that a process can be sent on this system, and what they do.
pub(crate) const SIGNALS: &[(Signal, &str, &str)] = match Os::HOST {
    Os::Windows => &[
        (Signal::INT, "INT", "Ctrl+C, to those that share the console"),
        (Signal::KILL, "KILL", "end at once"),
        (Signal::TERM, "TERM", "end at once"),
        (Signal::BREAK, "BREAK", "Ctrl+Break, to those that share the console"),
    ],
    Os::Linux | Os::Macos | Os::Freebsd | Os::Openbsd | Os::Netbsd | Os::Sunos => &[
        (Signal::HUP, "HUP", "hang up; daemons reload"),
        (Signal::INT, "INT", "interrupt, as Ctrl-C"),
        (Signal::QUIT, "QUIT", "quit, with a core file"),
        (Signal::ABRT, "ABRT", "abort, with a core file"),
        (Signal::KILL, "KILL", "end at once; cannot be refused"),
        (Signal::USR1, "USR1", "what the program makes of it"),
        (Signal::USR2, "USR2", "what the program makes of it"),
        (Signal::PIPE, "PIPE", "nobody reads any more"),
        (Signal::ALRM, "ALRM", "an alarm clock"),
        (Signal::TERM, "TERM", "please end"),
        (Signal::CONT, "CONT", "go on"),
        (Signal::STOP, "STOP", "stop; cannot be refused"),
        (Signal::TSTP, "TSTP", "stop, as Ctrl-Z"),
        (Signal::WINCH, "WINCH", "the window has changed"),
    ],
};

/// A signal by its name, with or without SIG, or its number.
pub(crate) fn parse(text: &str) -> Result<Signal, String> {
    if let Ok(number) = text.parse::<i32>()
        && (0..=64).contains(&number)
    {
        return Ok(Signal(number));
    }
    Signal::of_name(text, Os::HOST).ok_or_else(|| {
        let names: Vec<_> = SIGNALS.iter().map(|(_, name, _)| *name).collect();
        format!("it is a number or one of {}", names.join(", "))
    })
}

/// The name of a signal, without SIG; the number of one that has none.
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
