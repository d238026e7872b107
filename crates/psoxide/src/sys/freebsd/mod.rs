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
mod process;
mod sensors;
mod sockets;
mod table;
#[cfg(test)]
mod tests;
mod users;

use calls::{Aspect, Question};
use psoxide_parse::bsd::interface::Interfaces;
use psoxide_parse::freebsd::process::{self as record, Process};
use table::Cells;

use crate::sys::bsd::machine::Machine;
use crate::sys::bsd::platform::{self, Bsd};
use crate::sys::bsd::records::Records;
use crate::sys::{self, Parentage, Types};
use crate::{Connection, ConnectionKind, Os, Pid, Result};
#[cfg(target_os = "freebsd")]
use crate::{Limit, Resource};

/// FreeBSD.
pub(crate) struct Freebsd;

/// The machine.
type Source = Machine<Question>;

/// One process.
type Handle<'a> = sys::Handle<'a, Freebsd>;

impl Types for Freebsd {
    type Source = Source;
    type Pass = platform::Pass<Records>;
    type Cache = platform::Cache<Records, Cells>;
}

impl Bsd for Freebsd {
    const OS: Os = Os::Freebsd;
    const INTERFACES: Interfaces = psoxide_parse::freebsd::interface::INTERFACES;

    type Question = Question;
    type Table = Records;
    type Cells = Cells;

    fn table(source: &Source) -> Result<Records> {
        table::read(source)
    }

    fn starts(table: &Records) -> Vec<(Pid, u64)> {
        table.starts()
    }

    fn check(process: &Handle<'_>) -> Result<()> {
        process.record().map(drop)
    }

    fn parentage(table: &Records) -> Vec<Parentage> {
        table.parentage(|record| Ok(Process::new(record)?.ppid()))
    }

    fn exists(source: &Source, pid: Pid) -> Result<bool> {
        match source.read(&Question::Process(Aspect::Record, pid), |bytes| Ok(record::process(bytes)?.is_some())) {
            Err(error) if error.is_missing() => Ok(false),
            exists => exists,
        }
    }

    fn sockets(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_all(source, kind)
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
