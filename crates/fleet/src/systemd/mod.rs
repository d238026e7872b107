//! The units of systemd, as its manager describes them over D-Bus.

mod bus;

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use bus::{Bus, Call};
use psoxide_parse::linux::dbus::{Kind, Message, Value};

const NAME: &str = "org.freedesktop.systemd1";
const PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What systemd says of itself, and its units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Systemd {
    pub(crate) version: Option<String>,
    /// `running`, `degraded` …
    pub(crate) state: Option<String>,
    pub(crate) virtualization: Option<String>,
    /// How many units of all kinds are in each state.
    pub(crate) states: BTreeMap<String, u64>,
    /// The units whose files were read, except devices.
    pub(crate) units: Vec<Unit>,
}

/// A unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) name: String,
    /// `active`, `failed` …
    pub(crate) state: String,
    pub(crate) properties: Properties,
}

/// What units of some kinds have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties {
    /// The type of a service (`simple`, `oneshot` …) or the file system of a mount.
    pub(crate) of_type: Option<String>,
    /// When it became active, in microseconds since 1970.
    pub(crate) active_since: Option<u64>,
    pub(crate) restarts: Option<u64>,
    pub(crate) tasks: Option<u64>,
    pub(crate) tasks_max: Option<u64>,
    /// When a timer ran last, in microseconds since 1970.
    pub(crate) triggered: Option<u64>,
    pub(crate) accepted: Option<u64>,
    pub(crate) connections: Option<u64>,
    pub(crate) refused: Option<u64>,
}

impl Unit {
    /// The kind: what follows the last dot of the name.
    pub(crate) fn kind(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(_, kind)| kind)
    }
}

/// How a property is put into its place.
type Put = fn(&mut Properties, &Value<'_>);

fn number(value: &Value<'_>) -> Option<u64> {
    match value {
        // systemd writes what it does not know, or does not limit, as the largest number.
        Value::Number(number) if *number != u64::MAX => Some(*number),
        _ => None,
    }
}

fn text(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some((*text).to_owned()),
        _ => None,
    }
}

const ACTIVE_SINCE: (&str, &str, Put) =
    ("org.freedesktop.systemd1.Unit", "ActiveEnterTimestamp", |to, value| to.active_since = number(value));

const SERVICE: &str = "org.freedesktop.systemd1.Service";
const SOCKET: &str = "org.freedesktop.systemd1.Socket";

/// The properties that are read of a unit.
fn wanted(kind: &str) -> &'static [(&'static str, &'static str, Put)] {
    match kind {
        "service" => &[
            ACTIVE_SINCE,
            (SERVICE, "Type", |to, value| to.of_type = text(value)),
            (SERVICE, "NRestarts", |to, value| to.restarts = number(value)),
            (SERVICE, "TasksCurrent", |to, value| to.tasks = number(value)),
            (SERVICE, "TasksMax", |to, value| to.tasks_max = number(value)),
        ],
        "mount" => &[("org.freedesktop.systemd1.Mount", "Type", |to, value| to.of_type = text(value))],
        "timer" => &[
            ACTIVE_SINCE,
            ("org.freedesktop.systemd1.Timer", "LastTriggerUSec", |to, value| to.triggered = number(value)),
        ],
        "socket" => &[
            ACTIVE_SINCE,
            (SOCKET, "NAccepted", |to, value| to.accepted = number(value)),
            (SOCKET, "NConnections", |to, value| to.connections = number(value)),
            (SOCKET, "NRefused", |to, value| to.refused = number(value)),
        ],
        "path" | "target" | "swap" => &[ACTIVE_SINCE],
        _ => &[],
    }
}

/// Reads the units; `None` if this machine does not run systemd. Gives up at the deadline.
pub(crate) fn read(deadline: Instant) -> io::Result<Option<Systemd>> {
    let Some(mut bus) = Bus::open(NAME, deadline)? else { return Ok(None) };
    let mut systemd = Systemd::default();
    let Some(mut units) = list(&mut bus, &mut systemd.states)? else { return Ok(None) };
    let mut calls = Vec::new();
    let manager = ["Version", "SystemState", "Virtualization"].map(|property| [MANAGER, property]);
    for arguments in &manager {
        calls.push((None, PATH, arguments));
    }
    let properties: Vec<_> = units
        .iter()
        .enumerate()
        .flat_map(|(place, (unit, path))| {
            wanted(unit.kind())
                .iter()
                .map(move |(interface, name, put)| (place, path.clone(), [*interface, *name], *put))
        })
        .collect();
    calls.extend(
        properties.iter().map(|(place, path, arguments, put)| (Some((*place, *put)), path.as_str(), arguments)),
    );
    let messages: Vec<Call<'_>> = calls
        .iter()
        .map(|(_, path, arguments)| Call {
            path,
            interface: PROPERTIES,
            member: "Get",
            arguments: arguments.as_slice(),
        })
        .collect();
    bus.call(&messages, &mut |place, answer| {
        // A unit may be gone, and an older systemd lacks some properties.
        if answer.kind == Kind::Error {
            return Ok(());
        }
        let value = answer.property().map_err(io::Error::other)?;
        match calls.get(place).and_then(|(target, ..)| *target) {
            Some((unit, put)) => {
                if let Some((unit, _)) = units.get_mut(unit) {
                    put(&mut unit.properties, &value);
                }
            }
            None => {
                let places = [&mut systemd.version, &mut systemd.state, &mut systemd.virtualization];
                places.into_iter().nth(place).into_iter().for_each(|to| *to = text(&value));
            }
        }
        Ok(())
    })?;
    systemd.units = units.into_iter().map(|(unit, _)| unit).collect();
    systemd.units.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Some(systemd))
}

/// Lists the units and the paths of their objects, and counts all units by state; `None` if nobody has systemd's name on
/// the bus.
fn list(bus: &mut Bus, states: &mut BTreeMap<String, u64>) -> io::Result<Option<Vec<(Unit, String)>>> {
    let mut units = None;
    let call = Call { path: PATH, interface: MANAGER, member: "ListUnits", arguments: &[] };
    bus.call(&[call], &mut |_, answer: &Message<'_>| {
        match answer.error {
            None => {
                let listed = answer.units().map_err(io::Error::other)?;
                for unit in &listed {
                    *states.entry(unit.active_state.to_owned()).or_default() += 1;
                }
                let is_wanted = |name: &str, load: &str| load == "loaded" && !name.ends_with(".device");
                let listed = listed.into_iter().filter(|unit| is_wanted(unit.name, unit.load_state));
                let unit = |unit: psoxide_parse::linux::dbus::Unit<'_>| {
                    let (name, state) = (unit.name.to_owned(), unit.active_state.to_owned());
                    (Unit { name, state, ..Unit::default() }, unit.path.to_owned())
                };
                units = Some(listed.map(unit).collect());
            }
            Some("org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner") => {}
            Some(error) => return Err(io::Error::other(format!("systemd refuses to list its units: {error}"))),
        }
        Ok(())
    })?;
    Ok(units)
}
