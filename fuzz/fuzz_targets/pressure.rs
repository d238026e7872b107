#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::pressure;

fuzz_target!(|data: &[u8]| {
    assert_eq!(pressure::parse(data).ok(), machine::pressure(data));
});
