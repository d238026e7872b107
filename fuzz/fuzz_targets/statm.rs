#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::statm;

fuzz_target!(|data: &[u8]| {
    assert_eq!(statm::parse(data).ok(), process::statm(data));
});
