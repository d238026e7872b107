#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::sid;

fuzz_target!(|data: &[u8]| {
    let _ = sid::text(data);
});
