//! Linux: one module per kernel file.
//!
//! Field names and meanings follow proc(5) and the kernel's `Documentation/filesystems/proc.rst`; a field that a
//! kernel may lack is an `Option` whose documentation says since when it exists.

pub mod stat;
