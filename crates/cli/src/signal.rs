//! Signals by name.

use psoxide::Signal;

/// What a process can be told, as signals.
#[cfg(windows)]
pub(crate) const SIGNALS: &[(Signal, &str, &str)] = &[
    (Signal::INT, "INT", "Ctrl+C, to those that share the console"),
    (Signal::KILL, "KILL", "end at once"),
    (Signal::TERM, "TERM", "end at once"),
    (Signal::BREAK, "BREAK", "Ctrl+Break, to those that share the console"),
];

/// The signals that have a name everywhere, and what they do, in the order of their numbers on Linux.
#[cfg(not(windows))]
pub(crate) const SIGNALS: &[(Signal, &str, &str)] = &[
    (Signal::HUP, "HUP", "hang up; daemons reload"),
    (Signal::INT, "INT", "interrupt, as Ctrl-C"),
    (Signal(3), "QUIT", "quit, with a core file"),
    (Signal(6), "ABRT", "abort, with a core file"),
    (Signal::KILL, "KILL", "end at once; cannot be refused"),
    #[cfg(target_os = "linux")]
    (Signal(10), "USR1", "what the program makes of it"),
    #[cfg(target_os = "linux")]
    (Signal(12), "USR2", "what the program makes of it"),
    (Signal(13), "PIPE", "nobody reads any more"),
    (Signal(14), "ALRM", "an alarm clock"),
    (Signal::TERM, "TERM", "please end"),
    (Signal::CONT, "CONT", "go on"),
    (Signal::STOP, "STOP", "stop; cannot be refused"),
    #[cfg(target_os = "linux")]
    (Signal(20), "TSTP", "stop, as Ctrl-Z"),
    #[cfg(target_os = "linux")]
    (Signal(28), "WINCH", "the window has changed"),
];

/// A signal by its name, with or without SIG, or its number.
pub(crate) fn parse(text: &str) -> Result<Signal, String> {
    if let Ok(number) = text.parse::<i32>()
        && (0..=64).contains(&number)
    {
        return Ok(Signal(number));
    }
    let upper = text.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS.iter().find(|(_, known, _)| *known == name).map(|(signal, ..)| *signal).ok_or_else(|| {
        let names: Vec<_> = SIGNALS.iter().map(|(_, name, _)| *name).collect();
        format!("it is a number or one of {}", names.join(", "))
    })
}

/// The name of a signal, without SIG; the number of one that has none.
pub(crate) fn name(signal: Signal) -> String {
    SIGNALS
        .iter()
        .find(|(known, ..)| *known == signal)
        .map_or_else(|| signal.0.to_string(), |(_, name, _)| (*name).to_owned())
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
