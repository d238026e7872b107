//! One process: what its handle tells, what stands in its own memory, and its entry in the system's table.
//!
//! A single reading asks the handle, which is cheap, and falls back on the table where it is refused. Where many
//! readings are to come, or many processes are read, the one table serves them all.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use psoxide_parse::windows::peb::{self, Parameters, Text, Width};
use psoxide_parse::windows::process_table::Process;

use super::disk::is_partial;
use super::ffi::{self, Times};
use super::source::{moment, span, time_of_day, with_drive};
use super::table::{self, Table};
use super::{Handle, Source, Windows, control, files, net, pages, users};
use crate::error::ErrorKind;
use crate::sys::{self, Parentage, ProcessReadings, SystemReadings};
use crate::{
    Connection, ConnectionKind, CtxSwitches, Error, IoCounters, IoPriority, MemoryDetails, MemoryFootprint, MemoryInfo,
    MemoryMap, OpenFile, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Result, Thread,
};

/// PROCESSINFOCLASS
const BASIC: i32 = 0;
const WOW64: i32 = 26;
const COMMAND_LINE: i32 = 60;

/// The process that stands for idle time, and the kernel's own.
const SYSTEM_PROCESSES: [Pid; 2] = [0, 4];

/// What all processes of one pass share: found out when first asked for, forgotten with the pass.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// Whether it is about one moment, so that one table is true of all its processes.
    one_moment: bool,
    table: OnceLock<Table>,
    boot: OnceLock<u64>,
    accounts: Mutex<HashMap<Vec<u8>, OsString>>,
}

impl Pass {
    /// A pass over processes, now.
    pub(super) fn now() -> Self {
        Self { one_moment: true, ..Self::default() }
    }

    /// The processes there are.
    pub(super) fn pids(&self) -> Result<Vec<Pid>> {
        Ok(cached(&self.table, Table::read)?.pids())
    }
}

/// What several readings of one process share.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Whether more than one reading is to come.
    many: bool,
    handle: OnceLock<OwnedHandle>,
    table: OnceLock<Table>,
    parameters: OnceLock<Option<Parameters>>,
    pass: Arc<Pass>,
}

impl Cache {
    /// Empty cells for readings of one process that nobody has named yet.
    pub(crate) fn for_many() -> Self {
        Self { many: true, ..Self::default() }
    }

    /// Empty cells for another process of the same pass.
    pub(super) fn in_pass(pass: &Arc<Pass>) -> Self {
        Self { many: true, pass: Arc::clone(pass), ..Self::default() }
    }
}

/// What `read` finds once all of it is there: a process that has just begun moves what it was started with. It is told
/// whether it has failed before.
fn patiently<T>(read: impl Fn(bool) -> Result<T>, ended: impl Fn() -> Result<bool>) -> Result<T> {
    const ATTEMPTS: u32 = 50;
    let mut attempt = 0;
    loop {
        match read(attempt > 0) {
            Err(error) if is_partial(&error) && ended()? => return Err(error.with_kind(ErrorKind::NoSuchProcess)),
            Err(error) if is_partial(&error) && attempt == ATTEMPTS => {
                return Err(error.with_kind(ErrorKind::AccessDenied));
            }
            Err(error) if is_partial(&error) => {
                attempt += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            found => return found,
        }
    }
}

/// What `cell` holds, or what `read` finds; errors are not kept.
fn cached<T>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| value))
}

