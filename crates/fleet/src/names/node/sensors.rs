//! Sensors: hwmon, powersupplyclass, thermal_zone.

use std::collections::BTreeMap;

use psoxide::System;

use super::{float, line, names, number};
use crate::metric::Families;
use crate::sources::Outcome;

/// A name in the form of node_exporter's labels: lower case, everything but letters, digits, `:` and `_` replaced.
fn clean(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == ':' || c == '_' { c } else { '_' };
    name.to_lowercase().chars().map(plain).collect::<String>().trim_matches('_').to_owned()
}

/// The name of a chip: bus and device, else the name that the driver gave it.
fn chip(system: &System, folder: &str, entry: &str) -> String {
    let last = |path: &str| {
        let target = system.kernel_link(path).ok()?;
        Some(clean(&target.file_name()?.to_string_lossy()))
    };
    let device = last(&format!("{folder}/device"));
    let bus = last(&format!("{folder}/device/subsystem"));
    match (device, bus) {
        (Some(device), Some(bus)) if !device.is_empty() && !bus.is_empty() => format!("{bus}_{device}"),
        (Some(device), _) if !device.is_empty() => device,
        _ => line(system, &format!("{folder}/name")).map_or_else(|| clean(entry), |name| clean(&name)),
    }
}

/// The parts of a file's name: `temp1_crit_alarm` is sensor `temp1`, part `crit_alarm`.
fn parts(file: &str) -> Option<(&str, &str)> {
    let (sensor, part) = file.split_once('_').unwrap_or((file, ""));
    let kind = sensor.trim_end_matches(|c: char| c.is_ascii_digit());
    (kind.len() < sensor.len() && ["temp", "fan"].contains(&kind)).then_some((sensor, part))
}

/// Reads temperatures and fans. A chip on a slow bus may take its time.
pub(crate) fn hwmon(system: &System, out: &mut Families) -> Outcome {
    const CLASS: &str = "/sys/class/hwmon";
    system.kernel_names(CLASS)?;
    for entry in names(system, CLASS) {
        let folder = format!("{CLASS}/{entry}");
        let chip = chip(system, &folder, &entry);
        if let Some(name) = line(system, &format!("{folder}/name")) {
            let labels = [("chip", &*chip), ("chip_name", &*clean(&name))];
            out.gauge("node_hwmon_chip_names", "The names of chips.", &labels, true);
        }
        for file in names(system, &folder) {
            let Some((sensor, part)) = parts(&file) else { continue };
            let path = format!("{folder}/{file}");
            let labels = [("chip", &*chip), ("sensor", sensor)];
            if part == "label" {
                if let Some(label) = line(system, &path) {
                    let labels = [("chip", &*chip), ("label", &*clean(&label)), ("sensor", sensor)];
                    out.gauge("node_hwmon_sensor_label", "The labels of sensors.", &labels, true);
                }
                continue;
            }
            let Some(value) = number(system, &path) else { continue };
            let is_fan = sensor.starts_with("fan");
            // `fan1_min` is in rpm; an alarm is 0 or 1; `temp1_crit` is in thousandths of a degree.
            let (name, value) = match (is_fan, part) {
                (true, "input") => ("node_hwmon_fan_rpm".to_owned(), float(value)),
                (true, "min" | "max" | "target") => (format!("node_hwmon_fan_{part}_rpm"), float(value)),
                (false, "input") => ("node_hwmon_temp_celsius".to_owned(), float(value) / 1000.0),
                (false, "crit_alarm") => ("node_hwmon_temp_crit_alarm_celsius".to_owned(), float(value) / 1000.0),
                (false, "max" | "min" | "crit" | "crit_hyst" | "max_hyst" | "emergency") => {
                    (format!("node_hwmon_temp_{part}_celsius"), float(value) / 1000.0)
                }
                (_, "alarm" | "fault" | "type") => continue,
                _ => continue,
            };
            out.gauge(name, "A reading of a sensor.", &labels, value);
        }
    }
    Ok(())
}

pub(super) fn thermal(system: &System, out: &mut Families) -> Outcome {
    const CLASS: &str = "/sys/class/thermal";
    system.kernel_names(CLASS)?;
    for entry in names(system, CLASS) {
        let folder = format!("{CLASS}/{entry}");
        let Some(kind) = line(system, &format!("{folder}/type")) else { continue };
        if let Some(zone) = entry.strip_prefix("thermal_zone") {
            if let Some(value) = number(system, &format!("{folder}/temp")) {
                let labels = [("type", &*kind), ("zone", zone)];
                out.gauge("node_thermal_zone_temp", "Temperature of a zone.", &labels, float(value) / 1000.0);
            }
        } else if let Some(name) = entry.strip_prefix("cooling_device") {
            let labels = [("name", name), ("type", &*kind)];
            for (file, name, help) in [
                ("cur_state", "node_cooling_device_cur_state", "State of a cooling device."),
                ("max_state", "node_cooling_device_max_state", "Highest state of a cooling device."),
            ] {
                if let Some(value) = number(system, &format!("{folder}/{file}")) {
                    out.gauge(name, help, &labels, value);
                }
            }
        }
    }
    Ok(())
}

pub(super) fn power(system: &System, out: &mut Families) -> Outcome {
    const CLASS: &str = "/sys/class/power_supply";
    /// Files in units of a millionth, and the names of their series.
    const MICRO: &[(&str, &str)] = &[
        ("charge_full", "node_power_supply_charge_full"),
        ("charge_now", "node_power_supply_charge_ampere"),
        ("current_now", "node_power_supply_current_ampere"),
        ("energy_full", "node_power_supply_energy_full"),
        ("energy_now", "node_power_supply_energy_watthour"),
        ("power_now", "node_power_supply_power_watt"),
        ("voltage_now", "node_power_supply_voltage_volt"),
    ];
    system.kernel_names(CLASS)?;
    for entry in names(system, CLASS) {
        let folder = format!("{CLASS}/{entry}");
        let labels = [("power_supply", &*entry)];
        for (file, name) in [
            ("capacity", "node_power_supply_capacity"),
            ("cyclecount", "node_power_supply_cyclecount"),
            ("online", "node_power_supply_online"),
            ("present", "node_power_supply_present"),
        ] {
            if let Some(value) = number(system, &format!("{folder}/{file}")) {
                out.gauge(name, "A reading of a power supply.", &labels, value);
            }
        }
        for (file, name) in MICRO {
            if let Some(value) = number(system, &format!("{folder}/{file}")) {
                out.gauge(*name, "A reading of a power supply.", &labels, float(value) / 1e6);
            }
        }
        let mut info = BTreeMap::from([("power_supply", entry.clone())]);
        for (file, label) in [("status", "status"), ("technology", "technology"), ("type", "type")] {
            if let Some(value) = line(system, &format!("{folder}/{file}")) {
                info.insert(label, value);
            }
        }
        let info: Vec<(&str, &str)> = info.iter().map(|(name, value)| (*name, value.as_str())).collect();
        out.gauge("node_power_supply_info", "What a power supply is.", &info, true);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_and_chips() {
        assert_eq!(parts("temp1_crit_alarm"), Some(("temp1", "crit_alarm")));
        assert_eq!(parts("fan2_input"), Some(("fan2", "input")));
        assert_eq!(parts("name"), None);
        assert_eq!(parts("power1_input"), None);
        assert_eq!(clean("Coretemp.0"), "coretemp_0");
    }
}
