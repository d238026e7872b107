#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::netbsd::{envsys, plist};

fuzz_target!(|data: &[u8]| {
    let _ = (envsys::devices(data), plist::parse(data));
});
