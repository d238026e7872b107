//! Reads sensors: /sys/class/hwmon, /sys/class/thermal, /sys/class/power_supply, /sys/class/drm.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use psoxide_parse::{signed, trim};

use super::source::if_any;
use super::{Linux, Source};
use crate::sys::SensorReadings;
use crate::{Battery, Fan, Gpu, Result, Temperature, TimeLeft};

impl SensorReadings for Linux {
    fn sensors_temperatures(source: &Source) -> Result<Vec<(String, Vec<Temperature>)>> {
        let mut chips = Vec::new();
        for (folder, sensor) in hwmon(source, "temp")? {
            let at = |part: &str| folder.join(format!("{sensor}_{part}"));
            let (Some(current), Some(chip)) = (celsius(source, &at("input")), text(source, &folder.join("name")))
            else {
                continue;
            };
            let label = text(source, &at("label")).unwrap_or_default();
            let (high, critical) = (celsius(source, &at("max")), celsius(source, &at("crit")));
            add(&mut chips, chip, temperature(label, current, high, critical));
        }
        if chips.is_empty() {
            let class = source.file("sys/class/thermal");
            for zone in sorted(source, &class, |name| name.starts_with("thermal_zone"))? {
                let folder = class.join(zone);
                let (Some(current), Some(chip)) =
                    (celsius(source, &folder.join("temp")), text(source, &folder.join("type")))
                else {
                    continue;
                };
                let (mut high, mut critical) = (None, None);
                for file in sorted(source, &folder, |name| name.starts_with("trip_point_") && name.ends_with("_type"))?
                {
                    let Some(point) = file.strip_suffix("_type") else { continue };
                    let degrees = || celsius(source, &folder.join(format!("{point}_temp")));
                    match text(source, &folder.join(&file)).as_deref() {
                        Some("critical") => critical = degrees(),
                        Some("high") => high = degrees(),
                        _ => {}
                    }
                }
                add(&mut chips, chip, temperature(String::new(), current, high, critical));
            }
        }
        Ok(chips)
    }

    fn sensors_fans(source: &Source) -> Result<Vec<(String, Vec<Fan>)>> {
        let mut chips = Vec::new();
        for (folder, sensor) in hwmon(source, "fan")? {
            let at = |part: &str| folder.join(format!("{sensor}_{part}"));
            let (Some(current), Some(chip)) = (source.number(&at("input")), text(source, &folder.join("name"))) else {
                continue;
            };
            let label = text(source, &at("label")).unwrap_or_default();
            add(&mut chips, chip, Fan { label, current });
        }
        Ok(chips)
    }

    fn sensors_battery(source: &Source) -> Result<Option<Battery>> {
        let class = source.file("sys/class/power_supply");
        let batteries =
            sorted(source, &class, |name| name.starts_with("BAT") || name.to_ascii_lowercase().contains("battery"))?;
        let Some(folder) = batteries.first().map(|name| class.join(name)) else { return Ok(None) };
        let number = |file: &str| source.number(&folder.join(file));
        let now = number("energy_now").or_else(|| number("charge_now"));
        let full = number("energy_full").or_else(|| number("charge_full"));
        // Some drivers report a discharge current as negative.
        let rate = |file: &str| integer(source, &folder.join(file)).map(i64::unsigned_abs);
        let power = rate("power_now").or_else(|| rate("current_now"));
        let (charge, is_whole) = match (now, full) {
            // psutil multiplies first.
            #[allow(clippy::cast_precision_loss)] // micro-watt-hours, far below 2^53
            (Some(now), Some(full)) => (if full == 0 { 0.0 } else { 100.0 * now as f64 / full as f64 }, false),
            _ => match number("capacity").and_then(|capacity| u32::try_from(capacity).ok()) {
                Some(capacity) => (f64::from(capacity), true),
                None => return Ok(None),
            },
        };
        let online = |adapter: &str| source.number(&class.join(adapter).join("online"));
        let power_plugged = match online("AC0").or_else(|| online("AC")) {
            Some(online) => Some(online == 1),
            None => match text(source, &folder.join("status")).map(|status| status.to_ascii_lowercase()).as_deref() {
                Some("charging" | "full") => Some(true),
                Some("discharging") => Some(false),
                _ => None,
            },
        };
        let secsleft = if power_plugged == Some(true) {
            TimeLeft::Unlimited
        } else {
            let seconds = match (now, power) {
                (Some(_), Some(0)) => None,
                (Some(now), Some(power)) => {
                    (u128::from(now) * 3600).checked_div(u128::from(power)).and_then(|secs| u64::try_from(secs).ok())
                }
                _ => number("time_to_empty_now").and_then(|minutes| minutes.checked_mul(60)),
            };
            seconds.map_or(TimeLeft::Unknown, |seconds| TimeLeft::For(Duration::from_secs(seconds)))
        };
        Ok(Some(Battery { percent: charge, secsleft, power_plugged, is_whole }))
    }

