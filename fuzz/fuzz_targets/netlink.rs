#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::kernel;
use psoxide_parse::linux::netlink;

fuzz_target!(|data: &[u8]| {
    assert_eq!(netlink::messages(data).collect::<Result<Vec<_>, _>>().ok(), kernel::messages(data));
});
