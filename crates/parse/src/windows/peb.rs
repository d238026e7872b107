//! What a process keeps of its own start: the process environment block and what it points to.

use super::units;
use crate::fields::Fields;
use crate::{Cursor, Result};

/// How wide the process's pointers are: a 32-bit process keeps everything in its own layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Width {
    Bits32,
    Bits64,
}

impl Width {
    /// How much of the environment block holds the address of the parameters.
    #[must_use]
    pub const fn peb_size(self) -> usize {
        match self {
            Self::Bits32 => 0x14,
            Self::Bits64 => 0x28,
        }
    }

    /// How much of the parameters is of use.
    #[must_use]
    pub const fn parameters_size(self) -> usize {
        match self {
            Self::Bits32 => 0x4c,
            Self::Bits64 => 0x88,
        }
    }

    fn pointer(self, fields: Fields<'_>, at: usize, field: &'static str) -> Result<u64> {
        match self {
            Self::Bits32 => fields.u32(at, field).map(u64::from),
            Self::Bits64 => fields.u64(at, field),
        }
    }

    fn text(self, fields: Fields<'_>, at: usize, field: &'static str) -> Result<Text> {
        let pointer = match self {
            Self::Bits32 => at + 4,
            Self::Bits64 => at + 8,
        };
        Ok(Text { address: self.pointer(fields, pointer, field)?, length: fields.u16(at, field)?.into() })
    }
}

/// A text in the memory of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Where it is.
    pub address: u64,
    /// Its length in bytes.
    pub length: usize,
}

/// `RTL_USER_PROCESS_PARAMETERS`, what is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// The working directory.
    pub cwd: Text,
    /// The command line.
    pub command_line: Text,
    /// Where the environment is.
    pub environment: u64,
}

/// The address of the environment block, of `PROCESS_BASIC_INFORMATION`.
pub fn peb_address(bytes: &[u8]) -> Result<u64> {
    Fields(bytes).u64(8, "PebBaseAddress")
}

/// The address of the parameters, from the environment block.
pub fn parameters_address(bytes: &[u8], width: Width) -> Result<u64> {
    let at = match width {
        Width::Bits32 => 0x10,
        Width::Bits64 => 0x20,
    };
    width.pointer(Fields(bytes), at, "ProcessParameters")
}

/// The parameters.
pub fn parameters(bytes: &[u8], width: Width) -> Result<Parameters> {
    let (cwd, command_line, environment) = match width {
        Width::Bits32 => (0x24, 0x40, 0x48),
        Width::Bits64 => (0x38, 0x70, 0x80),
    };
    let fields = Fields(bytes);
    Ok(Parameters {
        cwd: width.text(fields, cwd, "CurrentDirectory")?,
        command_line: width.text(fields, command_line, "CommandLine")?,
        environment: width.pointer(fields, environment, "Environment")?,
    })
}

/// Text as the process wrote it.
#[must_use]
pub fn text(bytes: &[u8]) -> Vec<u16> {
    units(bytes).collect()
}

/// Pairs of names and values up to the empty entry. A name may begin with an equal sign (`=C:`, a drive's own working
/// directory); an entry without any other is left out.
#[must_use]
pub fn environment(bytes: &[u8]) -> Vec<(Vec<u16>, Vec<u16>)> {
    let mut units = units(bytes).peekable();
    let mut pairs = Vec::new();
    while units.peek().is_some_and(|first| *first != 0) {
        let entry: Vec<u16> = units.by_ref().take_while(|unit| *unit != 0).collect();
        let equals = entry.iter().skip(1).position(|unit| *unit == u16::from(b'='));
        if let Some((name, value)) = equals.and_then(|at| entry.split_at_checked(at + 1)) {
            pairs.push((name.to_vec(), value.iter().skip(1).copied().collect()));
        }
    }
    pairs
}

/// The arguments of a command line, split as `CommandLineToArgvW` documents it.
#[must_use]
pub fn arguments(line: &[u16]) -> Vec<Vec<u16>> {
    const SPACE: u16 = b' ' as u16;
    const TAB: u16 = b'\t' as u16;
    const QUOTE: u16 = b'"' as u16;
    const BACKSLASH: u16 = b'\\' as u16;
    let end = line.iter().position(|unit| *unit == 0).unwrap_or(line.len());
    let mut units = line.iter().copied().take(end).peekable();
    let mut arguments = Vec::new();
    // The program's name has no escapes: it ends with its quote or at the first white space.
    if units.peek().is_some() {
        let mut program = Vec::new();
        let quoted = units.next_if_eq(&QUOTE).is_some();
        for unit in units.by_ref() {
            if if quoted { unit == QUOTE } else { unit == SPACE || unit == TAB } {
                break;
            }
            program.push(unit);
        }
        arguments.push(program);
    }
    loop {
        while units.next_if(|unit| [SPACE, TAB].contains(unit)).is_some() {}
        if units.peek().is_none() {
            return arguments;
        }
        let (mut argument, mut quoted, mut backslashes) = (Vec::new(), false, 0usize);
        while let Some(unit) = units.next_if(|unit| quoted || ![SPACE, TAB].contains(unit)) {
            match unit {
                BACKSLASH => {
                    backslashes += 1;
                    argument.push(unit);
                }
                QUOTE => {
                    // Backslashes before a quote stand for half of them; an odd one makes the quote part of the text.
                    argument.truncate(argument.len() - backslashes.div_ceil(2));
                    if backslashes % 2 == 1 || (quoted && units.next_if_eq(&QUOTE).is_some()) {
                        argument.push(unit);
                    } else {
                        quoted = !quoted;
                    }
                    backslashes = 0;
                }
                _ => {
                    backslashes = 0;
                    argument.push(unit);
                }
            }
        }
        arguments.push(argument);
    }
}

