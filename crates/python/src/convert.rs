//! Converts readings to Python values of the types that psutil returns.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use psoxide::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, CpuTimes, DiskIo, Endpoint, FieldInfo, MemoryMap,
    OpenFile, Os, ProcessStatus, Record, SocketType, Unit, Value, support,
};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};

use crate::Object;
use crate::cells::{Lazy, intern};
use crate::errors::of_machine;
use crate::ffi::Maker;

/// A parameter that is true or false. Python decides for any object, as in an `if`.
pub(crate) struct Truth(pub(crate) bool);

impl<'py> FromPyObject<'_, 'py> for Truth {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        object.is_truthy().map(Self)
    }
}

/// Parses the kind of connections that a caller names.
pub(crate) fn connection_kind(py: Python<'_>, kind: &str) -> PyResult<ConnectionKind> {
    kind.parse().map_err(|error| of_machine(py, &error))
}

macro_rules! tuples {
    ($($name:ident)+) => {
        /// The package's named tuple classes, and how to make their instances.
        pub(crate) struct Tuples {
            maker: Maker,
            lazy: Py<PyAny>,
            families: Lazy<Members>,
            socket_kinds: Lazy<Members>,
            /// The system that is read. It decides which fields the tuples have.
            pub(crate) os: Os,
            /// The number of fields of `scputimes`: the kinds of CPU time that the kernel counted when the package was
            /// imported.
            cpu_times: usize,
            $(pub(crate) $name: Py<PyType>,)+
        }

        impl Tuples {
            /// Looks up the classes in the module `_ntuples`.
            pub(crate) fn of(module: &Bound<'_, PyAny>, lazy: Py<PyAny>, os: Os) -> PyResult<Self> {
                let py = module.py();
                Ok(Self {
                    maker: Maker::of(py)?,
                    lazy,
                    os,
                    families: Lazy::new(),
                    socket_kinds: Lazy::new(),
                    cpu_times: module.getattr("scputimes")?.getattr("_fields")?.len()?,
                    $($name: module.getattr(stringify!($name))?.cast_into::<PyType>()?.unbind(),)+
                })
            }
        }
    };
}

tuples! {
    addr pconn pcputimes pctxsw pfootprint pfullmem pgids pheap pio pmem pmem_ex pmmap_ext pmmap_grouped popenfile
    ppagefaults pthread puids sconn scpufreq scpustats scputimes sdiskpart sdiskusage sfan snicaddr snicstats sswap suser
    svmem
}

/// The members of an enum by number. Each is looked up once, because Python's lookup costs more than the rest of a
/// socket.
pub(crate) struct Members {
    /// The enum, or a function that returns stand-ins for its members.
    class: Py<PyAny>,
    known: Py<PyDict>,
}

/// The result of [`Members::get_or_make`].
pub(crate) enum MembersRef<'a> {
    Kept(&'a Members),
    Made(Members),
}

impl std::ops::Deref for MembersRef<'_> {
    type Target = Members;

    fn deref(&self) -> &Members {
        match self {
            Self::Kept(members) => members,
            Self::Made(members) => members,
        }
    }
}

impl Members {
    /// Returns the enum that the package's `_lazy` has by this name. Keeps it in `known` once it can be imported.
    pub(crate) fn get_or_make<'a>(
        py: Python<'_>,
        lazy: &Py<PyAny>,
        name: &str,
        known: &'a Lazy<Self>,
    ) -> PyResult<MembersRef<'a>> {
        if let Some(members) = known.get() {
            return Ok(MembersRef::Kept(members));
        }
        let (class, is_enum): (Bound<'_, PyAny>, bool) =
            lazy.bind(py).call_method1(intern!(py, "members"), (name,))?.extract()?;
        let members = Self { class: class.unbind(), known: PyDict::new(py).unbind() };
        if is_enum { Ok(MembersRef::Kept(known.get_or_keep(members))) } else { Ok(MembersRef::Made(members)) }
    }

    /// Returns the member with this number. Returns the number itself if the enum has no such member, as psutil does.
    pub(crate) fn get<'py>(&self, py: Python<'py>, number: i64) -> Object<'py> {
        let known = self.known.bind(py);
        if let Some(member) = known.get_item(number)? {
            return Ok(member);
        }
        let member = self.class.bind(py).call1((number,)).or_else(|_| number.into_bound_py_any(py))?;
        known.set_item(number, &member)?;
        Ok(member)
    }
}

