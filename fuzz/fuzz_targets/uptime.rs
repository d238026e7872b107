#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::uptime;

fuzz_target!(|data: &[u8]| {
    assert_eq!(uptime::parse(data).ok(), machine::uptime(data));
});
