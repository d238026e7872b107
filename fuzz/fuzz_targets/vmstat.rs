#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::vmstat;

fuzz_target!(|data: &[u8]| {
    let _ = vmstat::parse(data);
    let _ = vmstat::each(data);
});
