//! Readings of one process.

use std::time::{Duration, Instant};

use psoxide::{
    CtxSwitches, Field, FieldSet, Ids, IoPriority, IoPriorityClass, Limit, MemoryDetails, MemoryInfo, MemoryMapGroup,
    Os, PageFaults, Pass, Pid, Process as Source, Reading, Record, Resource, Result, Row, Signal, System, Thread,
};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyNotImplementedError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString, PyType};

use crate::Object;
use crate::api::{Api, connection_kind};
use crate::cells::{Lazy, Shared, intern};
use crate::convert::{self, Truth, Tuples, text};
use crate::errors::{About, of_machine};
use crate::limits;

/// A process as the package's `_pslinux.Process` reads it.
///
/// It keeps the /proc it was born with. Who the process is gets settled by the first reading.
#[pyclass(subclass, frozen, module = "psoxide._psoxide")]
pub(crate) struct Process {
    api: Py<Api>,
    pid: i32,
    system: System,
    source: Lazy<Source>,
    /// Made when something is to be kept, as most processes of a list keep nothing.
    kept: Shared<Option<Box<Kept>>>,
}

/// What a process remembers between calls.
#[derive(Default)]
struct Kept {
    /// The view that reads each file once, while `oneshot_enter` is in force.
    oneshot: Option<Source>,
    /// When its CPU time was last asked for in percent, and how much it was: in seconds.
    busy: Option<(Instant, f64)>,
}

/// Getters of the package's `Process` that are read together, of many processes one after the other; what the processes
/// share is read once.
#[pyclass(frozen, module = "psoxide._psoxide")]
pub(crate) struct Plan {
    /// The classes that the getters are those of: the public one and that of its `_proc`.
    class: Py<PyType>,
    reader: Py<PyType>,
    items: Vec<(Py<PyString>, Item)>,
    fields: FieldSet,
    pass: Pass,
    walk: Shared<Option<Walk>>,
}

/// What the kernel told of all processes at once.
struct Walk {
    system: System,
    when: Instant,
    /// How long its values are taken for those of now.
    fresh: Duration,
    pass: Pass,
    /// How many processes have been read from it.
    served: u32,
}

/// How old a value of a walk may be. A caller that takes longer over its processes has the later ones read anew.
const FRESH: Duration = Duration::from_millis(100);
/// Or this many times as long as the walk took: where it takes long, for so many processes or because the machine is busy,
/// it would be too old before it was of use, and so would be the next.
const WORTH: u32 = 4;
/// A walk that as many processes were read from before it was too old has paid, and so will another.
const PAID: u32 = 1000;

impl Walk {
    fn over(system: System, fields: FieldSet) -> Self {
        let when = Instant::now();
        let pass = system.pass(fields);
        Self { when, fresh: FRESH.max(when.elapsed() * WORTH), pass, system, served: 0 }
    }
}

impl Plan {
    /// The pass to read with, and when its values were read if that was before.
    fn pass(&self, py: Python<'_>) -> (Pass, Option<Instant>) {
        let old = self.walk.with(py, |kept| match kept {
            Some(walk) if walk.when.elapsed() < walk.fresh => {
                walk.served += 1;
                Ok((walk.pass.clone(), Some(walk.when)))
            }
            _ => Err(kept.take_if(|walk| walk.served >= PAID)),
        });
        match old {
            Ok(pass) => pass,
            Err(None) => (self.pass.clone(), None),
            Err(Some(old)) => {
                let walk = py.detach(|| Walk::over(old.system, self.fields));
                let pass = (walk.pass.clone(), Some(walk.when));
                self.walk.with(py, |kept| *kept = Some(walk));
                pass
            }
        }
    }
}

/// What an entry of a plan's result is made of.
#[derive(Clone, Copy)]
enum Item {
    Pid,
    CpuPercent,
    Field(Field),
}

#[pymethods]
impl Plan {
    /// Names that are no fields are refused.
    #[new]
    fn new(class: Py<PyType>, reader: Py<PyType>, names: Vec<Bound<'_, PyString>>) -> PyResult<Self> {
        let mut items = Vec::with_capacity(names.len());
        for name in names {
            let item = match &*name.to_cow()? {
                "pid" => Item::Pid,
                "cpu_percent" => Item::CpuPercent,
                text => match Field::ALL.iter().find(|field| field.name() == text) {
                    Some(field) => Item::Field(*field),
                    None => return Err(PyValueError::new_err(format!("{text:?} is no field of a process"))),
                },
            };
            items.push((name.unbind(), item));
        }
        let fields = items
            .iter()
            .filter_map(|(_, item)| match item {
                Item::Pid => None,
                Item::CpuPercent => Some(Field::CpuTimes),
                Item::Field(field) => Some(*field),
            })
            .collect();
        Ok(Self { class, reader, items, fields, pass: Pass::default(), walk: Shared::new(None) })
    }

