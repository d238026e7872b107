#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::net_dev;

fuzz_target!(|data: &[u8]| {
    let _ = net_dev::parse(data);
});
