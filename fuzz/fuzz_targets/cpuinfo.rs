#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::cpuinfo;

fuzz_target!(|data: &[u8]| {
    assert_eq!(cpuinfo::parse(data).ok(), machine::cpuinfo(data));
});
