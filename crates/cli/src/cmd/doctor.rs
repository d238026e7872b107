//! Reports what works on this machine, and what would enable more.

use clap::Args;
use psoxide::{Backend, Error, Field, Os, PressureOf, Reading, System, Unit, support};

use super::Subcommand;
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome, is_root};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell};
use crate::output::glyphs;
use crate::output::human::counted;
use crate::output::style::{self, Tone};
use crate::process::sample::query;

#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    list: ListArgs,
}

/// One thing that was examined.
struct Check {
    name: &'static str,
    state: State,
    detail: String,
    /// What would enable more.
    advice: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Works,
    Limited,
    Missing,
}

const LISTING: Listing<Check> = Listing {
    command: Doctor::NAME,
    columns: &[
        Column::new("check", "CHECK", Unit::Text, "What was examined.", |check: &Check| cell(&check.name)),
        Column::new("state", "STATE", Unit::Text, "works, limited or missing.", |check: &Check| {
            cell(match check.state {
                State::Works => &"works",
                State::Limited => &"limited",
                State::Missing => &"missing",
            })
        })
        .tone(|check| match check.state {
            State::Works => Tone::Low,
            State::Limited => Tone::Medium,
            State::Missing => Tone::Faint,
        }),
        Column::new("detail", "DETAIL", Unit::Text, "What was found.", |check: &Check| cell(&check.detail)),
        Column::new("advice", "ADVICE", Unit::Text, "What would enable more.", |check: &Check| cell(&check.advice)),
    ],
    table: &["check", "state", "detail", "advice"],
    wraps: true,
    ..Listing::DEFAULT
};

impl Subcommand for Doctor {
    const NAME: &'static str = "doctor";
    const ABOUT: &'static str = "What works on this machine, and what would enable more";
    const FILTER: &'static str = "state != works";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("doctor", "a line for each check"),
        ("doctor --filter 'state != works'", "what could be better"),
        ("doctor --json", "for a bug report"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        LISTING.run(context, &self.list, None, |_| Ok(Sample::of(checks(context)?)))
    }
}

fn checks(context: &Context) -> Result<Vec<Check>, Failure> {
    let system = &context.system;
    let mut checks = vec![kernel(system), privileges(system)?];
    if system.is_live() {
        checks.push(bpf(system));
    }
    if system.os() == Os::Linux {
        checks.extend([hidepid(system), cgroups(system), delay_accounting(system)]);
    }
    checks.extend([pressure(system), sensors(system), gpus(system), battery(system), logins(system), output(context)]);
    if context.sampled.is_some() {
        let unsupported = checks.iter_mut().filter(|check| check.detail == UNSUPPORTED);
        unsupported.for_each(|check| check.detail = "the history does not hold it".into());
    }
    Ok(checks)
}

fn check(name: &'static str, state: State, detail: impl Into<String>) -> Check {
    Check { name, state, detail: detail.into(), advice: None }
}

impl Check {
    fn advice(self, advice: &'static str) -> Self {
        Self { advice: Some(advice), ..self }
    }
}

fn kernel(system: &System) -> Check {
    let of = if system.is_live() { "" } else { ", read from a copy" };
    match system.host_info() {
        Ok(host) => check("kernel", State::Works, format!("{} {}{of}", host.system, host.release)),
        Err(_) => check("kernel", State::Works, format!("{}{of}", system.os().name())),
    }
}

/// Reads fields that only the owner of a process and root may read. Not every system has both.
fn privileges(system: &System) -> Result<Check, Failure> {
    let snapshot = system.snapshot(query([Field::IoCounters, Field::NumFds]))?;
    let all = snapshot.processes.len();
    let is_denied =
        |row: &&psoxide::Row| matches!(row.io_counters, Reading::Denied) || matches!(row.num_fds, Reading::Denied);
    let hidden = snapshot.processes.iter().filter(is_denied).count();
    if hidden == 0 {
        return Ok(check(
            "privileges",
            State::Works,
            format!("{} can be read in full", counted(all, "process", "processes")),
        ));
    }
    let detail = format!("{} of {hidden} in {all} processes are hidden", guarded(system.os()));
    let advice = match (system.is_live(), is_root()) {
        (false, _) => "none: the copy holds what its recorder was allowed to read",
        (true, true) => "none: even root is refused",
        (true, false) => match system.os() {
            Os::Linux => "run as root, or with CAP_SYS_PTRACE",
            Os::Windows => "run as administrator",
            _ => "run as root",
        },
    };
    Ok(check("privileges", State::Limited, detail).advice(advice))
}

