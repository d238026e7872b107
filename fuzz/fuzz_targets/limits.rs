#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::limits;

fuzz_target!(|data: &[u8]| {
    assert_eq!(limits::parse(data).ok(), process::limits(data));
});
