//! Lists open files and sockets: of a process, or the processes that have a file or port open.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use psoxide::{
    Connection, ConnectionKind, Endpoint, Error, ErrorKind, Field, OpenFile, Pid, Process, Reading, Record as _,
    System, Unit, Value,
};

use super::disk_usage::TIMEOUT;
use super::{Subcommand, none, say_hidden};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, Shape, cell, field};
use crate::output::endpoint::{endpoint, proto};
use crate::output::human::counted;
use crate::output::{escape, say};
use crate::process::{is_on_port, port};

#[derive(Args)]
pub(crate) struct Lsof {
    /// A process (PID), a file or directory (PATH) or a port (:PORT); none for everything
    #[arg(value_name = "PID|PATH|:PORT")]
    subjects: Vec<OsString>,
    #[command(flatten)]
    list: ListArgs,
}

/// What the user asks about.
enum Subject {
    Process(Pid),
    Path(PathBuf),
    Port(u16),
}

impl Subject {
    fn parse(system: &System, text: &OsStr) -> Result<Self, Failure> {
        let Some(plain) = text.to_str() else { return Ok(Self::Path(text.into())) };
        if plain.starts_with(':') {
            let port =
                port(plain).ok_or_else(|| Failure::Usage(format!("{plain}: expected a port from 0 to 65535")))?;
            return Ok(Self::Port(port));
        }
        if let Ok(pid) = plain.parse() {
            return Ok(Self::Process(pid));
        }
        let path = Path::new(plain);
        // A copied machine has other files.
        Ok(Self::Path(system.real_path_within(path, TIMEOUT).unwrap_or_else(|_| path.to_owned())))
    }

    fn covers(&self, process: Pid, open: &Thing) -> bool {
        match (self, open) {
            (Self::Process(pid), _) => *pid == process,
            (Self::Path(path), Thing::File(file)) => file.starts_with(path),
            (Self::Path(path), Thing::Socket(socket)) => [&socket.laddr, &socket.raddr]
                .into_iter()
                .any(|end| matches!(end, Endpoint::Unix(bound) if Path::new(bound).starts_with(path))),
            (Self::Port(port), Thing::Socket(socket)) => is_on_port(socket, *port),
            _ => false,
        }
    }
}

enum Thing {
    File(PathBuf),
    Socket(Connection),
}

/// Something that a process has open.
struct Open {
    owner: Rc<Owner>,
    fd: Option<i32>,
    kind: &'static str,
    mode: Option<&'static str>,
    thing: Thing,
}

struct Owner {
    pid: Pid,
    name: Reading<OsString>,
    username: Reading<OsString>,
}

const LISTING: Listing<Open> = Listing {
    command: Lsof::NAME,
    columns: &[
        Column::new("name", "NAME", Unit::Text, Field::Name.doc(), |open: &Open| {
            open.owner.name.as_ref().map(psoxide::ToValue::to_value)
        }),
        Column::new("pid", "PID", Unit::Plain, "The process id.", |open: &Open| cell(&open.owner.pid)),
        Column::new("username", "USER", Unit::Text, Field::Username.doc(), |open: &Open| {
            open.owner.username.as_ref().map(psoxide::ToValue::to_value)
        }),
        Column::of(field(OpenFile::FIELDS, "fd"), "FD", |open: &Open| cell(&open.fd)),
        Column::new("kind", "KIND", Unit::Text, "cwd, exe, file, or the protocol of a socket.", |open: &Open| {
            cell(&open.kind)
        }),
        Column::of(field(OpenFile::FIELDS, "mode"), "MODE", |open: &Open| cell(&open.mode)),
        Column::new("status", "STATUS", Unit::Text, "The state of a TCP connection.", |open: &Open| {
            match &open.thing {
                Thing::Socket(socket) => cell(&socket.status),
                Thing::File(_) => Reading::Value(Value::None),
            }
        }),
        Column::new("file", "FILE", Unit::Text, "The path of a file, or the addresses of a socket.", |open: &Open| {
            match &open.thing {
                // NetBSD and OpenBSD do not return the paths of open files.
                Thing::File(path) if path.as_os_str().is_empty() => Reading::Value(Value::None),
                Thing::File(path) => cell(path),
                Thing::Socket(socket) => {
                    let mut text = String::new();
                    endpoint(&mut text, &socket.laddr);
                    if !matches!(socket.raddr, Endpoint::None) {
                        text.push_str(" -> ");
                        endpoint(&mut text, &socket.raddr);
                    }
                    Reading::Value(Value::Text(OsString::from(text).into()))
                }
            }
        })
        .shape(Shape::Text),
    ],
    table: &["name", "pid", "username", "fd", "kind", "mode", "status", "file"],
    spare: &["username", "mode", "status"],
    ..Listing::DEFAULT
};

