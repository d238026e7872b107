#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::statm;

fuzz_target!(|data: &[u8]| {
    let _ = statm::parse(data);
});
