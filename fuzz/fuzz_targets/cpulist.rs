#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::cpulist;

fuzz_target!(|data: &[u8]| {
    let _ = cpulist::parse(data, "online");
});
