#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::utmpx;

fuzz_target!(|data: &[u8]| {
    let _ = utmpx::records(data).flatten().filter_map(|record| record.time().ok()).count();
});
