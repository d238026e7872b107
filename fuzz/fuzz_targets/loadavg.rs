#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::loadavg;

fuzz_target!(|data: &[u8]| {
    assert_eq!(loadavg::parse(data).ok(), machine::loadavg(data));
});
