#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::smaps;

fuzz_target!(|data: &[u8]| {
    let _ = smaps::rollup(data);
    let _ = smaps::mappings(data);
});