impl Subcommand for Lsof {
    const NAME: &'static str = "lsof";
    const ABOUT: &'static str = "Open files and sockets: of a process, or who has a file or port";
    const DETAILS: &'static str =
        "A directory stands for all files below it. Standard error says how many processes are hidden from this user.";
    const FILTER: &'static str = "kind == tcp && status == listen";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("lsof 1234", "what process 1234 has open"),
        ("lsof /var/log/syslog", "who has this file open"),
        ("lsof :443", "who uses port 443"),
        ("lsof --filter 'kind == tcp && status == listen'", "who listens"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let subjects =
            self.subjects.iter().map(|text| Subject::parse(&context.system, text)).collect::<Result<Vec<_>, _>>()?;
        let mut pids = Some(Vec::new());
        for subject in &subjects {
            match subject {
                // One that does not exist is an error; if there is nothing else, only these are read.
                Subject::Process(pid) => pids.iter_mut().try_for_each(|pids| {
                    pids.push(context.process(*pid)?.pid());
                    Ok::<(), Failure>(())
                })?,
                _ => pids = None,
            }
        }
        let pids = pids.filter(|pids| !pids.is_empty());
        let (mut hidden, mut unknown, mut incomplete) = (0, 0, Incomplete::default());
        let found = LISTING.run(context, &self.list, None, |_| {
            let fields = [Field::Name, Field::Username];
            let snapshot = match &pids {
                Some(pids) => context.system.snapshot_of(pids, fields)?,
                None => context.system.snapshot(fields)?,
            };
            (hidden, unknown, incomplete) = (0, 0, Incomplete::default());
            let mut rows = Vec::new();
            for row in snapshot.processes {
                let Ok(process) = context.system.process(row.pid) else { continue };
                let owner = Rc::new(Owner { pid: row.pid, name: row.name, username: row.username });
                let (open, missing) = opened(&process.oneshot(), &owner);
                match missing {
                    Missing::Nothing => {}
                    Missing::Refused => hidden += 1,
                    Missing::Unsupported => unknown += 1,
                    Missing::Failed(error) => incomplete.add(error),
                }
                let wanted = |open: &Open| {
                    subjects.is_empty() || subjects.iter().any(|subject| subject.covers(open.owner.pid, &open.thing))
                };
                rows.extend(open.into_iter().filter(wanted));
            }
            Ok(Sample::of(rows))
        })?;
        say_hidden(context, hidden);
        incomplete.say();
        let unknown_here = match context.sampled {
            Some(_) => "the history does not hold open files and sockets",
            None => "open files are not known here",
        };
        if subjects.is_empty() && unknown > 0 && context.sampled.is_some() {
            say(unknown_here);
        }
        match (subjects.is_empty(), unknown) {
            (true, _) => Ok(found),
            (false, 0) => none(context, found, "nothing matches"),
            (false, _) => none(context, found, &format!("nothing matches, but {unknown_here}")),
        }
    }
}

/// Why the open files of a process are not all listed.
enum Missing {
    Nothing,
    /// They are hidden from this user.
    Refused,
    /// The system does not report them, or nobody has recorded them.
    Unsupported,
    /// Something could not be read.
    Failed(Error),
}

impl Missing {
    fn of(error: Error) -> Self {
        match error.kind() {
            ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess => Self::Nothing,
            ErrorKind::AccessDenied => Self::Refused,
            ErrorKind::Unsupported | ErrorKind::NotCaptured => Self::Unsupported,
            _ => Self::Failed(error),
        }
    }

    /// The one that matters more.
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Failed(_), _) | (_, Self::Nothing) => self,
            (Self::Refused, Self::Unsupported) => self,
            _ => other,
        }
    }
}

/// Processes of which something could not be read.
#[derive(Default)]
struct Incomplete {
    processes: usize,
    first: Option<Error>,
}

impl Incomplete {
    fn add(&mut self, error: Error) {
        self.processes += 1;
        self.first.get_or_insert(error);
    }

    fn say(&self) {
        if let Some(error) = &self.first {
            let processes = counted(self.processes, "process is", "processes are");
            say(&format!("{processes} listed incompletely: {}", escape(error.to_string().as_ref())));
        }
    }
}

/// What a process has open.
fn opened(process: &Process, owner: &Rc<Owner>) -> (Vec<Open>, Missing) {
    let row = |fd, kind, mode, thing| Open { owner: Rc::clone(owner), fd, kind, mode, thing };
    let (mut rows, mut missing) = (Vec::new(), Missing::Nothing);
    // A process of the kernel has no program, and some systems lose the path of a directory.
    for (kind, path) in [("cwd", process.cwd()), ("exe", process.exe())] {
        let path = kept(path, &mut missing).filter(|path| !path.as_os_str().is_empty());
        rows.extend(path.map(|path| row(None, kind, None, Thing::File(path))));
    }
    let files = kept(process.open_files(), &mut missing).unwrap_or_default().into_iter();
    rows.extend(files.map(|file| row(file.fd, "file", file.mode, Thing::File(file.path))));
    let sockets = process.net_connections(ConnectionKind::All);
    let sockets = kept(sockets, &mut missing).unwrap_or_default().into_iter();
    rows.extend(sockets.map(|socket| row(socket.fd, proto(socket.family, socket.kind), None, Thing::Socket(socket))));
    rows.sort_by_key(|open| open.fd);
    (rows, missing)
}

/// The value of a reading. Notes why there is none.
fn kept<T>(reading: psoxide::Result<T>, missing: &mut Missing) -> Option<T> {
    let why = |error| *missing = std::mem::replace(missing, Missing::Nothing).or(Missing::of(error));
    reading.map_err(why).ok()
}
