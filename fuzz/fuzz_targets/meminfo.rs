#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::machine;
use psoxide_parse::linux::meminfo;

fuzz_target!(|data: &[u8]| {
    let _ = meminfo::each(data);
    let parsed = meminfo::parse(data).ok();
    assert_eq!(parsed, machine::meminfo(data));
    if let Some(info) = parsed {
        let _ = (info.cached_total(), info.shared(), info.inactive_total());
        let _ = info.available(None, 4096);
        let _ = info.available(Some(u64::MAX), u64::MAX);
    }
});
