#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::schedstat;

fuzz_target!(|data: &[u8]| {
    assert_eq!(schedstat::parse(data).ok(), machine::schedstat(data));
});
