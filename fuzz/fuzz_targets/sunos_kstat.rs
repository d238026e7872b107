#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::kstat;

fuzz_target!(|data: &[u8]| {
    for kstat in kstat::kstats(data).into_iter().flatten() {
        let _ = (kstat.number("reads"), kstat.seconds("rtime"), kstat.text("class"));
    }
});
