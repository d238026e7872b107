#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::diskstats;

fuzz_target!(|data: &[u8]| {
    let _ = diskstats::parse(data);
    let _ = diskstats::parse_block_stat(b"sda", data);
});
