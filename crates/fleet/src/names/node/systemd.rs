//! The units of systemd: the names of systemd_exporter, and those of node_exporter's collector `systemd`.

use crate::metric::Families;
use crate::systemd::{Systemd, Unit};

const STATES: [&str; 5] = ["active", "activating", "deactivating", "inactive", "failed"];

/// Microseconds as seconds.
#[allow(clippy::cast_precision_loss)] // exact for 200 years more
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// When a unit became active; 0 for one that is not active, as both exporters have it.
fn started(unit: &Unit) -> Option<f64> {
    if unit.state == "active" { unit.properties.active_since.map(seconds) } else { Some(0.0) }
}

/// The names of systemd_exporter.
pub(crate) fn units(out: &mut Families, systemd: &Systemd) {
    for unit in &systemd.units {
        let (name, kind, properties) = (unit.name.as_str(), unit.kind(), &unit.properties);
        let base = [("name", name), ("type", kind)];
        for state in STATES {
            let labels = [("name", name), ("state", state), ("type", kind)];
            out.gauge("systemd_unit_state", "Whether a unit is in a state.", &labels, unit.state == state);
        }
        let of_type = properties.of_type.as_deref().unwrap_or_default();
        let info = match kind {
            "service" => Some(("", of_type)),
            "mount" => Some((of_type, "")),
            _ => None,
        };
        if let Some((mount, service)) = info {
            let labels = [("mount_type", mount), ("name", name), ("service_type", service), ("type", kind)];
            out.gauge("systemd_unit_info", "The type of a service or a mount.", &labels, true);
        }
        if kind == "service" {
            let help = "When a service became active, in seconds since 1970.";
            started(unit).into_iter().for_each(|time| out.gauge("systemd_unit_start_time_seconds", help, &base, time));
            let help = "Largest number of tasks of a service.";
            let most = properties.tasks_max.into_iter();
            most.for_each(|most| out.gauge("systemd_unit_tasks_max", help, &base, most));
        }
        shared(out, "systemd", unit);
    }
}

/// The names of node_exporter's collector.
pub(crate) fn collector(out: &mut Families, systemd: &Systemd) {
    let version = systemd.version.as_deref().unwrap_or_default();
    let help = "Version of systemd.";
    out.gauge("node_systemd_version", help, &[("version", version)], leading_number(version));
    let virtualization = systemd.virtualization.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("none");
    let labels = [("virtualization_type", virtualization)];
    out.gauge("node_systemd_virtualization_info", "The virtualization that systemd has found.", &labels, true);
    if let Some(state) = &systemd.state {
        let help = "Whether all units run that should.";
        out.gauge("node_systemd_system_running", help, &[], state == "running");
    }
    let others = systemd.states.keys().map(String::as_str).filter(|state| !STATES.contains(state));
    for state in STATES.into_iter().chain(others) {
        let count = systemd.states.get(state).copied().unwrap_or(0);
        out.gauge("node_systemd_units", "Units in each state.", &[("state", state)], count);
    }
    let is_listed = |unit: &&Unit| !matches!(unit.kind(), "automount" | "mount" | "scope" | "slice");
    for unit in systemd.units.iter().filter(is_listed) {
        let (name, properties) = (unit.name.as_str(), &unit.properties);
        let of_type = properties.of_type.as_deref().unwrap_or_default();
        for state in STATES {
            let labels = [("name", name), ("state", state), ("type", of_type)];
            out.gauge("node_systemd_unit_state", "Whether a unit is in a state.", &labels, unit.state == state);
        }
        let help = "When a unit became active, in seconds since 1970.";
        let labels = [("name", name)];
        started(unit)
            .into_iter()
            .for_each(|time| out.gauge("node_systemd_unit_start_time_seconds", help, &labels, time));
        let help = "Largest number of tasks of a service.";
        let most = properties.tasks_max.into_iter();
        most.for_each(|most| out.gauge("node_systemd_unit_tasks_max", help, &labels, most));
        shared(out, "node_systemd", unit);
    }
}

/// What both have with the same labels.
fn shared(out: &mut Families, prefix: &str, unit: &Unit) {
    let labels = [("name", unit.name.as_str())];
    let properties = &unit.properties;
    let mut gauge = |name: &str, help, value: Option<u64>| {
        value.into_iter().for_each(|value| out.gauge(format!("{prefix}_{name}"), help, &labels, value));
    };
    gauge("unit_tasks_current", "Tasks of a service.", properties.tasks);
    gauge("socket_current_connections", "Open connections of a socket.", properties.connections);
    gauge("socket_refused_connections_total", "Connections that a socket has refused.", properties.refused);
    let mut counter = |name: &str, help, value: Option<u64>| {
        value.into_iter().for_each(|value| out.counter(format!("{prefix}_{name}"), help, &labels, value));
    };
    counter("service_restart_total", "Times that a service was restarted.", properties.restarts);
    counter("socket_accepted_connections_total", "Connections that a socket has accepted.", properties.accepted);
    let help = "When a timer ran last, in seconds since 1970.";
    properties
        .triggered
        .map(seconds)
        .into_iter()
        .for_each(|time| out.gauge(format!("{prefix}_timer_last_trigger_seconds"), help, &labels, time));
}

/// The number at the start of a version such as `252.39-1~deb12u1`.
fn leading_number(version: &str) -> f64 {
    let start = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut dots = 0;
    let end = start.find(|c: char| {
        dots += usize::from(c == '.');
        !(c.is_ascii_digit() || c == '.' && dots == 1)
    });
    start.get(..end.unwrap_or(start.len())).and_then(|number| number.trim_end_matches('.').parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, number) in
            [("252.39-1~deb12u1", 252.39), ("v257", 257.0), ("259.1.2", 259.1), ("", 0.0), ("249-", 249.0)]
        {
            assert_eq!(leading_number(text), number, "{text}");
        }
    }
}
