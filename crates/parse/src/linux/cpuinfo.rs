//! `/proc/cpuinfo`: proc_cpuinfo(5). Every architecture has its own keys; upper and lower case are the same.

use std::collections::BTreeMap;

use super::loadavg::float;
use crate::cursor::{decimal, lines, split_once, trim};
use crate::{ParseError, Result};

/// What the file says about the CPUs that are online.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cpuinfo {
    /// Logical CPUs.
    pub processors: usize,
    /// The number of the first of them, where they are numbered.
    pub first: Option<u64>,
    /// Current frequencies in MHz, in the file's order (x86, PowerPC, s390x).
    pub mhz: Vec<f64>,
    /// Physical cores: the sum of `cpu cores` over the distinct `physical id` (x86).
    pub cores: Option<usize>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Cpuinfo> {
    let mut info = Cpuinfo::default();
    // Old ARM kernels add "Processor : NAME" once, beside or instead of the numbered lines.
    let (mut numbered, mut named) = (0, 0);
    let mut packages = BTreeMap::new();
    let (mut package, mut cores) = (None, None);
    for line in lines(bytes) {
        // Most lines tell of something else: the first letter is enough to leave them, and the long ones unread.
        if !matches!(line.first(), Some(b'p' | b'P' | b'c' | b'C' | b'\t' | b' ' | b'\r' | b'\x0c') | None) {
            continue;
        }
        let Some((key, value)) = split_once(line, b':') else {
            if trim(line).is_empty() {
                (package, cores) = (None, None);
            }
            continue;
        };
        let key = key.trim_ascii_end();
        let value = trim(value);
        let is = |name: &[u8]| key.eq_ignore_ascii_case(name);
        match key.first().map(u8::to_ascii_lowercase) {
            Some(b'p') if is(b"processor") => match decimal(value, "processor") {
                Ok(number) => {
                    numbered += 1;
                    info.first.get_or_insert(number);
                }
                Err(_) => named += 1,
            },
            Some(b'p') if is(b"physical id") => package = Some(decimal(value, "physical id")?),
            Some(b'p') => {
                const NUMBERED: &[u8] = b"processor ";
                if let Some((name, number)) = key.split_at_checked(NUMBERED.len())
                    && name.eq_ignore_ascii_case(NUMBERED)
                {
                    info.first.get_or_insert(decimal(number, "processor")?);
                    numbered += 1;
                }
            }
            Some(b'c') if is(b"cpu mhz") || is(b"cpu mhz dynamic") => info.mhz.push(float(value, "cpu MHz")?),
            Some(b'c') if is(b"cpu cores") => cores = Some(decimal(value, "cpu cores")?),
            Some(b'c') if is(b"clock") => {
                if let Some(value) = value.strip_suffix(b"MHz") {
                    info.mhz.push(float(value, "clock")?);
                }
            }
            _ => {}
        }
        if let (Some(package), Some(cores)) = (package, cores) {
            packages.insert(package, cores);
        }
    }
    info.processors = if numbered > 0 { numbered } else { named };
    if !packages.is_empty() {
        let too_large = || ParseError::overflow("cpu cores", b"");
        let sum = packages.into_values().try_fold(0u64, u64::checked_add).ok_or_else(too_large)?;
        info.cores = Some(usize::try_from(sum).map_err(|_| too_large())?).filter(|cores| *cores > 0);
    }
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const X86: &[u8] =
        b"processor\t: 0\nvendor_id\t: GenuineIntel\ncpu MHz\t\t: 2494.140\nphysical id\t: 0\ncore id\t\t: 0\n\
        cpu cores\t: 2\npower management:\n\nprocessor\t: 1\ncpu MHz\t\t: 800.5\nphysical id\t: 0\ncpu cores\t: 2\n\n\
        processor\t: 2\ncpu MHz\t\t: 900\nphysical id\t: 1\ncpu cores\t: 4\n\n";

    #[test]
    fn x86() {
        let info = Cpuinfo { processors: 3, first: Some(0), mhz: vec![2494.14, 800.5, 900.0], cores: Some(6) };
        assert_eq!(parse(X86), Ok(info));
    }

    #[test]
    fn other_architectures() {
        let ppc =
            b"processor\t: 0\ncpu\t\t: POWER9\nclock\t\t: 2300.000000MHz\n\nprocessor\t: 1\nclock\t\t: 2400.5MHz\n\
            \ntimebase\t: 512000000\n";
        assert_eq!(parse(ppc), Ok(Cpuinfo { processors: 2, first: Some(0), mhz: vec![2300.0, 2400.5], cores: None }));
        let s390x =
            b"vendor_id       : IBM/S390\n# processors    : 2\nprocessor 0: version = FF,  identification = 2733E8\n\
            processor 1: version = FF,  identification = 2733E8\n\ncpu number      : 0\ncpu MHz dynamic : 5000\n\
            cpu MHz static  : 5200\n";
        assert_eq!(parse(s390x), Ok(Cpuinfo { processors: 2, first: Some(0), mhz: vec![5000.0], cores: None }));
        let arm = b"Processor\t: ARMv7 Processor rev 4 (v7l)\nprocessor\t: 0\n\nprocessor\t: 1\n";
        assert_eq!(parse(arm).unwrap().processors, 2);
        assert_eq!(parse(b"Processor\t: ARM926EJ-S rev 5 (v5l)\n").unwrap().processors, 1);
        assert_eq!(parse(b""), Ok(Cpuinfo::default()));
    }

    #[test]
    fn a_line_of_white_space_ends_a_processor() {
        for blank in ["", " ", "\t", "\r", "\x0c"] {
            let text = format!("physical id: 0\ncpu cores: 4\n{blank}\nphysical id: 1\ncpu cores: 8\n");
            assert_eq!(parse(text.as_bytes()).unwrap().cores, Some(12), "{blank:?}");
            let text = format!("physical id: 0\n{blank}\ncpu cores: 8\n");
            assert_eq!(parse(text.as_bytes()).unwrap().cores, None, "{blank:?}");
        }
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"cpu MHz : fast\n").unwrap_err().field(), "cpu MHz");
        assert_eq!(parse(b"clock : xMHz\n").unwrap_err().field(), "clock");
        assert_eq!(parse(b"physical id : -1\n").unwrap_err().field(), "physical id");
        assert_eq!(parse(b"cpu cores : \n").unwrap_err().field(), "cpu cores");
        assert_eq!(parse(b"processor x: 1\n").unwrap_err().field(), "processor");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..X86.len()) {
            let _ = parse(&bytes);
            let _ = parse(X86.split_at(at).0);
        }
    }
}
