//! The answers of NetBSD 9 to 11 on 64-bit, little-endian machines.
//!
//! The kernel's tables are built to be the same on all machines: each element has a fixed layout that grows at its end.

pub mod envsys;
pub mod file;
pub mod interface;
pub mod iostat;
pub mod pcb;
pub mod process;
pub mod statvfs;
pub mod swap;
pub mod thread;
pub mod utmpx;
pub mod uvmexp;
pub mod vmentry;
