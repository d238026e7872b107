//! Reads chosen fields of many processes in one pass.

mod rates;
mod reading;
mod row;

use std::ffi::OsString;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use once_cell::race::OnceBox;
pub use rates::{ProcessRates, Rates};
pub use reading::Reading;
pub use row::{Field, FieldSet, Row};

use crate::process::explain;
use crate::sys::{
    self, CpuReadings as _, DiskReadings as _, Handle, NetReadings as _, Os, Platform as _, ProcessReadings as _,
    Scope, SystemReadings as _,
};
use crate::{CpuTimes, DiskIo, Error, NetIo, Pid, Process, ProcessStatus, Result, System};

/// The contents of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Query {
    /// Fields of each process. Without any, only pids are listed.
    pub fields: FieldSet,
    /// Whether to read the counters of the machine: CPUs, disks, interfaces.
    pub counters: bool,
    /// The number of threads that read at the same time. 1 starts no thread. 0, the default, picks a number
    /// automatically: one for each CPU available to the program, at most four, if at least a thousand processes are
    /// read one by one, else 1.
    ///
    /// The threads end with the call. If some cannot be started, the others do all the work.
    pub threads: usize,
}

impl Query {
    /// Adds the counters of the machine.
    #[must_use]
    pub const fn with_counters(mut self) -> Self {
        self.counters = true;
        self
    }

    /// Sets the number of [`threads`](Self::threads).
    #[must_use]
    pub const fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

impl<I: IntoIterator<Item = Field>> From<I> for Query {
    fn from(fields: I) -> Self {
        Self { fields: fields.into_iter().collect(), ..Self::default() }
    }
}

/// Returns the number of threads to read `count` processes with.
fn threads(count: usize, query: &Query, pass: &sys::Pass) -> usize {
    /// The number of processes that repay the start of a thread: some milliseconds of reading.
    const WORTH: usize = 500;
    const MOST: usize = 4;
    match query.threads {
        0 if count >= 2 * WORTH && query.fields != FieldSet::default() && Os::reads_each(pass) => {
            // The CPUs of the affinity mask, limited by the quota of the cgroup.
            let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
            cpus.min(count / WORTH).min(MOST)
        }
        0 => 1,
        threads => threads.min(count).max(1),
    }
}

/// Counters of the machine at one moment.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// The times of all CPUs together.
    pub cpu: CpuTimes,
    /// The times of each CPU, with its number.
    pub cpus: Vec<(u32, CpuTimes)>,
    /// The counters of each disk.
    pub disks: Reading<Vec<(OsString, DiskIo)>>,
    /// The counters of each interface.
    pub nics: Reading<Vec<(OsString, NetIo)>>,
}

/// Processes at one moment.
#[derive(Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// When the snapshot was taken.
    pub taken: Instant,
    /// A row for each process, by pid.
    pub processes: Vec<Row>,
    /// Counters of the machine, if the query included them.
    pub counters: Option<Counters>,
    /// The machine, if it is a capture. The time between two captures is the difference of the machine's own uptimes.
    copy: Option<System>,
}

/// Values that many processes of one [`System`] share, read once: the boot time, and the names of users. See
/// [`Process::row`].
///
/// A pass holds no file open, so a program may keep it.
#[derive(Debug, Clone, Default)]
pub struct Pass(Arc<OnceBox<(System, Arc<sys::Pass>)>>);

impl Pass {
    fn new(system: &System, pass: sys::Pass) -> Self {
        Self(Arc::new(OnceBox::with_value(Box::new((system.clone(), Arc::new(pass))))))
    }

    /// Returns the pass if it belongs to this machine. A new pass is bound to the first machine that uses it.
    fn over(&self, system: &System) -> Option<&Arc<sys::Pass>> {
        let new = || Box::new((system.clone(), Arc::new(Os::pass(system.source(), Scope::Some { kept: true }))));
        let (of, pass) = self.0.get_or_init(new);
        of.is(system).then_some(pass)
    }
}

impl Process {
    /// Reads the chosen fields of this process, each kernel source at most once, as in a row of a [`Snapshot`].
    ///
    /// A program that reads processes one by one passes the same `pass` for each. A pass over another machine has no
    /// effect.
    #[must_use]
    pub fn row(&self, fields: FieldSet, pass: &Pass) -> Row {
        self.whole_row(fields, pass).unwrap_or_else(|_| Row::gone(self.pid(), self.start(), fields))
    }

