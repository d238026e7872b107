//! The names and labels of node_exporter, process-exporter and systemd_exporter.
//!
//! A test runs beside those exporters on the same machine and compares names, labels and values.

mod cpu;
pub(crate) mod disk;
mod kernel;
mod memory;
mod net;
pub(crate) mod processes;
pub(crate) mod sensors;
pub(crate) mod systemd;
pub(crate) mod textfile;

use std::time::Duration;

use psoxide::{Error, System};

use crate::metric::Families;
use crate::sources::{Sources, is_absent};
use crate::text;

/// Reads all sources but file systems and sensors. They have the names of node_exporter's collectors.
pub(crate) fn read(sources: &mut Sources<'_>) {
    sources.read("arp", net::arp);
    sources.read("conntrack", net::conntrack);
    sources.read("cpu", cpu::times);
    sources.read("cpufreq", cpu::frequencies);
    sources.read("diskstats", disk::stats);
    sources.read("entropy", kernel::entropy);
    sources.read("filefd", kernel::file_descriptors);
    sources.read("interrupts", cpu::interrupts);
    sources.read("loadavg", cpu::load);
    sources.read("meminfo", memory::meminfo);
    sources.read("netclass", net::interfaces);
    sources.read("netdev", net::counters);
    sources.read("netstat", net::protocols);
    sources.read("os", kernel::os);
    sources.read("powersupplyclass", sensors::power);
    sources.read("pressure", cpu::pressure);
    sources.read("schedstat", cpu::scheduler);
    sources.read("selinux", kernel::selinux);
    sources.read("sockstat", net::sockets);
    sources.read("softnet", net::softnet);
    sources.read("stat", cpu::stat);
    sources.read("tcpstat", net::tcp);
    sources.read("thermal_zone", sensors::thermal);
    sources.read("time", kernel::time);
    sources.read("timex", kernel::timex);
    sources.read("udp_queues", net::udp);
    sources.read("uname", kernel::uname);
    sources.read("vmstat", memory::vmstat);
    sources.read("self", kernel::exporter);
}

/// Adds how a source fared.
pub(crate) fn collector(out: &mut Families, name: &str, duration: Duration, is_up: bool) {
    if name == "self" {
        return;
    }
    let labels = [("collector", name)];
    out.gauge("node_scrape_collector_duration_seconds", "Time that a source took.", &labels, duration);
    out.gauge("node_scrape_collector_success", "Whether a source answered.", &labels, is_up);
}

/// Reads a file, if the machine has it.
fn file(system: &System, path: &str) -> Result<Option<Vec<u8>>, Error> {
    match system.kernel_file(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the number of a file of /sys. Drivers refuse many of them: what cannot be read is left out.
fn number(system: &System, path: &str) -> Option<i64> {
    text::number(&system.kernel_file(path).ok()?)
}

/// Reads the line of a file of /sys.
fn line(system: &System, path: &str) -> Option<String> {
    Some(text::utf8(psoxide_parse::trim(&system.kernel_file(path).ok()?)))
}

/// Lists a folder by name; empty if the machine does not have it.
fn names(system: &System, path: &str) -> Vec<String> {
    let mut names: Vec<String> = system.kernel_names(path).unwrap_or_default().iter().map(text::lossy).collect();
    names.sort_unstable();
    names
}

/// A whole number as a float, for units that are fractions.
#[allow(clippy::cast_precision_loss)] // 53 bits are enough for a unit
fn float(value: i64) -> f64 {
    value as f64
}
