#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::schedstat;

fuzz_target!(|data: &[u8]| {
    let _ = schedstat::parse(data);
});
