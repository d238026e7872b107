#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::process;
use psoxide_parse::linux::strings;

fuzz_target!(|data: &[u8]| {
    assert_eq!(strings::cmdline(data), process::cmdline(data));
    assert_eq!(strings::environ(data), process::environ(data));
});
