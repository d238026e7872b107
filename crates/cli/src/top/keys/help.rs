//! The explanation of the keys.

/// The keys, what they do, and the call that the machine's system must have for it; empty for none.
const HELP: &[(&str, &str, &str)] = &[
    ("Up Down PgUp PgDn", "move; so does the wheel of the mouse", ""),
    ("g G, Home End", "first and last row", ""),
    ("Enter", "every detail of the process (or click it twice)", ""),
    ("e", "its environment", "environ"),
    ("l", "its open files and sockets", "open_files"),
    ("/", "filter as you type; Tab: text, regex or a test", ""),
    ("u", "only the processes of one user", "username"),
    ("Esc", "drop filter, user and tags; leave a window", ""),
    ("Space", "tag or untag the process for the next action", ""),
    ("U", "untag all", ""),
    ("k", "send a signal to the tagged or the chosen", "send_signal"),
    ("n", "change the nice value", "set_nice"),
    ("i", "change CPUs, I/O priority or nice value", "set_cpu_affinity"),
    ("t", "tree; Left and Right fold and unfold, * all", ""),
    ("H", "threads as rows", "thread_details"),
    ("K", "show or hide the threads of the kernel", "is_kernel_thread"),
    ("F", "follow the process as rows move", ""),
    ("s", "choose the column to order by (or click it)", ""),
    ("< >", "order by the column before or after", ""),
    ("r", "reverse the order", ""),
    ("P M T", "order by CPU, memory, time", ""),
    ("c", "choose and move columns", ""),
    ("p", "presets: sets of columns with an order", ""),
    ("w", "write these settings to the configuration", ""),
    ("m", "the machine: full, one line, hidden", ""),
    ("+ -", "refresh more or less often", ""),
    ("Z", "pause", ""),
    ("[ ]  { }  ( )", "a recorded sample, a minute, an hour back or on; Z: play", RECORDED),
    ("0 to 9", "in a menu: jump to a line", ""),
    ("Ctrl-Z", "suspend", ""),
    ("? h", "this help", ""),
    ("q Ctrl-C", "quit", ""),
];

/// Stands for a call that only a history has.
pub(crate) const RECORDED: &str = "--at";

/// The lines of the help, without what the machine's system lacks.
pub(crate) fn lines(has: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    HELP.iter().filter(|(.., call)| call.is_empty() || has(call)).map(|(keys, does, _)| (*keys, *does)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_fits_a_small_terminal() {
        for (keys, does) in lines(|_| true) {
            assert!(keys.chars().count() < 20 && does.chars().count() <= 80 - 20 - 4, "{keys}: {does}");
        }
        assert!(lines(|_| false).len() < lines(|_| true).len());
    }
}
