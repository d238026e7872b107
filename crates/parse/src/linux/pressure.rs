//! `/proc/pressure/{cpu,io,memory,irq}`: Documentation/accounting/psi.rst (since Linux 4.20).

use super::loadavg::float;
use crate::{Cursor, ParseError, Result, decimal, lines, split_once};

/// How much time was lost to waiting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stall {
    /// Part of the last 10 seconds, in percent.
    pub avg10: f64,
    /// Part of the last minute, in percent.
    pub avg60: f64,
    /// Part of the last five minutes, in percent.
    pub avg300: f64,
    /// Since boot, in microseconds.
    pub total: u64,
}

/// One file: what some tasks lost, and what all of them lost at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pressure {
    /// At least one task waited; `irq` has no such line.
    pub some: Option<Stall>,
    /// All tasks that were not idle waited at the same time (`cpu`: since Linux 5.13).
    pub full: Option<Stall>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Pressure> {
    let mut pressure = Pressure::default();
    for line in lines(bytes) {
        let mut cursor = Cursor::new(line);
        match cursor.token() {
            Some(b"some") => pressure.some = Some(stall(cursor)?),
            Some(b"full") => pressure.full = Some(stall(cursor)?),
            _ => {}
        }
    }
    if pressure == Pressure::default() { Err(ParseError::missing("some")) } else { Ok(pressure) }
}

fn stall(mut cursor: Cursor<'_>) -> Result<Stall> {
    let (mut avg10, mut avg60, mut avg300, mut total) = (None, None, None, None);
    while let Some((key, value)) = cursor.token().and_then(|pair| split_once(pair, b'=')) {
        match key {
            b"avg10" => avg10 = Some(float(value, "avg10")?),
            b"avg60" => avg60 = Some(float(value, "avg60")?),
            b"avg300" => avg300 = Some(float(value, "avg300")?),
            b"total" => total = Some(decimal(value, "total")?),
            _ => {}
        }
    }
    Ok(Stall {
        avg10: avg10.ok_or_else(|| ParseError::missing("avg10"))?,
        avg60: avg60.ok_or_else(|| ParseError::missing("avg60"))?,
        avg300: avg300.ok_or_else(|| ParseError::missing("avg300"))?,
        total: total.ok_or_else(|| ParseError::missing("total"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_lines() {
        let text = b"some avg10=5.16 avg60=19.60 avg300=13.63 total=64182119\n\
                     full avg10=0.00 avg60=0.10 avg300=0.00 total=7\n";
        let pressure = parse(text).unwrap();
        assert_eq!(pressure.some, Some(Stall { avg10: 5.16, avg60: 19.6, avg300: 13.63, total: 64_182_119 }));
        assert_eq!(pressure.full, Some(Stall { avg10: 0.0, avg60: 0.1, avg300: 0.0, total: 7 }));
    }

    #[test]
    fn cpu_before_5_13_and_irq_have_one_line() {
        let some = parse(b"some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n").unwrap();
        assert!(some.full.is_none() && some.some.is_some());
        let full = parse(b"full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n").unwrap();
        assert!(full.some.is_none() && full.full.is_some());
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "some");
        assert_eq!(parse(b"some avg10=0.00 avg60=0.00 total=1").unwrap_err().field(), "avg300");
        assert_eq!(parse(b"some avg10=x avg60=0.00 avg300=0.00 total=1").unwrap_err().field(), "avg10");
        assert_eq!(parse(b"some avg10=0 avg60=0 avg300=0 total=99999999999999999999").unwrap_err().field(), "total");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
