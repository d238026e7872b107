//! The sections of a Mach-O object of 64 bits, little-endian.
//!
//! A section's name has at most 16 characters there, so `answer.h` puts each question into a section of its own: `n7` holds
//! the text of the question whose answer `d7` holds, or whose error number `e7` holds.

use std::borrow::Cow;

use super::elf::Section;

/// `LC_SEGMENT_64`
const SEGMENT: u32 = 0x19;
/// The segment of `answer.h`.
const ANSWERS: &[u8] = b"__ASK";

/// Whether this is such an object.
pub(super) fn is_object(object: &[u8]) -> bool {
    object.starts_with(b"\xcf\xfa\xed\xfe")
}

/// Lists the answers as sections named as in an ELF object. The error is why the object cannot be understood.
pub(super) fn sections(object: &[u8]) -> Result<Vec<Section<'_>>, &'static str> {
    const CUT: &str = "the object is cut off";
    let found = parts(object).ok_or(CUT)?;
    let mut sections = Vec::new();
    for part in &found {
        let kind = match part.name.split_at_checked(1) {
            Some((b"d", _)) => "ask",
            Some((b"e", _)) => "errno",
            Some((b"h", _)) => {
                sections.push(Section { name: "header".into(), bytes: part.bytes, has_pointers: part.has_pointers });
                continue;
            }
            _ => continue,
        };
        let number = part.name.get(1..);
        let question = found.iter().find(|other| other.name.first() == Some(&b'n') && other.name.get(1..) == number);
        let question = question.ok_or("an answer without a question")?;
        let text = question.bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| "a question is not UTF-8")?;
        let name = Cow::Owned(format!("{kind} {text}"));
        if sections.iter().any(|section: &Section<'_>| section.name == name) {
            return Err("two answers to one question");
        }
        sections.push(Section { name, bytes: part.bytes, has_pointers: part.has_pointers });
    }
    Ok(sections)
}

/// A section of the segment.
struct Part<'a> {
    name: &'a [u8],
    bytes: &'a [u8],
    has_pointers: bool,
}

fn parts(object: &[u8]) -> Option<Vec<Part<'_>>> {
    let number = |at: usize| Some(u32::from_le_bytes(*object.get(at..)?.first_chunk()?));
    let length = |at: usize| usize::try_from(u64::from_le_bytes(*object.get(at..)?.first_chunk()?)).ok();
    let text = |at: usize| {
        let text = object.get(at..)?.get(..16)?;
        text.split(|byte| *byte == 0).next()
    };
    let mut parts = Vec::new();
    let mut command = 32usize;
    for _ in 0..number(16)? {
        if number(command)? == SEGMENT {
            for section in 0..number(command.checked_add(64)?)? as usize {
                let at = command.checked_add(72)?.checked_add(section.checked_mul(80)?)?;
                if text(at + 16)? != ANSWERS {
                    continue;
                }
                let offset = number(at + 48)? as usize;
                parts.push(Part {
                    name: text(at)?,
                    bytes: object.get(offset..)?.get(..length(at + 40)?)?,
                    has_pointers: number(at + 60)? != 0,
                });
            }
        }
        command = command.checked_add(number(command + 4)? as usize)?;
    }
    Some(parts)
}
