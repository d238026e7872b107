#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::sessions;

fuzz_target!(|data: &[u8]| {
    let _ = (sessions::sessions(data), sessions::client(data), sessions::logon(data), sessions::account(data));
});
