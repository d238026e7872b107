#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::mounts;

fuzz_target!(|data: &[u8]| {
    assert_eq!(mounts::parse(data).ok(), Some(machine::mounts(data)));
    let _ = mounts::device_filesystems(data);
});
