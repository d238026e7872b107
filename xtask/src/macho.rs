//! Reads 64-bit little-endian Mach-O files: objects, programs and libraries of macOS.

/// `LC_SEGMENT_64`
pub(crate) const SEGMENT: u32 = 0x19;
/// `LC_SYMTAB`
const SYMBOLS: u32 = 2;
/// `LC_LOAD_DYLIB`, `LC_LOAD_WEAK_DYLIB`, `LC_REEXPORT_DYLIB`
const LIBRARIES: [u32; 3] = [0xc, 0x8000_0018, 0x8000_001f];
/// `LC_BUILD_VERSION`
const BUILD_VERSION: u32 = 0x32;
/// `PLATFORM_MACOS`
const MACOS: u32 = 1;
/// `DYNAMIC_LOOKUP_ORDINAL`, and the number that zig writes instead: the program that loads the library has the symbol.
const OF_PROGRAM: [u16; 2] = [0xfe, 0];

/// A load command: its kind, and its bytes, which begin with the kind and the length.
pub(crate) struct Command<'a> {
    pub(crate) kind: u32,
    pub(crate) bytes: &'a [u8],
}

/// The requirements of a program or library.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The architecture, as in the names of wheels.
    pub(crate) architecture: &'static str,
    /// The oldest macOS that can load it: major and minor version.
    pub(crate) minimum: (u32, u32),
    /// The libraries that it loads.
    pub(crate) libraries: Vec<String>,
    /// The symbols that the loading program must have.
    pub(crate) of_program: Vec<String>,
}

/// Returns whether a file is a 64-bit little-endian Mach-O file.
pub(crate) fn is_macho(file: &[u8]) -> bool {
    file.starts_with(b"\xcf\xfa\xed\xfe")
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Lists the load commands. Returns `None` if the file is truncated.
pub(crate) fn commands(file: &[u8]) -> Option<Vec<Command<'_>>> {
    let mut commands = Vec::new();
    let mut rest = file.get(32..)?;
    for _ in 0..u32_at(file, 16)? {
        let bytes = rest.get(..u32_at(rest, 4)? as usize).filter(|bytes| bytes.len() >= 8)?;
        commands.push(Command { kind: u32_at(bytes, 0)?, bytes });
        rest = rest.get(bytes.len()..)?;
    }
    Some(commands)
}

/// Reads the requirements of a program or library. Returns `None` if this is not such a file for macOS.
pub(crate) fn needs(file: &[u8]) -> Option<Needs> {
    let architecture = match u32_at(file, 4).filter(|_| is_macho(file))? {
        0x0100_0007 => "x86_64",
        0x0100_000c => "arm64",
        _ => return None,
    };
    let (mut minimum, mut libraries, mut of_program) = (None, Vec::new(), Vec::new());
    for command in commands(file)? {
        if LIBRARIES.contains(&command.kind) {
            libraries.push(text(command.bytes, u32_at(command.bytes, 8)? as usize)?);
        } else if command.kind == BUILD_VERSION && u32_at(command.bytes, 8)? == MACOS {
            // Minor version and patch take one byte each.
            let version = u32_at(command.bytes, 12)?;
            minimum = Some((version >> 16, version >> 8 & 0xff));
        } else if command.kind == SYMBOLS {
            of_program = expected(file, command.bytes)?;
        }
    }
    Some(Needs { architecture, minimum: minimum?, libraries, of_program })
}

/// Lists the symbols that no library of the file has.
fn expected(file: &[u8], command: &[u8]) -> Option<Vec<String>> {
    let number = |at| Some(u32_at(command, at)? as usize);
    let (symbols, count, strings) = (number(8)?, number(12)?, number(16)?);
    let mut found = Vec::new();
    for symbol in 0..count {
        let symbol = file.get(symbols.checked_add(symbol.checked_mul(16)?)?..)?.get(..16)?;
        let ([_, _, _, _, kind, _, low, high], name) = (symbol.first_chunk::<8>()?, u32_at(symbol, 0)?);
        // The symbol is undefined and external. The upper byte of the description numbers the library.
        if kind & 0x0f == 1 && OF_PROGRAM.contains(&(u16::from_le_bytes([*low, *high]) >> 8)) {
            found.push(text(file, strings.checked_add(name as usize)?)?);
        }
    }
    Some(found)
}

fn text(bytes: &[u8], at: usize) -> Option<String> {
    let text = bytes.get(at..)?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let number = |number: u32| number.to_le_bytes();
        let mut file = [number(0xfeed_facf), number(0x0100_000c), number(0), number(6), number(3), number(0)].concat();
        file.extend([0; 8]);
        // 11.3
        file.extend([number(0x32), number(24), number(1), number(0x000b_0300), number(0), number(0)].concat());
        file.extend([number(0xc), number(32), number(24), number(0), number(0), number(0)].concat());
        file.extend(b"/lib\0\0\0\0");
        file.extend([number(2), number(24), number(112), number(2), number(144), number(0)].concat());
        assert_eq!(file.len(), 112);
        // An undefined symbol of the program, and one of the first library.
        file.extend([&number(1)[..], &[1, 0, 0, 0xfe], &[0; 8]].concat());
        file.extend([&number(1)[..], &[1, 0, 0, 1], &[0; 8]].concat());
        file.extend(b"\0_PyList\0");
        file
    }

    #[test]
    fn what_a_library_needs() {
        let expected = Needs {
            architecture: "arm64",
            minimum: (11, 3),
            libraries: vec!["/lib".to_owned()],
            of_program: vec!["_PyList".to_owned()],
        };
        assert_eq!(needs(&file()), Some(expected));
        assert!((0..file().len()).all(|length| needs(&file()[..length]).is_none() || length > 144));
        assert_eq!(needs(b"\x7fELF"), None);
    }
}
