//! Reads one process.

use std::time::Instant;

use psoxide::{
    CtxSwitches, Ids, IoPriority, Limit, MemoryMapGroup, Os, Pid, Process as Source, Record, Resource, Result, Signal,
    System, Thread,
};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};

use crate::Object;
use crate::api::Api;
use crate::cells::{Lazy, Shared, intern};
use crate::convert::{self, Truth, Tuples, connection_kind, text};
use crate::errors::About;
use crate::limits;
use crate::memory::{Memory, memory_fields};

/// Reads a process for the package's `_pslinux.Process` or its like on other systems.
///
/// An instance keeps the /proc path with which it was made. Its first reading records the identity of the process.
#[pyclass(subclass, frozen, module = "psoxide._psoxide")]
pub(crate) struct Process {
    api: Py<Api>,
    pid: i32,
    system: System,
    source: Lazy<Source>,
    /// Values kept between calls. Most instances of a list keep none, so the box is made on demand.
    kept: Shared<Option<Box<Kept>>>,
}

/// Values that a process keeps between calls.
#[derive(Default)]
struct Kept {
    /// The view that reads each file once, between `oneshot_enter` and `oneshot_exit`.
    oneshot: Option<Source>,
    /// The last sample of `cpu_percent`: when it was taken, and the CPU time in seconds.
    busy: Option<(Instant, f64)>,
}

impl Process {
    /// Makes an instance of `class` for each source. The identities of the processes are already read.
    fn of_sources<'py>(class: &Bound<'py, PyType>, sources: Vec<Source>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(class.py());
        for source in sources {
            let object = class.call1((source.pid(),))?;
            if let Ok(process) = object.cast::<Self>() {
                process.get().source.get_or_keep(source);
            }
            list.append(object)?;
        }
        Ok(list)
    }

    fn source(&self) -> Result<&Source> {
        if let Some(source) = self.source.get() {
            return Ok(source);
        }
        // A pid that does not fit becomes the largest number, which no kernel uses.
        let source = self.system.process(Pid::try_from(self.pid).unwrap_or(Pid::MAX))?;
        Ok(self.source.get_or_keep(source))
    }

    /// Passes the kept values to `change`, which must not run Python code.
    fn kept<T>(&self, py: Python<'_>, change: impl FnOnce(&mut Kept) -> T) -> T {
        self.kept.with(py, |kept| change(kept.get_or_insert_default()))
    }

    pub(crate) fn percent_since(&self, py: Python<'_>, now: Instant, used: f64) -> f64 {
        match self.kept(py, |kept| kept.busy.replace((now, used))) {
            Some((then, before)) if now > then => {
                convert::rounded((used - before) / (now - then).as_secs_f64() * 100.0)
            }
            _ => 0.0,
        }
    }

    fn error(slf: &Bound<'_, Self>, error: &psoxide::Error) -> PyErr {
        let this = slf.get();
        let known = |name| slf.as_any().getattr_opt(name).ok().flatten();
        let about =
            About { pid: this.pid, name: known(intern!(slf.py(), "_name")), ppid: known(intern!(slf.py(), "_ppid")) };
        this.api.get().exceptions.of_process(slf.py(), error, about)
    }

    /// Calls `read` without the GIL. Converts its error to an exception.
    pub(crate) fn read<T: Send>(slf: &Bound<'_, Self>, read: impl FnOnce(&Source) -> Result<T> + Send) -> PyResult<T> {
        let this = slf.get();
        let oneshot = this.kept.with(slf.py(), |kept| kept.as_ref().and_then(|kept| kept.oneshot.clone()));
        let reading = slf.py().detach(|| match &oneshot {
            Some(view) => read(view),
            None => read(this.source()?),
        });
        reading.map_err(|error| Self::error(slf, &error))
    }

    pub(crate) fn tuples(&self) -> &Tuples {
        &self.api.get().tuples
    }

    /// Returns the system on which the process runs.
    fn os(&self) -> Os {
        self.tuples().os
    }

    /// Reads as `read` does. On Windows all values then come from one query of the process table.
    fn read_memory<T: Send>(slf: &Bound<'_, Self>, read: impl FnOnce(&Source) -> Result<T> + Send) -> PyResult<T> {
        if slf.get().os() != Os::Windows || slf.get().kept(slf.py(), |kept| kept.oneshot.is_some()) {
            return Self::read(slf, read);
        }
        Self::read(slf, |source| read(&source.oneshot()))
    }

    fn record<'py, T: Record + Send>(
        slf: &Bound<'py, Self>,
        class: impl FnOnce(&convert::Tuples) -> &Py<PyType>,
        read: impl FnOnce(&Source) -> Result<T> + Send,
    ) -> Object<'py> {
        let record = Self::read(slf, read)?;
        let tuples = slf.get().tuples();
        tuples.record(slf.py(), class(tuples), &record)
    }

    /// Makes `pmem` of psutil 7.
    pub(crate) fn memory<'py>(&self, py: Python<'py>, memory: &Memory) -> Object<'py> {
        let tuples = self.tuples();
        tuples.make(py, &tuples.pmem, memory_fields(py, tuples, memory)?)
    }
}

