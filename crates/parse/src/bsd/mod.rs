//! What the kernels of the BSDs (and partly macOS) share: argument blocks, socket addresses, route messages, counters.
//!
//! Layouts are those of 64-bit little-endian machines. Where systems differ in numbers, a caller passes its own.

pub mod args;
pub mod counters;
pub mod media;
pub mod route;
pub mod sockaddr;
