#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fleet::web::WebConfig;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = WebConfig::parse(text);
    }
});
