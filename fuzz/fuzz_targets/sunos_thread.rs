#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::{Model, thread};

fuzz_target!(|data: &[u8]| {
    for model in [Model::Ilp32, Model::Lp64] {
        let _ = thread::infos(data, model).map(|all| all.flatten().filter_map(|info| info.time().ok()).count());
        let _ = thread::usages(data, model).map(Iterator::count);
    }
});
