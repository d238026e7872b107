//! Processes as listings and the full-screen view show them.

pub(crate) mod columns;
pub(crate) mod details;
pub(crate) mod sample;
mod word;

use clap::Args;
use psoxide::{Pid, Row};

pub(crate) use sample::{First, Sampler};
pub(crate) use word::{Word, is_on_port, port};

use crate::args;
use crate::output::tree::Tree;
use crate::output::{command_to, escape_to};

/// A process in a listing.
pub(crate) struct Proc {
    /// What was read of it.
    pub(crate) row: Row,
    /// Its part of all physical memory.
    pub(crate) memory_percent: Option<f64>,
    /// CPU time in percent of one CPU.
    pub(crate) cpu_percent: Option<f64>,
    /// Time spent waiting for storage, in percent; `None` if the kernel does not count it.
    pub(crate) iowait_percent: Option<f64>,
    /// Bytes a second from storage.
    pub(crate) read_rate: Option<f64>,
    /// Bytes a second to storage.
    pub(crate) write_rate: Option<f64>,
}

/// Which processes.
#[derive(Args, Default, Clone)]
pub(crate) struct Chosen {
    /// Only processes of these users, by name or number
    #[arg(short, long, value_name = "USER,…", value_delimiter = ',', help_heading = "Processes")]
    pub(crate) user: Vec<String>,
    /// Only these processes
    #[arg(short, long, value_name = "PID,…", value_delimiter = ',', value_parser = args::pid, help_heading = "Processes")]
    pub(crate) pid: Vec<Pid>,
}

/// Which processes, and how they are laid out.
#[derive(Args, Default, Clone)]
pub(crate) struct ProcessArgs {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Show children below their parents
    #[arg(long, visible_alias = "forest", help_heading = "Processes")]
    pub(crate) tree: bool,
}

impl ProcessArgs {
    /// The tree, if the user wants one.
    pub(crate) fn tree(&self) -> Option<&'static Tree<Proc>> {
        self.tree.then_some(&TREE)
    }
}

/// Children below their parents.
pub(crate) const TREE: Tree<Proc> = Tree { id: |p| p.row.pid, parent: |p| p.row.ppid.value().copied() };

/// What to call a process: its command line; its name in brackets where it has none.
pub(crate) fn command(shown: &mut String, row: &Row) {
    match (row.cmdline.value(), row.name.value()) {
        (Some(cmdline), _) if !cmdline.is_empty() => command_to(shown, cmdline),
        (_, Some(name)) => {
            shown.push('[');
            escape_to(shown, name);
            shown.push(']');
        }
        _ => shown.push('?'),
    }
}
