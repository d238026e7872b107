#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::{Model, mapping};

fuzz_target!(|data: &[u8]| {
    for model in [Model::Ilp32, Model::Lp64] {
        let _ = mapping::residents(data, model).flatten().map(|map| mapping::rights(map.flags())).count();
        let _ = mapping::mappings(data, model).count();
    }
});
