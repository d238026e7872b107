#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::fdinfo;

fuzz_target!(|data: &[u8]| {
    assert_eq!(fdinfo::parse(data).ok(), process::fdinfo(data));
});