impl sys::Handle<'_, Windows> {
    /// The process's entry in the table; that of another process with the same pid is refused.
    fn entry(&self) -> Result<&Process> {
        let pass = &self.cache.pass;
        let cell = if pass.one_moment { &pass.table } else { &self.cache.table };
        let entry = cached(cell, Table::read)?.get(self.pid);
        entry
            .filter(|entry| self.start.is_none_or(|start| start == entry.create_time))
            .ok_or_else(|| Error::no_such_process(self.pid))
    }

    /// Whether the table is at hand, or will be needed anyway.
    fn prefers_table(&self) -> bool {
        self.cache.many || SYSTEM_PROCESSES.contains(&self.pid)
    }

    /// The process, opened for what may be asked of nearly all.
    fn limited(&self) -> Result<BorrowedHandle<'_>> {
        Ok(cached(&self.cache.handle, || Ok(self.open(0)?.0))?.as_handle())
    }

    /// The process, opened for `access` too: this one, and not another that has taken its pid. And its times.
    pub(super) fn open(&self, access: u32) -> Result<(OwnedHandle, Times)> {
        let (handle, times) = self.open_ended(access)?;
        // Its object lives on while somebody has it open.
        if times.exit == 0 { Ok((handle, times)) } else { Err(Error::no_such_process(self.pid)) }
    }

    /// The same of a process that may have ended.
    pub(super) fn open_ended(&self, access: u32) -> Result<(OwnedHandle, Times)> {
        // The system ignores the last two bits.
        if !self.pid.is_multiple_of(4) {
            return Err(Error::no_such_process(self.pid));
        }
        let handle = match control::open(self.pid, access | ffi::PROCESS_QUERY_LIMITED_INFORMATION) {
            // One that is about to end is refused too; and the idle process, as if its pid were nobody's.
            Err(error) if error.is_access_denied() || self.pid == 0 => {
                self.entry()?;
                return Err(error.with_kind(ErrorKind::AccessDenied));
            }
            opened => opened?,
        };
        // Who could open it is refused when it ends.
        let ended = |error: Error| if error.is_access_denied() { Error::no_such_process(self.pid) } else { error };
        let times = ffi::times(handle.as_handle()).map_err(ended)?;
        match self.start {
            Some(start) if start != times.create => Err(Error::no_such_process(self.pid)),
            _ => Ok((handle, times)),
        }
    }

    /// What the handle tells; where it is refused or the table serves more than this, what stands in the table.
    fn dual<T>(
        &self,
        ask: impl FnOnce(BorrowedHandle<'_>) -> Result<T>,
        entry: impl FnOnce(&Process) -> T,
    ) -> Result<T> {
        if !self.prefers_table() {
            match self.limited().and_then(ask) {
                Err(error) if error.is_access_denied() => {}
                answer => return answer,
            }
        }
        Ok(entry(self.entry()?))
    }

    /// The process, opened to look into its memory.
    pub(super) fn readable(&self) -> Result<OwnedHandle> {
        Ok(self.open(ffi::PROCESS_QUERY_INFORMATION | ffi::PROCESS_VM_READ)?.0)
    }

    /// What the process was started with; `None` for one that has no memory of its own.
    fn parameters(handle: BorrowedHandle<'_>) -> Result<Option<Parameters>> {
        let pointer = |class, size| ffi::process_information(handle, class, size);
        let wow64 = pointer(WOW64, 8)?;
        let (width, block) = match psoxide_parse::Cursor::new(wow64.bytes()).array().map(u64::from_le_bytes) {
            Some(block) if block != 0 => (Width::Bits32, block),
            _ => (Width::Bits64, peb::peb_address(pointer(BASIC, 48)?.bytes())?),
        };
        if block == 0 {
            return Ok(None);
        }
        let bytes = ffi::read_memory(handle, block, width.peb_size())?;
        let address = peb::parameters_address(&bytes, width)?;
        let bytes = ffi::read_memory(handle, address, width.parameters_size())?;
        Ok(Some(peb::parameters(&bytes, width)?))
    }

    /// What `read` finds in the process's own memory; `None` for a process that has none.
    fn own<T>(&self, read: impl Fn(BorrowedHandle<'_>, &Parameters) -> Result<T>) -> Result<Option<T>> {
        if SYSTEM_PROCESSES.contains(&self.pid) {
            self.entry()?;
            return Ok(None);
        }
        let opened = self.open(ffi::PROCESS_QUERY_INFORMATION | ffi::PROCESS_VM_READ)?.0;
        let handle = opened.as_handle();
        let find = |again| {
            let known = if again { None } else { self.cache.parameters.get().copied() };
            let parameters = known.map_or_else(|| Self::parameters(handle), Ok)?;
            let value = parameters.as_ref().map(|parameters| read(handle, parameters)).transpose()?;
            self.cache.parameters.get_or_init(|| parameters);
            Ok(value)
        };
        patiently(find, || Ok(ffi::times(handle)?.exit != 0)).map_err(|error| error.with_pid(self.pid))
    }

    /// A text of what the process was started with.
    fn own_text(&self, which: fn(&Parameters) -> Text) -> Result<Option<Vec<u16>>> {
        self.own(|handle, parameters| {
            let text = which(parameters);
            Ok(peb::text(&ffi::read_memory(handle, text.address, text.length)?))
        })
    }
}

impl SystemReadings for Windows {
    fn boot_time(_: &Source) -> Result<SystemTime> {
        moment(time_of_day()?.boot)
    }

    fn uptime(_: &Source) -> Result<Duration> {
        Ok(Duration::from_millis(ffi::tick_count()))
    }

    fn pids(_: &Source) -> Result<Vec<Pid>> {
        Ok(Table::read()?.pids())
    }

    fn parentage(_: &Source, _: Pid, _: bool) -> Result<Vec<Parentage>> {
        Ok(Table::read()?.parentage())
    }

    fn pid_exists(_: &Source, pid: Pid) -> Result<bool> {
        Ok(Table::read()?.get(pid).is_some())
    }

    fn current_pid(_: &Source) -> Result<Pid> {
        Ok(std::process::id())
    }
}

impl ProcessReadings for Windows {
    fn start(process: &Handle<'_>) -> Result<u64> {
        process.dual(|handle| Ok(ffi::times(handle)?.create), |entry| entry.create_time)
    }

    fn since_boot(_: &Source, start: u64) -> Result<Duration> {
        // The system's own processes have no time of creation.
        Ok(span(start.saturating_sub(time_of_day()?.boot)))
    }

    fn ppid(process: &Handle<'_>) -> Result<Pid> {
        Ok(process.entry()?.ppid)
    }

    fn name(process: &Handle<'_>) -> Result<OsString> {
        Ok(table::name(process.entry()?))
    }

    fn comm(process: &Handle<'_>) -> Result<OsString> {
        Self::name(process)
    }

    fn exe(process: &Handle<'_>) -> Result<PathBuf> {
        /// ERROR_GEN_FAILURE: what processes without a file answer, which have a name instead, as Registry.
        const NO_FILE: Option<i32> = Some(31);
        if SYSTEM_PROCESSES.contains(&process.pid) {
            process.entry()?;
            return Ok(PathBuf::new());
        }
        match process.limited().and_then(ffi::image_name) {
            // The table of names tells everybody.
            Err(error) if error.is_access_denied() || error.errno() == NO_FILE => {
                ffi::image_name_of(process.pid).map(with_drive).map_err(|_| error)
            }
            name => Ok(name?.into()),
        }
    }

    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>> {
        // Windows 8.1 and later tell it to everybody who may ask anything.
        let told = |handle| ffi::process_information(handle, COMMAND_LINE, 1024);
        let line = match process.limited().and_then(told) {
            Ok(filled) if !SYSTEM_PROCESSES.contains(&process.pid) => Some(peb::counted_text(filled.bytes())?),
            Err(error) if error.is_no_such_process() => return Err(error),
            _ => process.own_text(|parameters| parameters.command_line)?,
        };
        let arguments = peb::arguments(&line.unwrap_or_default());
        Ok(arguments.iter().map(|argument| OsString::from_wide(argument)).collect())
    }

    fn status(process: &Handle<'_>) -> Result<ProcessStatus> {
        let threads = &process.entry()?.threads;
        let suspended = !threads.is_empty() && threads.iter().all(|thread| thread.is_suspended());
        Ok(if suspended { ProcessStatus::Suspended } else { ProcessStatus::Running })
    }

    fn username(process: &Handle<'_>) -> Result<OsString> {
        let identifier = if SYSTEM_PROCESSES.contains(&process.pid) {
            process.entry()?;
            ffi::system_account_of()?
        } else {
            process.limited().and_then(ffi::account_of)?
        };
        let mut known = process.cache.pass.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known.get(&identifier) {
            return Ok(name.clone());
        }
        let name = users::account(&identifier)?;
        known.insert(identifier, name.clone());
        Ok(name)
    }

    fn create_time(process: &Handle<'_>) -> Result<SystemTime> {
        match process.start.map_or_else(|| Self::start(process), Ok)? {
            0 => moment(*cached(&process.cache.pass.boot, || Ok(time_of_day()?.boot))?),
            start => moment(start),
        }
    }

    fn cwd(process: &Handle<'_>) -> Result<PathBuf> {
        // Processes without memory of their own have none that could be told.
        let refused = || Error::io(std::io::ErrorKind::PermissionDenied);
        let cwd = process.own_text(|parameters| parameters.cwd)?.ok_or_else(refused)?;
        let mut path = OsString::from_wide(&cwd);
        // The process keeps it with a backslash at its end, which only a drive's root needs.
        if matches!(path.as_encoded_bytes(), [.., before, b'\\'] if *before != b':') {
            path = OsString::from_wide(cwd.get(..cwd.len() - 1).unwrap_or(&cwd));
        }
        Ok(path.into())
    }

    fn environ(process: &Handle<'_>) -> Result<Vec<(OsString, OsString)>> {
        let block = process.own(|handle, parameters| {
            // No version says how long it is; it ends before its pages do.
            let Some(region) = ffi::region(handle, parameters.environment) else { return Ok(Vec::new()) };
            let size = region.start.saturating_add(region.size).saturating_sub(parameters.environment);
            ffi::read_memory(handle, parameters.environment, usize::try_from(size).unwrap_or(0))
        })?;
        let pairs = peb::environment(&block.unwrap_or_default()).into_iter();
        Ok(pairs.map(|(name, value)| (OsString::from_wide(&name), OsString::from_wide(&value))).collect())
    }

    fn nice(process: &Handle<'_>) -> Result<i32> {
        let class = process.limited().and_then(ffi::priority)?;
        i32::try_from(class).map_err(|_| Error::out_of_range("priority_class", class))
    }

    fn num_threads(process: &Handle<'_>) -> Result<u64> {
        Ok(process.entry()?.threads.len() as u64)
    }

    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches> {
        let threads = process.entry()?.threads.iter();
        Ok(CtxSwitches { voluntary: threads.map(|thread| u64::from(thread.context_switches)).sum(), involuntary: None })
    }

    fn threads(process: &Handle<'_>) -> Result<Vec<Thread>> {
        let threads = process.entry()?.threads.iter().map(|thread| Thread {
            id: thread.id,
            user_time: span(thread.user_time),
            system_time: span(thread.kernel_time),
        });
        let mut threads: Vec<Thread> = threads.collect();
        threads.sort_unstable_by_key(|thread| thread.id);
        Ok(threads)
    }

    fn cpu_times(process: &Handle<'_>) -> Result<ProcessCpuTimes> {
        let times = |user, system| ProcessCpuTimes { user: span(user), system: span(system), ..Default::default() };
        process.dual(
            |handle| ffi::times(handle).map(|found| times(found.user, found.kernel)),
            |entry| times(entry.user_time, entry.kernel_time),
        )
    }

    fn memory_info(process: &Handle<'_>) -> Result<MemoryInfo> {
        let info = |rss, vms| MemoryInfo { rss, vms, ..MemoryInfo::default() };
        process.dual(
            |handle| ffi::memory(handle).map(|(rss, vms)| info(rss, vms)),
            |entry| info(entry.working_set, entry.pagefile),
        )
    }

    fn memory_details(process: &Handle<'_>) -> Result<MemoryDetails> {
        let entry = process.entry()?;
        Ok(MemoryDetails {
            peak_rss: Some(entry.peak_working_set),
            peak_vms: Some(entry.peak_pagefile),
            virtual_size: Some(entry.virtual_size),
            peak_virtual_size: Some(entry.peak_virtual_size),
            paged_pool: Some(entry.paged_pool),
            nonpaged_pool: Some(entry.nonpaged_pool),
            peak_paged_pool: Some(entry.peak_paged_pool),
            peak_nonpaged_pool: Some(entry.peak_nonpaged_pool),
            private_bytes: Some(entry.private),
            ..MemoryDetails::default()
        })
    }

    fn page_faults(process: &Handle<'_>) -> Result<PageFaults> {
        let entry = process.entry()?;
        Ok(PageFaults {
            minor: entry.page_faults.saturating_sub(entry.hard_faults).into(),
            major: entry.hard_faults.into(),
        })
    }

    fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
        if SYSTEM_PROCESSES.contains(&process.pid) {
            // What the kernel has open is not in the way of handles.
            process.entry()?;
            return Ok(Vec::new());
        }
        let (handle, _) = process.open(ffi::PROCESS_DUP_HANDLE)?;
        files::open(handle.as_handle(), process.pid)
    }

    fn net_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        Self::start(process)?;
        net::connections(kind, Some(process.pid))
    }

    fn memory_footprint(process: &Handle<'_>) -> Result<MemoryFootprint> {
        pages::footprint(process)
    }

    fn memory_maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
        pages::maps(process)
    }

    fn io_counters(process: &Handle<'_>) -> Result<IoCounters> {
        let counters = |read_count, write_count, read_bytes, write_bytes, others, other_bytes| IoCounters {
            read_count: Some(read_count),
            write_count: Some(write_count),
            read_bytes: Some(read_bytes),
            write_bytes: Some(write_bytes),
            other_count: Some(others),
            other_bytes: Some(other_bytes),
            ..IoCounters::default()
        };
        process.dual(
            |handle| {
                let io = ffi::io_counters(handle)?;
                Ok(counters(
                    io.ReadOperationCount,
                    io.WriteOperationCount,
                    io.ReadTransferCount,
                    io.WriteTransferCount,
                    io.OtherOperationCount,
                    io.OtherTransferCount,
                ))
            },
            |e| counters(e.reads, e.writes, e.read_bytes, e.write_bytes, e.others, e.other_bytes),
        )
    }

    fn num_handles(process: &Handle<'_>) -> Result<u64> {
        process.dual(|handle| ffi::handle_count(handle).map(u64::from), |entry| entry.handles.into())
    }

    fn cpu_affinity(process: &Handle<'_>) -> Result<Vec<u32>> {
        control::cpu_affinity(process.limited()?)
    }

    fn ionice(process: &Handle<'_>) -> Result<IoPriority> {
        control::ionice(process.limited()?)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io;

    use super::ffi::counted::{OPENED, TABLES};
    use super::patiently;
    use crate::error::ErrorKind;
    use crate::{Error, Field, Query, System};

    #[test]
    fn memory_that_is_not_there_yet_is_waited_for() {
        // ERROR_PARTIAL_COPY
        let partial = || Err(Error::io(io::Error::from_raw_os_error(299)));
        let asked = Cell::new(0);
        let found = |at: u32| {
            asked.set(0);
            let asked = &asked;
            move |again: bool| {
                assert_eq!(again, asked.get() > 0);
                asked.set(asked.get() + 1);
                if asked.get() < at { partial() } else { Ok(at) }
            }
        };
        assert_eq!(patiently(found(3), || Ok(false)).unwrap(), 3);
        assert_eq!(patiently(found(1000), || Ok(false)).unwrap_err().kind(), ErrorKind::AccessDenied);
        assert_eq!(patiently(found(1000), || Ok(true)).unwrap_err().kind(), ErrorKind::NoSuchProcess);
        let refused = || Err::<(), _>(Error::io(io::ErrorKind::PermissionDenied));
        assert_eq!(patiently(|_| refused(), || Ok(true)).unwrap_err().kind(), ErrorKind::AccessDenied);
    }

    /// Tables and handles that `run` took.
    fn cost(run: impl FnOnce()) -> (u32, u32) {
        let (tables, opened) = (TABLES.get(), OPENED.get());
        run();
        (TABLES.get() - tables, OPENED.get() - opened)
    }

    #[test]
    fn one_table_serves_a_snapshot() {
        let fields = [
            Field::Name,
            Field::Ppid,
            Field::Status,
            Field::CpuTimes,
            Field::MemoryInfo,
            Field::IoCounters,
            Field::NumThreads,
            Field::NumHandles,
            Field::NumCtxSwitches,
            Field::PageFaults,
        ];
        let system = System::host();
        assert_eq!(cost(|| drop(system.snapshot(Query::from(fields)).unwrap())), (1, 0));
    }

    #[test]
    fn a_oneshot_reads_the_table_once_and_opens_the_process_once() {
        let me = System::host().current_process().unwrap();
        let all = |p: &crate::Process| {
            p.name().unwrap();
            p.ppid().unwrap();
            p.status().unwrap();
            p.num_threads().unwrap();
            p.threads().unwrap();
            p.num_ctx_switches().unwrap();
            p.page_faults().unwrap();
            p.memory_details().unwrap();
            p.cpu_times().unwrap();
            p.memory_info().unwrap();
            p.io_counters().unwrap();
            p.num_handles().unwrap();
            p.nice().unwrap();
            p.exe().unwrap();
            p.username().unwrap();
        };
        assert_eq!(cost(|| all(&me.oneshot())), (1, 1));
        assert_eq!(cost(|| all(&me)), (8, 7));
    }

    #[test]
    fn a_single_reading_that_the_handle_tells_takes_no_table() {
        let me = System::host().current_process().unwrap();
        assert_eq!(cost(|| assert!(me.cpu_times().is_ok())), (0, 1));
        assert_eq!(cost(|| assert!(me.memory_info().is_ok())), (0, 1));
        assert_eq!(cost(|| assert!(me.name().is_ok())), (1, 0));
    }
}
