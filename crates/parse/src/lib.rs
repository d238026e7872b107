//! What kernels hand out, as bytes, turned into structs.
//!
//! Nothing here reads a file or asks a kernel, and nothing depends on the machine it runs on: a buffer that was
//! recorded on one machine parses the same on every other. Facts that are not in the buffer (page size, clock
//! ticks, boot time) are the caller's to apply. Every parser is total: for any input it returns a struct or a
//! [`ParseError`] that names the field; it never panics.
#![forbid(unsafe_code)]

pub mod bsd;
mod cursor;
mod error;
mod fields;
pub mod freebsd;
pub mod linux;
pub mod macos;
pub mod netbsd;
pub mod openbsd;
pub mod passwd;
pub mod plist;
pub mod sunos;
mod view;
pub mod windows;

pub use cursor::{Cursor, decimal, hex, lines, octal, signed, split_once, trim};
pub use error::{ParseError, Problem, Result};