/// Lists all processes as instances of `class`. A kernel with a process table answers one question for all of them.
#[pyfunction]
pub(crate) fn all_processes<'py>(api: &Bound<'py, Api>, class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyList>> {
    Process::of_sources(class, api.get().read(api.py(), System::processes)?)
}

/// Returns the resource with this number on a system.
fn resource(os: Os, number: i64) -> PyResult<Resource> {
    let resource = limits::of(os).iter().copied().find(|resource| limits::number(os, *resource) == Some(number));
    resource.ok_or_else(|| PyValueError::new_err("invalid resource specified"))
}

#[pymethods]
impl Process {
    /// Finds the `Api` as an attribute of the package's class.
    #[new]
    #[classmethod]
    fn new(class: &Bound<'_, PyType>, pid: i32) -> PyResult<Self> {
        let api = class.getattr(intern!(class.py(), "_api"))?.cast_into::<Api>()?;
        let system = api.get().system(class.py())?;
        Ok(Self { api: api.unbind(), pid, system, source: Lazy::new(), kept: Shared::new(None) })
    }

    #[getter]
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    fn oneshot_enter(slf: &Bound<'_, Self>) {
        let this = slf.get();
        // A process that is gone has no view.
        let view = slf.py().detach(|| this.source().ok().map(Source::oneshot));
        this.kept(slf.py(), |kept| kept.oneshot = view);
    }

    fn oneshot_exit(&self, py: Python<'_>) {
        self.kept(py, |kept| kept.oneshot = None);
    }

    /// Returns the CPU time used since the last call, in percent of the time between. `used` is in seconds. Returns 0
    /// first.
    fn percent_since_last(&self, py: Python<'_>, used: f64) -> f64 {
        self.percent_since(py, Instant::now(), used)
    }

