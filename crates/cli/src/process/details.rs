//! Every detail of one process, as text.

use psoxide::{ConnectionKind, Limit, MemoryType, Os, Process, Resource};

use crate::output::endpoint::{endpoint, proto};
use crate::output::glyphs::localized;
use crate::output::{command, escape, human, reason};

/// How many entries of a list are shown unless all are wanted.
const SHORT: usize = 10;

/// A line of the details: its label, and one or several values.
pub(crate) type Field = (&'static str, Vec<String>);

fn one<T>(label: &'static str, reading: psoxide::Result<T>, show: impl FnOnce(T) -> String) -> Field {
    (label, vec![reading.map_or_else(|error| reason(&error), show)])
}

fn list<T>(label: &'static str, reading: psoxide::Result<Vec<T>>, verbose: bool, show: impl Fn(T) -> String) -> Field {
    match reading {
        Ok(items) => (label, shorten(items.into_iter().map(show).collect(), verbose)),
        Err(error) => (label, vec![reason(&error)]),
    }
}

fn shorten(mut lines: Vec<String>, verbose: bool) -> Vec<String> {
    if lines.is_empty() {
        return vec!["none".into()];
    }
    let more = lines.len().saturating_sub(SHORT);
    if more > 0 && !verbose {
        lines.truncate(SHORT);
        lines.push(localized(&format!("… ({more} more, --verbose)")));
    }
    lines
}

/// A number that may be missing.
fn number(number: Option<impl ToString>) -> String {
    number.map_or_else(|| "-".into(), |number| number.to_string())
}

/// Reads every detail of a process. Long lists are cut unless `verbose`.
pub(crate) fn of(p: &Process, verbose: bool) -> Vec<Field> {
    let named = |p: &Process| match p.name() {
        Ok(name) => format!("{} ({})", p.pid(), escape(&name)),
        Err(_) => p.pid().to_string(),
    };
    let maybe = |bytes: Option<u64>| bytes.map_or_else(|| "-".into(), human::bytes);
    let ids =
        |ids: psoxide::Ids| format!("real={}, effective={}, saved={}", ids.real, ids.effective, number(ids.saved));
    let mut details = vec![
        ("pid", vec![p.pid().to_string()]),
        one("name", p.name(), |v| escape(&v)),
        one("parent", p.parent(), |v| v.map_or_else(|| "none".into(), |v| named(&v))),
        one("exe", p.exe(), |v| escape(v.as_os_str())),
        one("cwd", p.cwd(), |v| escape(v.as_os_str())),
        one("cmdline", p.cmdline(), |v| command(&v)),
        one("started", p.create_time(), human::time),
        one("cpu-tspent", p.cpu_times(), |v| human::cpu_time(v.user.saturating_add(v.system))),
        one("cpu-times", p.cpu_times(), |v| {
            let mut text = format!("user={:.2}, system={:.2}", v.user.as_secs_f64(), v.system.as_secs_f64());
            let rest =
                [("children_user", v.children_user), ("children_system", v.children_system), ("iowait", v.iowait)];
            for (name, time) in rest {
                if let Some(time) = time {
                    text.push_str(&format!(", {name}={:.2}", time.as_secs_f64()));
                }
            }
            text
        }),
        one("cpu-affinity", p.cpu_affinity(), |v| human::ranges(&v)),
        one("memory", p.memory_info(), |v| {
            let [rss, vms] = [v.rss, v.vms].map(human::bytes);
            let [shared, text, data] = [v.shared, v.text, v.data].map(maybe);
            format!("rss={rss}, vms={vms}, shared={shared}, text={text}, data={data}")
        }),
        one("memory%", p.memory_percent(MemoryType::Rss), |v| format!("{v:.2}")),
        one("user", p.username(), |v| escape(&v)),
        one("uids", p.uids(), ids),
        one("gids", p.gids(), ids),
        one("terminal", p.terminal(), |v| v.map_or_else(|| "none".into(), |v| escape(v.as_os_str()))),
        one("status", p.status(), |v| v.to_string()),
        one("nice", p.nice(), |v| v.to_string()),
        one("ionice", p.ionice(), |v| match v.value {
            Some(value) => format!("class={}, value={value}", v.class),
            None => format!("class={}", v.class),
        }),
        one("num-threads", p.num_threads(), |v| v.to_string()),
        match p.system().os() {
            Os::Windows => one("num-handles", p.num_handles(), |v| v.to_string()),
            Os::Linux | Os::Macos | Os::Freebsd | Os::Openbsd | Os::Netbsd | Os::Sunos => {
                one("num-fds", p.num_fds(), |v| v.to_string())
            }
        },
        one("I/O", p.io_counters(), |v| {
            format!(
                "read_count={}, write_count={}, read_bytes={}, write_bytes={}",
                number(v.read_count),
                number(v.write_count),
                maybe(v.read_bytes),
                maybe(v.write_bytes)
            )
        }),
        one("ctx-switches", p.num_ctx_switches(), |v| {
            format!("voluntary={}, involuntary={}", v.voluntary, number(v.involuntary))
        }),
        list("children", p.children(false), verbose, |v| named(&v)),
        list("open-files", p.open_files(), verbose, |v| {
            format!("fd={} {} {}", number(v.fd), v.mode.unwrap_or("-"), escape(v.path.as_os_str()))
        }),
        list("connections", p.net_connections(ConnectionKind::Inet), verbose, |v| {
            let mut shown = format!("{} ", proto(v.family, v.kind));
            endpoint(&mut shown, &v.laddr);
            shown.push_str(" -> ");
            endpoint(&mut shown, &v.raddr);
            format!("{shown} {}", v.status)
        }),
        list("threads", p.threads(), verbose, |v| {
            format!("id={} user={:.2} system={:.2}", v.id, v.user_time.as_secs_f64(), v.system_time.as_secs_f64())
        }),
        ("res-limits", limits(p, verbose)),
        list("mem-maps", p.memory_maps_grouped(), verbose, |v| {
            let rss = maybe(v.rss);
            format!("{rss:>7} {}", escape(v.path.as_os_str()))
        }),
    ];
    if p.system().os() == Os::Sunos {
        details.push(one("abi", p.abi(), |v| escape(&v)));
        details.push(one("zone", p.containment(), |v| {
            let zone = v.zone.map_or_else(|| "-".into(), |zone| escape(&zone));
            let contract = number(v.contract);
            format!("{zone} (id={}), project={}, task={}, contract={contract}", v.zone_id, v.project, v.task)
        }));
    }
    details
}

fn limits(p: &Process, verbose: bool) -> Vec<String> {
    let show = |limit: Option<u64>| limit.map_or_else(|| "unlimited".into(), |limit| limit.to_string());
    let has = p.system().os().resources();
    let lines =
        Resource::ALL.iter().filter(|resource| has.contains(resource)).map(|&resource| match p.rlimit(resource) {
            Ok(Limit { soft, hard }) => format!("{resource:<11} soft={} hard={}", show(soft), show(hard)),
            Err(error) => format!("{resource:<11} {}", reason(&error)),
        });
    shorten(lines.collect(), verbose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let lines = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(shorten(lines(0), false), ["none"]);
        assert_eq!(shorten(lines(10), false).len(), 10);
        assert_eq!(shorten(lines(12), false).last().map(String::as_str), Some("… (2 more, --verbose)"));
        assert_eq!(shorten(lines(12), true).len(), 12);
    }
}
