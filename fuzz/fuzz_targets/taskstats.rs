#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::taskstats;

fuzz_target!(|data: &[u8]| {
    let _ = (taskstats::exit(data), taskstats::family(data));
});
