#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::{Buffer, process_table};

fuzz_target!(|data: &[u8]| {
    let _ = process_table::processes(Buffer::new(data, 0x10));
});
