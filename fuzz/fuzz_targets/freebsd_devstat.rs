#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::devstat;

fuzz_target!(|data: &[u8]| {
    for device in devstat::devices(data).into_iter().flatten().flatten() {
        let _ = (device.full_name(), device.busy_time().duration("busy_time"));
    }
});
