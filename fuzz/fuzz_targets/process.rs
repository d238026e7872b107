#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::process;

fuzz_target!(|data: &[u8]| {
    let _ = (process::times(data), process::memory(data), process::io_counters(data), process::regions(data));
    let _ = (process::number(data, "number"), process::long_number(data, "number"), process::groups(data));
});
