#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::pid_io;

fuzz_target!(|data: &[u8]| {
    let _ = pid_io::parse(data);
});
