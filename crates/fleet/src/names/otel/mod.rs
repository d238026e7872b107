//! The metrics of OpenTelemetry's semantic conventions 1.44 that psoxide has, and its own metrics in that form.
//!
//! A test compares the table with the list of the conventions. Names of ours begin with `psoxide.`: the conventions
//! have no groups of processes, no load average and no pressure.

pub(crate) mod machine;
pub(crate) mod processes;

use crate::metric::{Kind, Metric};

/// The schema of these names.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

macro_rules! metrics {
    ($($konst:ident $name:literal $kind:ident $unit:literal $help:literal)+) => {
        $(
            #[doc = $help]
            pub const $konst: Metric = Metric { name: $name, kind: Kind::$kind, unit: $unit, help: $help };
        )+

        /// Every metric.
        pub const ALL: &[Metric] = &[$($konst),+];
    };
}

metrics! {
    UPTIME "system.uptime" Gauge "s" "Time since boot."
    CPU_TIME "system.cpu.time" Counter "s" "CPU time in each mode."
    CPU_LOGICAL "system.cpu.logical.count" UpDownCounter "{cpu}" "Logical CPUs online."
    CPU_PHYSICAL "system.cpu.physical.count" UpDownCounter "{cpu}" "Physical cores."
    CPU_FREQUENCY "system.cpu.frequency" Gauge "Hz" "Clock frequency of a logical CPU."
    MEMORY_USAGE "system.memory.usage" UpDownCounter "By" "Memory in each state."
    MEMORY_LIMIT "system.memory.limit" UpDownCounter "By" "Usable physical memory."
    MEMORY_AVAILABLE "system.memory.linux.available" UpDownCounter "By" "Memory that new processes can get without swapping."
    MEMORY_SHARED "system.memory.linux.shared" UpDownCounter "By" "Shared memory and tmpfs."
    MEMORY_SLAB "system.memory.linux.slab.usage" UpDownCounter "By" "Memory in kernel data structures."
    HUGEPAGES_LIMIT "system.memory.linux.hugepages.limit" UpDownCounter "{page}" "Huge pages in the pool."
    HUGEPAGES_SIZE "system.memory.linux.hugepages.page_size" UpDownCounter "By" "Size of a huge page."
    HUGEPAGES_RESERVED "system.memory.linux.hugepages.reserved" UpDownCounter "{page}" "Huge pages reserved."
    HUGEPAGES_SURPLUS "system.memory.linux.hugepages.surplus" UpDownCounter "{page}" "Huge pages above the limit of the pool."
    HUGEPAGES_USAGE "system.memory.linux.hugepages.usage" UpDownCounter "{page}" "Huge pages in each state."
    PAGING_USAGE "system.paging.usage" UpDownCounter "By" "Swap space in each state."
    PAGING_FAULTS "system.paging.faults" Counter "{fault}" "Page faults."
    PAGING_OPERATIONS "system.paging.operations" Counter "{operation}" "Pages moved between memory and swap space."
    DISK_IO "system.disk.io" Counter "By" "Bytes transferred by a disk."
    DISK_OPERATIONS "system.disk.operations" Counter "{operation}" "Operations of a disk."
    DISK_IO_TIME "system.disk.io_time" Counter "s" "Time with at least one I/O in progress."
    DISK_OPERATION_TIME "system.disk.operation_time" Counter "s" "Time of all operations together."
    DISK_MERGED "system.disk.merged" Counter "{operation}" "Operations merged with adjacent ones."
    FILESYSTEM_USAGE "system.filesystem.usage" UpDownCounter "By" "Space of a file system in each state."
    FILESYSTEM_UTILIZATION "system.filesystem.utilization" Gauge "1" "Used part of the space that users can use."
    FILESYSTEM_LIMIT "system.filesystem.limit" UpDownCounter "By" "Space of a file system."
    NETWORK_IO "system.network.io" Counter "By" "Bytes transferred by an interface."
    NETWORK_PACKETS "system.network.packet.count" Counter "{packet}" "Packets transferred by an interface."
    NETWORK_DROPPED "system.network.packet.dropped" Counter "{packet}" "Packets dropped by an interface."
    NETWORK_ERRORS "system.network.errors" Counter "{error}" "Errors of an interface."
    NETWORK_CONNECTIONS "system.network.connection.count" UpDownCounter "{connection}" "TCP sockets in each state."
    PROCESS_COUNT "system.process.count" UpDownCounter "{process}" "Processes in each state."
    PROCESS_CREATED "system.process.created" Counter "{process}" "Processes and threads created since boot."
    PROCESS_LIMIT "system.process.limit" UpDownCounter "{thread}" "Largest number of threads."
    TEMPERATURE "hw.temperature" Gauge "Cel" "Temperature of a sensor."
    TEMPERATURE_LIMIT "hw.temperature.limit" Gauge "Cel" "Temperature that counts as high or critical."
    FAN_SPEED "hw.fan.speed" Gauge "rpm" "Speed of a fan."
    BATTERY_CHARGE "hw.battery.charge" Gauge "1" "Charge of the battery."
    P_CPU_TIME "process.cpu.time" Counter "s" "CPU time of a process in each mode."
    P_MEMORY_USAGE "process.memory.usage" UpDownCounter "By" "Resident memory of a process."
    P_MEMORY_VIRTUAL "process.memory.virtual" UpDownCounter "By" "Virtual memory of a process."
    P_DISK_IO "process.disk.io" Counter "By" "Bytes a process read from and wrote to storage."
    P_THREADS "process.thread.count" UpDownCounter "{thread}" "Threads of a process."
    P_FDS "process.unix.file_descriptor.count" UpDownCounter "{file_descriptor}" "Open file descriptors of a process."
    P_CONTEXT_SWITCHES "process.context_switches" Counter "{context_switch}" "Context switches of a process."
    P_FAULTS "process.paging.faults" Counter "{fault}" "Page faults of a process."
    P_UPTIME "process.uptime" Gauge "s" "Time since the start of a process."
    LOAD "psoxide.system.load_average" Gauge "{thread}" "Threads running or waiting to run, averaged."
    CONTEXT_SWITCHES "psoxide.system.context_switches" Counter "{context_switch}" "Context switches since boot."
    INTERRUPTS "psoxide.system.interrupts" Counter "{interrupt}" "Interrupts since boot."
    PRESSURE "psoxide.system.pressure.time" Counter "s" "Time that tasks waited for a resource."
    G_PROCESSES "psoxide.group.process.count" UpDownCounter "{process}" "Processes of a group."
    G_CPU_TIME "psoxide.group.cpu.time" Counter "s" "CPU time of a group in each mode."
    G_MEMORY_USAGE "psoxide.group.memory.usage" UpDownCounter "By" "Resident memory of a group."
    G_MEMORY_VIRTUAL "psoxide.group.memory.virtual" UpDownCounter "By" "Virtual memory of a group."
    G_MEMORY_PSS "psoxide.group.memory.proportional" UpDownCounter "By" "Resident memory of a group, shared pages divided."
    G_DISK_IO "psoxide.group.disk.io" Counter "By" "Bytes a group read from and wrote to storage."
    G_THREADS "psoxide.group.thread.count" UpDownCounter "{thread}" "Threads of a group."
    G_FDS "psoxide.group.unix.file_descriptor.count" UpDownCounter "{file_descriptor}" "Open file descriptors of a group."
    G_CONTEXT_SWITCHES "psoxide.group.context_switches" Counter "{context_switch}" "Context switches of a group."
    G_FAULTS "psoxide.group.paging.faults" Counter "{fault}" "Page faults of a group."
    SOURCE_UP "psoxide.source.up" Gauge "" "Whether a source of readings answered."
    SOURCE_DURATION "psoxide.source.duration" Gauge "s" "Time that a source took."
    REFUSED "psoxide.readings.refused" Counter "{reading}" "Readings of processes that have no value, by reason."
    PUSH_QUEUE "psoxide.push.queue.count" UpDownCounter "{request}" "Requests that wait until the endpoint answers."
    PUSH_SENT "psoxide.push.sent" Counter "{request}" "Requests that the endpoint took."
    PUSH_DROPPED "psoxide.push.dropped" Counter "{request}" "Requests that were lost."
    LEFT_OUT "psoxide.series.left_out" UpDownCounter "{series}" "Series left out for the limit of series."
    FOLDED "psoxide.groups.folded" Counter "{group}" "Groups counted in the group `other`, for the limit of series."
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The conventions, of which every metric of ours is one.
    #[test]
    fn the_table_agrees_with_the_conventions() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/otel-1.44.txt");
        let list = std::fs::read_to_string(path).unwrap();
        let known: Vec<Vec<&str>> =
            list.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect()).collect();
        for metric in ALL.iter().filter(|metric| !metric.name.starts_with("psoxide.")) {
            let instrument = match metric.kind {
                Kind::Counter => "counter",
                Kind::UpDownCounter => "updowncounter",
                Kind::Gauge => "gauge",
                Kind::Info | Kind::Unknown => "none",
            };
            let convention = known.iter().find(|known| known.first() == Some(&metric.name));
            assert_eq!(
                convention.map(|known| (known.get(1).copied(), known.get(2).copied())),
                Some((Some(instrument), Some(metric.unit))),
                "{}",
                metric.name
            );
        }
    }
}
