#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::status;

fuzz_target!(|data: &[u8]| {
    assert_eq!(status::parse(data).ok(), process::status(data));
});
