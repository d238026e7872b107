//! Linux: one module for each kernel file or binary interface.
//!
//! Field names and meanings follow proc(5) and the kernel's `Documentation/filesystems/proc.rst`; a field that a
//! kernel may lack is an `Option` whose documentation says since when it exists.

pub mod btf;
pub mod cgroup;
pub mod cpu_stat;
pub mod cpuinfo;
pub mod cpulist;
pub mod dbus;
pub mod diskstats;
pub mod fdinfo;
pub mod interrupts;
pub mod limits;
pub mod loadavg;
pub mod meminfo;
pub mod mounts;
pub mod net_counters;
pub mod net_dev;
pub mod net_queues;
pub mod net_sock;
pub mod netlink;
pub mod pid_io;
pub mod pressure;
pub mod rtnetlink;
pub mod schedstat;
pub mod smaps;
pub mod sock_diag;
pub mod stat;
pub mod statm;
pub mod status;
pub mod strings;
pub mod taskstats;
pub mod uptime;
pub mod utmp;
pub mod vmstat;
pub mod zoneinfo;
