#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::topology;

fuzz_target!(|data: &[u8]| {
    let _ = topology::cores(data);
});
