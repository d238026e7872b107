#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::sockets;
use psoxide_parse::linux::net_sock;

fuzz_target!(|data: &[u8]| {
    for v6 in [false, true] {
        for little_endian in [false, true] {
            assert_eq!(net_sock::inet(data, v6, little_endian).ok(), sockets::inet(data, v6, little_endian));
        }
    }
    assert_eq!(net_sock::unix(data).ok(), sockets::unix(data));
});
