#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::cgroup;

fuzz_target!(|data: &[u8]| {
    let _ = cgroup::parse(data);
});
