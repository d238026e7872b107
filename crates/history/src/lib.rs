//! History of a machine and its processes.
//!
//! A [`Recorder`] takes a [`Sample`] every few seconds and appends it to a log. After an hour the log becomes Parquet
//! files, which any tool reads. A [`History`] finds the sample of an instant in either. [`Sample::system`] is the machine
//! as it was: a [`psoxide::System`] that answers like a running one.
//!
//! `HISTORY.md` documents the files.

mod bytes;
mod cell;
mod chunk;
mod columns;
mod delta;
#[cfg(target_os = "linux")]
mod ended;
mod export;
mod facts;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod gather;
mod header;
mod limits;
mod log;
mod machine;
#[cfg(feature = "parquet")]
mod parquet;
mod reader;
#[cfg(unix)]
mod recorder;
mod sample;
#[cfg(unix)]
mod sampler;
#[cfg(unix)]
mod spool;
mod store;
mod text;

pub use cell::{Column, Kind, NULL};
pub use columns::{DEFAULT, FIELDS, MISSING, columns};
pub use export::{Format, Table};
pub use facts::{FACTS, Facts, NUMBERS, TEXTS};
pub use gather::Values;
pub use header::VERSION;
pub use limits::Limits;
pub use log::KEY_EVERY;
pub use machine::{Key, Machine, NamedText};
pub use reader::{History, Summary};
#[cfg(unix)]
pub use recorder::{Options, Recorder};
pub use sample::{Header, Process, Sample, from_millis, to_millis};
#[cfg(unix)]
pub use spool::Spool;
pub use text::Text;
