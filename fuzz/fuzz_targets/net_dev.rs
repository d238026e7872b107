#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::sockets;
use psoxide_parse::linux::net_dev;

fuzz_target!(|data: &[u8]| {
    assert_eq!(net_dev::parse(data).ok(), sockets::interfaces(data));
});
