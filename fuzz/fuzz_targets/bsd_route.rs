#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::bsd::route::Message;
use psoxide_parse::bsd::sockaddr;
use psoxide_parse::{netbsd, openbsd};

fuzz_target!(|data: &[u8]| {
    for system in [netbsd::interface::INTERFACES, openbsd::interface::INTERFACES] {
        let layout = system.layout;
        for message in layout.messages(data).flatten() {
            match message {
                Message::Interface(interface) => {
                    let _ = (system.counters)(interface.data);
                }
                Message::Address(address) => {
                    let _ = address.address.map(|bytes| sockaddr::parse(bytes, layout.inet6));
                    let _ = address.netmask.map(|bytes| sockaddr::netmask(bytes, sockaddr::INET, layout.inet6));
                }
                Message::Other(_) => {}
            }
        }
    }
});