    /// The values of a process of the class; `None` if it is of another one, or has getters of its own.
    fn row<'py>(
        &self,
        process: &Bound<'py, PyAny>,
        refused: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        if !process.get_type().is(&self.class) {
            return Ok(None);
        }
        let own = process.getattr(intern!(process.py(), "__dict__"))?.cast_into::<PyDict>()?;
        for (name, _) in &self.items {
            if own.contains(name)? {
                return Ok(None);
            }
        }
        self.read(process, &own, refused).map(Some)
    }

    /// The values of a process, each file read once; `refused` for what is refused. What it has remembered stays, and it
    /// remembers what it is to. A value is left out where its getter has to say why there is none; all are while
    /// `oneshot()` keeps values, which are not to be read again, and of a `_proc` of another class.
    fn values<'py>(&self, process: &Bound<'py, PyAny>, refused: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let own = process.getattr(intern!(process.py(), "__dict__"))?.cast_into::<PyDict>()?;
        self.read(process, &own, refused)
    }

    /// The pids of all processes, which are to be read now: that can be cheaper than one by one.
    fn over_all(&self, py: Python<'_>, api: &Api) -> PyResult<Vec<Pid>> {
        let system = api.system(py)?;
        let all = py.detach(|| {
            if self.fields == FieldSet::default() {
                return Ok((None, system.pids()?));
            }
            let walk = Walk::over(system, self.fields);
            let pids = walk.system.pids_in(&walk.pass)?;
            Ok((Some(walk), pids))
        });
        let (walk, pids) = all.map_err(|error| of_machine(py, &error))?;
        self.walk.with(py, |kept| *kept = walk);
        Ok(pids)
    }
}

impl Plan {
    /// `own` is what the process has remembered.
    fn read<'py>(
        &self,
        process: &Bound<'py, PyAny>,
        own: &Bound<'py, PyDict>,
        refused: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = process.py();
        let kept = |name| Ok::<_, PyErr>(own.get_item(name)?.filter(|value| !value.is_none()));
        let reader = kept(intern!(py, "_proc"))?.filter(|reader| reader.get_type().is(&self.reader));
        let (Some(reader), None) = (reader, kept(intern!(py, "_cache"))?) else { return Ok(PyDict::new(py)) };
        let values = Process::fields(reader.cast::<Process>()?, self, refused)?;
        let known = |name| Ok::<_, PyErr>(values.get_item(name)?.filter(|value| !value.is(refused)));
        if let Some(name) = known(intern!(py, "name"))?
            && !kept(intern!(py, "_name"))?.is_some_and(|kept| kept.eq(&name).unwrap_or(false))
        {
            process.setattr(intern!(py, "_name"), &name)?;
            reader.setattr(intern!(py, "_name"), name)?;
        }
        let create_time = intern!(py, "create_time");
        if let Some(value) = values.get_item(create_time)? {
            match kept(intern!(py, "_create_time"))? {
                Some(kept) => values.set_item(create_time, kept)?,
                None if value.is(refused) => {}
                None => process.setattr(intern!(py, "_create_time"), value)?,
            }
        }
        Ok(values)
    }
}

