#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::pressure;

fuzz_target!(|data: &[u8]| {
    let _ = pressure::parse(data);
});
