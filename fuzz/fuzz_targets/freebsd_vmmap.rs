#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::vmmap;

fuzz_target!(|data: &[u8]| {
    for mapping in vmmap::mappings(data).flatten() {
        let _ = (mapping.name(), mapping.permissions());
    }
});
