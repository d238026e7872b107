//! `lpsinfo`, `lusage` and the representative thread of `psinfo`, proc(5).

use std::time::Duration;

use super::{Either, Model, models, process, time};
use crate::view::chunks;
use crate::{Cursor, ParseError, Result};

models! {
    /// A thread (LWP): `lwpsinfo`, and each record of `lpsinfo`.
    pub struct Info = "lwpsinfo_t" (104, 128) [Info32, Info64] {
        /// Id of the thread.
        lwp: (i32, i32) -> i32 = "pr_lwpid" @ (4, 4),
        /// State, `SSLEEP` to `SWAIT`.
        state: (u8, u8) -> u8 = "pr_state" @ (17, 25),
        /// State as ps(1) prints it.
        state_letter: (u8, u8) -> u8 = "pr_sname" @ (18, 26),
        /// Nice value and 20.
        nice: (i8, i8) -> i8 = "pr_nice" @ (19, 27),
        /// Priority; a higher one runs first.
        priority: (i32, i32) -> i32 = "pr_pri" @ (24, 32),
        /// CPU time: seconds.
        time_seconds: (i32, i64) -> i64 = "pr_time.tv_sec" @ (40, 56),
        /// CPU time: nanoseconds.
        time_nanos: (i32, i64) -> i64 = "pr_time.tv_nsec" @ (44, 64),
        /// Scheduling class: `TS`, `FSS`, `SYS` …
        class: ([text 8], [text 8]) -> &'a [u8] = "pr_clname" @ (48, 72),
        /// The CPU that it last ran on.
        cpu: (i32, i32) -> i32 = "pr_onpro" @ (72, 96),
        /// The CPU that it is bound to; `PBIND_NONE` (-1) is none.
        bound: (i32, i32) -> i32 = "pr_bindpro" @ (76, 100),
    }
}

impl Info<'_> {
    /// CPU time.
    ///
    /// # Errors
    /// It is negative.
    pub fn time(self) -> Result<Duration> {
        time(self.time_seconds(), self.time_nanos(), "pr_time")
    }
}

/// The records of a file that begins with `prheader_t`: how many there are, and how long each is.
///
/// # Errors
/// The header is cut off, or a record is shorter than none. A record that is cut off comes as an error after the whole ones.
fn records<'a>(bytes: &'a [u8], model: Model, record: &'static str) -> Result<impl Iterator<Item = Result<&'a [u8]>>> {
    let mut cursor = Cursor::new(bytes);
    let mut long = || match model {
        Model::Ilp32 => cursor.array().map(|bytes| i64::from(i32::from_le_bytes(bytes))),
        Model::Lp64 => cursor.array().map(i64::from_le_bytes),
    };
    let (Some(count), Some(size)) = (long(), long()) else { return Err(ParseError::missing("prheader_t")) };
    let number = |number: i64, field| {
        usize::try_from(number).map_err(|_| ParseError::malformed(field, number.to_string().as_bytes()))
    };
    let (count, size) = (number(count, "pr_nent")?, number(size, "pr_entsize")?);
    if size == 0 && count > 0 {
        return Err(ParseError::malformed("pr_entsize", b"0"));
    }
    Ok(chunks(cursor.rest(), size.max(1), record).take(count))
}

/// The threads of `lpsinfo`.
///
/// # Errors
/// As for a thread, of the header; each thread may fail alone.
pub fn infos(bytes: &[u8], model: Model) -> Result<impl Iterator<Item = Result<Info<'_>>>> {
    Ok(records(bytes, model, Info::STRUCT)?.map(move |record| Info::new(record?, model)))
}

/// The threads of `lusage`. The first record is of all threads that ended, and is left out.
///
/// # Errors
/// As for [`infos`].
pub fn usages(bytes: &[u8], model: Model) -> Result<impl Iterator<Item = Result<process::Usage<'_>>>> {
    let all = records(bytes, model, process::Usage::STRUCT)?;
    let all = all.map(move |record| process::Usage::new(record?, model));
    Ok(all.filter(|usage| !matches!(usage, Ok(usage) if usage.lwp() == 0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(header: [i64; 2], records: &[u8]) -> Vec<u8> {
        [&header[0].to_le_bytes()[..], &header[1].to_le_bytes(), records].concat()
    }

    fn usage(lwp: i32, user: i64) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[..4].copy_from_slice(&lwp.to_le_bytes());
        bytes[72..80].copy_from_slice(&user.to_le_bytes());
        bytes
    }

    #[test]
    fn records_are_as_long_as_the_kernel_says() {
        let bytes = file([3, 512], &[usage(0, 100), usage(1, 2), usage(2, 3)].concat());
        let times: Vec<_> = usages(&bytes, Model::Lp64)
            .unwrap()
            .map(|usage| usage.map(|usage| (usage.lwp(), usage.user().unwrap().as_secs())))
            .collect::<Result<_>>()
            .unwrap();
        assert_eq!(times, [(1, 2), (2, 3)]);
        let cut: Vec<_> = usages(&bytes[..bytes.len() - 1], Model::Lp64).unwrap().map(|usage| usage.is_ok()).collect();
        assert_eq!(cut, [true, false]);
    }

    #[test]
    fn a_header_that_is_nonsense_is_an_error() {
        assert_eq!(usages(&[0; 15], Model::Lp64).err().unwrap().field(), "prheader_t");
        assert_eq!(usages(&file([-1, 504], &[]), Model::Lp64).err().unwrap().field(), "pr_nent");
        assert_eq!(usages(&file([1, 0], &[1]), Model::Lp64).err().unwrap().field(), "pr_entsize");
        assert_eq!(usages(&file([0, 0], &[]), Model::Lp64).unwrap().count(), 0);
        assert!(infos(&file([1, 4], &[1, 2, 3, 4]), Model::Lp64).unwrap().next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            for model in [Model::Ilp32, Model::Lp64] {
                let _ = infos(&bytes, model).map(|all| all.filter_map(|info| info.and_then(Info::time).ok()).count());
                let _ = usages(&bytes, model).map(Iterator::count);
            }
        }
    }
}
