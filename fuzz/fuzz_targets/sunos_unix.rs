#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::unix;

fuzz_target!(|data: &[u8]| {
    let _ = unix::sockets(data).count();
});
