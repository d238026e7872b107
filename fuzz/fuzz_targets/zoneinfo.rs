#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::zoneinfo;

fuzz_target!(|data: &[u8]| {
    let _ = zoneinfo::low_pages(data);
});
