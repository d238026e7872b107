#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::sunos::{Model, auxv};

fuzz_target!(|data: &[u8]| {
    let _ = (auxv::page_size(data, Model::Ilp32), auxv::page_size(data, Model::Lp64));
});
