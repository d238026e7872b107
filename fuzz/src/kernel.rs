//! Binary answers of the kernel: each field is at its offset.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use psoxide_parse::linux::btf::{Kind, TypeId};
use psoxide_parse::linux::net_sock::{InetSocket, UnixSocket, UnixState};
use psoxide_parse::linux::netlink::Message;
use psoxide_parse::linux::rtnetlink::{Address, Link};
use psoxide_parse::linux::taskstats::{Exit, Used};
use psoxide_parse::linux::utmp::Login;

fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}

fn u8_at(bytes: &[u8], place: usize) -> Option<u8> {
    bytes.get(place).copied()
}

fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    at(bytes, place).map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    at(bytes, place).map(u32::from_ne_bytes)
}

fn i32_at(bytes: &[u8], place: usize) -> Option<i32> {
    at(bytes, place).map(i32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], place: usize) -> Option<u64> {
    at(bytes, place).map(u64::from_ne_bytes)
}

/// What comes before the first NUL.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The messages of netlink.
pub fn messages(bytes: &[u8]) -> Option<Vec<Message<'_>>> {
    let (mut all, mut place) = (Vec::new(), 0);
    while place < bytes.len() {
        let length = u32_at(bytes, place)? as usize;
        let kind = u16_at(bytes, place + 4)?;
        let payload = bytes.get(place + 16..place + length)?;
        all.push(match (kind, i32_at(payload, 0)) {
            (2, errno) => Message::Error(errno?),
            (3, Some(errno @ ..0)) => Message::Error(errno),
            (3, _) => Message::Done,
            (kind, _) => Message::Data(kind, payload),
        });
        place += length.next_multiple_of(4);
    }
    Some(all)
}

/// The attributes of a message, up to a malformed one, which is `None`.
fn attributes(bytes: &[u8]) -> Vec<Option<(u16, &[u8])>> {
    let (mut all, mut place) = (Vec::new(), 0);
    while place < bytes.len() {
        let one = || {
            let length = usize::from(u16_at(bytes, place)?);
            let kind = u16_at(bytes, place + 2)? & 0x3fff;
            Some((kind, bytes.get(place + 4..place + length)?))
        };
        let found = one();
        all.push(found);
        match found {
            Some((_, value)) => place += 4 + value.len().next_multiple_of(4),
            None => break,
        }
    }
    all
}

/// The value of the first attribute of this type.
fn first(bytes: &[u8], wanted: u16) -> Option<Option<&[u8]>> {
    for attribute in attributes(bytes) {
        let (kind, value) = attribute?;
        if kind == wanted {
            return Some(Some(value));
        }
    }
    Some(None)
}

/// The value of the last attribute of this type.
fn last<'a>(attributes: &[(u16, &'a [u8])], wanted: u16) -> Option<&'a [u8]> {
    attributes.iter().rev().find(|(kind, _)| *kind == wanted).map(|(_, value)| *value)
}

/// `struct inet_diag_msg`.
pub fn inet(bytes: &[u8]) -> Option<InetSocket> {
    let address = |place| -> Option<IpAddr> {
        match u8_at(bytes, 0)? {
            2 => at::<4>(bytes, place).map(|octets| Ipv4Addr::from(octets).into()),
            10 => at::<16>(bytes, place).map(|octets| Ipv6Addr::from(octets).into()),
            _ => None,
        }
    };
    let port = |place| at(bytes, place).map(u16::from_be_bytes);
    Some(InetSocket {
        local: (address(8)?, port(4)?),
        remote: (address(24)?, port(6)?),
        state: u8_at(bytes, 1)?,
        recv_queue: u32_at(bytes, 56)?,
        send_queue: u32_at(bytes, 60)?,
        uid: u32_at(bytes, 64)?,
        inode: u32_at(bytes, 68)?.into(),
    })
}

