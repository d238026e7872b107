//! Many processes, chosen fields, one pass.

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
use crate::{CpuTimes, DiskIo, Error, NetIo, Pid, Process, Result, System};

/// What a snapshot shall hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Query {
    /// Fields of each process; with none, only pids are listed.
    pub fields: FieldSet,
    /// Counters of the machine: CPUs, disks, interfaces.
    pub counters: bool,
    /// How many threads read at the same time; 1 starts none. 0, the default, leaves it to psoxide: one for each CPU that
    /// this program may use, up to four, where a thousand processes or more are read one by one, else 1.
    ///
    /// They end with the call. Where the system refuses a thread, those that there are do all the work.
    pub threads: usize,
}

impl Query {
    /// Reads the counters of the machine too.
    #[must_use]
    pub const fn with_counters(mut self) -> Self {
        self.counters = true;
        self
    }

    /// Reads with so many threads: see [`threads`](Self::threads).
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

/// How many threads shall read `count` processes.
fn threads(count: usize, query: &Query, pass: &sys::Pass) -> usize {
    /// What is worth a thread: some milliseconds of reading.
    const WORTH: usize = 500;
    const MOST: usize = 4;
    match query.threads {
        0 if count >= 2 * WORTH && query.fields != FieldSet::default() && Os::reads_each(pass) => {
            // The CPUs of the affinity mask, and no more than the quota of the cgroup.
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
    /// All CPUs together.
    pub cpu: CpuTimes,
    /// Each CPU, with its number.
    pub cpus: Vec<(u32, CpuTimes)>,
    /// Each disk.
    pub disks: Reading<Vec<(OsString, DiskIo)>>,
    /// Each interface.
    pub nics: Reading<Vec<(OsString, NetIo)>>,
}

/// Processes at one moment.
#[derive(Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub taken: Instant,
    /// A row for each process, by pid.
    pub processes: Vec<Row>,
    /// Counters of the machine, if they were asked for.
    pub counters: Option<Counters>,
    /// The machine, if it is a copy. Nothing passes on it, so that the time between two copies is the machine's own.
    copy: Option<System>,
}

/// What many processes of one [`System`] have in common, read once: the boot time, and the names of users. See
/// [`Process::row`].
///
/// It holds no file open, so that a program may keep it for as long as it likes.
#[derive(Debug, Clone, Default)]
pub struct Pass(Arc<OnceBox<(System, Arc<sys::Pass>)>>);

impl Pass {
    fn new(system: &System, pass: sys::Pass) -> Self {
        Self(Arc::new(OnceBox::with_value(Box::new((system.clone(), Arc::new(pass))))))
    }

    /// The pass, if it is one over processes of this machine. A new one becomes a pass over the first that is asked for.
    fn over(&self, system: &System) -> Option<&Arc<sys::Pass>> {
        let new = || Box::new((system.clone(), Arc::new(Os::pass(system.source(), Scope::Some { kept: true }))));
        let (of, pass) = self.0.get_or_init(new);
        of.is(system).then_some(pass)
    }
}

impl Process {
    /// The chosen fields of this process alone, each kernel source read at most once, as in a row of a [`Snapshot`].
    ///
    /// A program that goes through processes one by one gives the same `pass` to all of them. With a pass over another
    /// machine, nothing is shared.
    #[must_use]
    pub fn row(&self, fields: FieldSet, pass: &Pass) -> Row {
        let mut row = Row { pid: self.pid(), start: self.start(), ..Row::default() };
        let source = self.system().source();
        let cache = match pass.over(self.system()) {
            Some(pass) => Os::cache_in(source, pass, self.pid(), fields),
            None => Os::cache(source, true),
        };
        row.read(fields, &self.handle(&cache));
        row
    }
}

impl System {
    /// A pass over all or most processes, of which these fields will be asked: with what the kernel can tell of all of
    /// them at once, as it is now, if that is how they are read ([`Backend::Bpf`](crate::Backend::Bpf)).
    #[must_use]
    pub fn pass(&self, fields: FieldSet) -> Pass {
        Pass::new(self, Os::pass(self.source(), Scope::All { fields, kept: true }))
    }

    /// The pids of all processes, ascending: those that the kernel has told of already in this pass are not listed anew.
    pub fn pids_in(&self, pass: &Pass) -> Result<Vec<Pid>> {
        match pass.over(self) {
            Some(pass) => Os::pids_in(self.source(), pass),
            None => self.pids(),
        }
    }

    /// Reads the chosen fields of all processes, each kernel source at most once for each of them.
    ///
    /// Processes that end before anything of them is read have no row.
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

    /// As [`snapshot`](Self::snapshot), of these processes only. One that does not exist has no row, if any field of
    /// it is asked for.
    pub fn snapshot_of(&self, pids: &[Pid], query: impl Into<Query>) -> Result<Snapshot> {
        self.read(Instant::now(), pids, query.into(), Os::pass(self.source(), Scope::Some { kept: false }))
    }

    fn read(&self, taken: Instant, pids: &[Pid], query: Query, pass: sys::Pass) -> Result<Snapshot> {
        let pass = &Arc::new(pass);
        let counters = if query.counters { Some(self.counters()?) } else { None };
        let processes = match threads(pids.len(), &query, pass) {
            1 => self.rows(pids, query.fields, pass)?,
            threads => self.rows_by(threads, pids, query.fields, pass)?,
        };
        let copy = (!self.is_live()).then(|| self.clone());
        Ok(Snapshot { taken, processes, counters, copy })
    }

    /// As [`rows`](Self::rows), by so many threads, this one among them. Each takes a few pids at a time, so that one that
    /// has to wait for a CPU keeps nobody waiting for it.
    fn rows_by(&self, threads: usize, pids: &[Pid], fields: FieldSet, pass: &Arc<sys::Pass>) -> Result<Vec<Row>> {
        const FEW: usize = 64;
        let few = (pids.len() / threads).clamp(1, FEW);
        // This process is read before it has the threads.
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
            // One that may not be started is done without.
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
            // A row is large: it is made in its place.
            rows.push(Row { pid, ..Row::default() });
            if fields != FieldSet::default()
                && let Some(row) = rows.last_mut()
            {
                let cache = Os::cache_in(self.source(), pass, pid, fields);
                let mut handle = Handle { source: self.source(), pid, start: None, unique: None, cache: &cache };
                match Os::start(&handle).map_err(|error| explain(&handle, error)) {
                    Ok(start) => row.start = Some(start),
                    Err(error) if error.is_no_such_process() => {
                        rows.pop();
                        continue;
                    }
                    // The process is there: each field says what it is refused for.
                    Err(_) => {}
                }
                handle.start = row.start;
                row.read(fields, &handle);
            }
        }
        Ok(rows)
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
