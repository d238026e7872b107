#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::kernel;
use psoxide_parse::linux::btf::{Btf, Kind};

fuzz_target!(|data: &[u8]| {
    let (btf, types) = (Btf::parse(data), kernel::types(data));
    assert_eq!(btf.is_ok(), types.is_some());
    if let (Ok(btf), Some(types)) = (btf, types) {
        let [task] = btf.find([(Kind::Struct, "task")]);
        assert_eq!(task, types.find(Kind::Struct, "task"));
        for id in task.into_iter().chain(0..16) {
            assert_eq!(btf.size(id), types.size(id));
            assert_eq!(btf.pointee(id), types.pointee(id));
            assert_eq!(btf.element(id), types.element(id));
            // A member has no plain parser: it may only not fail.
            let _ = btf.member(id, "lock.seq");
        }
    }
});
