//! Reads processes and machines: CPU, memory, disks, network, sensors, users, and every detail of every process.
//!
//! There are two main types. A [`System`] is a machine: this one, or one that was captured. A [`Process`] is one of its
//! processes.
//!
//! ```
//! use psoxide::System;
//!
//! # fn main() -> psoxide::Result<()> {
//! let system = System::host();
//! let memory = system.virtual_memory()?;
//! println!("{} of {} bytes available", memory.available, memory.total);
//!
//! let me = system.current_process()?;
//! let reading = me.oneshot(); // each kernel file is read once from here on
//! println!("{:?} runs as {:?}, {} bytes resident", reading.name()?, reading.username()?, reading.memory_info()?.rss);
//! # Ok(())
//! # }
//! ```
//!
//! - A reading is a value or an [`Error`] that names the cause. An unknown value is never reported as 0.
//! - Names, paths and environments are [`OsString`](std::ffi::OsString), so bytes that are not UTF-8 survive.
//! - The library keeps no state between calls. Rates are computed from two [`Snapshot`]s that the program holds.
//! - Sizes are bytes. Times are [`Duration`](std::time::Duration) and [`SystemTime`](std::time::SystemTime).
//!
//! `PLATFORM.md` lists what each operating system has. `PORTING.md` describes how to add a system.

mod backend;
#[cfg(feature = "capture")]
mod capture;
mod cpu;
mod disk;
mod error;
pub mod exit;
mod memory;
#[cfg(feature = "capture")]
mod moment;
mod net;
mod os;
mod pressure;
mod process;
mod record;
mod sensors;
mod services;
mod snapshot;
pub mod support;
mod sys;
mod system;
mod users;
mod value;
mod wrap;

pub use backend::Backend;
#[cfg(feature = "capture")]
pub use capture::CaptureOptions;
pub use cpu::{CoreKind, CpuFreq, CpuStats, CpuTimes, LoadAverage, RunQueue};
pub use disk::{DiskIo, DiskPartition, DiskUsage};
pub use error::{Error, ErrorKind, Result};
pub use memory::{HeapInfo, SwapMemory, VirtualMemory, heap_info, heap_trim};
#[cfg(feature = "capture")]
pub use moment::Moment;
pub use net::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, Duplex, Endpoint, Holder, NetIo, NicAddr, NicAddress,
    NicStats, SocketType,
};
pub use os::{Os, OsSet, Signal};
pub use pressure::{Pressure, PressureOf, Stall};
pub use process::{
    Cgroup, Child, Containment, CtxSwitches, Energy, ExitStatus, Ids, IoCounters, IoPriority, IoPriorityClass, Limit,
    MemoryDetails, MemoryFootprint, MemoryInfo, MemoryMap, MemoryMapGroup, MemoryType, OpenFile, PageFaults, Process,
    ProcessCpuTimes, ProcessStatus, Resource, Scheduling, SchedulingPolicy, Thread, ThreadDetails, WaitOutcome,
    wait_procs,
};
pub use record::{FieldInfo, Record, Unit};
pub use sensors::{Battery, Fan, Gpu, Temperature, TimeLeft};
pub use services::{Service, ServiceStart, ServiceStatus};
pub use snapshot::{Counters, Field, FieldSet, Pass, ProcessRates, Query, Rates, Reading, Row, Snapshot};
pub use system::{Fingerprints, HostInfo, System};
pub use users::User;
pub use value::{ToValue, Value};
pub use wrap::{Counting, WrapGuard};

/// A process id.
pub type Pid = u32;
