//! Temperatures of CPUs, and the battery.

use std::time::Duration;

use psoxide_parse::freebsd::{integer, machine, unsigned};

use super::calls::Question;
use super::{Freebsd, Source};
use crate::sys::SensorReadings;
use crate::{Battery, Result, Temperature, TimeLeft};

impl SensorReadings for Freebsd {
    fn sensors_temperatures(source: &Source) -> Result<Vec<(String, Vec<Temperature>)>> {
        let mut cores = Vec::new();
        for cpu in 0..source.number("hw.ncpu")? {
            let question = Question::sysctl_of(format!("dev.cpu.{cpu}.temperature"));
            // Drivers of temperatures serve all CPUs or none.
            let Some(current) = if_any(source, &question)? else { break };
            let Some(current) = machine::celsius(current) else { continue };
            let question = Question::sysctl_of(format!("dev.cpu.{cpu}.coretemp.tjmax"));
            let limit = if_any(source, &question)?.and_then(machine::celsius);
            cores.push(Temperature { label: format!("Core {cpu}"), current, high: limit, critical: limit });
        }
        Ok(if cores.is_empty() { Vec::new() } else { vec![("coretemp".to_owned(), cores)] })
    }

    fn sensors_battery(source: &Source) -> Result<Option<Battery>> {
        let Some(percent) = if_any(source, &Question::sysctl("hw.acpi.battery.life"))? else { return Ok(None) };
        let Some(minutes) = if_any(source, &Question::sysctl("hw.acpi.battery.time"))? else { return Ok(None) };
        let Some(line) = if_any(source, &Question::sysctl("hw.acpi.acline"))? else { return Ok(None) };
        // Without a battery in the machine the kernel says -1.
        let Ok(percent) = unsigned(percent, "hw.acpi.battery.life") else { return Ok(None) };
        let plugged = line == 1;
        let secsleft = match u64::try_from(minutes) {
            _ if plugged => TimeLeft::Unlimited,
            Ok(minutes) => TimeLeft::For(Duration::from_secs(minutes.saturating_mul(60))),
            Err(_) => TimeLeft::Unknown,
        };
        Ok(Some(Battery { percent: percent.into(), secsleft, power_plugged: Some(plugged), is_whole: true }))
    }
}

/// A number of a driver that may not be there.
fn if_any(source: &Source, question: &Question) -> Result<Option<i32>> {
    match source.read(question, |bytes| integer(bytes, "int")) {
        Err(error) if error.is_missing() => Ok(None),
        number => number.map(Some),
    }
}
