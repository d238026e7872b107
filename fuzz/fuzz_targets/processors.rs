#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::processors;

fuzz_target!(|data: &[u8]| {
    let _ = (processors::times(data), processors::clocks(data), processors::topology(data));
});
