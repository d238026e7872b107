#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::working_set;

fuzz_target!(|data: &[u8]| {
    let _ = (working_set::count(data), working_set::counted(data));
});