/// The text in a buffer that begins with a `UNICODE_STRING`, whose text follows it: `ProcessCommandLineInformation`.
pub fn counted_text(bytes: &[u8]) -> Result<Vec<u16>> {
    let length = usize::from(Fields(bytes).u16(0, "Length")?);
    let mut cursor = Cursor::new(Fields(bytes).bytes(16, length, "Buffer")?);
    let mut text = Vec::with_capacity(length / 2);
    while let Some(unit) = cursor.array() {
        text.push(u16::from_le_bytes(unit));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, wide, wide_bytes};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_layouts() {
        let mut made = Made::new(0x88);
        made.set(0x38, [6, 0]).u64(0x40, 1).set(0x70, [8, 0]).u64(0x78, 2).u64(0x80, 3);
        let found = parameters(&made.0, Width::Bits64).unwrap();
        let expected = Parameters {
            cwd: Text { address: 1, length: 6 },
            command_line: Text { address: 2, length: 8 },
            environment: 3,
        };
        assert_eq!(found, expected);
        let mut made = Made::new(0x4c);
        made.set(0x24, [6, 0]).u32(0x28, 1).set(0x40, [8, 0]).u32(0x44, 2).u32(0x48, 3);
        assert_eq!(parameters(&made.0, Width::Bits32), Ok(expected));
        let mut made = Made::new(0x28);
        made.u32(0x10, 5).u64(0x20, 6);
        assert_eq!(parameters_address(&made.0, Width::Bits32), Ok(5));
        assert_eq!(parameters_address(&made.0, Width::Bits64), Ok(6));
        assert_eq!(peb_address(&[0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]), Ok(7));
    }

    #[test]
    fn an_environment_ends_with_an_empty_entry() {
        let bytes = wide_bytes("=C:=C:\\x\0A=1=2\0odd\0B=\0\0garbage=1\0");
        let pairs = [("=C:", "C:\\x"), ("A", "1=2"), ("B", "")].map(|(name, value)| (wide(name), wide(value)));
        assert_eq!(environment(&bytes), pairs);
        assert_eq!(environment(&wide_bytes("A=1")), [(wide("A"), wide("1"))]);
        assert!(environment(&[]).is_empty());
    }

    #[test]
    fn command_lines_split_as_documented() {
        let split = |line: &str| -> Vec<String> {
            arguments(&wide(line)).iter().map(|argument| String::from_utf16_lossy(argument)).collect()
        };
        assert_eq!(split(r#"prog "a b c" d e"#), ["prog", "a b c", "d", "e"]);
        assert_eq!(
            split(r#""C:\Program Files\x.exe" "ab\"c" "\\" d"#),
            [r"C:\Program Files\x.exe", "ab\"c", "\\", "d"]
        );
        assert_eq!(split(r#"p a\\\b d"e f"g h"#), ["p", r"a\\\b", "de fg", "h"]);
        assert_eq!(split(r#"p a\\\"b c d"#), ["p", r#"a\"b"#, "c", "d"]);
        assert_eq!(split(r#"p a\\\\"b c" d e"#), ["p", r"a\\b c", "d", "e"]);
        assert_eq!(split(r#"p a"b"" c d"#), ["p", "ab\" c d"]);
        assert_eq!(split("p \"\" x\0y"), ["p", "", "x"]);
        assert!(split("").is_empty());
    }

    #[test]
    fn a_counted_text() {
        let mut made = Made::new(20);
        made.set(0, [4, 0]).set(16, wide_bytes("ab"));
        assert_eq!(counted_text(&made.0), Ok(wide("ab")));
        assert_eq!(counted_text(&made.0[..19]).unwrap_err().field(), "Buffer");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), line: Vec<u16>) {
            for width in [Width::Bits32, Width::Bits64] {
                let _ = (parameters(&bytes, width), parameters_address(&bytes, width));
            }
            let _ = (environment(&bytes), counted_text(&bytes), arguments(&line), text(&bytes), peb_address(&bytes));
        }

        #[test]
        fn quoted_arguments_survive(words in proptest::collection::vec("[a-z \\\\\"\t]{0,8}", 0..5)) {
            let mut line = String::from("p");
            for word in &words {
                // How the C library quotes: backslashes before a quote, or at the end, are doubled.
                line.push_str(" \"");
                let mut backslashes = 0;
                for c in word.chars() {
                    match c {
                        '\\' => backslashes += 1,
                        '"' => { line.push_str(&"\\".repeat(backslashes + 1)); backslashes = 0 }
                        _ => backslashes = 0,
                    }
                    line.push(c);
                }
                line.push_str(&"\\".repeat(backslashes));
                line.push('"');
            }
            let expected: Vec<Vec<u16>> = std::iter::once("p").chain(words.iter().map(String::as_str)).map(wide).collect();
            prop_assert_eq!(arguments(&wide(&line)), expected);
        }
    }
}
