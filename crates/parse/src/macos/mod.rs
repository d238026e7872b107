//! The answers of macOS 11 and later, which are the same on both architectures.

pub mod file;
pub mod interface;
pub mod iokit;
pub mod machine;
pub mod mount;
pub mod pcblist;
pub mod process;
pub mod smc;
pub mod socket;
pub mod utmpx;
