#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::swap;

fuzz_target!(|data: &[u8]| {
    let _ = swap::pages(data);
});
