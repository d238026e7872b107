#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::machine;

fuzz_target!(|data: &[u8]| {
    let _ = (machine::cpus(data).count(), machine::load(data), machine::ticks(data));
    let _ = (machine::boot_time(data), machine::frequencies(data));
});