    fn gpus(source: &Source) -> Result<Vec<Gpu>> {
        let class = source.file("sys/class/drm");
        // The connectors of a card have names such as `card0-DP-1`.
        let is_card = |name: &str| name.strip_prefix("card").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let gpu = |name: String| {
            let device = class.join(&name).join("device");
            let number = |file: &str| source.number(&device.join(file));
            // Reading how busy a GPU is would wake it up.
            let sleeps = text(source, &device.join("power/runtime_status")).as_deref() == Some("suspended");
            let busy = match source.kind(&device.join("gpu_busy_percent")) {
                Ok(_) if sleeps => Some(0),
                Ok(_) => number("gpu_busy_percent"),
                Err(_) => None,
            };
            let busy = busy.and_then(|percent| u32::try_from(percent).ok()).map(f64::from);
            let (memory_used, memory_total) = (number("mem_info_vram_used"), number("mem_info_vram_total"));
            (busy.is_some() || memory_total.is_some()).then_some(Gpu { name, busy, memory_used, memory_total })
        };
        Ok(sorted(source, &class, is_card)?.into_iter().filter_map(gpu).collect())
    }
}

/// Adds a sensor to its chip. Chips stay in the order in which they were found.
fn add<T>(chips: &mut Vec<(String, Vec<T>)>, chip: String, sensor: T) {
    match chips.iter_mut().find(|(name, _)| *name == chip) {
        Some((_, sensors)) => sensors.push(sensor),
        None => chips.push((chip, vec![sensor])),
    }
}

/// Lists the sensors of a kind (`temp`, `fan`) of every chip, sorted: the directory, and the prefix of the files
/// (`temp1`).
fn hwmon(source: &Source, kind: &str) -> Result<BTreeSet<(PathBuf, String)>> {
    let class = source.file("sys/class/hwmon");
    let mut sensors = BTreeSet::new();
    for chip in sorted(source, &class, |name| name.starts_with("hwmon"))? {
        let chip = class.join(chip);
        // Kernels before 3.15 have the files in the device's directory.
        for folder in [chip.clone(), chip.join("device")] {
            for file in sorted(source, &folder, |name| name.starts_with(kind) && name.ends_with("_input"))? {
                sensors.extend(file.strip_suffix("_input").map(|sensor| (folder.clone(), sensor.to_owned())));
            }
        }
    }
    Ok(sensors)
}

fn temperature(label: String, current: f64, high: Option<f64>, critical: Option<f64>) -> Temperature {
    Temperature { label, current, high: high.or(critical), critical: critical.or(high) }
}

/// Lists the matching names in a directory, sorted. A missing directory has none.
fn sorted(source: &Source, folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let names = if_any(source.names(folder))?.unwrap_or_default();
    let mut names: Vec<String> = names.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| wanted(name));
    names.sort_unstable();
    Ok(names)
}

/// Reads the only line of a file. Returns `None` if the driver refuses.
fn text(source: &Source, path: &Path) -> Option<String> {
    source.line(path).ok().flatten().map(|line| String::from_utf8_lossy(&line).into_owned())
}

fn integer(source: &Source, path: &Path) -> Option<i64> {
    source.read_one(path, |bytes| signed(trim(bytes), "value")).ok()
}

/// Reads a file that holds millidegrees.
fn celsius(source: &Source, path: &Path) -> Option<f64> {
    integer(source, path).and_then(|milli| i32::try_from(milli).ok()).map(|milli| f64::from(milli) / 1000.0)
}
