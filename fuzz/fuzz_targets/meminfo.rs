#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::meminfo;

fuzz_target!(|data: &[u8]| {
    let _ = meminfo::each(data);
    if let Ok(info) = meminfo::parse(data) {
        let _ = (info.cached_total(), info.shared(), info.inactive_total());
        let _ = info.available(None, 4096);
        let _ = info.available(Some(u64::MAX), u64::MAX);
    }
});
