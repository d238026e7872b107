#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::sock_diag;

fuzz_target!(|data: &[u8]| {
    let _ = sock_diag::inet(data);
    let _ = sock_diag::unix(data);
});
