//! macOS 11 and later: sysctls, libproc and Mach calls.
//!
//! `calls` lists the questions, `live` asks the running kernel, and everything else is ordinary code on any machine.

mod calls;
mod cpu;
mod disk;
#[cfg(target_os = "macos")]
mod live;
mod memory;
mod process;
mod sensors;
mod sockets;
mod table;
#[cfg(test)]
mod tests;
mod users;

use calls::Question;
use psoxide_parse::bsd::interface::Interfaces;
use psoxide_parse::macos::process::Process;
use table::Cells;

use crate::sys::bsd::machine::Machine;
use crate::sys::bsd::platform::{self, Bsd};
use crate::sys::bsd::records::Records;
use crate::sys::{self, Parentage, Types};
use crate::{Connection, ConnectionKind, Os, Pid, Result};

/// macOS.
pub(crate) struct Macos;

/// The machine.
type Source = Machine<Question>;

/// One process.
type Handle<'a> = sys::Handle<'a, Macos>;

impl Types for Macos {
    type Source = Source;
    type Pass = platform::Pass<Records>;
    type Cache = platform::Cache<Records, Cells>;
}

impl Bsd for Macos {
    const OS: Os = Os::Macos;
    const INTERFACES: Interfaces = psoxide_parse::macos::interface::INTERFACES;

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
        Ok(!source.ask(&Question::Process(pid))?.is_empty())
    }

    fn sockets(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_all(source, kind)
    }

    /// The command line is in the same answer, so it is lost with the environment.
    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool {
        question.starts_with("sysctl kern.procargs2.")
    }
}