impl Tuples {
    /// Makes a named tuple of these values.
    pub(crate) fn make<'py>(
        &self,
        py: Python<'py>,
        class: &Py<PyType>,
        values: impl IntoIterator<Item = Bound<'py, PyAny>, IntoIter: ExactSizeIterator>,
    ) -> Object<'py> {
        self.maker.make(class.bind(py), values)
    }

    /// Makes a named tuple of a record's fields.
    pub(crate) fn record<'py, T: Record>(&self, py: Python<'py>, class: &Py<PyType>, record: &T) -> Object<'py> {
        self.make(py, class, self.fields(py, record)?)
    }

    /// Makes `scputimes`.
    pub(crate) fn cpu_times<'py>(&self, py: Python<'py>, times: &CpuTimes) -> Object<'py> {
        self.make(py, &self.scputimes, self.fields(py, times)?.into_iter().take(self.cpu_times))
    }

    /// Makes a list of named tuples, one for each record.
    pub(crate) fn records<'py, T: Record>(
        &self,
        py: Python<'py>,
        class: &Py<PyType>,
        records: &[T],
    ) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for record in records {
            list.append(self.record(py, class, record)?)?;
        }
        Ok(list)
    }

    /// Returns the enum `socket.AddressFamily`.
    pub(crate) fn families(&self, py: Python<'_>) -> PyResult<MembersRef<'_>> {
        Members::get_or_make(py, &self.lazy, "socket.AddressFamily", &self.families)
    }

    /// Makes `sconn` tuples, or `pconn` tuples for one process. As in psutil, an IP socket has one row, with the last
    /// process that holds it. A UNIX socket has a row for each descriptor of that process.
    pub(crate) fn connections<'py>(
        &self,
        py: Python<'py>,
        connections: &[Connection],
        with_pid: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        if connections.is_empty() {
            return Ok(list);
        }
        let families = self.families(py)?;
        let kinds = Members::get_or_make(py, &self.lazy, "socket.SocketKind", &self.socket_kinds)?;
        // Most sockets share one local address, so the last text is kept.
        let mut last = None;
        for of in connections {
            let kind = match of.kind {
                SocketType::Stream => 1,
                SocketType::Datagram => 2,
                SocketType::SeqPacket => 5,
                SocketType::Other(number) => number,
                _ => 0,
            };
            let unix = of.family == AddressFamily::Unix;
            let family = families.get(py, family_number(of.family, self.os).into())?;
            let kind = kinds.get(py, kind.into())?;
            let laddr = self.endpoint(py, &of.laddr, unix, &mut last)?;
            let raddr = self.endpoint(py, &of.raddr, unix, &mut last)?;
            // psutil reports no status for UNIX sockets.
            let status = connection_status(py, if unix { ConnectionStatus::None } else { of.status })?;
            let of_last = of.holders.iter().filter(|holder| Some(holder.pid) == of.pid).map(|holder| holder.fd);
            // psutil has a row for each descriptor of a UNIX socket and, of a process of macOS, of any socket.
            let each = (unix && of.pid.is_some()) || (self.os == Os::Macos && !with_pid);
            let fds = if each { of_last.collect() } else { vec![of.fd] };
            for fd in fds {
                let fd = fd.unwrap_or(-1).into_bound_py_any(py)?;
                let [family, kind, laddr, raddr, status] = [&family, &kind, &laddr, &raddr, &status].map(Bound::clone);
                list.append(if with_pid {
                    let pid = of.pid.into_bound_py_any(py)?;
                    self.make(py, &self.sconn, [fd, family, kind, laddr, raddr, status, pid])?
                } else {
                    self.make(py, &self.pconn, [fd, family, kind, laddr, raddr, status])?
                })?;
            }
        }
        Ok(list)
    }

    /// Makes an address tuple. `last` is the address that was converted last, with its text.
    fn endpoint<'py>(
        &self,
        py: Python<'py>,
        endpoint: &Endpoint,
        unix: bool,
        last: &mut Option<(IpAddr, Bound<'py, PyAny>)>,
    ) -> Object<'py> {
        match endpoint {
            Endpoint::None if unix => Ok(intern!(py, "").clone().into_any()),
            Endpoint::None => Ok(PyTuple::empty(py).into_any()),
            Endpoint::Inet(address) => {
                let ip = match last {
                    Some((known, text)) if *known == address.ip() => text.clone(),
                    _ => {
                        let text = PyString::new(py, &address.ip().to_string()).into_any();
                        *last = Some((address.ip(), text.clone()));
                        text
                    }
                };
                self.make(py, &self.addr, [ip, address.port().into_bound_py_any(py)?])
            }
            Endpoint::Unix(path) => text(py, path),
            other => Err(pyo3::exceptions::PyTypeError::new_err(format!("an unknown address: {other:?}"))),
        }
    }

    /// Makes `pmmap_ext` for each mapping.
    pub(crate) fn mappings<'py>(&self, py: Python<'py>, maps: &[MemoryMap]) -> PyResult<Bound<'py, PyList>> {
        let count = |value: Option<u64>| PyInt::new(py, value.unwrap_or(0)).into_any();
        let list = PyList::empty(py);
        let mut addresses = String::new();
        // Permissions have few values, and most neighbouring mappings are of one file, so both texts are reused.
        let mut rights: Vec<(&str, Bound<'py, PyAny>)> = Vec::new();
        let mut last: Option<(&Path, Bound<'py, PyAny>)> = None;
        for map in maps {
            addresses.clear();
            // psutil has both addresses in one string, in the format of the system. On Windows it has the first one alone.
            let written = match self.os {
                Os::Sunos => write!(addresses, "{:x}-{:x}", map.start, map.end),
                Os::Freebsd => write!(addresses, "{:#x}-{:#x}", map.start, map.end),
                Os::Windows => write!(addresses, "{:#x}", map.start),
                Os::Linux | Os::Macos | Os::Openbsd | Os::Netbsd => {
                    write!(addresses, "{:08x}-{:08x}", map.start, map.end)
                }
            };
            written.map_err(|error| PyValueError::new_err(error.to_string()))?;
            let perms = match rights.iter().find(|(known, _)| *known == map.perms) {
                Some((_, perms)) => perms.clone(),
                None => {
                    let perms = PyString::new(py, &map.perms).into_any();
                    rights.push((&map.perms, perms.clone()));
                    perms
                }
            };
            let path = match &last {
                Some((known, path)) if **known == *map.path => path.clone(),
                _ => {
                    let path = mapped_path(py, map.path.as_os_str())?;
                    last = Some((&map.path, path.clone()));
                    path
                }
            };
            let addresses = PyString::new(py, &addresses).into_any();
            if self.os != Os::Linux {
                // Start, end, permissions and path are the first four fields of the record.
                let sizes = self.fields(py, map)?.into_iter().skip(4);
                let values: Vec<_> = [addresses, perms, path].into_iter().chain(sizes).collect();
                list.append(self.make(py, &self.pmmap_ext, values)?)?;
                continue;
            }
            // A process can have 100,000 mappings, so those of Linux are converted without the field table.
            let values = [
                addresses,
                perms,
                path,
                count(map.rss),
                count(map.size),
                count(map.pss),
                count(map.shared_clean),
                count(map.shared_dirty),
                count(map.private_clean),
                count(map.private_dirty),
                count(map.referenced),
                count(map.anonymous),
                count(map.swap),
            ];
            list.append(self.make(py, &self.pmmap_ext, values)?)?;
        }
        Ok(list)
    }

    /// Makes `popenfile`.
    pub(crate) fn open_file<'py>(&self, py: Python<'py>, file: &OpenFile) -> Object<'py> {
        // Linux has all four fields. A process there can have 10,000 files, so they are converted without the field
        // table.
        if let (Some(fd), Some(position), Some(mode), Some(flags)) = (file.fd, file.position, file.mode, file.flags) {
            let values = [
                text(py, file.path.as_os_str())?,
                fd.into_bound_py_any(py)?,
                position.into_bound_py_any(py)?,
                PyString::intern(py, mode).into_any(),
                flags.into_bound_py_any(py)?,
            ];
            return self.make(py, &self.popenfile, values);
        }
        let mut values = self.fields(py, file)?;
        if let (Some(fd), None) = (values.get_mut(1), file.fd) {
            *fd = (-1).into_bound_py_any(py)?;
        }
        self.make(py, &self.popenfile, values)
    }
}

