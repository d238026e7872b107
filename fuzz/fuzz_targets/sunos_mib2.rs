#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::mib2;

fuzz_target!(|data: &[u8]| {
    let _ = mib2::sockets(data);
});