    /// Reads the row of [`row`](Self::row). Fails with `NoSuchProcess` if the process ended before all of it was read, unless it
    /// is a zombie.
    pub fn whole_row(&self, fields: FieldSet, pass: &Pass) -> Result<Row> {
        let mut row = Row { pid: self.pid(), start: self.start(), ..Row::default() };
        let source = self.system().source();
        let cache = match pass.over(self.system()) {
            Some(pass) => Os::cache_in(source, pass, self.pid(), fields),
            None => Os::cache(source, true),
        };
        let handle = self.handle(&cache);
        row.read(fields, &handle);
        let is_zombie = || matches!(Os::status(&handle), Ok(ProcessStatus::Zombie));
        if matches!(Os::is_whole(&handle), Ok(false)) || row.has_gone(fields) && !is_zombie() {
            return Err(Error::no_such_process(self.pid()));
        }
        Ok(row)
    }
}

impl System {
    /// Prepares a bulk reading of `fields` of all or most processes. With [`Backend::Bpf`](crate::Backend::Bpf), and on
    /// systems with a process table, the kernel's values are read at once, now.
    #[must_use]
    pub fn pass(&self, fields: FieldSet) -> Pass {
        Pass::new(self, Os::pass(self.source(), Scope::All { fields, kept: true }))
    }

    /// Lists the pids of all processes in ascending order. A pass that has read all processes lists them without asking
    /// the kernel again.
    pub fn pids_in(&self, pass: &Pass) -> Result<Vec<Pid>> {
        match pass.over(self) {
            Some(pass) => Os::pids_in(self.source(), pass),
            None => self.pids(),
        }
    }

