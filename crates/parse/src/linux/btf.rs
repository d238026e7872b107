//! `/sys/kernel/btf/vmlinux`: the kernel's own types, Documentation/bpf/btf.rst. In the machine's own byte order.

use crate::{Cursor, ParseError, Result};

/// The number of a type; 0 is `void`.
pub type TypeId = u32;

/// The kinds of types that are told apart here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Integers, enumerations and floating point numbers.
    Number,
    /// A pointer.
    Pointer,
    /// An array.
    Array,
    /// A struct or a union.
    Struct,
    /// Another name or a qualifier of a type.
    Alias,
    /// A function.
    Function,
    /// A variable.
    Variable,
    /// Any other.
    Other,
}

/// All types of a kernel.
#[derive(Debug, Clone)]
pub struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
    /// Where each type begins, that of number 1 first.
    starts: Vec<u32>,
}

/// Where a member lies in a struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Bytes from the beginning of the struct.
    pub offset: u32,
    /// Its type.
    pub id: TypeId,
}

/// What begins every type.
struct Head<'a> {
    kind: Kind,
    /// How many members follow.
    count: u32,
    /// Whether the upper byte of a member's offset is the width of a bit field.
    bit_fields: bool,
    size_or_type: u32,
    rest: Cursor<'a>,
}

const MAGIC: u16 = 0xeb9f;
/// Bytes of what begins every type, and of most types in all.
const HEAD: usize = 12;
const SHORT: usize = 24;
const KIND_STRUCT: u32 = 4;
/// Longer chains of names, or deeper nests of structs, are a ring.
const DEEPEST: usize = 32;
/// More members than any struct has with all that are nested in it: what has more nests itself.
const MOST_MEMBERS: u32 = 1 << 16;

