#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::netbsd::{file, interface, iostat, pcb, process, statvfs, swap, thread, utmpx, uvmexp, vmentry};

fuzz_target!(|data: &[u8]| {
    let Some((size, data)) = data.split_first_chunk().map(|(size, data)| (u16::from_le_bytes(*size).into(), data))
    else {
        return;
    };
    for process in process::processes(data, size).flatten() {
        let _ = (process.started(), process.is_zombie(), process.common());
    }
    let _ =
        (thread::threads(data, size).flatten().map(|thread| thread.run_time()).max(), file::files(data, size).count());
    let _ = (pcb::blocks(data, size).count(), vmentry::mappings(data, size).count());
    let _ = iostat::devices(data, size).flatten().map(|device| device.busy_time()).max();
    let _ = statvfs::widened(data);
    let _ = statvfs::file_systems(data).flatten().map(|mount| mount.options()).count();
    let _ = swap::sizes(data);
    let _ = utmpx::entries(data).flatten().map(|entry| entry.started()).count();
    let _ = uvmexp::Uvmexp::new(data).map(|counters| uvmexp::count(counters.free(), "free"));
    let _ = (interface::INTERFACES.media_word)(data).map(|word| interface::MEDIA.speed(word));
});
