#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::socket::Socket;

fuzz_target!(|data: &[u8]| {
    let _ = Socket::new(data);
});
