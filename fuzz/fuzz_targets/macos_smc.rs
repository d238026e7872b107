#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::smc;

fuzz_target!(|data: &[u8]| {
    let _ = (smc::temperatures(data), smc::fans(data));
});
