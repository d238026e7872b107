#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::zoneinfo;

fuzz_target!(|data: &[u8]| {
    assert_eq!(zoneinfo::low_pages(data).ok(), machine::low_pages(data));
});
