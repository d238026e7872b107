//! Translates names of OpenTelemetry to those of Prometheus, as OpenTelemetry's compatibility specification says.

use std::borrow::Cow;

use crate::metric::{Family, Kind};

/// The word for a unit at the end of a name; `None` for units that names do not show.
fn unit_word(unit: &str, kind: Kind) -> Option<&'static str> {
    Some(match unit {
        "s" => "seconds",
        "By" => "bytes",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "rpm" => "rpm",
        "1" if kind == Kind::Gauge => "ratio",
        _ => return None,
    })
}

/// The name of a family, and the word for its unit.
pub(crate) fn name(family: &Family) -> (Cow<'_, str>, Option<&'static str>) {
    if !family.name.contains('.') {
        return (Cow::Borrowed(&family.name), None);
    }
    let mut name = family.name.replace('.', "_");
    let unit = unit_word(family.unit, family.kind);
    for suffix in unit.into_iter().chain((family.kind == Kind::Counter).then_some("total")) {
        if !name.ends_with(suffix) {
            name.push('_');
            name.push_str(suffix);
        }
    }
    (name.into(), unit)
}

/// The name of a label.
pub(crate) fn label(name: &str) -> Cow<'_, str> {
    if name.contains('.') { name.replace('.', "_").into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_totals_end_a_name() {
        let named = |name: &'static str, unit, kind| {
            let family = Family { name: name.into(), help: "", unit, kind, points: Vec::new() };
            super::name(&family).0.into_owned()
        };
        assert_eq!(named("system.cpu.time", "s", Kind::Counter), "system_cpu_time_seconds_total");
        assert_eq!(named("process.memory.usage", "By", Kind::UpDownCounter), "process_memory_usage_bytes");
        assert_eq!(
            named("system.network.packet.count", "{packet}", Kind::Counter),
            "system_network_packet_count_total"
        );
        assert_eq!(named("hw.battery.charge", "1", Kind::Gauge), "hw_battery_charge_ratio");
        assert_eq!(named("hw.status", "1", Kind::UpDownCounter), "hw_status");
        assert_eq!(named("node_load1", "", Kind::Gauge), "node_load1");
        assert_eq!(label("cpu.mode"), "cpu_mode");
    }
}
