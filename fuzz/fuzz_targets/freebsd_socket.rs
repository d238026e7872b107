#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::socket;

fuzz_target!(|data: &[u8]| {
    for socket in socket::tcp(data).flatten() {
        let _ = (socket.inet().local(), socket.inet().remote());
    }
    let _ = (socket::inet(data).count(), socket::unix(data).count());
});
