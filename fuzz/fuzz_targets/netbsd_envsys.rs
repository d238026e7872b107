#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::netbsd::envsys;
use psoxide_parse::plist;

fuzz_target!(|data: &[u8]| {
    let _ = (envsys::devices(data), plist::parse(data));
});
