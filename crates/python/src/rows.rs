//! Reads several getters of many processes, one native call for each process.

use std::time::{Duration, Instant};

use psoxide::{Field, FieldSet, Os, Pass, Pid, Reading, Row, System};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyString, PyType};

use crate::Object;
use crate::api::Api;
use crate::cells::{Shared, intern};
use crate::convert::{self, text};
use crate::errors::of_machine;
use crate::memory::Memory;
use crate::process::Process;

/// Reads the values of several getters of the package's `Process`, for many processes one after the other. Values that
/// all
/// processes share are read once.
#[pyclass(frozen, module = "psoxide._psoxide")]
pub(crate) struct RowReader {
    /// The class of the processes.
    class: Py<PyType>,
    /// The class of their `_proc`.
    native: Py<PyType>,
    items: Vec<(Py<PyString>, Item)>,
    fields: FieldSet,
    pass: Pass,
    bulk: Shared<Option<BulkPass>>,
}

/// The source of a value in a row.
#[derive(Clone, Copy)]
enum Item {
    Pid,
    CpuPercent,
    Field(Field),
}

/// A pass that has read all processes at once, on systems and backends that support it.
struct BulkPass {
    system: System,
    when: Instant,
    /// How long its values are current.
    fresh: Duration,
    pass: Pass,
    /// How many processes it has served.
    served: u32,
}

/// The age up to which values of a pass are used. A slow caller gets newer values for its later processes.
const FRESH: Duration = Duration::from_millis(100);
/// A pass is used for at least this multiple of the time that it took. Otherwise a slow pass, over many processes or on
/// a busy machine, would be outdated before it is used.
const WORTH: u32 = 4;
/// An outdated pass is replaced by a new one if it has served this many processes.
const PAID: u32 = 1000;

impl BulkPass {
    fn over(system: System, fields: FieldSet) -> Self {
        let when = Instant::now();
        let pass = system.pass(fields);
        Self { when, fresh: FRESH.max(when.elapsed() * WORTH), pass, system, served: 0 }
    }
}

#[pymethods]
impl RowReader {
    /// Prepares to read the getters `names`. Fails for a name that is not a field.
    #[new]
    fn new(class: Py<PyType>, native: Py<PyType>, names: Vec<Bound<'_, PyString>>) -> PyResult<Self> {
        let mut items = Vec::with_capacity(names.len());
        for name in names {
            let item = match &*name.to_cow()? {
                "pid" => Item::Pid,
                "cpu_percent" => Item::CpuPercent,
                text => match Field::ALL.iter().find(|field| field.name() == text) {
                    Some(field) => Item::Field(*field),
                    None => return Err(PyValueError::new_err(format!("{text:?} is not a field of a process"))),
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
        Ok(Self { class, native, items, fields, pass: Pass::default(), bulk: Shared::new(None) })
    }

    /// Reads the values of a process. Returns `None` for an instance of another class, or if a getter was replaced in
    /// the instance.
    fn row<'py>(
        &self,
        process: &Bound<'py, PyAny>,
        refused: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        if !process.get_type().is(&self.class) {
            return Ok(None);
        }
        let kept = process.getattr(intern!(process.py(), "__dict__"))?.cast_into::<PyDict>()?;
        for (name, _) in &self.items {
            if kept.contains(name)? {
                return Ok(None);
            }
        }
        self.read(process, &kept, refused).map(Some)
    }

    /// Reads the values of a process, each file once. A value that the system refuses is `refused`.
    ///
    /// Values that the process object has cached stay, and the object caches those that its getters would cache. A
    /// value is left out if its getter must raise the error. All values are left out inside `oneshot()`, whose cached
    /// values must not be read again, and for a `_proc` of another class.
    fn values<'py>(&self, process: &Bound<'py, PyAny>, refused: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let kept = process.getattr(intern!(process.py(), "__dict__"))?.cast_into::<PyDict>()?;
        self.read(process, &kept, refused)
    }

    /// Prepares to read all processes in one pass, where that is cheaper than one by one. Returns their pids.
    fn over_all(&self, py: Python<'_>, api: &Api) -> PyResult<Vec<Pid>> {
        let system = api.system(py)?;
        let all = py.detach(|| {
            if self.fields == FieldSet::default() {
                return Ok((None, system.pids()?));
            }
            let bulk = BulkPass::over(system, self.fields);
            let pids = bulk.system.pids_in(&bulk.pass)?;
            Ok((Some(bulk), pids))
        });
        let (bulk, pids) = all.map_err(|error| of_machine(py, &error))?;
        self.bulk.with(py, |kept| *kept = bulk);
        Ok(pids)
    }
}

impl RowReader {
    /// Returns the pass to read from. If it was read before, also returns when.
    fn pass(&self, py: Python<'_>) -> (Pass, Option<Instant>) {
        let old = self.bulk.with(py, |kept| match kept {
            Some(bulk) if bulk.when.elapsed() < bulk.fresh => {
                bulk.served += 1;
                Ok((bulk.pass.clone(), Some(bulk.when)))
            }
            _ => Err(kept.take_if(|bulk| bulk.served >= PAID)),
        });
        match old {
            Ok(pass) => pass,
            Err(None) => (self.pass.clone(), None),
            Err(Some(old)) => {
                let bulk = py.detach(|| BulkPass::over(old.system, self.fields));
                let pass = (bulk.pass.clone(), Some(bulk.when));
                self.bulk.with(py, |kept| *kept = Some(bulk));
                pass
            }
        }
    }

