//! FreeBSD 12 to 15: sysctls, whose answers are structs, and a few other calls.
//!
//! `calls` lists the questions, `live` asks the running kernel, and everything else is ordinary code on any machine.

mod abi;
mod calls;
mod cpu;
mod disk;
#[cfg(target_os = "freebsd")]
mod live;
mod memory;
mod net;
mod process;
mod sensors;
mod sockets;
mod table;
#[cfg(test)]
mod tests;
mod users;

use calls::{Aspect, Question};
use psoxide_parse::freebsd::process::{self as record, Process};
use psoxide_parse::freebsd::unsigned;
use table::{Cells, Table};

use crate::sys::bsd::machine::Machine;
use crate::sys::bsd::platform::{self, Bsd};
use crate::sys::{self, Parentage, Types};
#[cfg(target_os = "freebsd")]
use crate::{Limit, Resource};
use crate::{Os, Pid, Result};

/// FreeBSD.
pub(crate) struct Freebsd;

/// The machine.
type Source = Machine<Question>;

/// One process.
type Handle<'a> = sys::Handle<'a, Freebsd>;

impl Types for Freebsd {
    type Source = Source;
    type Pass = platform::Pass<Table>;
    type Cache = platform::Cache<Table, Cells>;
}

impl Bsd for Freebsd {
    const OS: Os = Os::Freebsd;

    type Question = Question;
    type Table = Table;
    type Cells = Cells;

    fn table(source: &Source) -> Result<Table> {
        Table::read(source)
    }

    fn pids(table: &Table) -> Vec<Pid> {
        table.records.pids()
    }

    fn parentage(table: &Table) -> Result<Vec<Parentage>> {
        let parentage = |process: Process<'_>| {
            let ppid = unsigned(process.ppid(), "ki_ppid")?;
            Ok(Parentage { pid: unsigned(process.pid(), "ki_pid")?, start: Some(table.stamp(process)?), ppid })
        };
        table.records.all(Process::new).map(parentage).collect()
    }

    fn exists(source: &Source, pid: Pid) -> Result<bool> {
        match source.read(&Question::Process(Aspect::Record, pid), |bytes| Ok(record::process(bytes)?.is_some())) {
            Err(error) if error.is_missing() => Ok(false),
            exists => exists,
        }
    }

    #[cfg(target_os = "freebsd")]
    fn set_limit(pid: Pid, resource: Resource, limit: Limit) -> Result<()> {
        live::set_limit(pid, resource, limit)
    }

    #[cfg(target_os = "freebsd")]
    fn set_cpus(pid: Pid, cpus: &[u32]) -> Result<()> {
        live::set_cpus(pid, cpus)
    }

    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool {
        question.starts_with("sysctl kern.proc.env.")
    }
}