/// Names what a system guards of processes: of I/O, memory maps and open files those that it has.
fn guarded(os: Os) -> String {
    let all = [
        ("I/O", "Process::io_counters"),
        ("memory maps", "Process::memory_maps"),
        ("open files", "Process::open_files"),
    ];
    let has = |name: &str| support::CALLS.iter().any(|call| call.name == name && call.is_ported(os));
    let names: Vec<&str> = all.into_iter().filter(|(_, call)| has(call)).map(|(name, _)| name).collect();
    match names.as_slice() {
        [] => "details".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn bpf(system: &System) -> Check {
    let bpf = system.with_backend(Backend::Bpf);
    // The backend is chosen at the first pass over many processes.
    let pass = bpf.snapshot(query([Field::Name]));
    match (bpf.backend_refusal(), pass) {
        (None, Ok(_)) if system.backend() == Backend::Bpf => check("BPF", State::Works, "in use"),
        (None, Ok(_)) => check("BPF", State::Works, "not chosen").advice("--backend bpf makes long listings faster"),
        (Some(reason), _) => check("BPF", State::Missing, reason).advice("none needed: all readings work without it"),
        (None, Err(error)) => check("BPF", State::Missing, error.to_string()),
    }
}

fn hidepid(system: &System) -> Check {
    let options = system.disk_partitions(true).ok().and_then(|mounts| {
        let proc = mounts.into_iter().rfind(|mount| mount.mountpoint.as_os_str() == "/proc")?;
        Some(proc.opts.to_string_lossy().into_owned())
    });
    match options.as_deref().and_then(|opts| opts.split(',').find_map(|option| option.strip_prefix("hidepid="))) {
        None | Some("0" | "off") => check("hidepid", State::Works, "off: all processes are listed"),
        Some(level) => {
            let detail = format!("hidepid={level}: processes of other users may be hidden");
            check("hidepid", State::Limited, detail).advice("run as root, or in the group of the mount option gid=")
        }
    }
}

fn cgroups(system: &System) -> Check {
    let mounts = system.disk_partitions(true).unwrap_or_default();
    let mounted = |kind: &str| mounts.iter().any(|mount| mount.fstype == kind);
    match (mounted("cgroup2"), mounted("cgroup")) {
        (true, false) => check("cgroups", State::Works, "version 2"),
        (true, true) => check("cgroups", State::Works, "versions 1 and 2"),
        (false, true) => check("cgroups", State::Works, "version 1"),
        (false, false) => {
            let readable = system.pids().ok().and_then(|pids| system.process(*pids.first()?).ok()?.cgroup().ok());
            match readable {
                Some(_) => check("cgroups", State::Limited, "not mounted; units and containers of processes are known"),
                None => check("cgroups", State::Missing, "the kernel has none"),
            }
        }
    }
}

fn delay_accounting(system: &System) -> Check {
    let name = "delay accounting";
    match system.delay_accounting() {
        Ok(true) => check(name, State::Works, "on: %WAIT shows how long processes wait for storage"),
        Ok(false) => check(name, State::Limited, "off: %WAIT is unknown").advice("sysctl kernel.task_delayacct=1"),
        Err(error) => check(name, State::Missing, explain(&error)),
    }
}

fn pressure(system: &System) -> Check {
    match system.pressure(PressureOf::Memory) {
        Ok(_) => check("pressure", State::Works, "of CPU, memory and I/O"),
        Err(error) => {
            let check = check("pressure", State::Missing, explain(&error));
            if system.os() == Os::Linux { check.advice("boot a kernel with CONFIG_PSI and psi=1") } else { check }
        }
    }
}

fn sensors(system: &System) -> Check {
    let temperatures = system.sensors_temperatures().map(|chips| chips.iter().map(|(_, of)| of.len()).sum::<usize>());
    let fans = system.sensors_fans().map_or(0, |chips| chips.iter().map(|(_, of)| of.len()).sum());
    match temperatures {
        Ok(0) if fans == 0 => check("sensors", State::Missing, "no temperatures or fans (usual in a virtual machine)"),
        Ok(count) => check(
            "sensors",
            State::Works,
            format!("{}, {}", counted(count, "temperature", "temperatures"), counted(fans, "fan", "fans")),
        ),
        Err(error) => check("sensors", State::Missing, explain(&error)),
    }
}

fn gpus(system: &System) -> Check {
    match system.gpus() {
        Ok(gpus) if gpus.is_empty() => check("GPU", State::Missing, "none that reports its work (amdgpu does)"),
        Ok(gpus) => check("GPU", State::Works, gpus.into_iter().map(|gpu| gpu.name).collect::<Vec<_>>().join(", ")),
        Err(error) => check("GPU", State::Missing, explain(&error)),
    }
}

fn battery(system: &System) -> Check {
    match system.sensors_battery() {
        Ok(Some(_)) => check("battery", State::Works, "present"),
        Ok(None) => check("battery", State::Missing, "none"),
        Err(error) => check("battery", State::Missing, explain(&error)),
    }
}

fn logins(system: &System) -> Check {
    match system.users() {
        Ok(users) => check("logins", State::Works, counted(users.len(), "session", "sessions")),
        Err(error) => check("logins", State::Missing, explain(&error)),
    }
}

fn output(context: &Context) -> Check {
    let letters = if glyphs::is_ascii() { "ASCII" } else { "UTF-8" };
    let colours = if style::is_plain() { "no colours" } else { "colours" };
    let place = if context.width().is_some() { "a terminal" } else { "not a terminal" };
    check("output", State::Works, format!("{place}, {letters}, {colours}"))
}

const UNSUPPORTED: &str = "not supported here";

fn explain(error: &Error) -> String {
    if error.is_unsupported() { UNSUPPORTED.into() } else { error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_system_has_is_said_to_be_hidden() {
        assert_eq!(guarded(Os::Linux), "I/O, memory maps and open files");
        assert_eq!(guarded(Os::Sunos), "memory maps and open files");
        assert_eq!(guarded(Os::Macos), "I/O and open files");
    }
}
