//! Reads the sections of a 64-bit little-endian ELF object.

use std::borrow::Cow;

/// A section.
pub(crate) struct Section<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) bytes: &'a [u8],
    /// Whether the linker would write addresses into the section.
    pub(crate) has_pointers: bool,
}

/// `SHT_NOBITS`: a section of zeros that are not in the file.
const NO_BITS: u32 = 8;
/// `SHT_RELA`
const RELOCATIONS: u32 = 4;

/// The header of a section.
struct Header {
    name: usize,
    kind: u32,
    offset: usize,
    size: usize,
    /// For relocations, the index of the section to which they apply.
    info: usize,
}

/// Lists the sections. The error says why the object cannot be parsed.
pub(crate) fn sections(object: &[u8]) -> Result<Vec<Section<'_>>, &'static str> {
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

/// Lists the symbols that a shared object needs and does not define. The error says why the object cannot be parsed.
pub(crate) fn undefined(object: &[u8]) -> Result<Vec<String>, &'static str> {
    const CUT: &str = "the symbol table is cut off";
    let sections = sections(object)?;
    let of = |name| sections.iter().find(|section| section.name == name).map(|section| section.bytes).ok_or(CUT);
    let (symbols, names) = (of(".dynsym")?, of(".dynstr")?);
    let mut found = Vec::new();
    for symbol in symbols.chunks_exact(24) {
        // A symbol without a section is undefined. The first entry of the table is always empty.
        let (Some(at), Some(section)) = (u32_at(symbol, 0), u16_at(symbol, 6)) else { return Err(CUT) };
        if section == 0 && at != 0 {
            let name = names.get(at as usize..).and_then(|rest| rest.split(|byte| *byte == 0).next()).ok_or(CUT)?;
            found.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok(found)
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
