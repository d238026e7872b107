#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::cpuinfo;

fuzz_target!(|data: &[u8]| {
    let _ = cpuinfo::parse(data);
});
