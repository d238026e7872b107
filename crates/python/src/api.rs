//! Reads the machine.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide::{
    AddressFamily, Backend, Battery, Duplex, NetIo, NicAddress, NicStats, Os, Pid, Record as _, Result, System,
    TimeLeft, Value, heap_info, heap_trim,
};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyNotImplementedError, PyOverflowError, PyRuntimeWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::Object;
use crate::cells::{Lazy, Shared, intern};
use crate::convert::{self, Members, MembersRef, Truth, Tuples, connection_kind, dict, text};
use crate::errors::{Exceptions, of_machine};
use crate::machine::Machine;

/// Reads the machine for one copy of the package: with its tuples, its exceptions, and the /proc that its `PROCFS_PATH`
/// names.
#[pyclass(frozen, module = "psoxide._psoxide")]
pub(crate) struct Api {
    package: Py<PyString>,
    modules: Py<PyDict>,
    /// The module `_lazy`, which makes the enums.
    lazy: Py<PyAny>,
    /// The captured machine, if the package reads one.
    captured: Option<System>,
    /// The value of `PROCFS_PATH`, and the system that was made for it.
    system: Shared<(Option<Py<PyAny>>, System)>,
    /// The backend that the package chose. With `None` the environment chooses.
    backend: Shared<Option<Backend>>,
    duplex: Lazy<Members>,
    battery_time: Lazy<Members>,
    link_family: Lazy<Members>,
    pub(crate) tuples: Tuples,
    pub(crate) exceptions: Exceptions,
}

impl Api {
    /// Returns the machine whose /proc is at the current `PROCFS_PATH`.
    pub(crate) fn system(&self, py: Python<'_>) -> PyResult<System> {
        if let Some(system) = &self.captured {
            return Ok(system.clone());
        }
        let path = match self.modules.bind(py).get_item(&self.package)? {
            Some(package) => package.getattr_opt(intern!(py, "PROCFS_PATH"))?,
            None => None,
        };
        let known = |cached: &Option<Py<PyAny>>| match (cached, &path) {
            (Some(cached), Some(path)) => cached.is(path),
            (None, None) => true,
            _ => false,
        };
        if let Some(system) = self.system.with(py, |cached| known(&cached.0).then(|| cached.1.clone())) {
            return Ok(system);
        }
        let system = match &path {
            Some(path) => {
                let procfs: PathBuf = path.extract()?;
                if procfs.as_os_str() == "/proc" {
                    System::host()
                } else {
                    System::with_procfs(procfs).map_err(|error| of_machine(py, &error))?
                }
            }
            None => System::host(),
        };
        let system = match self.backend.with(py, |backend| *backend) {
            Some(backend) => system.with_backend(backend),
            None => system,
        };
        let new = (path.map(Bound::unbind), system.clone());
        // Dropping the old value may run Python code, so it happens outside the lock.
        drop(self.system.with(py, |cached| std::mem::replace(cached, new)));
        Ok(system)
    }

    /// Calls `read` without the GIL. Converts its error to an exception.
    pub(crate) fn read<T: Send>(&self, py: Python<'_>, read: impl FnOnce(&System) -> Result<T> + Send) -> PyResult<T> {
        let system = self.system(py)?;
        py.detach(|| read(&system)).map_err(|error| of_machine(py, &error))
    }

    /// Fails for a captured machine. `what` is a reading of the calling process, which no capture holds.
    fn require_host(&self, what: &str) -> PyResult<()> {
        match self.captured {
            Some(_) => Err(PyNotImplementedError::new_err(format!("{what}: not part of a capture"))),
            None => Ok(()),
        }
    }

    /// Returns one of the package's enums, which are made on first use.
    fn members<'a>(&self, py: Python<'_>, class: &str, known: &'a Lazy<Members>) -> PyResult<MembersRef<'a>> {
        Members::get_or_make(py, &self.lazy, class, known)
    }
}

/// Warns in psutil's words that the `missing` figures are unknown and returned as 0. Does nothing if none is missing.
fn warn_missing(py: Python<'_>, what: &str, missing: &[&str], separator: &str) -> PyResult<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let were = if missing.len() == 1 { "was" } else { "were" };
    let text = format!("{} {what} stats couldn't be determined and {were} set to 0", missing.join(separator));
    let text = std::ffi::CString::new(text)?;
    PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 3)
}

