#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::interrupts;

fuzz_target!(|data: &[u8]| {
    let _ = interrupts::parse(data);
});
