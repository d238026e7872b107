#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::status;

fuzz_target!(|data: &[u8]| {
    let _ = status::parse(data);
});
