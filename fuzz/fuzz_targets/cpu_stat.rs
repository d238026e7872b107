#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::cpu_stat;

fuzz_target!(|data: &[u8]| {
    assert_eq!(cpu_stat::parse(data).ok(), machine::cpu_stat(data));
    assert_eq!(cpu_stat::btime(data).ok(), machine::stat_number(data, b"btime "));
    assert_eq!(cpu_stat::processes(data).ok(), machine::stat_number(data, b"processes "));
});