#[pymethods]
impl Api {
    #[new]
    #[pyo3(signature = (package, tuples, common, lazy, machine = None))]
    fn new(
        package: &Bound<'_, PyString>,
        tuples: &Bound<'_, PyAny>,
        common: &Bound<'_, PyAny>,
        lazy: &Bound<'_, PyAny>,
        machine: Option<&Bound<'_, Machine>>,
    ) -> PyResult<Self> {
        let captured = machine.map(|machine| machine.get().system.clone());
        let os = captured.as_ref().map_or(Os::HOST, System::os);
        let modules = package.py().import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
        Ok(Self {
            package: package.clone().unbind(),
            modules: modules.unbind(),
            system: Shared::new((None, captured.clone().unwrap_or_else(System::host))),
            captured,
            backend: Shared::new(None),
            duplex: Lazy::new(),
            battery_time: Lazy::new(),
            link_family: Lazy::new(),
            tuples: Tuples::of(tuples, lazy.clone().unbind(), os)?,
            exceptions: Exceptions::of(common)?,
            lazy: lazy.clone().unbind(),
        })
    }

    /// Sets the backend of later readings. Existing processes keep theirs.
    fn set_backend(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        let chosen: Backend = name.parse().map_err(|error: psoxide::Error| PyValueError::new_err(error.to_string()))?;
        self.backend.with(py, |backend| *backend = Some(chosen));
        self.system.with(py, |cached| cached.1 = cached.1.with_backend(chosen));
        Ok(())
    }

    /// Returns why the chosen backend is not in use, or `None`.
    fn backend_refusal(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let system = self.system(py)?;
        Ok(py.detach(|| system.backend_refusal()))
    }

    /// Returns the boot time: whole seconds on Unix, as in psutil.
    fn boot_time(&self, py: Python<'_>) -> PyResult<f64> {
        let time = self.read(py, System::boot_time).map(convert::timestamp)?;
        Ok(if self.tuples.os == Os::Windows { time } else { time.trunc() })
    }

    fn pids(&self, py: Python<'_>) -> PyResult<Vec<Pid>> {
        self.read(py, System::pids)
    }

