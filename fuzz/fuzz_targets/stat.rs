#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::stat;

fuzz_target!(|data: &[u8]| {
    assert_eq!(stat::parse(data).ok(), process::stat(data));
    assert_eq!(stat::times(data).ok(), process::times(data));
    assert_eq!(stat::kin(data).ok(), process::kin(data));
    assert_eq!(stat::has_program(data).ok(), process::has_program(data));
});
