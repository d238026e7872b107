#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::{Buffer, service_table};

fuzz_target!(|data: &[u8]| {
    let buffer = Buffer::new(data, 0x10);
    let _ = (service_table::list(buffer, 3), service_table::config(buffer), service_table::description(buffer));
    let _ = (service_table::status(data), service_table::counted_list(data));
});
