#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::strings;

fuzz_target!(|data: &[u8]| {
    let _ = strings::cmdline(data);
    let _ = strings::environ(data);
});