/// Returns the path of a mapping. A mapping without a path gets psutil's name for it.
pub(crate) fn mapped_path<'py>(py: Python<'py>, path: &OsStr) -> Object<'py> {
    if path.is_empty() { Ok(intern!(py, "[anon]").clone().into_any()) } else { text(py, path) }
}

impl Tuples {
    /// Returns the fields of `sdiskio`, with times in whole milliseconds.
    pub(crate) fn disk_io<'py>(&self, py: Python<'py>, io: &DiskIo) -> PyResult<Bound<'py, PyTuple>> {
        let mut values = Vec::with_capacity(DiskIo::FIELDS.len());
        for (field, value) in DiskIo::FIELDS.iter().zip(io.values()) {
            if support::in_tuple(DiskIo::NAME, field, self.os) {
                values.push(match value {
                    Value::Duration(time) => PyInt::new(py, time.as_millis()).into_any(),
                    Value::None => PyInt::new(py, 0).into_any(),
                    value => self::value(py, field, &value)?,
                });
            }
        }
        PyTuple::new(py, values)
    }

    /// Returns whether the system reports memory footprints. Then `pfullmem` has more fields than `pmem`.
    pub(crate) fn has_footprint(&self, py: Python<'_>) -> PyResult<bool> {
        let len = |class: &Py<PyType>| class.bind(py).getattr(intern!(py, "_fields"))?.len();
        Ok(len(&self.pfullmem)? > len(&self.pmem)?)
    }

    /// Returns those fields of a record that psutil's tuple has on this system.
    pub(crate) fn fields<'py, T: Record>(&self, py: Python<'py>, record: &T) -> PyResult<Vec<Bound<'py, PyAny>>> {
        // Room for the two fields of psutil 7's `pmem` that no record has.
        let mut values = Vec::with_capacity(T::FIELDS.len() + 2);
        for (field, value) in T::FIELDS.iter().zip(record.values()) {
            if support::in_tuple(T::NAME, field, self.os) {
                values.push(self::value(py, field, &value)?);
            }
        }
        Ok(values)
    }
}

