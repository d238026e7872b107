#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::stat;

fuzz_target!(|data: &[u8]| {
    let _ = stat::parse(data);
});
