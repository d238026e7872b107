#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::interrupts;

fuzz_target!(|data: &[u8]| {
    assert_eq!(interrupts::parse(data).ok(), machine::interrupts(data));
});