    /// Reads the chosen fields of all processes, each kernel source at most once for each of them.
    ///
    /// All of a row is of one process. A process that ends before any of its fields is read has no row. Nor has one whose
    /// pid another process takes meanwhile. On the BSDs and macOS, a process that ends before the snapshot is complete has
    /// no row either, if some field had to be read by pid.
    ///
    /// ```
    /// use psoxide::{Field, System};
    ///
    /// # fn main() -> psoxide::Result<()> {
    /// let snapshot = System::host().snapshot([Field::Name, Field::MemoryInfo])?;
    /// for row in &snapshot.processes {
    ///     if let (Some(name), Some(memory)) = (row.name.value(), row.memory_info.value()) {
    ///         println!("{} {} {}", row.pid, name.display(), memory.rss);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot(&self, query: impl Into<Query>) -> Result<Snapshot> {
        let query = query.into();
        let taken = Instant::now();
        let pass = Os::pass(self.source(), Scope::All { fields: query.fields, kept: false });
        let pids = Os::pids_in(self.source(), &pass)?;
        self.read(taken, &pids, query, pass)
    }

    /// Reads the chosen fields of these processes only. A process that does not exist has no row, if the query has
    /// fields.
    pub fn snapshot_of(&self, pids: &[Pid], query: impl Into<Query>) -> Result<Snapshot> {
        self.read(Instant::now(), pids, query.into(), Os::pass(self.source(), Scope::Some { kept: false }))
    }

    /// Calls `each` with the row of each process, by pid, as [`snapshot`](Self::snapshot) reads them. Few rows are in memory
    /// at a time, so a program that keeps little of each needs little memory.
    pub fn each_row(&self, fields: impl IntoIterator<Item = Field>, mut each: impl FnMut(&Row)) -> Result<()> {
        let fields: FieldSet = fields.into_iter().collect();
        const TOGETHER: usize = 256;
        let pass = Arc::new(Os::pass(self.source(), Scope::All { fields, kept: false }));
        let few = if Os::checks_together(&pass) { TOGETHER } else { 1 };
        for pids in Os::pids_in(self.source(), &pass)?.chunks(few) {
            let mut rows = self.rows(pids, fields, &pass)?;
            self.keep_whole(&mut rows, &pass)?;
            rows.iter().for_each(&mut each);
        }
        Ok(())
    }

    fn read(&self, taken: Instant, pids: &[Pid], query: Query, pass: sys::Pass) -> Result<Snapshot> {
        let pass = &Arc::new(pass);
        let counters = if query.counters { Some(self.counters()?) } else { None };
        let mut processes = match threads(pids.len(), &query, pass) {
            1 => self.rows(pids, query.fields, pass)?,
            threads => self.rows_by(threads, pids, query.fields, pass)?,
        };
        self.keep_whole(&mut processes, pass)?;
        let copy = (!self.is_live()).then(|| self.clone());
        Ok(Snapshot { taken, processes, counters, copy })
    }

    /// Removes the rows that may hold answers of two processes, on systems that check all rows together.
    fn keep_whole(&self, rows: &mut Vec<Row>, pass: &sys::Pass) -> Result<()> {
        let Some(now) = Os::survivors(self.source(), pass)? else { return Ok(()) };
        let start_of = |pid| now.binary_search_by_key(&pid, |(pid, _)| *pid).ok().and_then(|place| now.get(place));
        rows.retain(|row| match (start_of(row.pid), row.start) {
            (Some((_, now)), Some(then)) => Os::same_start(self.source(), *now, then),
            (now, _) => now.is_some(),
        });
        Ok(())
    }

    /// Reads [`rows`](Self::rows) with `threads` threads, one of which is the caller's. Each takes a few pids at a
    /// time, so that no thread waits long for one that got no CPU.
    fn rows_by(&self, threads: usize, pids: &[Pid], fields: FieldSet, pass: &Arc<sys::Pass>) -> Result<Vec<Row>> {
        const FEW: usize = 64;
        let few = (pids.len() / threads).clamp(1, FEW);
        // The calling process is read before the threads start, so that its row does not count them.
        let me = Os::current_pid(self.source()).ok();
        let place = pids.iter().position(|pid| Some(*pid) == me);
        let (before, from) = pids.split_at(place.unwrap_or_default());
        let (own, after) = from.split_at(place.iter().len());
        let mine = before.chunks(few).len();
        let mut read = vec![(mine, self.rows(own, fields, pass)?)];
        let parts: Vec<&[Pid]> = before.chunks(few).chain([own]).chain(after.chunks(few)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut read = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(pids) = parts.get(at) else { return Ok::<_, Error>(read) };
                if at != mine {
                    read.push((at, self.rows(pids, fields, pass)?));
                }
            }
        };
        std::thread::scope(|scope| {
            let start = || std::thread::Builder::new().name("psoxide-pass".into()).spawn_scoped(scope, work);
            // Continues with the threads that could be started.
            let workers: Vec<_> = (1..threads).map_while(|_| start().ok()).collect();
            read.extend(work()?);
            for worker in workers {
                match worker.join() {
                    Ok(part) => read.extend(part?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok::<_, Error>(())
        })?;
        read.sort_unstable_by_key(|(at, _)| *at);
        Ok(read.into_iter().flat_map(|(_, rows)| rows).collect())
    }

    fn rows(&self, pids: &[Pid], fields: FieldSet, pass: &Arc<sys::Pass>) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(pids.len());
        for &pid in pids {
            // A row is large, so it is made in the vector.
            rows.push(Row { pid, ..Row::default() });
            if let Some(row) = rows.last_mut()
                && !self.read_row(row, fields, pass)?
            {
                rows.pop();
            }
        }
        Ok(rows)
    }

    /// Reads the fields of a row that has its pid only. Returns whether the process has a row.
    fn read_row(&self, row: &mut Row, fields: FieldSet, pass: &Arc<sys::Pass>) -> Result<bool> {
        if fields == FieldSet::default() {
            return Ok(true);
        }
        let cache = Os::cache_in(self.source(), pass, row.pid, fields);
        let mut handle = Handle { source: self.source(), pid: row.pid, start: None, unique: None, cache: &cache };
        match Os::start(&handle).map_err(|error| explain(&handle, error)) {
            Ok(start) => row.start = Some(start),
            Err(error) if error.is_no_such_process() => return Ok(false),
            // The process exists. Each field reports its own error.
            Err(_) => {}
        }
        handle.start = row.start;
        row.read(fields, &handle);
        Os::is_whole(&handle)
    }

    fn counters(&self) -> Result<Counters> {
        Ok(Counters {
            cpu: self.cpu_times()?,
            cpus: Os::cpu_times_per_cpu(self.source())?,
            disks: Reading::from(Os::disk_io_counters(self.source())),
            nics: Reading::from(Os::net_io_counters(self.source())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_for_passes_that_are_worth_it() {
        let pass = Os::pass(System::host().source(), Scope::Some { kept: false });
        let query = |threads| Query { threads, ..Query::from([Field::Name]) };
        let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
        let each = if Os::reads_each(&pass) { cpus } else { 1 };
        for (count, most) in [(0, 1), (999, 1), (1000, 2), (1500, 3), (32_000, 4)] {
            assert_eq!(threads(count, &query(0), &pass), each.min(most), "{count}");
        }
        assert_eq!(threads(32_000, &Query::default(), &pass), 1, "pids alone are listed by one");
        for (asked, count, got) in [(1, 32_000, 1), (3, 100, 3), (64, 10, 10), (5, 0, 1)] {
            assert_eq!(threads(count, &query(asked), &pass), got);
        }
    }
}
