#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::iokit;

fuzz_target!(|data: &[u8]| {
    let _ = (iokit::disks(data), iokit::power_sources(data), iokit::frequencies(data));
});
