#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::file;

fuzz_target!(|data: &[u8]| {
    let _ = (file::descriptors(data).count(), file::File::new(data).map(file::File::is_regular));
});
