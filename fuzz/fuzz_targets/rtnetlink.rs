#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::rtnetlink;

fuzz_target!(|data: &[u8]| {
    let _ = rtnetlink::link(data);
    let _ = rtnetlink::address(data);
});
