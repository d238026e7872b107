//! Beside node_exporter's collector `systemd`, on a bus where a script answers as systemd does.

use std::path::Path;
use std::process::Command;

use super::history::install;
use super::text::{Families, parse};
use super::{Parts, Running, eventually, free_address, get};
use crate::steps::{Result, workspace};

/// D-Bus in Python, which knows the format of messages.
const JEEPNEY: &str = "jeepney==0.9.0";

/// A bus with one service. Its argument is the socket.
const BUS: &str = r#"
import os, socket, sys, threading
from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.low_level import Parser

UNITS = {
    "cron.service": ("loaded", "active", {"Service": {"Type": ("s", "simple"), "NRestarts": ("u", 3), "TasksCurrent": ("t", 7),
        "TasksMax": ("t", 4915)}, "Unit": {"ActiveEnterTimestamp": ("t", 1795874400123456)}}),
    "broken@1.service": ("loaded", "failed", {"Service": {"Type": ("s", "oneshot"), "NRestarts": ("u", 0),
        "TasksCurrent": ("t", 2**64 - 1), "TasksMax": ("t", 2**64 - 1)}, "Unit": {"ActiveEnterTimestamp": ("t", 5)}}),
    "gone.service": ("not-found", "inactive", {}),
    "backup.timer": ("loaded", "active", {"Timer": {"LastTriggerUSec": ("t", 1795870000000000)},
        "Unit": {"ActiveEnterTimestamp": ("t", 1795800000000000)}}),
    "web.socket": ("loaded", "active", {"Socket": {"NAccepted": ("u", 12), "NConnections": ("u", 2), "NRefused": ("u", 1)},
        "Unit": {"ActiveEnterTimestamp": ("t", 1795800000500000)}}),
    "srv-data.mount": ("loaded", "active", {"Mount": {"Type": ("s", "ext4")}, "Unit": {"ActiveEnterTimestamp": ("t", 1)}}),
    "dev-sda.device": ("loaded", "active", {}),
    "system.slice": ("loaded", "active", {}),
    "reload.target": ("loaded", "activating", {"Unit": {"ActiveEnterTimestamp": ("t", 0)}}),
}
MANAGER = {"Version": ("s", "257.9-1~deb13u1"), "SystemState": ("s", "degraded"), "Virtualization": ("s", "kvm")}


def path(name):
    plain = lambda c: c if c.isalnum() and c.isascii() else f"_{ord(c):02x}"
    return "/org/freedesktop/systemd1/unit/" + "".join(map(plain, name))


def unit(name):
    load, state, _ = UNITS[name]
    return (name, f"The unit {name}", load, state, "x", "", path(name), 0, "", "/")


def answer(message):
    fields = message.header.fields
    member, at = fields[HeaderFields.member], fields[HeaderFields.path]
    if member == "Hello":
        return new_method_return(message, "s", (":1.1",))
    if member == "ListUnits":
        return new_method_return(message, "a(ssssssouso)", ([unit(name) for name in UNITS],))
    if member == "Get":
        interface, name = message.body
        kind = interface.rpartition(".")[2]
        found = MANAGER if kind == "Manager" else {}
        for one, (_, _, properties) in UNITS.items():
            if path(one) == at:
                found = properties.get(kind, {})
        if name in found:
            return new_method_return(message, "v", (found[name],))
    return new_error(message, "org.freedesktop.DBus.Error.UnknownProperty", "s", ("there is none",))


def serve(client):
    line = b""
    while not line.endswith(b"BEGIN\r\n"):
        line += client.recv(1)
        if line.endswith(b"\r\n") and not line.endswith(b"BEGIN\r\n"):
            answers = {b"AUTH EXTERNAL": b"OK 0123456789abcdef0123456789abcdef", b"AUTH": b"REJECTED EXTERNAL"}
            known = next((answer for start, answer in answers.items() if line.lstrip(b"\0").startswith(start)), b"ERROR")
            client.sendall(known + b"\r\n")
            line = b""
    parser, serial = Parser(), 0
    while data := client.recv(65536):
        parser.add_data(data)
        while (message := parser.get_next_message()) is not None:
            if message.header.message_type is MessageType.method_call:
                serial += 1
                client.sendall(answer(message).serialise(serial))


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
"#;