    /// Returns the name as the kernel keeps it, which is 15 bytes on Linux.
    fn name<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        // On other systems the package completes a truncated name from the command line. macOS denies access to other
        // users' command lines, but not to their paths.
        let read = if slf.get().os() == Os::Macos { Source::name } else { Source::comm };
        text(slf.py(), &Self::read(slf, read)?)
    }

    fn exe<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        text(slf.py(), Self::read(slf, Source::exe)?.as_os_str())
    }

    fn cmdline<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::read(slf, Source::cmdline)?.into_bound_py_any(slf.py())
    }

    fn environ<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let py = slf.py();
        let pairs = Self::read(slf, Source::environ)?;
        convert::dict(py, &pairs, |value| text(py, value))
    }

    fn terminal<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        convert::path(slf.py(), Self::read(slf, Source::terminal)?.as_deref())
    }

    fn cwd<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        text(slf.py(), Self::read(slf, Source::cwd)?.as_os_str())
    }

    fn status<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Ok(convert::process_status(slf.py(), Self::read(slf, Source::status)?))
    }

    fn ppid(slf: &Bound<'_, Self>) -> PyResult<Pid> {
        Self::read(slf, Source::ppid)
    }

    /// Lists the children or, with `recursive`, all descendants, as instances of this object's class.
    #[pyo3(signature = (recursive = Truth(false)))]
    fn children<'py>(slf: &Bound<'py, Self>, recursive: Truth) -> PyResult<Bound<'py, PyList>> {
        let Truth(recursive) = recursive;
        let children = Self::read(slf, |source| source.children(recursive))?;
        Self::of_sources(&slf.get_type(), children)
    }

    /// Returns the number that the kernel gives to this process only, if it was opened in its first second.
    #[getter]
    fn unique(&self) -> Option<u64> {
        self.source.get().and_then(Source::unique)
    }

    /// Returns whether another process has the pid now. Returns false if that cannot be read.
    fn is_replaced(&self, py: Python<'_>) -> bool {
        let is_replaced = |source: &Source| {
            matches!(source.is_running(), Ok(false)) && matches!(self.system.pid_exists(source.pid()), Ok(true))
        };
        self.source.get().is_some_and(|source| py.detach(|| is_replaced(source)))
    }

    fn username<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        text(slf.py(), &Self::read(slf, Source::username)?)
    }

    /// Returns the start time in seconds: since 1970 or, with `monotonic`, since the boot.
    #[pyo3(signature = (monotonic = false))]
    fn create_time(slf: &Bound<'_, Self>, monotonic: bool) -> PyResult<f64> {
        if monotonic {
            Self::read(slf, Source::since_boot).map(convert::seconds)
        } else {
            Self::read(slf, Source::create_time).map(convert::timestamp)
        }
    }

    fn cpu_times<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::record(slf, |tuples| &tuples.pcputimes, Source::cpu_times)
    }

    fn cpu_num(slf: &Bound<'_, Self>) -> PyResult<u32> {
        Self::read(slf, Source::cpu_num)
    }

    fn memory_info<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        let os = slf.get().os();
        let memory = Self::read_memory(slf, |source| Memory::read(source, os))?;
        slf.get().memory(slf.py(), &memory)
    }

    fn memory_footprint<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::record(slf, |tuples| &tuples.pfootprint, Source::memory_footprint)
    }

    /// Makes `pmem_ex` of psutil 8.
    fn memory_info_ex<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        let py = slf.py();
        let (memory, details) = Self::read(slf, |source| Ok((source.memory_info()?, source.memory_details()?)))?;
        let tuples = slf.get().tuples();
        let mut values = tuples.fields(py, &memory)?;
        values.extend(tuples.fields(py, &details)?);
        tuples.make(py, &tuples.pmem_ex, values)
    }

    fn memory_full_info<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        let py = slf.py();
        let tuples = slf.get().tuples();
        let (os, has_footprint) = (tuples.os, tuples.has_footprint(py)?);
        let (memory, footprint) = Self::read_memory(slf, |source| {
            let footprint = if has_footprint { Some(source.memory_footprint()?) } else { None };
            Ok((Memory::read(source, os)?, footprint))
        })?;
        let mut values = memory_fields(py, tuples, &memory)?;
        if let Some(footprint) = footprint {
            values.extend(tuples.fields(py, &footprint)?);
        }
        tuples.make(py, &tuples.pfullmem, values)
    }

    /// Makes `pmmap_ext` for each mapping.
    fn memory_maps<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let maps = Self::read(slf, Source::memory_maps)?;
        slf.get().tuples().mappings(slf.py(), &maps)
    }

    /// Makes `pmmap_grouped` for each path.
    fn memory_maps_grouped<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let py = slf.py();
        let groups = Self::read(slf, Source::memory_maps_grouped)?;
        let tuples = slf.get().tuples();
        let list = PyList::empty(py);
        for group in &groups {
            let MemoryMapGroup { path, .. } = group;
            let mut values = tuples.fields(py, group)?;
            if let Some(first) = values.first_mut() {
                *first = convert::mapped_path(py, path.as_os_str())?;
            }
            list.append(tuples.make(py, &tuples.pmmap_grouped, values)?)?;
        }
        Ok(list)
    }

    fn page_faults<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::record(slf, |tuples| &tuples.ppagefaults, Source::page_faults)
    }

    fn io_counters<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::record(slf, |tuples| &tuples.pio, Source::io_counters)
    }

    fn num_ctx_switches<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::record::<CtxSwitches>(slf, |tuples| &tuples.pctxsw, Source::num_ctx_switches)
    }

    fn num_threads(slf: &Bound<'_, Self>) -> PyResult<u64> {
        Self::read(slf, Source::num_threads)
    }

    fn threads<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let mut threads: Vec<Thread> = Self::read(slf, Source::threads)?;
        // psutil sorts thread ids as text, the order of the names in /proc.
        threads.sort_by_cached_key(|thread| thread.id.to_string());
        let tuples = slf.get().tuples();
        tuples.records(slf.py(), &tuples.pthread, &threads)
    }

    fn uids<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::record::<Ids>(slf, |tuples| &tuples.puids, Source::uids)
    }

    fn gids<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        Self::record::<Ids>(slf, |tuples| &tuples.pgids, Source::gids)
    }

    fn open_files<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let files = Self::read(slf, Source::open_files)?;
        let tuples = slf.get().tuples();
        let list = PyList::empty(slf.py());
        for file in &files {
            list.append(tuples.open_file(slf.py(), file)?)?;
        }
        Ok(list)
    }

    #[pyo3(signature = (kind = "inet"))]
    fn net_connections<'py>(slf: &Bound<'py, Self>, kind: &str) -> PyResult<Bound<'py, PyList>> {
        let kind = connection_kind(slf.py(), kind)?;
        let connections = Self::read(slf, |source| source.net_connections(kind))?;
        slf.get().tuples().connections(slf.py(), &connections, false)
    }

    fn num_fds(slf: &Bound<'_, Self>) -> PyResult<u64> {
        Self::read(slf, Source::num_fds)
    }

    /// Returns the I/O class and value as numbers.
    fn ionice(slf: &Bound<'_, Self>) -> PyResult<(usize, u8)> {
        let IoPriority { class, value, .. } = Self::read(slf, Source::ionice)?;
        let number = slf.get().os().io_classes().iter().position(|known| *known == class);
        let number = number.ok_or_else(|| PyValueError::new_err(format!("{class} is not an I/O class here")))?;
        Ok((number, value.unwrap_or(0)))
    }

    #[pyo3(signature = (class, value = None))]
    fn set_ionice(slf: &Bound<'_, Self>, class: i32, value: Option<u8>) -> PyResult<()> {
        let classes = slf.get().os().io_classes();
        let known = usize::try_from(class).ok().and_then(|number| classes.get(number).copied());
        let class = known.ok_or_else(|| PyValueError::new_err(format!("{class} is not an I/O priority class")))?;
        Self::read(slf, |source| source.set_ionice(IoPriority::new(class, value)))
    }

    /// Returns the CPUs that the process may run on.
    fn affinity(slf: &Bound<'_, Self>) -> PyResult<Vec<u32>> {
        Self::read(slf, Source::cpu_affinity)
    }

    fn set_affinity(slf: &Bound<'_, Self>, cpus: Vec<u32>) -> PyResult<()> {
        Self::read(slf, |source| source.set_cpu_affinity(&cpus))
    }

    /// Returns a resource limit as (soft, hard). -1 means "no limit".
    fn limit(slf: &Bound<'_, Self>, number: i64) -> PyResult<(i64, i64)> {
        let resource = resource(slf.get().os(), number)?;
        let limit = Self::read(slf, |source| source.rlimit(resource))?;
        let infinity = limits::infinity(slf.get().os());
        let shown = |value: Option<u64>| value.map_or(infinity, u64::cast_signed);
        Ok((shown(limit.soft), shown(limit.hard)))
    }

    fn set_limit(slf: &Bound<'_, Self>, number: i64, soft: i64, hard: i64) -> PyResult<()> {
        let resource = resource(slf.get().os(), number)?;
        let infinity = limits::infinity(slf.get().os());
        let wanted = |value: i64| (value != infinity).then_some(value.cast_unsigned());
        let limit = Limit { soft: wanted(soft), hard: wanted(hard) };
        Self::read(slf, |source| source.set_rlimit(resource, limit))
    }

    fn num_handles(slf: &Bound<'_, Self>) -> PyResult<u64> {
        Self::read(slf, Source::num_handles)
    }

    /// Returns the nice value, or the priority class on Windows.
    fn priority(slf: &Bound<'_, Self>) -> PyResult<i32> {
        Self::read(slf, Source::nice)
    }

    fn suspend(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::read(slf, Source::suspend)
    }

    fn resume(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::read(slf, Source::resume)
    }

    /// Waits up to `seconds`. Returns whether the process has ended, and its exit code if known. Python's signal
    /// handlers run after the call.
    fn wait_for(slf: &Bound<'_, Self>, seconds: f64) -> PyResult<(bool, Option<i32>)> {
        let timeout = std::time::Duration::try_from_secs_f64(seconds)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let waited = Self::read(slf, |source| match source.wait(Some(timeout)) {
            Ok(status) => Ok((true, status)),
            Err(error) if error.kind() == psoxide::ErrorKind::Timeout => Ok((false, None)),
            Err(error) => Err(error),
        })?;
        Ok((
            waited.0,
            waited.1.map(|status| match status {
                psoxide::ExitStatus::Code(code) => code,
                psoxide::ExitStatus::Signal(Signal(number)) => -number,
            }),
        ))
    }

    fn set_nice(slf: &Bound<'_, Self>, value: i32) -> PyResult<()> {
        Self::read(slf, |source| source.set_nice(value))
    }

    /// Sends a signal to the process, never to a later one with the same pid.
    fn send_signal(slf: &Bound<'_, Self>, signal: i32) -> PyResult<()> {
        Self::read(slf, |source| source.send_signal(Signal(signal)))
    }
}
