//! Windows: the tables of the native interface, and what a handle of a process tells.

mod control;
mod cpu;
mod disk;
mod ffi;
mod files;
mod load;
mod memory;
mod net;
mod pages;
mod process;
mod sensors;
mod services;
mod source;
mod table;
mod users;

pub(crate) use process::{Cache, Pass};
pub(crate) use source::Source;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("32-bit programs see the tables of Windows in another layout: build psoxide for 64-bit Windows");

/// Windows.
pub(crate) struct Os;
