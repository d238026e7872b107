#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::freebsd::process;

fuzz_target!(|data: &[u8]| {
    for process in process::processes(data).flatten() {
        let _ = (process.cpu(), process.thread_name(), process.start().duration("ki_start"));
    }
    let _ = (process::limits(data), process::groups(data), process::cpus(data));
});
