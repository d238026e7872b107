#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::vmstat;

fuzz_target!(|data: &[u8]| {
    assert_eq!(vmstat::parse(data).ok(), machine::vmstat(data));
    let _ = vmstat::each(data);
});
