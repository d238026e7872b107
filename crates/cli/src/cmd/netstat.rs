//! Sockets and the processes that hold them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;

use psoxide::{AddressFamily, ConnectionKind, Endpoint, Pid, SocketType, ToValue as _};
use serde_json::Value as Json;

use crate::output::table::Table;
use crate::output::{escape, json};
use crate::{Context, Outcome};

pub(crate) fn run(context: &Context, out: &mut dyn Write, kind: ConnectionKind) -> Outcome {
    let connections = context.system.net_connections(kind)?;
    let mut names: HashMap<Pid, Option<OsString>> = HashMap::new();
    let mut name = |pid: Pid| {
        let read = || context.system.process(pid).and_then(|process| process.name()).ok();
        names.entry(pid).or_insert_with(read).clone()
    };
    let found = !connections.is_empty();
    if context.json {
        let mut rows = Vec::new();
        for connection in &connections {
            let mut row = json::value(&connection.to_value());
            if let Json::Object(fields) = &mut row {
                fields.insert("name".into(), json::value(&connection.pid.and_then(&mut name).to_value()));
            }
            rows.push(row);
        }
        json::write(out, "netstat", "rows", rows.into())?;
        return Ok(found);
    }
    let mut table = Table::new(&["PROTO", "LADDR", "RADDR", "STATUS", ">PID", "NAME"]);
    for connection in connections {
        table.row(vec![
            proto(connection.family, connection.kind).into(),
            endpoint(&connection.laddr),
            endpoint(&connection.raddr),
            connection.status.to_string(),
            connection.pid.map_or_else(|| "-".into(), |pid| pid.to_string()),
            connection.pid.and_then(&mut name).map_or_else(|| "?".into(), |name| escape(&name)),
        ]);
    }
    table.write(out, context.width)?;
    Ok(found)
}

pub(crate) fn proto(family: AddressFamily, kind: SocketType) -> &'static str {
    match (family, kind) {
        (AddressFamily::Inet, SocketType::Stream) => "tcp",
        (AddressFamily::Inet6, SocketType::Stream) => "tcp6",
        (AddressFamily::Inet, SocketType::Datagram) => "udp",
        (AddressFamily::Inet6, SocketType::Datagram) => "udp6",
        (AddressFamily::Unix, _) => "unix",
        _ => "?",
    }
}

pub(crate) fn endpoint(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::None => "-".into(),
        Endpoint::Inet(address) => address.to_string(),
        Endpoint::Unix(path) => escape(path),
    }
}
