//! Calls methods over D-Bus: three of them, for which a whole implementation would bring dozens of crates.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use psoxide_parse::linux::dbus::{self, Kind, Message};

/// The bus of the system, and systemd's own socket, which root can use where there is no bus.
const BUS: &str = "/run/dbus/system_bus_socket";
const PRIVATE: &str = "/run/systemd/private";

/// Calls that are sent before their answers are read. All of them fit into the buffers of a socket.
const WINDOW: usize = 100;

/// Longer than any answer of systemd.
const LONGEST: usize = 32 << 20;

/// A method call: the object, the interface, the method, and its arguments, which are texts.
pub(super) struct Call<'a> {
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
    pub(super) arguments: &'a [&'a str],
}

/// A connection.
pub(super) struct Bus {
    stream: UnixStream,
    /// The name of the peer on a bus. systemd's own socket has no names.
    destination: Option<&'static str>,
    deadline: Instant,
    serial: u32,
}

/// Where a bus listens.
enum Address {
    Path(String),
    Abstract(String),
}

/// Takes the first socket of this system from an address such as `unix:path=/run/bus,guid=…`.
fn address(text: &str) -> Option<Address> {
    text.split(';').find_map(|one| {
        let mut keys = one.strip_prefix("unix:")?.split(',').filter_map(|pair| pair.split_once('='));
        keys.find_map(|(key, value)| match key {
            "path" => Some(Address::Path(value.to_owned())),
            "abstract" => Some(Address::Abstract(value.to_owned())),
            _ => None,
        })
    })
}

/// Connects to the first socket that there is; `None` if there is none.
fn connect() -> io::Result<Option<(UnixStream, bool)>> {
    let named = env::var("DBUS_SYSTEM_BUS_ADDRESS").ok().filter(|address| !address.is_empty());
    let stream = match named.as_deref().map(address) {
        Some(None) => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "DBUS_SYSTEM_BUS_ADDRESS names no socket"));
        }
        Some(Some(Address::Path(path))) => UnixStream::connect(path),
        Some(Some(Address::Abstract(name))) => {
            SocketAddr::from_abstract_name(name).and_then(|address| UnixStream::connect_addr(&address))
        }
        None if !Path::new(BUS).exists() => {
            return match UnixStream::connect(PRIVATE) {
                Ok(stream) => Ok(Some((stream, false))),
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
                    Ok(None)
                }
                Err(error) => Err(error),
            };
        }
        None => UnixStream::connect(BUS),
    };
    stream.map(|stream| Some((stream, true)))
}

impl Bus {
    /// Connects to the bus of the system; `None` if there is none.
    pub(super) fn open(destination: &'static str, deadline: Instant) -> io::Result<Option<Self>> {
        let Some((stream, is_bus)) = connect()? else { return Ok(None) };
        let destination = is_bus.then_some(destination);
        let mut bus = Self { stream, destination, deadline, serial: 0 };
        bus.authenticate()?;
        if is_bus {
            let name = "org.freedesktop.DBus";
            let hello = Call { path: "/org/freedesktop/DBus", interface: name, member: "Hello", arguments: &[] };
            bus.send(&hello, Some(name))?;
            bus.answers(1, &mut |_, _| Ok(()))?;
        }
        Ok(Some(bus))
    }

