//! Sockets and the processes that hold them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::rc::Rc;

use clap::Args;
use clap::builder::PossibleValuesParser;
use psoxide::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, Pid, Reading, Record as _, SocketType, Unit,
    Value,
};

use super::Subcommand;
use crate::args::{self, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, Shape, cell, field};
use crate::output::endpoint::{endpoint, proto};
use crate::output::style::Tone;

#[derive(Args)]
pub(crate) struct Netstat {
    /// Show sockets of this kind
    #[arg(short, long, default_value = "inet", value_name = "KIND",
        value_parser = PossibleValuesParser::new(ConnectionKind::names()))]
    kind: String,
    /// Show TCP sockets
    #[arg(short, long, conflicts_with = "kind")]
    tcp: bool,
    /// Show UDP sockets
    #[arg(short, long, conflicts_with = "kind")]
    udp: bool,
    /// Show UNIX sockets
    #[arg(short = 'x', long, conflicts_with = "kind")]
    unix: bool,
    /// Show listening sockets (TCP, UNIX) and unconnected ones (UDP)
    #[arg(short, long, conflicts_with = "all")]
    listening: bool,
    /// Show listening and connected sockets (the default)
    #[arg(short, long)]
    all: bool,
    /// Show numbers instead of names of hosts and ports (always)
    #[arg(short, long)]
    numeric: bool,
    /// Show the processes (always)
    #[arg(short = 'p', long)]
    programs: bool,
    /// Show sockets of these processes
    #[arg(long, value_name = "PID,…", value_delimiter = ',', value_parser = args::pid)]
    pid: Vec<Pid>,
    #[command(flatten)]
    list: ListArgs,
}

struct Socket {
    connection: Connection,
    /// Shared by all sockets of the process.
    name: Option<Rc<OsString>>,
}

const LISTING: Listing<Socket> = Listing {
    command: Netstat::NAME,
    columns: &[
        Column::new("proto", "PROTO", Unit::Text, "tcp, tcp6, udp, udp6 or unix.", |socket: &Socket| {
            cell(proto(socket.connection.family, socket.connection.kind))
        }),
        Column::of(field(Connection::FIELDS, "recv_queue"), "RECV-Q", |socket: &Socket| {
            cell(&socket.connection.recv_queue)
        }),
        Column::of(field(Connection::FIELDS, "send_queue"), "SEND-Q", |socket: &Socket| {
            cell(&socket.connection.send_queue)
        }),
        Column::of(field(Connection::FIELDS, "laddr"), "LADDR", |socket: &Socket| cell(&socket.connection.laddr))
            .shape(Shape::Endpoint)
            .shown(|socket, out| endpoint(out, &socket.connection.laddr)),
        Column::of(field(Connection::FIELDS, "raddr"), "RADDR", |socket: &Socket| cell(&socket.connection.raddr))
            .shape(Shape::Endpoint)
            .shown(|socket, out| endpoint(out, &socket.connection.raddr)),
        Column::of(field(Connection::FIELDS, "status"), "STATUS", |socket: &Socket| cell(&socket.connection.status))
            .tone(|socket| match socket.connection.status {
                ConnectionStatus::Listen => Tone::Low,
                ConnectionStatus::Established => Tone::Plain,
                _ => Tone::Faint,
            }),
        Column::of(field(Connection::FIELDS, "pid"), "PID", |socket: &Socket| cell(&socket.connection.pid)),
        Column::new("name", "NAME", Unit::Text, "The name of that process.", |socket: &Socket| {
            socket.name.as_deref().map_or(Reading::Value(Value::None), cell)
        }),
        Column::of(field(Connection::FIELDS, "fd"), "FD", |socket: &Socket| cell(&socket.connection.fd)),
        Column::of(field(Connection::FIELDS, "holders"), "HOLDERS", |socket: &Socket| cell(&socket.connection.holders))
            .shape(Shape::Holders),
        Column::of(field(Connection::FIELDS, "family"), "FAMILY", |socket: &Socket| cell(&socket.connection.family)),
        Column::of(field(Connection::FIELDS, "kind"), "KIND", |socket: &Socket| cell(&socket.connection.kind)),
    ],
    table: &["proto", "recv_queue", "send_queue", "laddr", "raddr", "status", "pid", "name"],
    spare: &["send_queue", "recv_queue", "proto", "status", "raddr"],
    data: &[
        "proto",
        "recv_queue",
        "send_queue",
        "family",
        "kind",
        "laddr",
        "raddr",
        "status",
        "pid",
        "fd",
        "name",
        "holders",
    ],
    ..Listing::DEFAULT
};

impl Subcommand for Netstat {
    const NAME: &'static str = "netstat";
    const ABOUT: &'static str = "Sockets and the processes that hold them";
    const ALIASES: &'static [&'static str] = &["ss"];
    const FILTER: &'static str = "status == established && raddr ~ :443$";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("netstat", "TCP and UDP"),
        ("netstat -tlnp", "who listens"),
        ("netstat --filter 'raddr ~ :443$'", "connections to web servers"),
        ("netstat --kind unix --json", "UNIX sockets, for another program"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let kind = self.kind()?;
        LISTING.run(context, &self.list, None, |ask| {
            let mut connections = match self.pid.as_slice() {
                [] => context.system.net_connections(kind)?,
                pids => {
                    let mut connections = Vec::new();
                    for pid in pids {
                        let own = context.process(*pid)?.net_connections(kind)?;
                        connections.extend(own);
                    }
                    connections
                }
            };
            connections.retain(|connection| self.shows(connection));
            connections.sort_by_key(|c| (c.family, c.kind));
            let mut names: HashMap<Pid, Option<Rc<OsString>>> = HashMap::new();
            let mut name = |pid: Pid| {
                let read = || context.system.process(pid).and_then(|process| process.name()).ok().map(Rc::new);
                names.entry(pid).or_insert_with(read).clone()
            };
            let named = ask.any(&["name"]);
            let row = |connection: Connection| Socket {
                name: connection.pid.filter(|_| named).and_then(&mut name),
                connection,
            };
            Ok(Sample::of(connections.into_iter().map(row)))
        })
    }
}

impl Netstat {
    /// The sockets to read: of `--kind`, or those that `-t`, `-u` and `-x` name together.
    fn kind(&self) -> Result<ConnectionKind, Failure> {
        let name = match (self.tcp, self.udp, self.unix) {
            (false, false, false) => &*self.kind,
            (true, false, false) => "tcp",
            (false, true, false) => "udp",
            (true, true, false) => "inet",
            (false, false, true) => "unix",
            (_, _, true) => "all",
        };
        Ok(name.parse()?)
    }

    /// Whether `-t`, `-u`, `-x` and `-l` let a socket through.
    fn shows(&self, connection: &Connection) -> bool {
        let unix = connection.family == AddressFamily::Unix;
        let tcp = !unix && connection.kind == SocketType::Stream;
        let wanted = match (self.tcp, self.udp, self.unix) {
            (false, false, false) => true,
            (t, u, x) => (tcp && t) || (unix && x) || (!tcp && !unix && u),
        };
        let listens = match connection.status {
            ConnectionStatus::Listen => true,
            // UDP does not listen; a socket without a peer takes packets from anybody.
            _ => !tcp && !unix && matches!(connection.raddr, Endpoint::None),
        };
        wanted && (!self.listening || listens)
    }
}
