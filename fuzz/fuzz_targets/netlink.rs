#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::netlink;

fuzz_target!(|data: &[u8]| {
    netlink::messages(data).for_each(|message| drop(message));
});
