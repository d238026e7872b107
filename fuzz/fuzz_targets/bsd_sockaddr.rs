#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::bsd::sockaddr;

fuzz_target!(|data: &[u8]| {
    for inet6 in [sockaddr::INET6, sockaddr::INET6_FREEBSD, sockaddr::INET6_MACOS] {
        let _ = (sockaddr::parse(data, inet6), sockaddr::netmask(data, inet6, inet6));
    }
});
