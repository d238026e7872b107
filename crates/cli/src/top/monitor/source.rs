//! The source of samples: this machine, a capture, or anything else with the same readings.

use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use psoxide::{
    Backend, Battery, Fan, Gpu, LoadAverage, Pid, Pressure, PressureOf, Process, Query, Resource, Snapshot, SwapMemory,
    System, Temperature, VirtualMemory,
};

/// A way from one recorded sample to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// To the sample before.
    Before,
    /// To the next sample.
    After,
    /// To the sample so many seconds later, or earlier.
    By(i64),
}

/// The fingerprint of a process: a number that changes when the process does. `None` if the process refuses it.
pub(crate) type Fingerprint = Option<u64>;

/// The fingerprints of all processes at one moment.
pub(crate) struct Fingerprints {
    pub(crate) taken: Instant,
    /// In the order of the pids.
    pub(crate) by_pid: Vec<(Pid, Fingerprint)>,
}

/// A source of samples: one machine at one moment after another.
pub(crate) trait Source {
    /// Tells whether a later sample differs from an earlier one.
    fn moves(&self) -> bool;

    /// Returns when the sample was taken that the source holds, if it is recorded.
    fn recorded(&self) -> Option<SystemTime> {
        None
    }

    /// Moves a recorded source to another sample. Returns whether there is one.
    fn step(&mut self, _: Step) -> Result<bool, String> {
        Ok(false)
    }

    /// Reads the fingerprint of each process, if that is cheaper than reading the fields of all.
    fn fingerprints(&mut self) -> Option<Fingerprints> {
        None
    }

    /// Returns the time of the machine, by the clock that the starts of its processes are counted by.
    fn now(&self) -> SystemTime;

    /// Reads fields of all processes and, if the query asks for them, the counters of the machine.
    fn processes(&mut self, query: Query) -> psoxide::Result<Snapshot>;

    /// Reads fields of some processes, at the same moment as the last sample if the source is recorded.
    fn some_processes(&mut self, pids: &[Pid], query: Query) -> psoxide::Result<Snapshot>;

    /// Reads the gauges.
    fn gauges(&mut self) -> Gauges;

    /// Reads the sensors, which can take milliseconds each.
    fn sensors(&mut self) -> Sensors;

    /// Lists the disks that are not parts of others.
    fn whole_disks(&mut self) -> Vec<OsString>;

    /// Opens a process, to read every detail of it or to act on it. Returns `None` if it has ended, or if the source holds
    /// nothing but samples.
    fn process(&self, pid: Pid) -> Option<Process>;

    /// Tells whether the kernel counts how long processes wait for storage.
    fn counts_waits(&self) -> bool;
}

/// Figures of the machine that are no counters. What the system does not have is `None`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauges {
    pub(crate) uptime: Option<Duration>,
    pub(crate) load: Option<LoadAverage>,
    pub(crate) memory: Option<VirtualMemory>,
    pub(crate) swap: Option<SwapMemory>,
    pub(crate) pressure: Vec<(PressureOf, Pressure)>,
}

/// What the sensors of the machine measure. All of it is empty on a machine without them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sensors {
    pub(crate) temperatures: Vec<(String, Temperature)>,
    pub(crate) fans: Vec<(String, Fan)>,
    pub(crate) battery: Option<Battery>,
    pub(crate) gpus: Vec<Gpu>,
    /// Clock frequency of each CPU in megahertz.
    pub(crate) frequencies: Vec<f64>,
}

/// Files of processes that are kept open. Each takes 5 KiB of the kernel's memory.
const MOST_FILES: usize = 4096;

/// A machine, read now.
pub(crate) struct Machine {
    system: System,
    fingerprints: psoxide::Fingerprints,
}

impl Machine {
    pub(crate) fn new(system: System) -> Self {
        let limit = system.current_process().and_then(|own| own.rlimit(Resource::Nofile));
        // At most half of the descriptors that this program may have.
        let half = limit
            .map_or(0, |limit| limit.soft.map_or(usize::MAX, |soft| usize::try_from(soft / 2).unwrap_or(usize::MAX)));
        let fingerprints = psoxide::Fingerprints::keeping(half.min(MOST_FILES));
        Self { system, fingerprints }
    }
}

impl Source for Machine {
    fn moves(&self) -> bool {
        self.system.is_live()
    }

    fn fingerprints(&mut self) -> Option<Fingerprints> {
        // The walk of BPF reads all fields at once.
        if !self.system.is_live() || self.system.backend() != Backend::Proc {
            return None;
        }
        let taken = Instant::now();
        self.system.fingerprints(&mut self.fingerprints).ok()?;
        Some(Fingerprints { taken, by_pid: self.fingerprints.by_pid.clone() })
    }

    fn now(&self) -> SystemTime {
        crate::process::sample::clock(&self.system).unwrap_or_else(SystemTime::now)
    }

    fn processes(&mut self, query: Query) -> psoxide::Result<Snapshot> {
        self.system.snapshot(query)
    }

    fn some_processes(&mut self, pids: &[Pid], query: Query) -> psoxide::Result<Snapshot> {
        self.system.snapshot_of(pids, query)
    }

    fn gauges(&mut self) -> Gauges {
        let system = &self.system;
        let pressure = PressureOf::ALL.iter().filter_map(|what| Some((*what, system.pressure(*what).ok()?)));
        Gauges {
            uptime: system.uptime().ok(),
            load: system.load_average().ok(),
            memory: system.virtual_memory().ok(),
            swap: system.swap_memory().ok(),
            pressure: pressure.collect(),
        }
    }

    fn sensors(&mut self) -> Sensors {
        let system = &self.system;
        Sensors {
            temperatures: named(system.sensors_temperatures().unwrap_or_default(), |sensor| &sensor.label),
            fans: named(system.sensors_fans().unwrap_or_default(), |fan| &fan.label),
            battery: system.sensors_battery().ok().flatten(),
            gpus: system.gpus().unwrap_or_default(),
            frequencies: system.cpu_freq().unwrap_or_default().into_iter().map(|cpu| cpu.current).collect(),
        }
    }

    fn whole_disks(&mut self) -> Vec<OsString> {
        self.system.whole_disks().unwrap_or_default()
    }

    fn process(&self, pid: Pid) -> Option<Process> {
        self.system.process(pid).ok()
    }

    fn counts_waits(&self) -> bool {
        crate::process::sample::counts_waits(&self.system)
    }
}

/// Each sensor by its own label, or by the name of its chip.
fn named<T>(chips: Vec<(String, Vec<T>)>, label: fn(&T) -> &String) -> Vec<(String, T)> {
    let of_chip = |(chip, sensors): (String, Vec<T>)| {
        sensors
            .into_iter()
            .map(move |sensor| (if label(&sensor).is_empty() { &chip } else { label(&sensor) }.clone(), sensor))
    };
    chips.into_iter().flat_map(of_chip).collect()
}
