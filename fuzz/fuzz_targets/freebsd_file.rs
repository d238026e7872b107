#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::file;

fuzz_target!(|data: &[u8]| {
    let _ = (file::files(data).count(), file::table(data).count());
});
