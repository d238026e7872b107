#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::fdinfo;

fuzz_target!(|data: &[u8]| {
    let _ = fdinfo::parse(data);
});
