#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::lif;

fuzz_target!(|data: &[u8]| {
    let _ = (lif::address(data), lif::requests(data).count());
});