    /// Prepares a pass of `process_iter`. Returns three values: for each process the instance in `known`, or the pid if
    /// there is none; `known` without processes that are gone; and the lowest pid. `present` holds the pids if a
    /// program has replaced the function that lists them.
    fn recall<'py>(
        &self,
        py: Python<'py>,
        known: &Bound<'py, PyDict>,
        present: Option<Vec<Pid>>,
    ) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyDict>, Option<Pid>)> {
        let mut present = present.map_or_else(|| self.pids(py), Ok)?;
        present.sort_unstable();
        present.dedup();
        // No other thread changes the copy.
        let mut kept = known.copy()?;
        let mut known = Vec::with_capacity(kept.len());
        for (pid, process) in &kept {
            known.push((pid.extract::<i64>()?, process));
        }
        if !known.is_sorted_by_key(|(pid, _)| *pid) {
            known.sort_by_key(|(pid, _)| *pid);
            kept = PyDict::new(py);
            for (pid, process) in &known {
                kept.set_item(pid, process)?;
            }
        }
        let mut items = Vec::with_capacity(present.len());
        let mut known = known.into_iter().peekable();
        for pid in &present {
            while let Some((gone, _)) = known.next_if(|(known, _)| *known < i64::from(*pid)) {
                kept.del_item(gone)?;
            }
            items.push(match known.next_if(|(known, _)| *known == i64::from(*pid)) {
                Some((_, process)) => process,
                None => pid.into_bound_py_any(py)?,
            });
        }
        for (gone, _) in known {
            kept.del_item(gone)?;
        }
        Ok((PyList::new(py, items)?, kept, present.first().copied()))
    }

    /// Returns whether the file system of an absolute path answers within the timeout.
    fn answers(&self, py: Python<'_>, path: PathBuf, timeout: f64) -> PyResult<bool> {
        let timeout = Duration::try_from_secs_f64(timeout).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let system = self.system(py)?;
        let is_timeout = |error: psoxide::Error| error.kind() == psoxide::ErrorKind::Timeout;
        Ok(py.detach(|| !system.may_wait(&path) || !system.real_path_within(&path, timeout).is_err_and(is_timeout)))
    }

    fn pid_exists(&self, py: Python<'_>, pid: i64) -> PyResult<bool> {
        // kill(2) takes the pid as an int, and psutil passes it there.
        let pid = i32::try_from(pid).map_err(|_| PyOverflowError::new_err("signed integer is greater than maximum"))?;
        match Pid::try_from(pid) {
            Ok(pid) => self.read(py, |system| system.pid_exists(pid)),
            Err(_) => Ok(false),
        }
    }

    /// Returns the parent of each process.
    fn ppid_map(&self, py: Python<'_>) -> PyResult<std::collections::BTreeMap<Pid, Pid>> {
        let snapshot = self.read(py, |system| system.snapshot([psoxide::Field::Ppid]))?;
        Ok(snapshot.processes.iter().filter_map(|row| Some((row.pid, *row.ppid.value()?))).collect())
    }

    fn cpu_times<'py>(&self, py: Python<'py>) -> Object<'py> {
        let times = self.read(py, System::cpu_times)?;
        self.tuples.cpu_times(py, &times)
    }

    fn per_cpu_times<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let times = self.read(py, System::cpu_times_per_cpu)?;
        let list = PyList::empty(py);
        for (_, times) in &times {
            list.append(self.tuples.cpu_times(py, times)?)?;
        }
        Ok(list)
    }

    fn cpu_count_logical(&self, py: Python<'_>) -> PyResult<Option<usize>> {
        self.read(py, System::cpu_count)
    }

    fn cpu_count_cores(&self, py: Python<'_>) -> PyResult<Option<usize>> {
        self.read(py, System::cpu_count_cores)
    }

    fn cpu_stats<'py>(&self, py: Python<'py>) -> Object<'py> {
        let stats = self.read(py, System::cpu_stats)?;
        self.tuples.record(py, &self.tuples.scpustats, &stats)
    }

    fn cpu_freq<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let freq = self.read(py, System::cpu_freq)?;
        self.tuples.records(py, &self.tuples.scpufreq, &freq)
    }

    fn getloadavg(&self, py: Python<'_>) -> PyResult<(f64, f64, f64)> {
        self.read(py, System::load_average).map(|load| (load.one, load.five, load.fifteen))
    }

    fn virtual_memory<'py>(&self, py: Python<'py>) -> Object<'py> {
        let memory = self.read(py, System::virtual_memory)?;
        let missing: Vec<&str> = [
            ("buffers", memory.buffers.is_none()),
            ("cached", memory.cached.is_none()),
            ("shared", memory.shared.is_none()),
            ("active", memory.active.is_none()),
            ("inactive", memory.inactive.is_none()),
            // A negative number from the kernel means "unknown", and is returned as 0.
            ("available", memory.available == 0),
        ]
        .iter()
        .filter_map(|(name, missing)| missing.then_some(*name))
        .collect();
        // Only Linux has all of these fields.
        if self.tuples.os == Os::Linux {
            warn_missing(py, "memory", &missing, ", ")?;
        }
        self.tuples.record(py, &self.tuples.svmem, &memory)
    }

    fn swap_memory<'py>(&self, py: Python<'py>) -> Object<'py> {
        let swap = self.read(py, System::swap_memory)?;
        if self.tuples.os == Os::Linux && (swap.sin.is_none() || swap.sout.is_none()) {
            warn_missing(py, "swap memory", &["'sin'", "'sout'"], " and ")?;
        }
        self.tuples.record(py, &self.tuples.sswap, &swap)
    }

    fn heap_info<'py>(&self, py: Python<'py>) -> Object<'py> {
        self.require_host("heap_info")?;
        let heap = heap_info().map_err(|error| of_machine(py, &error))?;
        self.tuples.record(py, &self.tuples.pheap, &heap)
    }

    fn heap_trim(&self, py: Python<'_>) -> PyResult<()> {
        self.require_host("heap_trim")?;
        py.detach(heap_trim).map(drop).map_err(|error| of_machine(py, &error))
    }

    #[pyo3(signature = (path, timeout=None))]
    fn disk_usage<'py>(&self, py: Python<'py>, path: PathBuf, timeout: Option<f64>) -> Object<'py> {
        let timeout = timeout.map(Duration::try_from_secs_f64).transpose();
        let timeout = timeout.map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
        let usage = self.read(py, |system| match timeout {
            Some(timeout) => system.disk_usage_within(path, timeout),
            None => system.disk_usage(path),
        })?;
        self.tuples.record(py, &self.tuples.sdiskusage, &usage)
    }

    fn disk_partitions<'py>(&self, py: Python<'py>, all: Truth) -> PyResult<Bound<'py, PyList>> {
        let Truth(all) = all;
        let partitions = self.read(py, |system| system.disk_partitions(all))?;
        self.tuples.records(py, &self.tuples.sdiskpart, &partitions)
    }

    /// Returns plain tuples by disk. Without `perdisk` only whole disks, so that the counters can be summed.
    #[pyo3(signature = (perdisk = Truth(false)))]
    fn disk_io_counters<'py>(&self, py: Python<'py>, perdisk: Truth) -> PyResult<Bound<'py, PyDict>> {
        let Truth(perdisk) = perdisk;
        let counters = self.read(py, |system| {
            let mut counters = system.disk_io_counters()?;
            if !perdisk {
                let whole = system.whole_disks()?;
                counters.retain(|(name, _)| whole.contains(name));
            }
            Ok(counters)
        })?;
        dict(py, &counters, |io| self.tuples.disk_io(py, io).map(Bound::into_any))
    }

    /// Returns plain tuples by interface.
    fn net_io_counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.read(py, System::net_io_counters)?;
        dict(py, &counters, |io: &NetIo| Ok(PyTuple::new(py, self.tuples.fields(py, io)?)?.into_any()))
    }

    fn net_connections<'py>(&self, py: Python<'py>, kind: &str) -> PyResult<Bound<'py, PyList>> {
        let kind = connection_kind(py, kind)?;
        let connections = self.read(py, |system| system.net_connections(kind))?;
        self.tuples.connections(py, &connections, true)
    }

    /// Returns plain tuples: interface, family number, address, netmask, broadcast, peer.
    fn net_if_addrs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let nics = self.read(py, System::net_if_addrs)?;
        let list = PyList::empty(py);
        let mut buffer = String::new();
        let mut shown = |address: Option<&NicAddress>| {
            let Some(address) = address else { return py.None().into_bound(py) };
            buffer.clear();
            // Writing to a String cannot fail.
            let _ = write!(buffer, "{address}");
            PyString::new(py, &buffer).into_any()
        };
        for (nic, addresses) in &nics {
            let nic = text(py, nic)?;
            for of in addresses {
                let family = PyInt::new(py, convert::family_number(of.family, self.tuples.os)).into_any();
                let addresses = [Some(&of.address), of.netmask.as_ref(), of.broadcast.as_ref(), of.ptp.as_ref()];
                let [address, netmask, broadcast, ptp] = addresses.map(&mut shown);
                list.append(PyTuple::new(py, [nic.clone(), family, address, netmask, broadcast, ptp])?)?;
            }
        }
        Ok(list)
    }

    /// Groups such tuples by interface, in the order of the family numbers. Makes each a `snicaddr`.
    fn addresses_by_nic<'py>(&self, py: Python<'py>, rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let os = self.tuples.os;
        let hardware = i64::from(os.family_number(AddressFamily::Link));
        let separator = if os == Os::Windows { "-" } else { ":" };
        let mut sorted = Vec::new();
        for row in rows.try_iter()? {
            let row = row?.cast_into::<PyTuple>()?;
            sorted.push((row.get_item(1)?.extract::<i64>()?, row));
        }
        sorted.sort_by_key(|(family, _)| *family);
        let nics = PyDict::new(py);
        let families = self.tuples.families(py)?;
        for (number, row) in sorted {
            let of = |place| row.get_item(place);
            let (nic, mut address, netmask, broadcast, ptp) = (of(0)?, of(2)?, of(3)?, of(4)?, of(5)?);
            let family = match number {
                _ if number != hardware => families.get(py, number)?,
                _ if os == Os::Windows => self.members(py, "AddressFamily", &self.link_family)?.get(py, number)?,
                // The host's module `socket` may give the captured system's number another name.
                _ if os != Os::HOST => number.into_bound_py_any(py)?,
                _ => families.get(py, number)?,
            };
            if number == hardware {
                // psutil prints hardware addresses with at least six parts.
                let text: Cow<'_, str> = address.extract()?;
                let missing = 5usize.saturating_sub(text.matches(separator).count());
                if missing > 0 {
                    address = format!("{text}{}", format!("{separator}00").repeat(missing)).into_bound_py_any(py)?;
                }
            }
            let row = self.tuples.make(py, &self.tuples.snicaddr, [family, address, netmask, broadcast, ptp])?;
            match nics.get_item(&nic)? {
                Some(rows) => rows.cast_into::<PyList>()?.append(row)?,
                None => nics.set_item(nic, PyList::new(py, [row])?)?,
            }
        }
        Ok(nics)
    }

    fn net_if_stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.read(py, System::net_if_stats)?;
        let members = self.members(py, "NicDuplex", &self.duplex)?;
        dict(py, &stats, |nic: &NicStats| {
            let duplex = match nic.duplex {
                Duplex::Full => 2,
                Duplex::Half => 1,
                Duplex::Unknown => 0,
            };
            let values = [
                nic.isup.into_bound_py_any(py)?,
                members.get(py, duplex.into())?,
                nic.speed.unwrap_or(0).into_bound_py_any(py)?,
                nic.mtu.into_bound_py_any(py)?,
                PyString::new(py, &nic.flags.join(",")).into_any(),
            ];
            self.tuples.make(py, &self.tuples.snicstats, values)
        })
    }

    /// Returns plain tuples by chip: label, current, high, critical.
    fn sensors_temperatures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let chips = self.read(py, System::sensors_temperatures)?;
        dict(py, &chips, |sensors| {
            let list = PyList::empty(py);
            for sensor in sensors {
                list.append(PyTuple::new(py, self.tuples.fields(py, sensor)?)?)?;
            }
            Ok(list.into_any())
        })
    }

    fn sensors_fans<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let chips = self.read(py, System::sensors_fans)?;
        dict(py, &chips, |fans| Ok(self.tuples.records(py, &self.tuples.sfan, fans)?.into_any()))
    }

    /// Returns a plain tuple: percent, seconds left, plugged in. `None` without a battery.
    fn sensors_battery<'py>(&self, py: Python<'py>) -> Object<'py> {
        let Some(battery) = self.read(py, System::sensors_battery)? else {
            return Ok(py.None().into_bound(py));
        };
        let Battery { percent, secsleft, power_plugged, .. } = battery;
        let members = self.members(py, "BatteryTime", &self.battery_time)?;
        let secsleft = match secsleft {
            TimeLeft::For(time) => PyInt::new(py, time.as_secs()).into_any(),
            TimeLeft::Unknown => members.get(py, -1)?,
            TimeLeft::Unlimited => members.get(py, -2)?,
        };
        let percent = PyFloat::new(py, percent).into_any();
        let percent = if battery.is_whole() { percent.call_method0("__int__")? } else { percent };
        Ok(PyTuple::new(py, [percent, secsleft, power_plugged.into_bound_py_any(py)?])?.into_any())
    }

    /// Lists the names of the services (Windows).
    fn services<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let services = self.read(py, System::services)?;
        services.iter().map(|(name, title)| Ok((text(py, name)?, text(py, title)?))).collect()
    }

    /// Reads the current state of a service as a dict (Windows).
    fn service<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
        let system = self.system(py)?;
        let service = py.detach(|| system.service(name));
        let service = service.map_err(|error| self.exceptions.of_service(py, &error, name))?;
        let fields = PyDict::new(py);
        for (field, value) in psoxide::Service::FIELDS.iter().zip(self.tuples.fields(py, &service)?) {
            fields.set_item(field.name, value)?;
        }
        Ok(fields)
    }

    fn users<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut users = self.read(py, System::users)?;
        for user in &mut users {
            // psutil's name for a local login. Its code for OpenBSD returns the host as the file has it.
            let is_local = user.host.as_ref().is_none_or(|host| host == ":0" || host == ":0.0");
            match self.tuples.os {
                Os::Windows => {}
                Os::Openbsd => _ = user.host.get_or_insert_default(),
                _ if is_local => user.host = Some("localhost".into()),
                _ => {}
            }
            // psutil returns whole seconds on Unix.
            if self.tuples.os != Os::Windows
                && let Some(since) = user.started.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            {
                user.started = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs()));
            }
        }
        self.tuples.records(py, &self.tuples.suser, &users)
    }
}

/// Returns how many kinds of CPU time the machine's kernel counts. They are the first fields of `scputimes`.
#[pyfunction]
#[pyo3(signature = (machine = None))]
pub(crate) fn cpu_time_kinds(py: Python<'_>, machine: Option<&Bound<'_, Machine>>) -> PyResult<usize> {
    let system = machine.map_or_else(System::host, |machine| machine.get().system.clone());
    let times = py.detach(|| system.cpu_times()).map_err(|error| of_machine(py, &error))?;
    Ok(times.values().iter().filter(|value| **value != Value::None).count())
}
