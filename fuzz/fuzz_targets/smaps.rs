#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::smaps;

fuzz_target!(|data: &[u8]| {
    assert_eq!(smaps::rollup(data).ok(), process::rollup(data));
    assert_eq!(smaps::mappings(data).ok(), process::mappings(data));
});
