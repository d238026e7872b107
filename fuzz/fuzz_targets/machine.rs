#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::machine;

fuzz_target!(|data: &[u8]| {
    let _ = (machine::performance(data), machine::time_of_day(data), machine::page_files(data));
    let _ = (machine::memory(data), machine::power(data), machine::version(data), machine::architecture(data));
});
