#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::handle_table;

fuzz_target!(|data: &[u8]| {
    let _ = handle_table::of_process(data, 7);
});
