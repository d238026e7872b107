//! What the kernels of the BSDs (and partly macOS) share: argument blocks, socket addresses, route messages, counters.
//!
//! Layouts are those of 64-bit little-endian machines. Where systems differ in numbers, a caller passes its own.

pub mod args;
pub mod counters;
pub mod interface;
pub mod media;
pub(crate) mod mount;
pub mod process;
pub mod route;
pub mod sockaddr;
pub mod swap;

use std::time::Duration;

/// A time that a struct holds in two numbers of 32 bits.
pub(crate) const fn time(seconds: u32, micros: u32) -> Duration {
    Duration::from_micros(seconds as u64 * 1_000_000 + micros as u64)
}
