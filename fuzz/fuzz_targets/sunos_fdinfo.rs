#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::fdinfo;

fuzz_target!(|data: &[u8]| {
    let _ = fdinfo::unix_socket(data);
});
