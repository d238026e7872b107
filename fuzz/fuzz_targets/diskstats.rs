#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::{machine, words};
use psoxide_parse::linux::diskstats;

fuzz_target!(|data: &[u8]| {
    assert_eq!(diskstats::parse(data).ok(), machine::diskstats(data));
    assert_eq!(diskstats::parse_block_stat(b"sda", data).ok(), machine::block_stat(b"sda", &words(data)));
});
