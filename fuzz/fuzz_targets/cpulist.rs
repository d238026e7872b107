#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::cpulist;

fuzz_target!(|data: &[u8]| {
    assert_eq!(cpulist::parse(data, "online").ok(), machine::cpulist(data));
});
