//! The readings of a machine as metrics: a name, a device, a value.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide::{DiskPartition, HostInfo, Moment, Os, Pressure, PressureOf, Reading, Record as _, Stall};

use crate::cell::{Kind, NULL, Stored, stored};
use crate::text::{self, Text};

stored! {
    VirtualMemory {
        total, available, percent, used, free, active, inactive, buffers, cached, shared, slab, wired, arc, compressed
    }
    SwapMemory { total, used, free, percent, sin, sout }
    CpuTimes { user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice, dpc }
    LoadAverage { one, five, fifteen }
    RunQueue { running, blocked }
    Stall { avg10, avg60, avg300, total }
    DiskUsage { total, used, free, percent }
    DiskIo {
        read_count, write_count, read_bytes, write_bytes, read_time, write_time, read_merged_count, write_merged_count,
        busy_time
    }
    NetIo { bytes_sent, bytes_recv, packets_sent, packets_recv, errin, errout, dropin, dropout }
}

/// What a number of the machine is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The reading and its field, such as `virtual_memory.total`.
    pub name: String,
    /// The number of a CPU, or the name of a disk, an interface, a mount point or a resource; empty for the machine.
    pub device: Text,
    /// Whether the value is a measured number.
    pub real: bool,
}

/// A text of the machine: a name, a device, the text.
pub type NamedText = (String, Text, Text);

/// The numbers and texts of a machine at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// What the numbers are.
    pub keys: Vec<Key>,
    /// The numbers, in the order of the keys.
    pub cells: Vec<i64>,
    /// The texts.
    pub texts: Vec<NamedText>,
}

impl Machine {
    /// Takes what is recorded from a moment.
    pub(crate) fn of(moment: &Moment) -> Self {
        let mut machine = Self::default();
        machine.scalar("boot_time", &moment.boot_time);
        machine.scalar("uptime", &moment.uptime);
        machine.scalar("delay_accounting", &moment.delay_accounting);
        machine.record("load_average", b"", moment.load_average.value());
        machine.record("run_queue", b"", moment.run_queue.value());
        machine.record("virtual_memory", b"", moment.virtual_memory.value());
        machine.record("swap_memory", b"", moment.swap_memory.value());
        machine.record("cpu_times", b"", moment.cpu_times.value());
        for (number, times) in moment.cpus.value().into_iter().flatten() {
            machine.record("cpu_times", number.to_string().as_bytes(), Some(times));
        }
        for (resource, pressure) in &moment.pressure {
            machine.record("pressure.some", resource.name().as_bytes(), pressure.some.as_ref());
            machine.record("pressure.full", resource.name().as_bytes(), pressure.full.as_ref());
        }
        for (name, io) in moment.disks.value().into_iter().flatten() {
            machine.record("disk_io", &text::of(name), Some(io));
        }
        for name in moment.whole_disks.value().into_iter().flatten() {
            machine.number("whole_disk", &text::of(name), 1, false);
        }
        for (name, io) in moment.nics.value().into_iter().flatten() {
            machine.record("net_io", &text::of(name), Some(io));
        }
        for (path, usage) in &moment.disk_usage {
            machine.record("disk_usage", &text::of(path.as_os_str()), Some(usage));
        }
        for (place, partition) in moment.partitions.value().into_iter().flatten().enumerate() {
            let place = place.to_string().into_bytes();
            let texts = [
                ("mountpoint", partition.mountpoint.as_os_str()),
                ("device", &partition.device),
                ("fstype", &partition.fstype),
                ("opts", &partition.opts),
            ];
            for (name, value) in texts {
                machine.texts.push((format!("disk_partition.{name}"), place.clone(), text::of(value)));
            }
        }
        if let Some(host) = moment.host.value() {
            let texts = [
                ("hostname", Some(&host.hostname)),
                ("system", Some(&host.system)),
                ("release", Some(&host.release)),
                ("version", Some(&host.version)),
                ("machine", host.machine.as_ref()),
            ];
            for (name, value) in texts {
                let Some(value) = value else { continue };
                machine.texts.push((format!("host_info.{name}"), Text::new(), value.clone().into_bytes()));
            }
        }
        machine
    }

