#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::pid_io;

fuzz_target!(|data: &[u8]| {
    assert_eq!(pid_io::parse(data).ok(), process::io(data));
});
