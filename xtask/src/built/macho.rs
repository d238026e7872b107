//! The answers of a Mach-O object.
//!
//! A section's name has at most 16 characters there, so `answer.h` puts each question into a section of its own: `n7` holds
//! the text of the question whose answer `d7` holds, or whose error number `e7` holds.

use std::borrow::Cow;

use crate::elf::Section;
use crate::macho::{SEGMENT, commands, u32_at};

/// The segment of `answer.h`.
const ANSWERS: &[u8] = b"__ASK";

/// Lists the answers as sections named as in an ELF object. The error is why the object cannot be understood.
pub(super) fn sections(object: &[u8]) -> Result<Vec<Section<'_>>, &'static str> {
    let found = parts(object).ok_or("the object is cut off")?;
    let mut sections = Vec::new();
    for part in &found {
        let kind = match part.name.first() {
            Some(b'd') => "ask",
            Some(b'e') => "errno",
            Some(b'h') => {
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
    let mut parts = Vec::new();
    for command in commands(object)?.into_iter().filter(|command| command.kind == SEGMENT) {
        for number in 0..u32_at(command.bytes, 64)? as usize {
            let section = command.bytes.get(72usize.checked_add(number.checked_mul(80)?)?..)?.get(..80)?;
            let name = |at: usize| section.get(at..)?.get(..16)?.split(|byte| *byte == 0).next();
            if name(16)? != ANSWERS {
                continue;
            }
            let length = u64::from_le_bytes(*section.get(40..)?.first_chunk()?);
            let (offset, relocations) = (u32_at(section, 48)? as usize, u32_at(section, 60)?);
            parts.push(Part {
                name: name(0)?,
                bytes: object.get(offset..)?.get(..usize::try_from(length).ok()?)?,
                has_pointers: relocations != 0,
            });
        }
    }
    Some(parts)
}
