#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::limits;

fuzz_target!(|data: &[u8]| {
    let _ = limits::parse(data);
});
