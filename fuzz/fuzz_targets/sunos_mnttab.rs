#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::mnttab;

fuzz_target!(|data: &[u8]| {
    let _ = mnttab::mounts(data).count();
});
