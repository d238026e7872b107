#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::utmp;

fuzz_target!(|data: &[u8]| {
    let _ = utmp::logins(data, true);
    let _ = utmp::logins(data, false);
});
