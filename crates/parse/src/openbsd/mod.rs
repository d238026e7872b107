//! The answers of OpenBSD 7.3 and later on 64-bit, little-endian machines.

pub mod disk;
pub mod file;
pub mod interface;
pub mod memory;
pub mod process;
pub mod sensors;
pub mod statfs;
pub mod swap;
pub mod utmp;
pub mod vmentry;