impl Process {
    /// An instance of `class` of each process, whose identity has been read already.
    pub(crate) fn of_sources<'py>(class: &Bound<'py, PyType>, sources: Vec<Source>) -> PyResult<Bound<'py, PyList>> {
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
        // No process has a negative pid, and the largest number is beyond any kernel's.
        let source = self.system.process(Pid::try_from(self.pid).unwrap_or(Pid::MAX))?;
        Ok(self.source.get_or_keep(source))
    }

    /// Does something with what is remembered, which must not run Python.
    fn kept<T>(&self, py: Python<'_>, change: impl FnOnce(&mut Kept) -> T) -> T {
        self.kept.with(py, |kept| change(kept.get_or_insert_default()))
    }

    fn percent_since(&self, py: Python<'_>, now: Instant, used: f64) -> f64 {
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

    /// Reads without the GIL.
    fn read<T: Send>(slf: &Bound<'_, Self>, read: impl FnOnce(&Source) -> Result<T> + Send) -> PyResult<T> {
        let this = slf.get();
        let oneshot = this.kept.with(slf.py(), |kept| kept.as_ref().and_then(|kept| kept.oneshot.clone()));
        let reading = slf.py().detach(|| match &oneshot {
            Some(view) => read(view),
            None => read(this.source()?),
        });
        reading.map_err(|error| Self::error(slf, &error))
    }

    /// The system that the process is of.
    fn os(&self) -> Os {
        self.api.get().tuples.os
    }

    /// The same, from one table where that tells all of it.
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
        let tuples = &slf.get().api.get().tuples;
        tuples.record(slf.py(), class(tuples), &record)
    }

    /// The fields of a plan.
    fn fields<'py>(slf: &Bound<'py, Self>, plan: &Plan, refused: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let py = slf.py();
        let this = slf.get();
        let (pass, read) = plan.pass(py);
        let row = Self::read(slf, |source| Ok(source.row(plan.fields, &pass)))?;
        let read = read.unwrap_or_else(Instant::now);
        let dict = PyDict::new(py);
        for (name, item) in &plan.items {
            let value = match item {
                Item::Pid => Some(this.pid.into_bound_py_any(py)),
                Item::Field(field) => this.field(py, &row, *field, refused),
                Item::CpuPercent => match &row.cpu_times {
                    Reading::Value(times) => {
                        let percent = this.percent_since(py, read, convert::seconds(times.user + times.system));
                        Some(Ok(PyFloat::new(py, percent).into_any()))
                    }
                    Reading::Denied => Some(Ok(refused.clone())),
                    _ => None,
                },
            };
            if let Some(value) = value {
                dict.set_item(name, value?)?;
            }
        }
        Ok(dict)
    }

    /// One field of a row, or nothing where the getter has to tell why there is no value.
    fn field<'py>(&self, py: Python<'py>, row: &Row, field: Field, refused: &Bound<'py, PyAny>) -> Option<Object<'py>> {
        fn of<'py, T>(
            reading: &Reading<T>,
            refused: &Bound<'py, PyAny>,
            value: impl FnOnce(&T) -> Object<'py>,
        ) -> Option<Object<'py>> {
            match reading {
                Reading::Value(of) => Some(value(of)),
                Reading::Denied => Some(Ok(refused.clone())),
                _ => None,
            }
        }
        let tuples = &self.api.get().tuples;
        match field {
            Field::Ppid => of(&row.ppid, refused, |ppid| ppid.into_bound_py_any(py)),
            Field::Name => of(&row.name, refused, |name| text(py, name)),
            Field::Cmdline => of(&row.cmdline, refused, |cmdline| cmdline.into_bound_py_any(py)),
            Field::Status => of(&row.status, refused, |status| Ok(convert::process_status(py, *status))),
            Field::Username => of(&row.username, refused, |username| text(py, username)),
            Field::Uids => of(&row.uids, refused, |ids| tuples.record(py, &tuples.puids, ids)),
            Field::Gids => of(&row.gids, refused, |ids| tuples.record(py, &tuples.pgids, ids)),
            Field::Terminal => of(&row.terminal, refused, |path| convert::path(py, path.as_deref())),
            Field::CreateTime => {
                of(&row.create_time, refused, |time| Ok(PyFloat::new(py, convert::timestamp(*time)).into_any()))
            }
            Field::Cwd => of(&row.cwd, refused, |path| text(py, path.as_os_str())),
            Field::Nice => of(&row.nice, refused, |nice| nice.into_bound_py_any(py)),
            Field::CpuNum => of(&row.cpu_num, refused, |cpu| cpu.into_bound_py_any(py)),
            Field::NumCtxSwitches => {
                of(&row.num_ctx_switches, refused, |switches| tuples.record(py, &tuples.pctxsw, switches))
            }
            Field::NumFds => of(&row.num_fds, refused, |fds| fds.into_bound_py_any(py)),
            Field::NumThreads => of(&row.num_threads, refused, |threads| threads.into_bound_py_any(py)),
            Field::CpuTimes => of(&row.cpu_times, refused, |times| tuples.record(py, &tuples.pcputimes, times)),
            // Elsewhere it takes several readings.
            Field::MemoryInfo if !matches!(tuples.os, Os::Windows | Os::Macos) => {
                of(&row.memory_info, refused, |memory| {
                    self.memory(py, &Memory { info: memory.clone(), details: None, faults: None })
                })
            }
            Field::PageFaults => of(&row.page_faults, refused, |faults| tuples.record(py, &tuples.ppagefaults, faults)),
            Field::IoCounters => of(&row.io_counters, refused, |io| tuples.record(py, &tuples.pio, io)),
            _ => None,
        }
    }

    /// `pmem` of psutil 7.
    fn memory<'py>(&self, py: Python<'py>, memory: &Memory) -> Object<'py> {
        let tuples = &self.api.get().tuples;
        tuples.make(py, &tuples.pmem, memory_fields(py, tuples, memory)?)
    }
}

