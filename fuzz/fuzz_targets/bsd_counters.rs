#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::bsd::counters;

fuzz_target!(|data: &[u8]| {
    let _ = (counters::load_average(data), counters::ticks::<5>(data, "ticks"), counters::text(data));
    let _ = (counters::number(data, "number"), counters::timeval(data, "time"), counters::timespec(data, "time"));
});
