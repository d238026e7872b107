#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::kernel;
use psoxide_parse::linux::sock_diag;

fuzz_target!(|data: &[u8]| {
    assert_eq!(sock_diag::inet(data).ok(), kernel::inet(data));
    assert_eq!(sock_diag::unix(data).ok(), kernel::unix(data));
});