/// Converts a field's value. As in psutil, a missing counter is 0, and any other missing value is `None`.
fn value<'py>(py: Python<'py>, field: &FieldInfo, value: &Value<'_>) -> Object<'py> {
    Ok(match value {
        Value::None => match field.unit {
            Unit::Bytes | Unit::Count | Unit::Megabits => 0.into_bound_py_any(py)?,
            Unit::Seconds | Unit::Megahertz => PyFloat::new(py, 0.0).into_any(),
            _ => py.None().into_bound(py),
        },
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Unsigned(value) => PyInt::new(py, *value).into_any(),
        Value::Signed(value) => PyInt::new(py, *value).into_any(),
        Value::Float(value) if field.unit == Unit::Percent => PyFloat::new(py, rounded(*value)).into_any(),
        Value::Float(value) => PyFloat::new(py, *value).into_any(),
        Value::Text(value) => text(py, value)?,
        Value::Duration(value) => PyFloat::new(py, seconds(*value)).into_any(),
        Value::Time(value) => PyFloat::new(py, timestamp(*value)).into_any(),
        other => return Err(pyo3::exceptions::PyTypeError::new_err(format!("{}: {other:?}", field.name))),
    })
}

/// Rounds to one decimal, as Python's `round(value, 1)`.
pub(crate) fn rounded(value: f64) -> f64 {
    let tenths = value * 10.0;
    let nearest = tenths.round();
    // The slow way is needed only near the middle between two tenths.
    if (tenths - nearest).abs() < 0.499_999 && nearest.abs() < 1e9 {
        nearest / 10.0
    } else {
        format!("{value:.1}").parse().unwrap_or(value)
    }
}

