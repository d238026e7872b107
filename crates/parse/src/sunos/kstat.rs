//! Statistics of the kernel, kstat(3KSTAT), in the form of `kstat -p`: a line for each statistic.
//!
//! ```text
//! cpu:0:sys:cpu_nsec_user<TAB>1234
//! sd:0:sd0:class<TAB>disk
//! ```

use std::time::Duration;

use crate::{ParseError, Result, decimal, lines, split_once, trim};

/// The statistics of one module, instance and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kstat<'a> {
    /// The module of the kernel: `cpu`, `sd`, `link` …
    pub module: &'a [u8],
    /// Instance of the module.
    pub instance: u32,
    /// Name of the statistics: `sys`, `sd0`, `net0` …
    pub name: &'a [u8],
    values: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Kstat<'a> {
    /// A value as it stands.
    #[must_use]
    pub fn text(&self, statistic: &str) -> Option<&'a [u8]> {
        self.values.iter().find(|(name, _)| *name == statistic.as_bytes()).map(|(_, value)| *value)
    }

    /// A number, if this kernel counts it.
    ///
    /// # Errors
    /// The value is no number.
    pub fn number_if_any(&self, statistic: &'static str) -> Result<Option<u64>> {
        self.text(statistic).map(|value| decimal(value, statistic)).transpose()
    }

    /// A number.
    ///
    /// # Errors
    /// The statistic is missing or no number.
    pub fn number(&self, statistic: &'static str) -> Result<u64> {
        self.number_if_any(statistic)?.ok_or_else(|| ParseError::missing(statistic))
    }

    /// A span that is written as seconds with a fraction.
    ///
    /// # Errors
    /// The statistic is missing or no such number.
    pub fn seconds(&self, statistic: &'static str) -> Result<Duration> {
        let value = self.text(statistic).ok_or_else(|| ParseError::missing(statistic))?;
        let (whole, fraction) = split_once(value, b'.').unwrap_or((value, b"0"));
        // Nine digits are nanoseconds; more are finer than any clock.
        let digits: Vec<u8> = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9).collect();
        let nanos = u32::try_from(decimal(&digits, statistic)?).map_err(|_| ParseError::malformed(statistic, value))?;
        Ok(Duration::new(decimal(whole, statistic)?, nanos))
    }
}

/// Splits a listing into the statistics of each module, instance and name, in its order.
///
/// # Errors
/// A line is not `module:instance:name:statistic`, a tab and a value. The lines before it are kept.
pub fn kstats(text: &[u8]) -> Vec<Result<Kstat<'_>>> {
    let mut all: Vec<Result<Kstat<'_>>> = Vec::new();
    for line in lines(text).filter(|line| !trim(line).is_empty()) {
        match statistic(line) {
            Ok((module, instance, name, value)) => match all.last_mut() {
                Some(Ok(last)) if (last.module, last.instance, last.name) == (module, instance, name) => {
                    last.values.push(value);
                }
                _ => all.push(Ok(Kstat { module, instance, name, values: vec![value] })),
            },
            Err(error) => all.push(Err(error)),
        }
    }
    all
}

type Statistic<'a> = (&'a [u8], u32, &'a [u8], (&'a [u8], &'a [u8]));

fn statistic(line: &[u8]) -> Result<Statistic<'_>> {
    let malformed = || ParseError::malformed("kstat", line);
    let (key, value) = split_once(line, b'\t').ok_or_else(malformed)?;
    let (module, rest) = split_once(key, b':').ok_or_else(malformed)?;
    let (instance, rest) = split_once(rest, b':').ok_or_else(malformed)?;
    let instance = u32::try_from(decimal(instance, "kstat instance")?).map_err(|_| malformed())?;
    // A statistic may hold a colon, such as the address of a device; the name of the statistics does not.
    let (name, statistic) = split_once(rest, b':').ok_or_else(malformed)?;
    Ok((module, instance, name, (statistic, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_one_kstat_belong_together() {
        let text = b"cpu:0:sys:cpu_nsec_user\t5\ncpu:0:sys:syscall\t7\ncpu:1:sys:syscall\t8\n\nsd:0:sd0:rtime\t12.5\n";
        let all: Vec<_> = kstats(text).into_iter().collect::<Result<_>>().unwrap();
        let [first, second, disk] = &all[..] else { panic!("{all:?}") };
        assert_eq!((first.module, first.instance, first.name), (&b"cpu"[..], 0, &b"sys"[..]));
        assert_eq!((first.number("syscall").unwrap(), second.number("syscall").unwrap()), (7, 8));
        assert_eq!(disk.seconds("rtime").unwrap(), Duration::from_millis(12_500));
        assert_eq!(first.number("intr").unwrap_err().field(), "intr");
        assert_eq!(first.number_if_any("intr").unwrap(), None);
    }

    #[test]
    fn a_line_that_is_malformed_costs_itself_alone() {
        let all = kstats(b"a:0:b:c\t1\nnonsense\na:x:b:c\t1\nd:1:e:f\tg h\n");
        assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
        assert_eq!(all[3].as_ref().unwrap().text("f"), Some(&b"g h"[..]));
        assert_eq!(all[3].as_ref().unwrap().number("f").unwrap_err().field(), "f");
    }

    #[test]
    fn seconds_have_any_number_of_digits() {
        let seconds = |value: &str| {
            let line = format!("a:0:b:t\t{value}");
            kstats(line.as_bytes()).remove(0).unwrap().seconds("t").ok()
        };
        assert_eq!(seconds("3"), Some(Duration::from_secs(3)));
        assert_eq!(seconds("3.000000001"), Some(Duration::new(3, 1)));
        assert_eq!(seconds("3.0000000019"), Some(Duration::new(3, 1)));
        assert_eq!((seconds("-3"), seconds("3.x"), seconds("")), (None, None, None));
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            for kstat in kstats(&bytes).into_iter().flatten() {
                let _ = (kstat.number("x"), kstat.seconds("x"));
            }
        }
    }
}
