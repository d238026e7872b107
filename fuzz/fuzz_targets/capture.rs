#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_capture::Capture;

fuzz_target!(|data: &[u8]| {
    if let Ok(capture) = Capture::from_bytes(data) {
        assert_eq!(Capture::parse(&capture.to_text()).ok(), Some(capture));
    }
});
