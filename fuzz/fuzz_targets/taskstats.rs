#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::kernel;
use psoxide_parse::linux::taskstats;

fuzz_target!(|data: &[u8]| {
    assert_eq!(taskstats::exit(data).ok(), kernel::exit(data));
    assert_eq!(taskstats::family(data).ok(), kernel::family(data));
});
