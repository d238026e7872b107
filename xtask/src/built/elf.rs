//! The sections of an ELF object of 64 bits, little-endian.

use std::borrow::Cow;

/// A section.
pub(super) struct Section<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) bytes: &'a [u8],
    /// Whether the linker would fill in addresses.
    pub(super) has_pointers: bool,
}

/// `SHT_NOBITS`: all zeros, which are not in the file.
const NO_BITS: u32 = 8;
/// `SHT_RELA`
const RELOCATIONS: u32 = 4;

/// The header of a section.
struct Header {
    name: usize,
    kind: u32,
    offset: usize,
    size: usize,
    /// What relocations are of.
    info: usize,
}

/// Lists the sections. The error is why the object cannot be understood.
pub(super) fn sections(object: &[u8]) -> Result<Vec<Section<'_>>, &'static str> {
    const CUT: &str = "the object is cut off";
    if object.get(..6) != Some(b"\x7fELF\x02\x01") {
        return Err("the object is not ELF of 64 bits, little-endian");
    }
    let (start, size, count) = (u64_at(object, 40), u16_at(object, 58), u16_at(object, 60));
    let (Some(start), Some(size), Some(count), Some(names)) = (start, size, count, u16_at(object, 62)) else {
        return Err(CUT);
    };
    let header = |number: usize| {
        let at = start.checked_add(number.checked_mul(size)?)?;
        let header = object.get(at..at.checked_add(64)?)?;
        Some(Header {
            name: u32_at(header, 0)? as usize,
            kind: u32_at(header, 4)?,
            offset: u64_at(header, 24)?,
            size: u64_at(header, 32)?,
            info: u32_at(header, 44)? as usize,
        })
    };
    let headers: Vec<Header> = (0..count).map(header).collect::<Option<_>>().ok_or(CUT)?;
    let bytes = |header: &Header| object.get(header.offset..)?.get(..header.size);
    let names = headers.get(names).and_then(bytes).ok_or(CUT)?;
    let mut sections = Vec::new();
    for (number, header) in headers.iter().enumerate() {
        if header.kind == NO_BITS {
            continue;
        }
        let name = names.get(header.name..).and_then(|name| name.split(|byte| *byte == 0).next()).ok_or(CUT)?;
        sections.push(Section {
            name: std::str::from_utf8(name).map_err(|_| "a section's name is not UTF-8")?.into(),
            bytes: bytes(header).ok_or(CUT)?,
            has_pointers: headers.iter().any(|other| other.kind == RELOCATIONS && other.info == number),
        });
    }
    Ok(sections)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<usize> {
    u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?).try_into().ok()
}