    /// Says which user this is, which the kernel vouches for.
    fn authenticate(&mut self) -> io::Result<()> {
        let user = rustix::process::geteuid().as_raw().to_string();
        let hex: String = user.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.limit()?;
        self.stream.write_all(format!("\0AUTH EXTERNAL {hex}\r\n").as_bytes())?;
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !line.ends_with(b"\r\n") {
            self.limit()?;
            if line.len() > 512 || self.stream.read(&mut byte)? == 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "no D-Bus"));
            }
            line.extend(byte);
        }
        if !line.starts_with(b"OK ") {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the bus does not take this user"));
        }
        self.stream.write_all(b"BEGIN\r\n")
    }

    /// Bounds the next reads and writes by the deadline.
    fn limit(&self) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(left))?;
        self.stream.set_write_timeout(Some(left))
    }

    /// Calls methods. `each` gets the place of each call and its answer.
    pub(super) fn call(
        &mut self,
        calls: &[Call<'_>],
        each: &mut dyn FnMut(usize, &Message<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        for (number, window) in calls.chunks(WINDOW).enumerate() {
            for call in window {
                self.send(call, self.destination)?;
            }
            self.answers(window.len(), &mut |place, message| each(number * WINDOW + place, message))?;
        }
        Ok(())
    }

    fn send(&mut self, call: &Call<'_>, destination: Option<&str>) -> io::Result<()> {
        self.serial += 1;
        self.limit()?;
        self.stream.write_all(&encoded(call, destination, self.serial))
    }

    /// Reads the answers to the last `count` calls.
    fn answers(&mut self, count: usize, each: &mut dyn FnMut(usize, &Message<'_>) -> io::Result<()>) -> io::Result<()> {
        let first = self.serial - u32::try_from(count).unwrap_or(0) + 1;
        let mut left = count;
        while left > 0 {
            let bytes = self.receive()?;
            let message = dbus::message(&bytes).map_err(invalid)?;
            let place = message.reply_to.and_then(|serial| serial.checked_sub(first));
            // Signals are no answers.
            if let Some(place) = place.and_then(|place| usize::try_from(place).ok())
                && message.kind != Kind::Other
            {
                left -= 1;
                each(place, &message)?;
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; dbus::HEAD];
        self.limit()?;
        self.stream.read_exact(&mut head)?;
        let length = dbus::length(&head).map_err(invalid)?;
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer is too long"));
        }
        let mut bytes = head.to_vec();
        bytes.resize(length, 0);
        self.limit()?;
        self.stream.read_exact(bytes.get_mut(dbus::HEAD..).unwrap_or_default())?;
        Ok(bytes)
    }
}

fn invalid(error: psoxide_parse::ParseError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// A text as D-Bus writes it: its length, the bytes and a zero, aligned to 4.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(text.bytes().chain([0]));
}

/// A signature: its length in a byte, the bytes and a zero.
fn put_signature(out: &mut Vec<u8>, signature: &str) {
    out.push(u8::try_from(signature.len()).unwrap_or(u8::MAX));
    out.extend(signature.bytes().chain([0]));
}

/// The message of a call.
fn encoded(call: &Call<'_>, destination: Option<&str>, serial: u32) -> Vec<u8> {
    let mut body = Vec::new();
    call.arguments.iter().for_each(|argument| put_text(&mut body, argument));
    let mut fields = Vec::new();
    let texts =
        [(1, "o", Some(call.path)), (2, "s", Some(call.interface)), (3, "s", Some(call.member)), (6, "s", destination)];
    for (code, kind, value) in texts {
        let Some(value) = value else { continue };
        fields.resize(fields.len().next_multiple_of(8), 0);
        fields.push(code);
        put_signature(&mut fields, kind);
        put_text(&mut fields, value);
    }
    if !call.arguments.is_empty() {
        fields.resize(fields.len().next_multiple_of(8), 0);
        fields.push(8);
        put_signature(&mut fields, "g");
        put_signature(&mut fields, &"s".repeat(call.arguments.len()));
    }
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    // Little-endian, a call, and no start of a service that does not run.
    let mut out = vec![b'l', 1, 2, 1];
    out.extend(length(&body));
    out.extend(serial.to_le_bytes());
    out.extend(length(&fields));
    out.extend(&fields);
    out.resize(out.len().next_multiple_of(8), 0);
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let path = |text| match address(text) {
            Some(Address::Path(path)) => path,
            Some(Address::Abstract(name)) => format!("@{name}"),
            None => String::new(),
        };
        assert_eq!(path("unix:path=/run/bus,guid=12"), "/run/bus");
        assert_eq!(path("tcp:host=x;unix:guid=1,abstract=/tmp/bus"), "@/tmp/bus");
        assert_eq!(path("unixexec:path=/bin/x"), "");
    }
}
