#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::net_queues;

fuzz_target!(|data: &[u8]| {
    let _ = net_queues::parse(data);
});
