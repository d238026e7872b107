#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::kernel;
use psoxide_parse::linux::utmp;

fuzz_target!(|data: &[u8]| {
    for little_endian in [true, false] {
        assert_eq!(Some(utmp::logins(data, little_endian)), kernel::logins(data, little_endian));
    }
});
