#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::utx;

fuzz_target!(|data: &[u8]| {
    let _ = utx::logins(data).count();
});