fn u32_ne(cursor: &mut Cursor<'_>, field: &'static str) -> Result<u32> {
    cursor.array().map(u32::from_ne_bytes).ok_or_else(|| ParseError::missing(field))
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// `length` bytes from `offset` on.
fn section<'a>(bytes: &'a [u8], offset: u32, length: u32, field: &'static str) -> Result<&'a [u8]> {
    bytes.get(index(offset)..).and_then(|bytes| bytes.get(..index(length))).ok_or_else(|| ParseError::missing(field))
}

/// Where in the strings the name is that a head has.
fn name_of(head: &[u8; HEAD]) -> u32 {
    let [a, b, c, d, ..] = *head;
    u32::from_ne_bytes([a, b, c, d])
}

/// The word of a head that says of which kind the type is.
fn info_of(head: &[u8; HEAD]) -> u32 {
    let [_, _, _, _, a, b, c, d, ..] = *head;
    u32::from_ne_bytes([a, b, c, d])
}

/// Of each kind's number: what it is, how many bytes follow the head, and how many more for each member.
const KINDS: [Option<(Kind, u32, u32)>; 20] = [
    None,
    Some((Kind::Number, 4, 0)),
    Some((Kind::Pointer, 0, 0)),
    Some((Kind::Array, 12, 0)),
    Some((Kind::Struct, 0, 12)),
    Some((Kind::Struct, 0, 12)),
    Some((Kind::Number, 0, 8)),
    Some((Kind::Other, 0, 0)),
    Some((Kind::Alias, 0, 0)),
    Some((Kind::Alias, 0, 0)),
    Some((Kind::Alias, 0, 0)),
    Some((Kind::Alias, 0, 0)),
    Some((Kind::Function, 0, 0)),
    Some((Kind::Other, 0, 8)),
    Some((Kind::Variable, 4, 0)),
    Some((Kind::Other, 0, 12)),
    Some((Kind::Number, 0, 0)),
    Some((Kind::Other, 4, 0)),
    Some((Kind::Alias, 0, 0)),
    Some((Kind::Number, 0, 12)),
];

/// The kind of a type, and how many bytes follow its head.
#[inline]
fn kind_of(info: u32) -> Option<(Kind, u32)> {
    let (kind, fixed, each) = (*KINDS.get(index((info >> 24) & 0x1f))?)?;
    Some((kind, fixed + each * (info & 0xffff)))
}

impl<'a> Btf<'a> {
    /// Finds where each type is.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let magic = cursor.array().ok_or_else(|| ParseError::missing("magic"))?;
        if u16::from_ne_bytes(magic) != MAGIC {
            return Err(ParseError::malformed("magic", &magic));
        }
        cursor.take(2).ok_or_else(|| ParseError::missing("version"))?; // with flags
        let header = u32_ne(&mut cursor, "hdr_len")?;
        let [types_at, types_len, strings_at, strings_len] =
            ["type_off", "type_len", "str_off", "str_len"].map(|field| u32_ne(&mut cursor, field));
        let (types_at, types_len, strings_at, strings_len) = (types_at?, types_len?, strings_at?, strings_len?);
        let body = bytes.get(index(header)..).ok_or_else(|| ParseError::missing("hdr_len"))?;
        let types = section(body, types_at, types_len, "type_len")?;
        let strings = section(body, strings_at, strings_len, "str_len")?;
        let mut starts = Vec::with_capacity(types.len() / SHORT);
        let mut rest = types;
        while let Some((head, following)) = rest.split_first_chunk::<HEAD>() {
            let start = types.len() - rest.len();
            starts.push(u32::try_from(start).map_err(|_| ParseError::overflow("type_len", &[]))?);
            let info = info_of(head);
            let (_, length) = kind_of(info).ok_or_else(|| ParseError::malformed("info", &info.to_ne_bytes()))?;
            rest = following.get(index(length)..).ok_or_else(|| ParseError::missing("type"))?;
        }
        if rest.is_empty() { Ok(Self { types, strings, starts }) } else { Err(ParseError::missing("info")) }
    }

    /// The types of these kinds and names; the first of each. One pass over all types.
    #[must_use]
    pub fn find<const N: usize>(&self, wanted: [(Kind, &str); N]) -> [Option<TypeId>; N] {
        let bit = |kind| 1_u32 << kind as u32;
        let kinds = wanted.iter().fold(0, |kinds, (kind, _)| kinds | bit(*kind));
        // Nearly all names differ in what they begin with, which costs less to tell than a comparison with each.
        let initial = |name: &[u8]| 1_u64 << (name.first().unwrap_or(&0) % 64);
        let initials = wanted.iter().fold(0, |initials, (_, name)| initials | initial(name.as_bytes()));
        let mut found = [None; N];
        for (start, id) in self.starts.iter().zip(1..) {
            let head = self.types.get(index(*start)..).and_then(|rest| rest.first_chunk::<HEAD>());
            let Some((head, (kind, _))) = head.and_then(|head| Some((head, kind_of(info_of(head))?))) else { continue };
            if kinds & bit(kind) == 0 {
                continue;
            }
            let name = self.strings.get(index(name_of(head))..).unwrap_or_default();
            if initials & initial(name) == 0 {
                continue;
            }
            for ((_, text), found) in wanted.iter().zip(&mut found).filter(|((wanted, _), _)| *wanted == kind) {
                if name.strip_prefix(text.as_bytes()).is_some_and(|rest| rest.first() == Some(&0)) {
                    found.get_or_insert(id);
                }
            }
        }
        found
    }

    /// The member at a path as `stats_lock.seqcount`, through structs without names too. `None` for a bit field.
    #[must_use]
    pub fn member(&self, id: TypeId, path: &str) -> Option<Member> {
        let mut at = Member { offset: 0, id };
        for name in path.split('.') {
            let next = self.direct_member(at.id, name.as_bytes(), DEEPEST, &mut { MOST_MEMBERS })?;
            at = Member { offset: at.offset.checked_add(next.offset)?, id: next.id };
        }
        Some(at)
    }

    /// The type that a pointer points to.
    #[must_use]
    pub fn pointee(&self, id: TypeId) -> Option<TypeId> {
        let head = self.unaliased(id)?.1;
        (head.kind == Kind::Pointer).then_some(head.size_or_type)
    }

    /// The type of an array's elements, and how many there are.
    #[must_use]
    pub fn element(&self, id: TypeId) -> Option<(TypeId, u32)> {
        let mut head = self.unaliased(id)?.1;
        if head.kind != Kind::Array {
            return None;
        }
        let [element, _index_type, count] = [(); 3].map(|()| u32_ne(&mut head.rest, "array").ok());
        Some((element?, count?))
    }

    /// The value of an enumerator, of an enumeration of 32 bits.
    #[must_use]
    pub fn enumerator(&self, id: TypeId, name: &str) -> Option<u32> {
        let (_, mut head) = self.unaliased(id)?;
        if head.kind != Kind::Number || head.size_or_type != 4 {
            return None;
        }
        for _ in 0..head.count {
            let [own_name, value] = [(); 2].map(|()| u32_ne(&mut head.rest, "enumerator").ok());
            if self.name(own_name?)? == name.as_bytes() {
                return value;
            }
        }
        None
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self, id: TypeId) -> Option<u32> {
        self.size_within(id, DEEPEST)
    }

    fn size_within(&self, id: TypeId, depth: usize) -> Option<u32> {
        let (id, head) = self.unaliased(id)?;
        match head.kind {
            Kind::Number | Kind::Struct => Some(head.size_or_type),
            Kind::Pointer => u32::try_from(size_of::<u64>()).ok(),
            Kind::Array => {
                let (element, count) = self.element(id)?;
                self.size_within(element, depth.checked_sub(1)?)?.checked_mul(count)
            }
            _ => None,
        }
    }

    /// `members` is how many may be looked at yet.
    fn direct_member(&self, id: TypeId, name: &[u8], depth: usize, members: &mut u32) -> Option<Member> {
        let (_, mut head) = self.unaliased(id)?;
        if head.kind != Kind::Struct || name.is_empty() {
            return None;
        }
        for _ in 0..head.count {
            *members = members.checked_sub(1)?;
            let [own_name, id, bits] = [(); 3].map(|()| u32_ne(&mut head.rest, "member").ok());
            let (own_name, id, bits) = (self.name(own_name?)?, id?, bits?);
            let (offset, bit_field) = if head.bit_fields { (bits & 0xff_ffff, bits >> 24 != 0) } else { (bits, false) };
            if own_name == name {
                return (!bit_field && offset % 8 == 0).then_some(Member { offset: offset / 8, id });
            }
            let nested = own_name.is_empty() && !bit_field;
            let deeper = depth.checked_sub(1).filter(|_| nested);
            if let Some(inner) = deeper.and_then(|depth| self.direct_member(id, name, depth, members)) {
                return Some(Member { offset: (offset / 8).checked_add(inner.offset)?, ..inner });
            }
        }
        None
    }

    /// The type behind other names and qualifiers.
    fn unaliased(&self, mut id: TypeId) -> Option<(TypeId, Head<'a>)> {
        for _ in 0..DEEPEST {
            let head = self.head_at(*self.starts.get(index(id).checked_sub(1)?)?)?;
            if head.kind != Kind::Alias {
                return Some((id, head));
            }
            id = head.size_or_type;
        }
        None
    }

    fn head_at(&self, start: u32) -> Option<Head<'a>> {
        let (head, rest) = self.types.get(index(start)..)?.split_first_chunk::<HEAD>()?;
        let info = info_of(head);
        let (kind, _) = kind_of(info)?;
        let bit_fields = info >> 31 != 0 && (info >> 24) & 0x1f >= KIND_STRUCT;
        let [.., a, b, c, d] = *head;
        let (size_or_type, rest) = (u32::from_ne_bytes([a, b, c, d]), Cursor::new(rest));
        Some(Head { kind, count: info & 0xffff, bit_fields, size_or_type, rest })
    }

    fn name(&self, offset: u32) -> Option<&'a [u8]> {
        Cursor::new(self.strings.get(index(offset)..)?).until(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A writer of the format, for what the tests need of it.
    #[derive(Default)]
    struct Writer {
        types: Vec<u8>,
        strings: Vec<u8>,
        next: u32,
    }

    impl Writer {
        fn add(&mut self, name: &str, kind: u32, size_or_type: u32, rest: &[u32]) -> u32 {
            self.add_flagged(name, kind, false, size_or_type, rest)
        }

        fn add_flagged(&mut self, name: &str, kind: u32, flag: bool, size_or_type: u32, rest: &[u32]) -> u32 {
            let count = match kind {
                4 | 5 => rest.len() / 3,
                6 => rest.len() / 2,
                _ => 0,
            };
            let info = u32::from(flag) << 31 | kind << 24 | u32::try_from(count).unwrap();
            let name = self.string(name);
            for word in [name, info, size_or_type].iter().chain(rest) {
                self.types.extend(word.to_ne_bytes());
            }
            self.next += 1;
            self.next
        }

        fn string(&mut self, text: &str) -> u32 {
            if self.strings.is_empty() {
                self.strings.push(0);
            }
            if text.is_empty() {
                return 0;
            }
            let at = u32::try_from(self.strings.len()).unwrap();
            self.strings.extend(text.as_bytes());
            self.strings.push(0);
            at
        }

        fn bytes(&self) -> Vec<u8> {
            let [types, strings] = [&self.types, &self.strings].map(|part| u32::try_from(part.len()).unwrap());
            let header = [24, 0, types, types, strings].map(u32::to_ne_bytes).concat();
            [&MAGIC.to_ne_bytes()[..], &[1, 0], &header, &self.types, &self.strings].concat()
        }
    }

    /// struct task { int a : 3; union { u64 time; }; struct lock lock; struct task *next; char name[16]; }
    fn sample() -> Writer {
        let mut w = Writer::default();
        let int = w.add("int", 1, 4, &[32]);
        let long = w.add("long", 1, 8, &[64]);
        let u64 = w.add("u64", 8, long, &[]);
        let constant = w.add("", 10, u64, &[]);
        let char = w.add("char", 1, 1, &[8]);
        let names = w.add("", 3, 0, &[char, int, 16]);
        let (a, time, lock, seq, next, name) =
            (w.string("a"), w.string("time"), w.string("lock"), w.string("seq"), w.string("next"), w.string("name"));
        let lock_type = w.add("lock", 4, 8, &[a, int, 0, seq, int, 32]);
        let union = w.add("", 5, 8, &[time, constant, 0]);
        let pointer = w.add("", 2, 10, &[]);
        let members = [a, int, 3 << 24, 0, union, 64, lock, lock_type, 128, next, pointer, 192, name, names, 256];
        assert_eq!(w.add_flagged("task", 4, true, 48, &members), 10);
        w.add("task", 12, 1, &[]);
        w.add("runqueues", 14, 10, &[1]);
        let (on, off) = (w.string("on"), w.string("off"));
        w.add("flags", 6, 4, &[on, 1, off, 1 << 31]);
        w
    }

    #[test]
    fn types_by_name_and_kind() {
        let bytes = sample().bytes();
        let btf = Btf::parse(&bytes).unwrap();
        let (structs, function, variable) = (Kind::Struct, Kind::Function, Kind::Variable);
        let wanted = [(structs, "task"), (structs, "lock"), (structs, "time"), (structs, "tas"), (function, "task")];
        assert_eq!(btf.find(wanted), [Some(10), Some(7), None, None, Some(11)]);
        assert_eq!(btf.find([(variable, "runqueues")]), [Some(12)]);
    }

    #[test]
    fn members_through_nameless_structs_and_names_of_types() {
        let bytes = sample().bytes();
        let btf = Btf::parse(&bytes).unwrap();
        let place = |path| btf.member(10, path).map(|member| (member.offset, btf.size(member.id).unwrap()));
        assert_eq!(place("time"), Some((8, 8)));
        assert_eq!(place("lock"), Some((16, 8)));
        assert_eq!(place("lock.seq"), Some((20, 4)));
        assert_eq!(place("name"), Some((32, 16)));
        assert_eq!(place("a"), None, "a bit field");
        assert_eq!([place("b"), place("lock.b"), place("time.b"), place("")], [None; 4]);
        assert_eq!(btf.pointee(btf.member(10, "next").unwrap().id), Some(10));
        assert_eq!(btf.element(btf.member(10, "name").unwrap().id), Some((5, 16)));
        assert_eq!(btf.pointee(10), None);
        assert_eq!(btf.element(10), None);
        assert_eq!([btf.size(0), btf.size(99), btf.size(11)], [None; 3]);
    }

    #[test]
    fn enumerators_by_name() {
        let bytes = sample().bytes();
        let btf = Btf::parse(&bytes).unwrap();
        let [Some(flags)] = btf.find([(Kind::Number, "flags")]) else { panic!() };
        assert_eq!([btf.enumerator(flags, "on"), btf.enumerator(flags, "off")], [Some(1), Some(1 << 31)]);
        assert_eq!([btf.enumerator(flags, "o"), btf.enumerator(1, "on"), btf.enumerator(10, "a")], [None; 3]);
    }

    #[test]
    fn rings_end() {
        let mut w = Writer::default();
        w.add("a", 8, 2, &[]);
        w.add("b", 8, 1, &[]);
        w.add("", 3, 0, &[3, 1, 2]);
        w.add("s", 4, 8, &[0, 4, 0, 0, 4, 0, 0, 4, 0]);
        let bytes = w.bytes();
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!([btf.size(1), btf.size(3)], [None; 2]);
        assert_eq!(btf.member(4, "x"), None);
    }

    #[test]
    fn odd_input_names_the_field() {
        let whole = sample().bytes();
        let field = |bytes: &[u8]| Btf::parse(bytes).unwrap_err().field();
        assert_eq!(field(b""), "magic");
        assert_eq!(field(&[0; 24]), "magic");
        let cut = |length: usize| field(whole.split_at(length).0);
        assert_eq!([cut(3), cut(6), cut(14), cut(18)], ["version", "hdr_len", "type_len", "str_off"]);
        assert_eq!([cut(30), cut(whole.len() - 1)], ["type_len", "str_len"]);
        let mut w = Writer::default();
        w.add("x", 31, 0, &[]);
        assert_eq!(field(&w.bytes()), "info");
        let mut w = Writer::default();
        w.add("x", 3, 0, &[1]);
        assert_eq!(field(&w.bytes()), "type");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, noise in proptest::collection::vec((0usize..400, any::<u8>()), 0..8)) {
            let _ = Btf::parse(&bytes);
            let mut bytes = sample().bytes();
            for (at, byte) in noise {
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            if let Ok(btf) = Btf::parse(&bytes) {
                for id in 0..16 {
                    let _ = (btf.size(id), btf.pointee(id), btf.element(id), btf.member(id, "lock.seq"));
                    let _ = btf.enumerator(id, "off");
                }
                let _ = btf.find([(Kind::Struct, "task")]);
            }
        }
    }
}
