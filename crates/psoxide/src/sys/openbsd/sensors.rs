//! Temperatures, fans and the battery: `hw.sensors`.

use psoxide_parse::openbsd::sensors::{self, kind};

use super::Openbsd;
use crate::sys::SensorReadings;
use crate::sys::bsd::machine::Answered;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::sys::netbsdlike::sensors::{battery, celsius};
use crate::{Battery, Error, Fan, Result, Temperature};

/// ENXIO: there is a device of this number no more; a later one may be there. ENOENT: there is none from here on.
const GONE: i32 = 6;

impl SensorReadings for Openbsd {
    fn sensors_temperatures(machine: &Machine) -> Result<Vec<(String, Vec<Temperature>)>> {
        each(machine, kind::TEMP, |label, value| {
            Some(Temperature { label, current: celsius(value), high: None, critical: None })
        })
    }

    fn sensors_fans(machine: &Machine) -> Result<Vec<(String, Vec<Fan>)>> {
        each(machine, kind::FANRPM, |label, value| Some(Fan { label, current: u64::try_from(value).ok()? }))
    }

    /// The batteries of acpibat(4) together.
    fn sensors_battery(machine: &Machine) -> Result<Option<Battery>> {
        let devices = devices(machine)?;
        let (mut remaining, mut full, mut rate) = (0u64, 0u64, 0u64);
        for device in devices.iter().filter(|device| device.name.starts_with("acpibat")) {
            // Capacities are of energy or of charge, and the rate in the same unit an hour.
            let capacities = [kind::WATTHOUR, kind::AMPHOUR].map(|kind| device.sensors(machine, kind));
            for (description, value) in capacities.into_iter().collect::<Result<Vec<_>>>()?.concat() {
                match description.as_str() {
                    "remaining capacity" => remaining = remaining.saturating_add(value.unsigned_abs()),
                    "last full capacity" => full = full.saturating_add(value.unsigned_abs()),
                    _ => {}
                }
            }
            for kind in [kind::WATTS, kind::AMPS] {
                let rates = device.sensors(machine, kind)?;
                let now = rates.into_iter().find(|(description, _)| description == "rate");
                rate = rate.saturating_add(now.map_or(0, |(_, value)| value.unsigned_abs()));
            }
        }
        if full == 0 {
            return Ok(None);
        }
        let mut power_plugged = None;
        for device in devices.iter().filter(|device| device.name.starts_with("acpiac")) {
            for (_, value) in device.sensors(machine, kind::INDICATOR)? {
                power_plugged = Some(power_plugged == Some(true) || value != 0);
            }
        }
        Ok(battery(remaining, full, rate, power_plugged))
    }
}

/// A device with sensors.
struct Device {
    number: i32,
    name: String,
    about: Answered<Question>,
}

impl Device {
    /// Reads the sensors of a kind that have a value: what they are called, and the value.
    fn sensors(&self, machine: &Machine, kind: u8) -> Result<Vec<(String, i64)>> {
        let numbers = self.about.parse(|bytes| sensors::Device::new(bytes)?.sensors(kind))?;
        let mut all = Vec::new();
        for number in numbers {
            let question = Question::sysctl_of("hw.sensors", &[self.number, kind.into(), number]);
            let answer = match machine.answer(question) {
                Ok(answer) => answer,
                // A sensor that has just gone, or a number that is not taken.
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error),
            };
            let sensor = answer.parse(sensors::Sensor::new)?;
            if let Some(value) = sensor.reading() {
                let description = String::from_utf8_lossy(sensor.description()).into_owned();
                let description = if description.is_empty() { self.name.clone() } else { description };
                all.push((description, value));
            }
        }
        Ok(all)
    }
}

fn is_absent(error: &Error) -> bool {
    error.is_missing() || error.errno() == Some(GONE)
}

/// Reads the devices with sensors. Each is a question of its own.
fn devices(machine: &Machine) -> Result<Vec<Device>> {
    let mut devices = Vec::new();
    for number in 0.. {
        match machine.answer(Question::sysctl_of("hw.sensors", &[number])) {
            Ok(about) => {
                let name = String::from_utf8_lossy(about.parse(sensors::Device::new)?.name()).into_owned();
                devices.push(Device { number, name, about });
            }
            Err(error) if error.errno() == Some(GONE) => {}
            Err(error) if error.is_missing() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(devices)
}

/// Collects what `make` returns for the label and the value of each sensor of a kind. Devices without any are left out.
fn each<T>(machine: &Machine, kind: u8, make: impl Fn(String, i64) -> Option<T>) -> Result<Vec<(String, Vec<T>)>> {
    let mut all = Vec::new();
    for device in devices(machine)? {
        let sensors = device.sensors(machine, kind)?.into_iter();
        let made: Vec<T> = sensors.filter_map(|(label, value)| make(label, value)).collect();
        if !made.is_empty() {
            all.push((device.name, made));
        }
    }
    Ok(all)
}
