#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::peb::{self, Width};

fuzz_target!(|data: &[u8]| {
    for width in [Width::Bits32, Width::Bits64] {
        let _ = (peb::parameters_address(data, width), peb::parameters(data, width));
    }
    let _ = (peb::environment(data), peb::counted_text(data), peb::arguments(&peb::text(data)));
});
