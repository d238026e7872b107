#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::kernel;
use psoxide_parse::linux::rtnetlink;

fuzz_target!(|data: &[u8]| {
    assert_eq!(rtnetlink::link(data).ok(), kernel::link(data));
    assert_eq!(rtnetlink::address(data).ok(), kernel::address(data));
});
