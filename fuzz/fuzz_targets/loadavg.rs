#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::loadavg;

fuzz_target!(|data: &[u8]| {
    let _ = loadavg::parse(data);
});