/// What `pmem` of psutil 7 is made of. The second and third are read where its fields need them.
struct Memory {
    info: MemoryInfo,
    details: Option<MemoryDetails>,
    faults: Option<PageFaults>,
}

impl Memory {
    fn read(source: &Source, os: Os) -> Result<Self> {
        Ok(Self {
            info: source.memory_info()?,
            details: if os == Os::Windows { Some(source.memory_details()?) } else { None },
            faults: if matches!(os, Os::Windows | Os::Macos) { Some(source.page_faults()?) } else { None },
        })
    }
}

/// The I/O classes of a system, by their numbers.
const fn io_classes(os: Os) -> [IoPriorityClass; 4] {
    match os {
        Os::Windows => [IoPriorityClass::VeryLow, IoPriorityClass::Low, IoPriorityClass::Normal, IoPriorityClass::High],
        _ => [IoPriorityClass::None, IoPriorityClass::Realtime, IoPriorityClass::BestEffort, IoPriorityClass::Idle],
    }
}

/// The resource of this number.
fn resource(os: Os, number: i64) -> PyResult<Resource> {
    let Some(limit) = limits::of(os).iter().find(|limit| limit.number == number) else {
        return Err(PyValueError::new_err("invalid resource specified"));
    };
    limit.resource.ok_or_else(|| PyNotImplementedError::new_err(format!("{} cannot be read", limit.name)))
}

/// The fields of `pmem` of psutil 7.
fn memory_fields<'py>(py: Python<'py>, tuples: &Tuples, memory: &Memory) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let mut values = tuples.fields(py, &memory.info)?;
    let faults = memory.faults.clone().unwrap_or_default();
    match tuples.os {
        // rss, vms, shared, text, lib, data, dirty: two that Linux 2.6 has emptied.
        Os::Linux => {
            let zero = PyInt::new(py, 0).into_any();
            values.insert(4, zero.clone());
            values.push(zero);
        }
        // rss, vms, pfaults, pageins
        Os::Macos => {
            let all = faults.minor.saturating_add(faults.major);
            values.extend([all, faults.major].map(|value| PyInt::new(py, value).into_any()));
        }
        // num_page_faults, peak_wset, wset, peak_paged_pool, paged_pool, peak_nonpaged_pool, nonpaged_pool, pagefile,
        // peak_pagefile, private: some by two names.
        Os::Windows => {
            let details = memory.details.clone().unwrap_or_default();
            let known = |value: Option<u64>| value.unwrap_or(0);
            let more = [
                faults.minor.saturating_add(faults.major),
                known(details.peak_rss),
                memory.info.rss,
                known(details.peak_paged_pool),
                known(details.paged_pool),
                known(details.peak_nonpaged_pool),
                known(details.nonpaged_pool),
                memory.info.vms,
                known(details.peak_vms),
                known(details.private_bytes),
            ];
            values.extend(more.into_iter().map(|value| PyInt::new(py, value).into_any()));
        }
        // Of the others as it is.
        _ => {}
    }
    Ok(values)
}

#[pymethods]
impl Process {
    /// The class of the caller's package names its `Api`.
    #[new]
    #[classmethod]
    fn new(class: &Bound<'_, PyType>, pid: i32) -> PyResult<Self> {
        let api = class.getattr(intern!(class.py(), "_api"))?.cast_into::<Api>()?;
        let system = api.get().system(class.py())?;
        Ok(Self { api: api.unbind(), pid, system, source: Lazy::new(), kept: Shared::new(None) })
    }

    #[getter]
    fn pid(&self) -> i32 {
        self.pid
    }

    fn oneshot_enter(slf: &Bound<'_, Self>) {
        let this = slf.get();
        // A process that is not there any more has nothing to keep.
        let view = slf.py().detach(|| this.source().ok().map(Source::oneshot));
        this.kept(slf.py(), |kept| kept.oneshot = view);
    }

    fn oneshot_exit(&self, py: Python<'_>) {
        self.kept(py, |kept| kept.oneshot = None);
    }

