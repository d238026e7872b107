#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::sockets;
use psoxide_parse::linux::net_queues;

fuzz_target!(|data: &[u8]| {
    assert_eq!(net_queues::parse(data).ok(), sockets::queues(data));
});
