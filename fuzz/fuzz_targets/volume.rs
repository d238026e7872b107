#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::{self, volume};

fuzz_target!(|data: &[u8]| {
    let _ = (volume::volume(data), volume::space(data), windows::text(data), windows::texts(data));
});
