//! Tables of sockets and interfaces.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use psoxide_parse::linux::net_counters::{Counter, Softnet};
use psoxide_parse::linux::net_dev::Nic;
use psoxide_parse::linux::net_queues::Queues;
use psoxide_parse::linux::net_sock::{InetSocket, UnixSocket, UnixState};

use crate::{halves, hex, lines, nth, signed, words};

/// `/proc/net/{tcp,tcp6,udp,udp6}`.
pub fn inet(bytes: &[u8], v6: bool, little_endian: bool) -> Option<Vec<InetSocket>> {
    let mut all = Vec::new();
    for line in lines(bytes).into_iter().skip(1) {
        let words = words(line);
        let (sent, received) = halves(words.get(4)?, b':')?;
        let state = u8::try_from(hex(words.get(3)?)?).ok()?;
        let [send_queue, recv_queue] = [exact(sent, 8)?, exact(received, 8)?];
        all.push(InetSocket {
            local: endpoint(words.get(1)?, v6, little_endian)?,
            remote: endpoint(words.get(2)?, v6, little_endian)?,
            state,
            recv_queue,
            send_queue,
            uid: u32::try_from(nth(&words, 7)?).ok()?,
            inode: nth(&words, 9)?,
        });
    }
    Some(all)
}

/// An address and a port, all digits of both.
fn endpoint(word: &[u8], v6: bool, little_endian: bool) -> Option<(IpAddr, u16)> {
    let (address, port) = halves(word, b':')?;
    let mut octets = Vec::new();
    for digits in address.chunks(8) {
        let group = exact(digits, 8)?;
        octets.extend(if little_endian { group.to_le_bytes() } else { group.to_be_bytes() });
    }
    let address = if v6 {
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?))
    } else {
        IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?))
    };
    Some((address, u16::try_from(exact(port, 4)?).ok()?))
}

/// A hexadecimal number of exactly so many digits.
fn exact(digits: &[u8], count: usize) -> Option<u32> {
    u32::try_from(hex(digits).filter(|_| digits.len() == count)?).ok()
}

/// `/proc/net/unix`.
pub fn unix(bytes: &[u8]) -> Option<Vec<UnixSocket<'_>>> {
    let mut all = Vec::new();
    for line in lines(bytes).into_iter().skip(1).filter(|line| line.contains(&b' ')) {
        // Seven words, then a space and the path.
        let words = words(line);
        let (flags, kind, state) = (hex(words.get(3)?)?, hex(words.get(4)?)?, hex(words.get(5)?)?);
        let inode = nth(&words, 6)?;
        let mut rest = line;
        for word in &words[..7] {
            rest = &rest.trim_ascii_start()[word.len()..];
        }
        let path = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
        let state = match (flags & 0x10000 != 0, state) {
            (true, _) => UnixState::Listening,
            (false, 2 | 3) => UnixState::Connected,
            _ => UnixState::Unconnected,
        };
        all.push(UnixSocket { kind: u16::try_from(kind).ok()?, state, queues: None, inode, path: path.into() });
    }
    Some(all)
}

/// The sums of `/proc/net/{tcp,tcp6,udp,udp6}`.
pub fn queues(bytes: &[u8]) -> Option<Queues> {
    let mut all = Queues::default();
    for line in lines(bytes).into_iter().skip(1) {
        let words = words(line);
        let state = usize::try_from(hex(words.get(3)?)?).ok()?;
        let (sent, received) = halves(words.get(4)?, b':')?;
        *all.states.get_mut(state)? += 1;
        all.sent = all.sent.saturating_add(hex(sent)?);
        all.received = all.received.saturating_add(hex(received)?);
    }
    Some(all)
}

/// `/proc/net/dev`.
pub fn interfaces(bytes: &[u8]) -> Option<Vec<Nic<'_>>> {
    let mut all = Vec::new();
    for line in lines(bytes).into_iter().skip(2) {
        let colon = line.iter().rposition(|byte| *byte == b':')?;
        let name = line[..colon].trim_ascii();
        let words = words(&line[colon + 1..]);
        let at = |place| nth(&words, place);
        all.push(Nic {
            name: Some(name).filter(|name| !name.is_empty())?,
            bytes_recv: at(0)?,
            packets_recv: at(1)?,
            errin: at(2)?,
            dropin: at(3)?,
            fifo_recv: at(4)?,
            frame: at(5)?,
            compressed_recv: at(6)?,
            multicast: at(7)?,
            bytes_sent: at(8)?,
            packets_sent: at(9)?,
            errout: at(10)?,
            dropout: at(11)?,
            fifo_sent: at(12)?,
            colls: at(13)?,
            carrier: at(14)?,
            compressed_sent: at(15)?,
        });
    }
    Some(all)
}

/// `/proc/net/{snmp,netstat}`.
pub fn snmp(bytes: &[u8]) -> Option<Vec<Counter<'_>>> {
    let mut all = Vec::new();
    for pair in lines(bytes).chunks(2) {
        let [names, values] = *pair else { return None };
        let ((protocol, names), (same, values)) = (halves(names, b':')?, halves(values, b':')?);
        let (names, values) = (words(names), words(values));
        if protocol != same || names.len() > values.len() {
            return None;
        }
        for (name, value) in names.into_iter().zip(values) {
            all.push(Counter { protocol, name, value: signed(value)? });
        }
    }
    Some(all)
}

/// `/proc/net/snmp6`.
pub fn snmp6(bytes: &[u8]) -> Option<Vec<Counter<'_>>> {
    let mut all = Vec::new();
    for line in lines(bytes) {
        let words = words(line);
        let name = words.first()?;
        let (protocol, name) = name.split_at(name.iter().position(|byte| *byte == b'6')? + 1);
        all.push(Counter { protocol, name, value: signed(words.get(1)?)? });
    }
    Some(all)
}

/// `/proc/net/{sockstat,sockstat6}`.
pub fn sockstat(bytes: &[u8]) -> Option<Vec<Counter<'_>>> {
    let mut all = Vec::new();
    for line in lines(bytes) {
        let (protocol, pairs) = halves(line, b':')?;
        for pair in words(pairs).chunks(2) {
            let [name, value] = *pair else { return None };
            all.push(Counter { protocol, name, value: signed(value)? });
        }
    }
    Some(all)
}

/// `/proc/net/softnet_stat`.
pub fn softnet(bytes: &[u8]) -> Option<Vec<Softnet>> {
    let mut all = Vec::new();
    for line in lines(bytes) {
        let words = words(line);
        let at = |place: usize| hex(words.get(place)?);
        let if_any = |place: usize| if words.len() > place { at(place).map(Some) } else { Some(None) };
        all.push(Softnet {
            processed: at(0)?,
            dropped: at(1)?,
            times_squeezed: at(2)?,
            cpu_collision: at(8)?,
            received_rps: if_any(9)?,
            flow_limit: if_any(10)?,
            backlog: if_any(11)?,
            cpu: if_any(12)?,
        });
    }
    Some(all)
}
