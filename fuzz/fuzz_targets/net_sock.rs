#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::net_sock;

fuzz_target!(|data: &[u8]| {
    for little_endian in [false, true] {
        let _ = net_sock::inet(data, false, little_endian);
        let _ = net_sock::inet(data, true, little_endian);
    }
    let _ = net_sock::unix(data);
});
