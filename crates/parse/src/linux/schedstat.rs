//! `/proc/schedstat`: the kernel's `Documentation/scheduler/sched-stats.rst`.

use crate::cursor::{decimal, lines};
use crate::{Cursor, ParseError, Result};

/// What the scheduler did on one CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu {
    /// The number of the CPU.
    pub cpu: u64,
    /// Nanoseconds that tasks ran.
    pub running: u64,
    /// Nanoseconds that tasks waited while they could run.
    pub waiting: u64,
    /// Time slices.
    pub timeslices: u64,
}

/// Parses the lines of the CPUs, of versions 14 and up.
pub fn parse(bytes: &[u8]) -> Result<Vec<Cpu>> {
    let mut cpus = Vec::new();
    for line in lines(bytes) {
        let mut cursor = Cursor::new(line);
        let Some(number) = cursor.token().and_then(|name| name.strip_prefix(b"cpu")) else { continue };
        let numbers: Vec<&[u8]> = cursor.tokens().collect();
        // The last three are these; the ones before them differ by version.
        let [.., running, waiting, timeslices] = numbers.as_slice() else {
            return Err(ParseError::missing("timeslices"));
        };
        cpus.push(Cpu {
            cpu: decimal(number, "cpu")?,
            running: decimal(running, "running")?,
            waiting: decimal(waiting, "waiting")?,
            timeslices: decimal(timeslices, "timeslices")?,
        });
    }
    Ok(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] = b"version 15\ntimestamp 15819019232\n\
        cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306\n\
        domain0 00000000,00000003 212499247\ncpu1 518377256 0 4155211005 2778589869 10466382 2867629021 1 2 3\n";

    #[test]
    fn the_last_three_numbers() {
        let cpu = |cpu, running, waiting, timeslices| Cpu { cpu, running, waiting, timeslices };
        let all = [cpu(0, 2_045_936_778_163_039, 343_796_328_169_361, 4_767_485_306), cpu(1, 1, 2, 3)];
        assert_eq!(parse(TEXT).unwrap(), all);
        assert_eq!(parse(b"cpu0 1 2\n").unwrap_err().field(), "timeslices");
        assert_eq!(parse(b"cpux 1 2 3\n").unwrap_err().field(), "cpu");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..TEXT.len()) {
            let _ = (parse(&bytes), parse(TEXT.split_at(at).0));
        }
    }
}
