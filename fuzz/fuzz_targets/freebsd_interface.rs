#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::bsd::route::Message;
use psoxide_parse::freebsd::interface;

fuzz_target!(|data: &[u8]| {
    for message in interface::LAYOUT.messages(data).flatten() {
        if let Message::Interface(found) = message {
            let _ = (interface::INTERFACES.counters)(found.data);
        }
    }
});