/// `struct unix_diag_msg` with its attributes.
pub fn unix(bytes: &[u8]) -> Option<(UnixSocket<'_>, usize)> {
    let attributes: Vec<_> = attributes(bytes.get(16..)?).into_iter().collect::<Option<_>>()?;
    let mut queues = None;
    for (_, value) in attributes.iter().filter(|(kind, _)| *kind == 4) {
        queues = Some((u32_at(value, 0)?, u32_at(value, 4)?));
    }
    let mut path = Cow::Borrowed(last(&attributes, 0).unwrap_or_default());
    if path.first() == Some(&0) {
        path = path.iter().map(|byte| if *byte == 0 { b'@' } else { *byte }).collect();
    } else {
        path.to_mut().pop();
    }
    let state = match u8_at(bytes, 2)? {
        1 => UnixState::Connected,
        10 => UnixState::Listening,
        _ => UnixState::Unconnected,
    };
    let (kind, inode) = (u8_at(bytes, 1)?.into(), u32_at(bytes, 4)?.into());
    let waiting = last(&attributes, 3).map_or(0, |value| value.len() / 4);
    Some((UnixSocket { kind, state, queues, inode, path }, waiting))
}

/// `struct ifinfomsg` with its attributes.
pub fn link(bytes: &[u8]) -> Option<Link<'_>> {
    let attributes: Vec<_> = attributes(bytes.get(16..)?).into_iter().collect::<Option<_>>()?;
    let mut mtu = None;
    for (_, value) in attributes.iter().filter(|(kind, _)| *kind == 4) {
        mtu = Some(u32_at(value, 0)?);
    }
    Some(Link {
        index: u32_at(bytes, 4)?,
        name: text(last(&attributes, 3)?),
        flags: u32_at(bytes, 8)?,
        mtu,
        address: last(&attributes, 1).unwrap_or_default(),
        broadcast: last(&attributes, 2).unwrap_or_default(),
    })
}

/// `struct ifaddrmsg` with its attributes.
pub fn address(bytes: &[u8]) -> Option<Address<'_>> {
    let attributes: Vec<_> = attributes(bytes.get(8..)?).into_iter().collect::<Option<_>>()?;
    Some(Address {
        index: u32_at(bytes, 4)?,
        family: u8_at(bytes, 0)?,
        prefix: u8_at(bytes, 1)?,
        address: last(&attributes, 1).unwrap_or_default(),
        local: last(&attributes, 2),
        broadcast: last(&attributes, 4),
        label: last(&attributes, 3).map(text),
    })
}

/// The number of a family of generic netlink.
pub fn family(bytes: &[u8]) -> Option<u16> {
    u16_at(first(bytes.get(4..)?, 1)??, 0)
}

/// A message about a thread that has ended.
pub fn exit(bytes: &[u8]) -> Option<Option<Exit<'_>>> {
    let Some(aggregate) = first(bytes.get(4..)?, 4)? else { return Some(None) };
    let stats = first(aggregate, 3)??;
    if u16_at(stats, 0)? < 12 {
        return None;
    }
    let long = |place| u64_at(stats, place);
    let used = Used {
        user: long(152)?,
        system: long(160)?,
        minor_faults: long(168)?,
        major_faults: long(176)?,
        read_chars: long(216)?,
        write_chars: long(224)?,
        read_calls: long(232)?,
        write_calls: long(240)?,
        read_bytes: long(248)?,
        write_bytes: long(256)?,
        voluntary: long(272)?,
        involuntary: long(280)?,
    };
    Some(Some(Exit {
        pid: u32_at(stats, 128)?,
        tgid: u32_at(stats, 368)?,
        is_last: u8_at(stats, 8)? & 0x20 != 0,
        comm: text(stats.get(80..112)?),
        nice: u8_at(stats, 9)?.cast_signed(),
        uid: u32_at(stats, 120)?,
        ppid: u32_at(stats, 132)?,
        began: long(344)?,
        elapsed: long(144)?,
        process_elapsed: long(376)?,
        used,
    }))
}

/// `/run/utmp`.
pub fn logins(bytes: &[u8], little_endian: bool) -> Option<Vec<Login<'_>>> {
    let mut all = Vec::new();
    for record in bytes.chunks_exact(384) {
        let int = |place| {
            let bytes = at(record, place)?;
            Some(i64::from(if little_endian { i32::from_le_bytes(bytes) } else { i32::from_be_bytes(bytes) }))
        };
        if record[..2] == if little_endian { [7, 0] } else { [0, 7] } {
            all.push(Login {
                pid: int(4)?,
                line: text(&record[8..40]),
                user: text(&record[44..76]),
                host: text(&record[76..332]),
                seconds: int(340)?,
                micros: int(344)?,
            });
        }
    }
    Some(all)
}

