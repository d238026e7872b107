//! Sockets as text: the protocol and the addresses.

use std::fmt::Write as _;
use std::net::SocketAddr;

use psoxide::{AddressFamily, Endpoint, SocketType};

use super::{escape_to, number_to};

/// The name of a protocol: tcp, tcp6, udp, udp6 or unix.
pub(crate) fn proto(family: AddressFamily, kind: SocketType) -> &'static &'static str {
    match (family, kind) {
        (AddressFamily::Inet, SocketType::Stream) => &"tcp",
        (AddressFamily::Inet6, SocketType::Stream) => &"tcp6",
        (AddressFamily::Inet, SocketType::Datagram) => &"udp",
        (AddressFamily::Inet6, SocketType::Datagram) => &"udp6",
        (AddressFamily::Unix, _) => &"unix",
        _ => &"?",
    }
}

/// Writes an address. Always returns true.
pub(crate) fn endpoint(out: &mut String, endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::None => out.push('-'),
        Endpoint::Inet(SocketAddr::V4(address)) => {
            for (i, octet) in address.ip().octets().into_iter().enumerate() {
                out.push_str(if i > 0 { "." } else { "" });
                number_to(out, octet.into());
            }
            out.push(':');
            number_to(out, address.port().into());
        }
        Endpoint::Inet(address) => _ = write!(out, "{address}"),
        Endpoint::Unix(path) if path.is_empty() => out.push('-'),
        Endpoint::Unix(path) => escape_to(out, path),
        _ => out.push('?'),
    }
    true
}