/// Converts text of the system. Bytes that are not UTF-8 become lone surrogates.
pub(crate) fn text<'py>(py: Python<'py>, text: &OsStr) -> Object<'py> {
    text.into_bound_py_any(py)
}

/// Converts a path to text, or `None`.
pub(crate) fn path<'py>(py: Python<'py>, path: Option<&Path>) -> Object<'py> {
    path.map_or_else(|| Ok(py.None().into_bound(py)), |path| text(py, path.as_os_str()))
}

/// Returns seconds as the nearest float, which equals the kernel's ticks divided by their rate.
#[allow(clippy::cast_precision_loss)] // exact for 285 years
pub(crate) fn seconds(time: Duration) -> f64 {
    let micros = time.as_secs().saturating_mul(1_000_000).saturating_add(time.subsec_micros().into());
    if time.subsec_nanos().is_multiple_of(1000) { micros as f64 / 1e6 } else { time.as_secs_f64() }
}

/// Returns seconds since 1970.
pub(crate) fn timestamp(time: SystemTime) -> f64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => seconds(since),
        Err(before) => -seconds(before.duration()),
    }
}

/// Returns the number of an address family in this host's module `socket`. The number for hardware addresses is that of
/// the system that is read.
pub(crate) fn family_number(family: AddressFamily, os: Os) -> i32 {
    match family {
        AddressFamily::Link => os.family_number(family),
        _ => Os::HOST.family_number(family),
    }
}

/// Returns psutil's word for the status of a connection.
fn connection_status(py: Python<'_>, status: ConnectionStatus) -> Object<'_> {
    Ok(match status {
        ConnectionStatus::Established => intern!(py, "ESTABLISHED").clone(),
        ConnectionStatus::Listen => intern!(py, "LISTEN").clone(),
        ConnectionStatus::None => intern!(py, "NONE").clone(),
        other => PyString::intern(py, &other.to_string()),
    }
    .into_any())
}

/// Returns psutil's word for the status of a process.
pub(crate) fn process_status(py: Python<'_>, status: ProcessStatus) -> Bound<'_, PyAny> {
    match status {
        ProcessStatus::Running => intern!(py, "running").clone(),
        ProcessStatus::Sleeping => intern!(py, "sleeping").clone(),
        ProcessStatus::Idle => intern!(py, "idle").clone(),
        other => PyString::intern(py, other.name()),
    }
    .into_any()
}

/// Makes a dict from texts and values.
pub(crate) fn dict<'py, K: AsRef<OsStr>, V>(
    py: Python<'py>,
    pairs: &[(K, V)],
    value: impl Fn(&V) -> Object<'py>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, of) in pairs {
        dict.set_item(text(py, key.as_ref())?, value(of)?)?;
    }
    Ok(dict)
}
