#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::{Buffer, adapters};

fuzz_target!(|data: &[u8]| {
    let _ = (adapters::adapters(Buffer::new(data, 0x10)), adapters::counters(data));
    let _ = Buffer::addressed(data).map(adapters::adapters);
});
