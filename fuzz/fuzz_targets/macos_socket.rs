#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::socket;

fuzz_target!(|data: &[u8]| {
    if let Ok(socket) = socket::Socket::new(data) {
        let _ = (socket.local_address(), socket.remote_address());
    }
});
