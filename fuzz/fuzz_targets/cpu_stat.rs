#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::cpu_stat;

fuzz_target!(|data: &[u8]| {
    let _ = cpu_stat::parse(data);
    let _ = cpu_stat::btime(data);
});
