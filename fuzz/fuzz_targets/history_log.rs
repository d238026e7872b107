#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_history::fuzz;

// A log as it is, and payloads, each with its length before it, in frames whose checksums are right.
fuzz_target!(|data: &[u8]| {
    let _ = fuzz::read_log(data);
    let mut rest = data;
    let payloads = std::iter::from_fn(|| {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (payload, next) = after.split_at(length);
        rest = next;
        Some(payload)
    });
    let _ = fuzz::read_payloads(payloads);
});