    fn number(&mut self, name: &str, device: &[u8], cell: i64, real: bool) {
        self.keys.push(Key { name: name.to_owned(), device: device.to_vec(), real });
        self.cells.push(cell);
    }

    fn scalar<T: Stored>(&mut self, name: &str, reading: &Reading<T>) {
        let mut cells = Vec::new();
        reading.value().into_iter().for_each(|value| value.store(&mut cells));
        cells.into_iter().for_each(|cell| self.number(name, b"", cell, false));
    }

    fn record<T: Stored>(&mut self, name: &str, device: &[u8], record: Option<&T>) {
        let Some(record) = record else { return };
        let mut cells = Vec::new();
        record.store(&mut cells);
        for ((field, kind), cell) in T::fields().into_iter().zip(cells) {
            if cell != NULL {
                self.number(&format!("{name}.{field}"), device, cell, kind == Kind::Real);
            }
        }
    }

    /// Puts the readings back into a moment of a machine with the system `os`.
    pub(crate) fn restore(&self, os: Os) -> Moment {
        let stored = Lookup::new(self);
        let mut moment = Moment::new(os);
        moment.boot_time = stored.scalar::<SystemTime>("boot_time").map_or(Reading::NotAsked, Reading::Value);
        moment.uptime = stored.scalar::<Duration>("uptime").map_or(Reading::NotAsked, Reading::Value);
        moment.delay_accounting = stored.scalar::<bool>("delay_accounting").map_or(Reading::NotAsked, Reading::Value);
        moment.load_average = stored.reading("load_average");
        moment.run_queue = stored.reading("run_queue");
        moment.virtual_memory = stored.reading("virtual_memory");
        moment.swap_memory = stored.reading("swap_memory");
        moment.cpu_times = stored.reading("cpu_times");
        let number = |device: &Text| std::str::from_utf8(device).ok()?.parse::<u32>().ok();
        moment.cpus =
            stored.devices("cpu_times.user", |device| Some((number(device)?, stored.record("cpu_times", device)?)));
        for resource in PressureOf::ALL {
            let device = resource.name().as_bytes();
            let some = stored.record::<Stall>("pressure.some", device);
            let full = stored.record::<Stall>("pressure.full", device);
            if some.is_some() || full.is_some() {
                let pressure = Pressure::with(|pressure| (pressure.some, pressure.full) = (some, full));
                moment.pressure.push((*resource, pressure));
            }
        }
        moment.disks =
            stored.devices("disk_io.read_count", |device| Some((text::os(device), stored.record("disk_io", device)?)));
        moment.whole_disks = stored.devices("whole_disk", |device| Some(text::os(device)));
        moment.nics =
            stored.devices("net_io.bytes_sent", |device| Some((text::os(device), stored.record("net_io", device)?)));
        let usage = stored.devices("disk_usage.total", |device| {
            Some((PathBuf::from(text::os(device)), stored.record("disk_usage", device)?))
        });
        moment.disk_usage = usage.value().cloned().unwrap_or_default();
        let places = self.texts.iter().filter(|(name, ..)| name == "disk_partition.mountpoint");
        let partitions: Vec<DiskPartition> = places
            .map(|(_, place, mountpoint)| {
                DiskPartition::with(|partition| {
                    let text = |name: &str| stored.text(name, place).map(|text| text::os(text)).unwrap_or_default();
                    partition.mountpoint = text::os(mountpoint).into();
                    partition.device = text("disk_partition.device");
                    partition.fstype = text("disk_partition.fstype");
                    partition.opts = text("disk_partition.opts");
                })
            })
            .collect();
        if !partitions.is_empty() {
            moment.partitions = Reading::Value(partitions);
        }
        let host = |name: &str| {
            stored.text(&format!("host_info.{name}"), b"").map(|text| String::from_utf8_lossy(text).into_owned())
        };
        if let Some(hostname) = host("hostname") {
            let mut info = HostInfo::default();
            info.hostname = hostname;
            info.system = host("system").unwrap_or_default();
            info.release = host("release").unwrap_or_default();
            info.version = host("version").unwrap_or_default();
            info.machine = host("machine");
            moment.host = Reading::Value(info);
        }
        moment
    }
}

