//! `/proc/interrupts`: proc_interrupts(5).

use crate::cursor::{decimal, lines, split_once, trim};
use crate::{Cursor, ParseError, Result};

/// One line: an interrupt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupt<'a> {
    /// The number, or the name of one that has none, such as `NMI`.
    pub name: &'a [u8],
    /// How often each CPU served it, by the order of the header.
    pub counts: Vec<u64>,
    /// The controller of a numbered interrupt; what a named one means.
    pub info: &'a [u8],
    /// The rest of the line of a numbered interrupt: hardware number and trigger, and the devices.
    pub devices: &'a [u8],
}

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interrupts<'a> {
    /// The numbers of the CPUs that are online.
    pub cpus: Vec<u64>,
    /// Each interrupt. Those that no CPU counts (`ERR`, `MIS`) are left out.
    pub interrupts: Vec<Interrupt<'a>>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Interrupts<'_>> {
    let mut lines = lines(bytes);
    let header = lines.next().ok_or_else(|| ParseError::missing("CPU"))?;
    let cpus = Cursor::new(header).tokens().map(|name| {
        let number = name.strip_prefix(b"CPU").ok_or_else(|| ParseError::malformed("CPU", name))?;
        decimal(number, "CPU")
    });
    let cpus: Vec<u64> = cpus.collect::<Result<_>>()?;
    let mut interrupts = Vec::new();
    for line in lines {
        let Some((name, rest)) = split_once(line, b':') else { continue };
        let name = trim(name);
        let mut cursor = Cursor::new(rest);
        let mut counts = Vec::with_capacity(cpus.len());
        for _ in &cpus {
            let before = cursor;
            match cursor.decimal_if_any("count") {
                Ok(Some(count)) => counts.push(count),
                Ok(None) | Err(_) => {
                    cursor = before;
                    break;
                }
            }
        }
        if counts.len() < cpus.len() {
            continue;
        }
        let text = trim(cursor.rest());
        let (info, devices) = match name.iter().all(u8::is_ascii_digit) {
            true => {
                let mut cursor = Cursor::new(text);
                (cursor.token().unwrap_or_default(), trim(cursor.rest()))
            }
            false => (text, &[][..]),
        };
        interrupts.push(Interrupt { name, counts, info, devices });
    }
    Ok(Interrupts { cpus, interrupts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] = b"           CPU0       CPU3       \n \
        24:          1          0   IO-APIC   5-edge      ACPI:Ged\n\
        NMI:          0          2   Non-maskable interrupts\n\
        ERR:          0\n";

    #[test]
    fn numbered_and_named() {
        let all = parse(TEXT).unwrap();
        assert_eq!(all.cpus, [0, 3]);
        let line = |name, counts: [u64; 2], info, devices| Interrupt { name, counts: counts.to_vec(), info, devices };
        assert_eq!(
            all.interrupts,
            [
                line(&b"24"[..], [1, 0], &b"IO-APIC"[..], &b"5-edge      ACPI:Ged"[..]),
                line(b"NMI", [0, 2], b"Non-maskable interrupts", b""),
            ]
        );
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "CPU");
        assert_eq!(parse(b"CPUx\n").unwrap_err().field(), "CPU");
        assert_eq!(parse(b" cpu\n").unwrap_err().field(), "CPU");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..TEXT.len()) {
            let _ = (parse(&bytes), parse(TEXT.split_at(at).0));
        }
    }
}