/// The types of a kernel: of each its head and what follows that.
pub struct Types<'a> {
    strings: &'a [u8],
    all: Vec<&'a [u8]>,
}

/// `/sys/kernel/btf/vmlinux`.
pub fn types(bytes: &[u8]) -> Option<Types<'_>> {
    if u16_at(bytes, 0)? != 0xeb9f {
        return None;
    }
    let word = |place| u32_at(bytes, place).map(|word| word as usize);
    let (body, types, strings) = (word(4)?, word(8)?..word(8)? + word(12)?, word(16)?..word(16)? + word(20)?);
    let body = bytes.get(body..)?;
    let (mut rest, strings, mut all) = (body.get(types)?, body.get(strings)?, Vec::new());
    while !rest.is_empty() {
        let info = u32_at(rest, 4)?;
        let members = (info & 0xffff) as usize;
        let length = match (info >> 24) & 0x1f {
            1 | 14 | 17 => 4,
            3 => 12,
            4 | 5 | 15 | 19 => 12 * members,
            6 | 13 => 8 * members,
            2 | 7..=12 | 16 | 18 => 0,
            _ => return None,
        };
        all.push(rest.get(..12 + length)?);
        rest = &rest[12 + length..];
    }
    Some(Types { strings, all })
}

impl<'a> Types<'a> {
    /// The first type of this kind and name.
    pub fn find(&self, kind: Kind, name: &str) -> Option<TypeId> {
        let name = [name.as_bytes(), &[0]].concat();
        let is = |one: &&[u8]| {
            let own = u32_at(one, 0).and_then(|place| self.strings.get(place as usize..));
            kind_of(one) == Some(kind) && own.is_some_and(|own| own.starts_with(&name))
        };
        self.all.iter().position(is).map(|place| place as TypeId + 1)
    }

    /// The type behind other names: at most 31 of them.
    fn behind(&self, mut id: TypeId) -> Option<&'a [u8]> {
        for _ in 0..32 {
            let one = self.all.get((id as usize).checked_sub(1)?)?;
            if kind_of(one)? != Kind::Alias {
                return Some(one);
            }
            id = u32_at(one, 8)?;
        }
        None
    }

    /// The type that a pointer points to.
    pub fn pointee(&self, id: TypeId) -> Option<TypeId> {
        let one = self.behind(id)?;
        if kind_of(one)? == Kind::Pointer { u32_at(one, 8) } else { None }
    }

    /// The type of an array's elements, and how many there are.
    pub fn element(&self, id: TypeId) -> Option<(TypeId, u32)> {
        let one = self.behind(id)?;
        if kind_of(one)? == Kind::Array { Some((u32_at(one, 12)?, u32_at(one, 20)?)) } else { None }
    }

    /// The size in bytes: of an array, whose elements may be arrays 32 deep, the product.
    pub fn size(&self, mut id: TypeId) -> Option<u32> {
        let mut counts = Vec::new();
        while let Some((element, count)) = self.element(id) {
            counts.push(count);
            id = element;
            if counts.len() > 32 {
                return None;
            }
        }
        let one = self.behind(id)?;
        let inmost = match kind_of(one)? {
            Kind::Number | Kind::Struct => u32_at(one, 8)?,
            Kind::Pointer => 8,
            _ => return None,
        };
        counts.into_iter().rev().try_fold(inmost, u32::checked_mul)
    }
}

fn kind_of(one: &[u8]) -> Option<Kind> {
    Some(match (u32_at(one, 4)? >> 24) & 0x1f {
        1 | 6 | 16 | 19 => Kind::Number,
        2 => Kind::Pointer,
        3 => Kind::Array,
        4 | 5 => Kind::Struct,
        8..=11 | 18 => Kind::Alias,
        12 => Kind::Function,
        14 => Kind::Variable,
        _ => Kind::Other,
    })
}