/// Families that the collector has only where a later systemd or an option makes it.
const OTHERS: [&str; 3] =
    ["node_systemd_virtualization_info", "node_systemd_socket_refused_connections_total", "node_systemd_version"];

/// Gets the library of the script.
pub(super) fn fetch(root: &Path) -> Result {
    let folder = root.join("systemd");
    if folder.join("jeepney").is_dir() { Ok(()) } else { install(&folder, &[JEEPNEY], &["--no-deps"]) }
}

/// Compares the units that both exporters find on the bus, and checks those under the names of systemd_exporter.
pub(super) fn check(parts: &Parts) -> Result {
    let socket = parts.temp.join("bus");
    let address = format!("unix:path={}", socket.display());
    let mut bus = Command::new("python3");
    bus.env("PYTHONPATH", workspace().join("target/fleet/systemd")).args(["-c", BUS]).arg(&socket);
    let _bus = Running::start(&mut bus, &parts.log("bus"))?;
    eventually(|| if socket.exists() { Ok(()) } else { Err("the bus does not listen".to_owned()) })?;
    let theirs = free_address()?;
    let mut node = parts.program("prometheus-node-exporter");
    node.env("DBUS_SYSTEM_BUS_ADDRESS", &address).arg(format!("--web.listen-address={theirs}"));
    node.args(["--collector.disable-defaults", "--collector.systemd"]);
    // Debian's default leaves out targets too.
    node.arg(r"--collector.systemd.unit-exclude=.+\.(automount|device|mount|scope|slice)");
    node.args(["task", "restarts", "start-time"].map(|what| format!("--collector.systemd.enable-{what}-metrics")));
    let _node = Running::start(&mut node, &parts.log("node-systemd"))?;
    let mut command = Command::new(&parts.psoxide);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", &address);
    let options = ["--names", "node", "--enable", "systemd", "--disable", "processes"];
    let (_ours, ours) = parts.serve_with(&options, &mut command)?;
    let of_units = |address| -> Result<Families> {
        let mut all = parse(&get(address, "/metrics")?);
        all.retain(|name, _| name.starts_with("node_systemd_"));
        Ok(all)
    };
    let theirs = eventually(|| match of_units(theirs)? {
        found if found.is_empty() => Err("node_exporter has no units".into()),
        found => Ok(found),
    })?;
    let found = of_units(ours)?;
    for (name, family) in &theirs {
        if found.get(name) != Some(family) {
            return Err(format!("{name}: node_exporter has {family:?}, psoxide {:?}", found.get(name)));
        }
    }
    let more: Vec<_> =
        found.keys().filter(|name| !theirs.contains_key(*name) && !OTHERS.contains(&name.as_str())).collect();
    if !more.is_empty() {
        return Err(format!("psoxide has families that node_exporter has not: {more:?}"));
    }
    let all = get(ours, "/metrics")?;
    for line in [
        "systemd_unit_state{name=\"cron.service\",state=\"active\",type=\"service\"} 1",
        "systemd_unit_info{mount_type=\"ext4\",name=\"srv-data.mount\",service_type=\"\",type=\"mount\"} 1",
        "systemd_unit_start_time_seconds{name=\"broken@1.service\",type=\"service\"} 0",
        "systemd_unit_tasks_max{name=\"cron.service\",type=\"service\"} 4915",
        "systemd_service_restart_total{name=\"cron.service\"} 3",
        "systemd_socket_current_connections{name=\"web.socket\"} 2",
        "systemd_timer_last_trigger_seconds{name=\"backup.timer\"} 1795870000",
    ] {
        if !all.lines().any(|found| found == line) {
            return Err(format!("{line} is missing"));
        }
    }
    Ok(())
}
