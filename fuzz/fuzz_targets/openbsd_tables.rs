#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::openbsd::{disk, file, interface, memory, process, sensors, statfs, swap, utmp, vmentry};

fuzz_target!(|data: &[u8]| {
    let Some((size, data)) = data.split_first_chunk().map(|(size, data)| (u16::from_le_bytes(*size).into(), data))
    else {
        return;
    };
    for process in process::processes(data, size).flatten() {
        let _ = (process.started(), process.is_zombie(), process.common());
    }
    for file in file::files(data, size).flatten() {
        let _ = (file.local(), file.peer(), file.path());
    }
    let _ = statfs::file_systems(data).flatten().map(|mount| mount.options()).count();
    let _ = (vmentry::mappings(data).count(), swap::sizes(data));
    let _ = disk::disks(data).flatten().map(|disk| disk.busy_time()).count();
    let _ = (utmp::entries(data).count(), memory::Uvmexp::new(data), memory::BufferCache::new(data));
    let _ = sensors::Device::new(data).map(|device| device.sensors(sensors::kind::TEMP));
    let _ = sensors::Sensor::new(data).map(|sensor| sensor.reading());
    let _ = (interface::INTERFACES.media_word)(data).map(|word| interface::MEDIA.speed(word));
});
