#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::disk_performance;

fuzz_target!(|data: &[u8]| {
    let _ = disk_performance::parse(data);
});
