#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::pcblist;

fuzz_target!(|data: &[u8]| {
    let _ = pcblist::sockets(data);
});
