#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::mounts;

fuzz_target!(|data: &[u8]| {
    let _ = mounts::parse(data);
    let _ = mounts::device_filesystems(data);
});