    /// Implements [`values`](Self::values). `kept` holds the attributes of the process object.
    fn read<'py>(
        &self,
        process: &Bound<'py, PyAny>,
        kept: &Bound<'py, PyDict>,
        refused: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = process.py();
        let kept = |name| Ok::<_, PyErr>(kept.get_item(name)?.filter(|value| !value.is_none()));
        let native = kept(intern!(py, "_proc"))?.filter(|native| native.get_type().is(&self.native));
        let (Some(native), None) = (native, kept(intern!(py, "_cache"))?) else { return Ok(PyDict::new(py)) };
        let values = self.fields(native.cast::<Process>()?, refused)?;
        let known = |name| Ok::<_, PyErr>(values.get_item(name)?.filter(|value| !value.is(refused)));
        if let Some(name) = known(intern!(py, "name"))?
            && !kept(intern!(py, "_name"))?.is_some_and(|kept| kept.eq(&name).unwrap_or(false))
        {
            process.setattr(intern!(py, "_name"), &name)?;
            native.setattr(intern!(py, "_name"), name)?;
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

    fn fields<'py>(&self, process: &Bound<'py, Process>, refused: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let py = process.py();
        let native = process.get();
        let (pass, read) = self.pass(py);
        let row = Process::read(process, |source| source.whole_row(self.fields, &pass))?;
        let read = read.unwrap_or_else(Instant::now);
        let dict = PyDict::new(py);
        for (name, item) in &self.items {
            let value = match item {
                Item::Pid => Some(native.pid().into_bound_py_any(py)),
                Item::Field(field) => native.field(py, &row, *field, refused),
                Item::CpuPercent => match &row.cpu_times {
                    Reading::Value(times) => {
                        let percent = native.percent_since(py, read, convert::seconds(times.user + times.system));
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
}

impl Process {
    /// Converts one field of a row. Returns `None` if the getter must raise the error.
    fn field<'py>(&self, py: Python<'py>, row: &Row, field: Field, refused: &Bound<'py, PyAny>) -> Option<Object<'py>> {
        fn of<'py, T>(
            reading: &Reading<T>,
            refused: &Bound<'py, PyAny>,
            value: impl FnOnce(&T) -> Object<'py>,
        ) -> Option<Object<'py>> {
            match reading {
                Reading::Value(of) => Some(value(of)),
                // A row with values that are gone is a zombie's, and a getter could reach another process.
                Reading::Denied | Reading::Gone => Some(Ok(refused.clone())),
                _ => None,
            }
        }
        let tuples = &self.tuples();
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
            // Windows and macOS need several readings for `pmem`.
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
}
