#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::mount;

fuzz_target!(|data: &[u8]| {
    let _ = mount::space_used(data);
    for mount in mount::mounts(data).flatten() {
        let _ = mount.options();
    }
});
