//! Temperatures, fans and the battery: envsys(4).

use psoxide_parse::netbsd::envsys::{self, Device, Sensor};

use super::Netbsd;
use crate::sys::SensorReadings;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::sys::netbsdlike::sensors::{battery, celsius};
use crate::{Battery, Fan, Result, Temperature};

/// `ENXIO`: the kernel has no driver for the device node.
const ENXIO: i32 = 6;

impl SensorReadings for Netbsd {
    fn sensors_temperatures(machine: &Machine) -> Result<Vec<(String, Vec<Temperature>)>> {
        each(machine, b"Temperature", |sensor, label, value| {
            let [high, critical] = [sensor.warning_max, sensor.critical_max].map(|limit| limit.map(celsius));
            Some(Temperature { label, current: celsius(value), high, critical })
        })
    }

    fn sensors_fans(machine: &Machine) -> Result<Vec<(String, Vec<Fan>)>> {
        each(machine, b"Fan", |_, label, value| Some(Fan { label, current: positive(Some(value))? }))
    }

    /// The batteries of acpibat(4) together.
    fn sensors_battery(machine: &Machine) -> Result<Option<Battery>> {
        let devices = devices(machine)?;
        let of = |prefix: &'static [u8]| devices.iter().filter(move |device| device.name.starts_with(prefix));
        let (mut charge, mut full, mut discharge, mut is_charging) = (0u64, 0u64, 0u64, false);
        for device in of(b"acpibat") {
            let find = |name: &str| device.sensors.iter().find(|sensor| sensor.description == name.as_bytes());
            let Some(sensor) = find("charge") else { continue };
            let (Some(now), Some(max)) = (positive(sensor.value), positive(sensor.max)) else { continue };
            charge = charge.saturating_add(now);
            full = full.saturating_add(max);
            let rate = find("discharge rate").and_then(|sensor| positive(sensor.value)).unwrap_or_default();
            discharge = discharge.saturating_add(rate);
            is_charging |= find("charging").is_some_and(|sensor| sensor.value == Some(1));
        }
        let plugged = of(b"acpiacad").flat_map(|adapter| &adapter.sensors);
        let plugged: Vec<bool> =
            plugged.filter(|sensor| sensor.description == b"connected").filter_map(is_on).collect();
        let power_plugged =
            if plugged.is_empty() && !is_charging { None } else { Some(plugged.contains(&true) || is_charging) };
        Ok(battery(charge, full, discharge, power_plugged))
    }
}

fn positive(value: Option<i64>) -> Option<u64> {
    u64::try_from(value?).ok()
}

fn is_on(sensor: &Sensor) -> Option<bool> {
    sensor.value.map(|value| value != 0)
}

fn devices(machine: &Machine) -> Result<Vec<Device>> {
    match machine.read(&Question::Ioctl("ENVSYS_GETDICTIONARY", "/dev/sysmon".into()), envsys::devices) {
        // A kernel without sensors has no such device, though /dev may have a node for it.
        Err(error) if error.is_missing() || error.errno() == Some(ENXIO) => Ok(Vec::new()),
        other => other,
    }
}

/// Collects what `make` returns for each sensor of a kind that has a value. Devices without any are left out.
fn each<T>(
    machine: &Machine,
    kind: &[u8],
    make: impl Fn(&Sensor, String, i64) -> Option<T>,
) -> Result<Vec<(String, Vec<T>)>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let sensors = |device: Device| {
        let of_kind = device.sensors.iter().filter(|sensor| sensor.kind == kind);
        let made = of_kind.filter_map(|sensor| make(sensor, text(&sensor.description), sensor.value?));
        (text(&device.name), made.collect::<Vec<_>>())
    };
    Ok(devices(machine)?.into_iter().map(sensors).filter(|(_, sensors)| !sensors.is_empty()).collect())
}
