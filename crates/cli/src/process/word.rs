//! Words that find processes.

use std::collections::HashSet;
use std::ffi::OsStr;

use psoxide::{Connection, ConnectionKind, Endpoint, Field, Pid, System};

use super::Proc;
use crate::failure::Failure;

/// What a process must match.
pub(crate) enum Word {
    /// A part of its name, command line or user, in lower case.
    Text(String),
    /// A pid. The number also matches as text.
    Pid(Pid, String),
    /// One of these pids: the processes with a socket on a port.
    Holders(HashSet<Pid>),
}

impl Word {
    /// The fields that words are compared with.
    pub(crate) const FIELDS: [Field; 3] = [Field::Name, Field::Cmdline, Field::Username];

    /// Parses words. For `:PORT` it asks the system which processes have sockets there.
    pub(crate) fn parse(words: &[String], system: &System) -> Result<Vec<Self>, Failure> {
        let word = |word: &String| {
            if let Some(port) = port(word) {
                return Ok(Self::Holders(holders(system, port)?));
            }
            Ok(match word.parse() {
                Ok(pid) => Self::Pid(pid, word.clone()),
                Err(_) => Self::Text(word.to_lowercase()),
            })
        };
        words.iter().map(word).collect()
    }

    pub(crate) fn matches(&self, process: &Proc) -> bool {
        match self {
            Self::Pid(pid, text) => process.row.pid == *pid || holds(process, text),
            Self::Text(text) => holds(process, text),
            Self::Holders(pids) => pids.contains(&process.row.pid),
        }
    }
}

fn holds(process: &Proc, text: &str) -> bool {
    let part = |of: &OsStr| of.to_string_lossy().to_lowercase().contains(text);
    process.row.name.value().is_some_and(|name| part(name))
        || process.row.username.value().is_some_and(|name| part(name))
        || process.row.cmdline.value().is_some_and(|cmdline| part(&cmdline.join(OsStr::new(" "))))
}

/// The port of `:PORT`.
pub(crate) fn port(word: &str) -> Option<u16> {
    word.strip_prefix(':')?.parse().ok()
}

/// Whether one end of a socket is on a port.
pub(crate) fn is_on_port(socket: &Connection, port: u16) -> bool {
    let on = |end: &Endpoint| matches!(end, Endpoint::Inet(address) if address.port() == port);
    on(&socket.laddr) || on(&socket.raddr)
}

/// The processes with a socket whose own or other end is on a port.
fn holders(system: &System, port: u16) -> Result<HashSet<Pid>, Failure> {
    let sockets = system.net_connections(ConnectionKind::Inet)?.into_iter();
    let on_port = sockets.filter(|socket| is_on_port(socket, port));
    // A socket may be shared by several processes.
    Ok(on_port.flat_map(|socket| socket.holders.into_iter().map(|holder| holder.pid).chain(socket.pid)).collect())
}
