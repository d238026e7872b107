//! `map` and `xmap` of a process, proc(5).

use super::{Either, Model, models};
use crate::Result;
use crate::view::chunks;

models! {
    /// A record of `map`.
    pub struct Mapping = "prmap_t" (96, 104) [Mapping32, Mapping64] {
        /// First address.
        start: (u32, u64) -> u64 = "pr_vaddr" @ (0, 0),
        /// Size in bytes.
        size: (u32, u64) -> u64 = "pr_size" @ (4, 8),
        /// Name in /proc/PID/object and /proc/PID/path; empty of anonymous memory.
        name: ([text 64], [text 64]) -> &'a [u8] = "pr_mapname" @ (8, 16),
        /// `MA_` flags.
        flags: (i32, i32) -> i32 = "pr_mflags" @ (80, 88),
        /// Id of the System V shared memory; -1 is none.
        shared_id: (i32, i32) -> i32 = "pr_shmid" @ (88, 96),
    }
}

models! {
    /// A record of `xmap`: a mapping and how much of it is resident.
    pub struct Resident = "prxmap_t" (152, 216) [Resident32, Resident64] {
        /// First address.
        start: (u32, u64) -> u64 = "pr_vaddr" @ (0, 0),
        /// Size in bytes.
        size: (u32, u64) -> u64 = "pr_size" @ (4, 8),
        /// Name in /proc/PID/object and /proc/PID/path; empty of anonymous memory.
        name: ([text 64], [text 64]) -> &'a [u8] = "pr_mapname" @ (8, 16),
        /// `MA_` flags.
        flags: (i32, i32) -> i32 = "pr_mflags" @ (80, 88),
        /// Bytes in a page of this mapping.
        page_size: (i32, i32) -> i32 = "pr_pagesize" @ (84, 92),
        /// Id of the System V shared memory; -1 is none.
        shared_id: (i32, i32) -> i32 = "pr_shmid" @ (88, 96),
        /// Resident pages.
        resident: (u32, u64) -> u64 = "pr_rss" @ (104, 120),
        /// Resident anonymous pages.
        anonymous: (u32, u64) -> u64 = "pr_anon" @ (108, 128),
        /// Locked pages.
        locked: (u32, u64) -> u64 = "pr_locked" @ (112, 136),
    }
}

/// `MA_READ`, `MA_WRITE`, `MA_EXEC`, `MA_SHARED`.
const READ: i32 = 4;
const WRITE: i32 = 2;
const EXECUTE: i32 = 1;
const SHARED: i32 = 8;
/// `MA_ANON`, `MA_ISM`, `MA_SHM`.
const ANONYMOUS: i32 = 0x40;
const INTIMATE: i32 = 0x80;
const SYSTEM_V: i32 = 0x200;
/// `MA_BREAK` and `MA_STACK`: the heap and the stack. procfs.h calls these flags unreliable.
const HEAP: i32 = 0x10;
const STACK: i32 = 0x20;

/// The heap and the stack of a process: the first address and the size of each. `status` holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// The heap.
    pub heap: (u64, u64),
    /// The stack.
    pub stack: (u64, u64),
}

/// The rights of a mapping, as pmap(1) prints them: `rwx` and `s` of a shared one, `-` for each that is not there.
#[must_use]
pub fn rights(flags: i32) -> String {
    let letter = |flag, letter| if flags & flag == 0 { '-' } else { letter };
    [letter(READ, 'r'), letter(WRITE, 'w'), letter(EXECUTE, 'x'), letter(SHARED, 's')].into_iter().collect()
}

