#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::bsd::args;

fuzz_target!(|data: &[u8]| {
    let _ = (args::variables(&args::strings(data)), args::variables(&args::vector(data)));
});
