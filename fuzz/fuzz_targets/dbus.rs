#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::dbus;

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = dbus::message(data) {
        let _ = (message.units(), message.property());
    }
    if let Some(head) = data.first_chunk() {
        let _ = dbus::length(head);
    }
});