/// The numbers by name and device.
struct Lookup<'a> {
    machine: &'a Machine,
    cells: HashMap<(&'a str, &'a [u8]), i64>,
}

impl<'a> Lookup<'a> {
    fn new(machine: &'a Machine) -> Self {
        let keys = machine.keys.iter().map(|key| (key.name.as_str(), key.device.as_slice()));
        Self { machine, cells: keys.zip(machine.cells.iter().copied()).collect() }
    }

    fn scalar<T: Stored>(&self, name: &str) -> Option<T> {
        T::restore(&[*self.cells.get(&(name, &b""[..]))?])
    }

    fn record<T: Stored>(&self, name: &str, device: &[u8]) -> Option<T> {
        let cell = |field: &str| self.cells.get(&(format!("{name}.{field}").as_str(), device)).copied().unwrap_or(NULL);
        let cells: Vec<i64> = T::fields().iter().map(|(field, _)| cell(field)).collect();
        if cells.iter().all(|cell| *cell == NULL) { None } else { T::restore(&cells) }
    }

    fn reading<T: Stored>(&self, name: &str) -> Reading<T> {
        self.record(name, b"").map_or(Reading::NotAsked, Reading::Value)
    }

    /// What there is for each device that has a number of this name, in the order in which they were recorded.
    fn devices<T>(&self, name: &str, get: impl Fn(&Text) -> Option<T>) -> Reading<Vec<T>> {
        let keys = self.machine.keys.iter().filter(|key| key.name == name && !key.device.is_empty());
        let found: Vec<T> = keys.filter_map(|key| get(&key.device)).collect();
        if found.is_empty() { Reading::NotAsked } else { Reading::Value(found) }
    }

    fn text(&self, name: &str, device: &[u8]) -> Option<&'a Text> {
        self.machine.texts.iter().find(|(known, of, _)| known == name && of == device).map(|(.., text)| text)
    }
}

#[cfg(test)]
mod tests {
    use psoxide::{CpuTimes, DiskIo, DiskUsage, LoadAverage, NetIo, RunQueue, SwapMemory, VirtualMemory};

    use super::*;
    use crate::cell::assert_stores_all;

    #[test]
    fn every_field_of_a_record_is_stored() {
        assert_stores_all::<VirtualMemory>();
        assert_stores_all::<SwapMemory>();
        assert_stores_all::<CpuTimes>();
        assert_stores_all::<LoadAverage>();
        assert_stores_all::<RunQueue>();
        assert_stores_all::<Stall>();
        assert_stores_all::<DiskUsage>();
        assert_stores_all::<DiskIo>();
        assert_stores_all::<NetIo>();
    }

    #[test]
    fn this_machine_comes_back_as_it_was() {
        let system = psoxide::System::host();
        let mut moment = crate::recorder::machine(&system, None).unwrap();
        // Stored in microseconds.
        moment.uptime = Reading::Value(Duration::from_secs(5));
        if let Reading::Value(times) = &mut moment.cpu_times {
            times.user = Duration::from_micros(7);
        }
        let stored = Machine::of(&moment);
        let back = stored.restore(moment.os);
        assert_eq!(back.virtual_memory.value(), moment.virtual_memory.value());
        assert_eq!(back.cpus.value(), moment.cpus.value());
        assert_eq!(back.cpu_times.value(), moment.cpu_times.value());
        assert_eq!(back.disks.value(), moment.disks.value().filter(|disks| !disks.is_empty()));
        assert_eq!(back.nics.value(), moment.nics.value().filter(|nics| !nics.is_empty()));
        assert_eq!(back.host.value(), moment.host.value());
        assert_eq!(back.partitions.value(), moment.partitions.value().filter(|all| !all.is_empty()));
        assert_eq!(back.disk_usage, moment.disk_usage);
        assert_eq!(format!("{:?}", back.pressure), format!("{:?}", moment.pressure));
        assert_eq!(Machine::of(&back), stored);
    }
}
