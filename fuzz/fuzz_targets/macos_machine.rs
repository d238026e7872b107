#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::machine;

fuzz_target!(|data: &[u8]| {
    let _ = (machine::interrupts(data, 1), machine::interrupts(data, 8));
    let _ = (machine::cpus(data).count(), machine::Memory::new(data).map(machine::Memory::free));
});
