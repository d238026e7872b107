#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::{Model, process};

fuzz_target!(|data: &[u8]| {
    let _ = process::Info::of_file(data).map(|info| (info.start(), info.time(), info.thread().is_ok()));
    for model in [Model::Ilp32, Model::Lp64] {
        let _ = process::Status::new(data, model).map(process::Status::times);
        let _ = process::Usage::new(data, model).map(|usage| (usage.user(), usage.system()));
    }
    let _ = process::Credentials::new(data);
});