/// The name of a mapping without a file, as psutil has it: `[shmid]` is System V shared memory. Without regions the flags
/// decide.
#[must_use]
pub fn purpose(flags: i32, start: u64, size: u64, regions: Option<Regions>) -> &'static str {
    let overlaps =
        |(first, length): (u64, u64)| start.saturating_add(size) > first && start < first.saturating_add(length);
    match regions {
        _ if flags & (INTIMATE | SYSTEM_V) != 0 => "[shmid]",
        Some(Regions { stack, .. }) if overlaps(stack) => "[stack]",
        Some(Regions { heap, .. }) if flags & ANONYMOUS != 0 && overlaps(heap) => "[heap]",
        None if flags & HEAP != 0 => "[heap]",
        None if flags & STACK != 0 => "[stack]",
        _ => "[anon]",
    }
}

/// The records of `map`. One that is cut off comes as an error after the whole ones.
pub fn mappings(bytes: &[u8], model: Model) -> impl Iterator<Item = Result<Mapping<'_>>> {
    chunks(bytes, size_in(Mapping::SIZES, model), Mapping::STRUCT).map(move |record| Mapping::new(record?, model))
}

/// The records of `xmap`. One that is cut off comes as an error after the whole ones.
pub fn residents(bytes: &[u8], model: Model) -> impl Iterator<Item = Result<Resident<'_>>> {
    chunks(bytes, size_in(Resident::SIZES, model), Resident::STRUCT).map(move |record| Resident::new(record?, model))
}

/// The size of a struct in a data model.
const fn size_in((small, large): (usize, usize), model: Model) -> usize {
    match model {
        Model::Ilp32 => small,
        Model::Lp64 => large,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rights_and_purposes() {
        assert_eq!((rights(READ | EXECUTE), rights(READ | WRITE | SHARED)), ("r-x-".into(), "rw-s".into()));
        let by_flags = |flags| purpose(flags, 0x1000, 0x1000, None);
        assert_eq!((by_flags(HEAP | 7), by_flags(STACK), by_flags(ANONYMOUS)), ("[heap]", "[stack]", "[anon]"));
        let regions = Regions { heap: (0x8000, 0x2000), stack: (u64::MAX - 0xfff, 0x1000) };
        let by_place = |flags, start| purpose(flags, start, 0x1000, Some(regions));
        assert_eq!((by_place(ANONYMOUS, 0x9000), by_place(ANONYMOUS, 0xa000)), ("[heap]", "[anon]"));
        assert_eq!((by_place(READ, 0x9000), by_place(HEAP, 0x7000)), ("[anon]", "[anon]"));
        assert_eq!((by_place(0, u64::MAX - 0xfff), by_place(SYSTEM_V, 0x9000)), ("[stack]", "[shmid]"));
        assert_eq!((by_place(INTIMATE, 0x9000), by_flags(SYSTEM_V)), ("[shmid]", "[shmid]"));
    }

    #[test]
    fn mappings_of_both_models() {
        let mut bytes = vec![0; 216];
        bytes[8..16].copy_from_slice(&8192u64.to_le_bytes());
        bytes[16..21].copy_from_slice(b"a.out");
        bytes[92..96].copy_from_slice(&4096u32.to_le_bytes());
        bytes[120..128].copy_from_slice(&2u64.to_le_bytes());
        let found: Vec<_> = residents(&[&bytes[..], &bytes[..9]].concat(), Model::Lp64)
            .map(|record| record.map(|record| (record.size(), record.name().to_vec(), record.resident())).ok())
            .collect();
        assert_eq!(found, [Some((8192, b"a.out".to_vec(), 2)), None]);
        let mut bytes = vec![0; 152];
        bytes[104..108].copy_from_slice(&3u32.to_le_bytes());
        assert_eq!(residents(&bytes, Model::Ilp32).next().unwrap().unwrap().resident(), 3);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, flags: i32, start: u64, size: u64, heap: (u64, u64), stack: (u64, u64)) {
            let _ = (rights(flags), purpose(flags, start, size, Some(Regions { heap, stack })));
            for model in [Model::Ilp32, Model::Lp64] {
                let _ = residents(&bytes, model).count();
                let _ = mappings(&bytes, model).count();
            }
        }
    }
}
