//! Arguments as people type them for familiar commands, where clap has no way to describe them.

use std::ffi::OsString;

/// Rewrites familiar spellings: `kill -9 PID`, `wait -t 10 PID`, `vmstat 2 5`.
pub(crate) fn plain(args: Vec<OsString>) -> Vec<OsString> {
    const COMMANDS: [(&str, Spelling); 7] = [
        ("kill", signal),
        ("killall", signal),
        ("pkill", signal),
        ("wait", timeout),
        ("vmstat", interval_and_count),
        ("iostat", interval_and_count),
        ("cpu", interval_and_count),
    ];
    let command = |arg: &OsString| COMMANDS.iter().find(|(name, _)| arg == *name).map(|(_, spelling)| *spelling);
    let Some((place, spelling)) = args.iter().enumerate().skip(1).find_map(|(i, arg)| Some((i, command(arg)?))) else {
        return args;
    };
    let valued = args.get(place).map(valued).unwrap_or_default();
    let mut numbers = 0;
    let mut plain = Vec::with_capacity(args.len() + 2);
    let mut args = args.into_iter();
    plain.extend(args.by_ref().take(place + 1));
    let mut takes_value = false;
    for arg in args.by_ref() {
        if arg == "--" {
            plain.push(arg);
            break;
        }
        // The value of an option in front of it stays as it is.
        let rewritten = arg.to_str().filter(|_| !takes_value).and_then(|arg| spelling(arg, &mut numbers));
        takes_value = rewritten.is_none() && valued.iter().any(|option| arg == **option);
        plain.push(rewritten.map_or(arg, OsString::from));
    }
    plain.extend(args);
    plain
}

/// The options of a command that take a value, as they are typed: `--user`, `-u`.
fn valued(command: &OsString) -> Vec<String> {
    let root = crate::command();
    let entry = crate::cmd::ALL.iter().find(|entry| entry.is_called(command));
    let own = entry.map(|entry| {
        let mut own = entry.command();
        own.build();
        own
    });
    let args = own.iter().flat_map(clap::Command::get_arguments).chain(root.get_arguments());
    let valued = args.filter(|arg| arg.get_action().takes_values() && !arg.is_positional());
    let names = valued.flat_map(|arg| {
        let short = arg.get_short().map(|short| format!("-{short}"));
        arg.get_long().map(|long| format!("--{long}")).into_iter().chain(short)
    });
    names.collect()
}

/// Rewrites one argument, given how many numbers were rewritten before.
type Spelling = fn(&str, &mut usize) -> Option<String>;

/// `-9`, `-KILL` or `-SIGKILL`.
fn signal(arg: &str, _: &mut usize) -> Option<String> {
    let name = arg.strip_prefix('-')?;
    let is_signal = name.parse::<u8>().is_ok()
        || (name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    // A name that no signal has is an error of --signal, which lists the names.
    let is_name = name.len() > 2 && name.bytes().all(|b| b.is_ascii_uppercase());
    (is_signal && (is_name || crate::signal::parse(name).is_ok())).then(|| format!("--signal={name}"))
}

/// `-t TIME`, of waitpid(1). Among the options of psoxide, `-t` is TCP.
fn timeout(arg: &str, _: &mut usize) -> Option<String> {
    with_value(arg, "-t", "--timeout")
}

/// Replaces a short option, whether its value follows in the same argument or in the next.
fn with_value(arg: &str, short: &str, long: &str) -> Option<String> {
    match arg.strip_prefix(short)? {
        "" => Some(long.into()),
        value => Some(format!("{long}={value}")),
    }
}

/// `INTERVAL [COUNT]`.
fn interval_and_count(arg: &str, numbers: &mut usize) -> Option<String> {
    arg.parse::<f64>().ok()?;
    *numbers += 1;
    match *numbers {
        1 => Some(format!("--interval={arg}")),
        2 => Some(format!("--count={arg}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(typed: &str, expected: &str) {
        let args = format!("psoxide {typed}").split(' ').map(OsString::from).collect();
        let plain: Vec<String> = plain(args).into_iter().map(|arg| arg.into_string().unwrap()).collect();
        assert_eq!(plain.join(" "), format!("psoxide {expected}"));
    }

    #[test]
    fn familiar_spellings() {
        becomes("kill -9 1 2", "kill --signal=9 1 2");
        becomes("--json killall -TERM nginx", "--json killall --signal=TERM nginx");
        becomes("kill -s TERM -n 1", "kill -s TERM -n 1");
        becomes("kill -- -9", "kill -- -9");
        // Only an option that takes a value has the next argument for it.
        becomes("kill --dry-run -9 1", "kill --dry-run --signal=9 1");
        becomes("pkill -u 0 -9 x", "pkill -u 0 --signal=9 x");
        becomes("pkill --user 0 -P1 -I x", "pkill --user 0 -P1 -I x");
        becomes("kill -FOO 1", "kill --signal=FOO 1");
        becomes("vmstat --json 2 5", "vmstat --json --interval=2 --count=5");
        becomes("vmstat --limit 1 2", "vmstat --limit 1 --interval=2");
        becomes("wait --json -t 0 7", "wait --json --timeout 0 7");
        becomes("wait -t 0 7", "wait --timeout 0 7");
        becomes("wait -t10 7", "wait --timeout=10 7");
        becomes("netstat -t", "netstat -t");
        becomes("vmstat 2 5", "vmstat --interval=2 --count=5");
        becomes("cpu --interval 2", "cpu --interval 2");
        becomes("ps -9", "ps -9");
    }
}
