#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::utmpx;

fuzz_target!(|data: &[u8]| {
    for login in utmpx::logins(data).flatten() {
        let _ = login.time();
    }
});
