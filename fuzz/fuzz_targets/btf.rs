#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::btf::{Btf, Kind};

fuzz_target!(|data: &[u8]| {
    if let Ok(btf) = Btf::parse(data) {
        let [task] = btf.find([(Kind::Struct, "task")]);
        for id in task.into_iter().chain(0..16) {
            let _ = (btf.size(id), btf.pointee(id), btf.element(id), btf.member(id, "lock.seq"));
        }
    }
});
