//! Exports the readings of psoxide to the tools that fleets of machines are watched with: an exporter for Prometheus
//! (`psoxide serve`), and OTLP (`psoxide push`).
//!
//! [`Collector`] takes samples. [`names`] says what series are called. [`exposition`] writes them as text.
//! [`serve`](serve::serve) answers scrapes; [`web`] says to whom. [`otlp`] sends samples to a
//! collector.

#[cfg(feature = "export")]
mod collect;
#[cfg(feature = "export")]
pub mod exposition;
#[cfg(feature = "export")]
mod ffi;
#[cfg(feature = "export")]
mod filesystems;
#[cfg(feature = "export")]
mod groups;
#[cfg(feature = "export")]
mod metric;
#[cfg(feature = "export")]
pub mod names;
#[cfg(feature = "export")]
pub mod otlp;
#[cfg(feature = "export")]
mod refused;
#[cfg(feature = "export")]
mod resource;
#[cfg(feature = "export")]
mod runtime;
#[cfg(feature = "export")]
mod scrub;
#[cfg(feature = "export")]
pub mod serve;
#[cfg(feature = "export")]
mod slow;
#[cfg(feature = "export")]
mod sources;
#[cfg(feature = "export")]
mod systemd;
#[cfg(feature = "export")]
mod text;
pub mod web;

#[cfg(feature = "export")]
pub use collect::{Above, Collector, Config, OFF, SOURCES, Sample};
#[cfg(feature = "export")]
pub use ffi::keep_heap_small;
#[cfg(feature = "export")]
pub use groups::{GroupBy, Grouping, Pattern};
#[cfg(feature = "export")]
pub use metric::{Families, Family, Kind, Label, Labels, Metric, Number, Point};
#[cfg(feature = "export")]
pub use names::Names;