    /// `used` seconds of CPU time less what they were at the last call, in percent of the time between; 0 at first.
    fn percent_since_last(&self, py: Python<'_>, used: f64) -> f64 {
        self.percent_since(py, Instant::now(), used)
    }

    /// The name as the kernel keeps it: 15 bytes.
    fn name<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        text(slf.py(), &Self::read(slf, Source::comm)?)
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

    /// Its children or, with `recursive`, all its descendants, each of the same class as this.
    #[pyo3(signature = (recursive = Truth(false)))]
    fn children<'py>(slf: &Bound<'py, Self>, recursive: Truth) -> PyResult<Bound<'py, PyList>> {
        let Truth(recursive) = recursive;
        let children = Self::read(slf, |source| source.children(recursive))?;
        Self::of_sources(&slf.get_type(), children)
    }

    fn username<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        text(slf.py(), &Self::read(slf, Source::username)?)
    }

    /// Seconds since 1970 or, on the clock that nobody sets, since boot.
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

    /// `pmem_ex` of psutil 8.
    fn memory_info_ex<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        let py = slf.py();
        let (memory, details) = Self::read(slf, |source| Ok((source.memory_info()?, source.memory_details()?)))?;
        let tuples = &slf.get().api.get().tuples;
        let mut values = tuples.fields(py, &memory)?;
        values.extend(tuples.fields(py, &details)?);
        tuples.make(py, &tuples.pmem_ex, values)
    }

    fn memory_full_info<'py>(slf: &Bound<'py, Self>) -> Object<'py> {
        let py = slf.py();
        let tuples = &slf.get().api.get().tuples;
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

    /// `pmmap_ext` of each mapping.
    fn memory_maps<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let maps = Self::read(slf, Source::memory_maps)?;
        slf.get().api.get().tuples.mappings(slf.py(), &maps)
    }

    /// `pmmap_grouped` of each path.
    fn memory_maps_grouped<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let py = slf.py();
        let groups = Self::read(slf, Source::memory_maps_grouped)?;
        let tuples = &slf.get().api.get().tuples;
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
        // psutil's order: that of the names in /proc, as text.
        threads.sort_by_cached_key(|thread| thread.id.to_string());
        let tuples = &slf.get().api.get().tuples;
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
        let tuples = &slf.get().api.get().tuples;
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
        slf.get().api.get().tuples.connections(slf.py(), &connections, false)
    }

    fn num_fds(slf: &Bound<'_, Self>) -> PyResult<u64> {
        Self::read(slf, Source::num_fds)
    }

    /// Class and value, as numbers.
    fn ionice(slf: &Bound<'_, Self>) -> PyResult<(usize, u8)> {
        let IoPriority { class, value, .. } = Self::read(slf, Source::ionice)?;
        let number = io_classes(slf.get().os()).iter().position(|known| *known == class);
        let number = number.ok_or_else(|| PyValueError::new_err(format!("{class} is not an I/O class here")))?;
        Ok((number, value.unwrap_or(0)))
    }

    #[pyo3(signature = (class, value = None))]
    fn set_ionice(slf: &Bound<'_, Self>, class: i32, value: Option<u8>) -> PyResult<()> {
        let classes = io_classes(slf.get().os());
        let known = usize::try_from(class).ok().and_then(|number| classes.get(number).copied());
        let class = known.ok_or_else(|| PyValueError::new_err(format!("{class} is not an I/O priority class")))?;
        Self::read(slf, |source| source.set_ionice(IoPriority::new(class, value)))
    }

    /// The CPUs that it may run on.
    fn affinity(slf: &Bound<'_, Self>) -> PyResult<Vec<u32>> {
        Self::read(slf, Source::cpu_affinity)
    }

    fn set_affinity(slf: &Bound<'_, Self>, cpus: Vec<u32>) -> PyResult<()> {
        Self::read(slf, |source| source.set_cpu_affinity(&cpus))
    }

    /// A resource limit: soft and hard, -1 where there is none.
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

    /// Its nice value, or its priority class (Windows).
    fn priority(slf: &Bound<'_, Self>) -> PyResult<i32> {
        Self::read(slf, Source::nice)
    }

    fn suspend(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::read(slf, Source::suspend)
    }

    fn resume(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::read(slf, Source::resume)
    }

    /// Whether it ended within so many seconds, and its exit code where that is known. Python's signal handlers run
    /// only afterwards.
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

    /// Signals this very process, never a later one with its pid.
    fn send_signal(slf: &Bound<'_, Self>, signal: i32) -> PyResult<()> {
        Self::read(slf, |source| source.send_signal(Signal(signal)))
    }
}
