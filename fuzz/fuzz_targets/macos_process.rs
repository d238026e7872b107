#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::macos::process;

fuzz_target!(|data: &[u8]| {
    for process in process::processes(data).flatten() {
        let _ = (process.start(), process.terminal());
    }
    let _ = (process::arguments(data), process::threads(data).count());
    let _ = (
        process::Task::new(data).map(process::Task::start),
        process::Energy::new(data).map(process::Energy::is_measured),
    );
    let _ = process::Timebase::new(data).map(|base| base.duration(u64::MAX));
});
