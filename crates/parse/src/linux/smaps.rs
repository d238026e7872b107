//! `/proc/PID/smaps` and `/proc/PID/smaps_rollup`: proc_pid_smaps(5).

use super::status::kilobytes;
use crate::{Cursor, ParseError, Result, hex, lines, split_once};

/// The sums over all mappings of a process, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rollup {
    /// Memory no other process maps: what would be freed if this one ended.
    pub uss: u64,
    /// Resident memory, where what is shared counts in proportion (since Linux 2.6.25).
    pub pss: Option<u64>,
    /// Swapped-out memory (since Linux 2.6.26).
    pub swap: Option<u64>,
}

/// One mapping. Sizes are in bytes, `None` where the kernel lacks the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// Permissions: `r-xp`.
    pub perms: &'a [u8],
    /// The file or the kernel's name in brackets; `[anon]` for neither. Newlines are escaped by the kernel.
    pub path: &'a [u8],
    /// Address space.
    pub size: Option<u64>,
    /// Resident memory.
    pub rss: Option<u64>,
    /// Resident memory, where what is shared counts in proportion (since Linux 2.6.25).
    pub pss: Option<u64>,
    /// Shared, unmodified.
    pub shared_clean: Option<u64>,
    /// Shared, modified.
    pub shared_dirty: Option<u64>,
    /// Not shared, unmodified.
    pub private_clean: Option<u64>,
    /// Not shared, modified.
    pub private_dirty: Option<u64>,
    /// Accessed (since Linux 2.6.22).
    pub referenced: Option<u64>,
    /// Not of a file (since Linux 2.6.36).
    pub anonymous: Option<u64>,
    /// Swapped out (since Linux 2.6.26).
    pub swap: Option<u64>,
}

/// Sums up either file.
pub fn rollup(bytes: &[u8]) -> Result<Rollup> {
    // Who has no mappings has no memory, whatever the kernel counts.
    let none = bytes.is_empty().then_some(0);
    let (mut uss, mut pss, mut swap) = (none, none, none);
    for line in lines(bytes) {
        let mut cursor = Cursor::new(line);
        match cursor.required("address")? {
            b"Pss:" => add(pss.get_or_insert(0), &mut cursor, "Pss")?,
            b"Swap:" => add(swap.get_or_insert(0), &mut cursor, "Swap")?,
            key if key.ends_with(b":") => {
                if key.starts_with(b"Private_") {
                    add(uss.get_or_insert(0), &mut cursor, "Private")?;
                }
            }
            addresses => {
                range(addresses)?;
            }
        }
    }
    let uss = uss.ok_or_else(|| ParseError::missing("Private_Clean"))?;
    Ok(Rollup { uss, pss, swap })
}

fn add(sum: &mut u64, value: &mut Cursor<'_>, field: &'static str) -> Result<()> {
    let text = value.rest();
    *sum = sum.checked_add(kilobytes(value, field)?).ok_or_else(|| ParseError::overflow(field, text))?;
    Ok(())
}

/// The mappings of `smaps`, in the order of their addresses.
pub fn mappings(bytes: &[u8]) -> Result<Vec<Mapping<'_>>> {
    let mut all: Vec<Mapping<'_>> = Vec::new();
    for line in lines(bytes) {
        let mut cursor = Cursor::new(line);
        let first = cursor.required("address")?;
        if !first.ends_with(b":") {
            all.push(header(first, cursor)?);
            continue;
        }
        let mapping = all.last_mut().ok_or_else(|| ParseError::missing("address"))?;
        match first {
            b"Size:" => mapping.size = Some(kilobytes(&mut cursor, "Size")?),
            b"Rss:" => mapping.rss = Some(kilobytes(&mut cursor, "Rss")?),
            b"Pss:" => mapping.pss = Some(kilobytes(&mut cursor, "Pss")?),
            b"Shared_Clean:" => mapping.shared_clean = Some(kilobytes(&mut cursor, "Shared_Clean")?),
            b"Shared_Dirty:" => mapping.shared_dirty = Some(kilobytes(&mut cursor, "Shared_Dirty")?),
            b"Private_Clean:" => mapping.private_clean = Some(kilobytes(&mut cursor, "Private_Clean")?),
            b"Private_Dirty:" => mapping.private_dirty = Some(kilobytes(&mut cursor, "Private_Dirty")?),
            b"Referenced:" => mapping.referenced = Some(kilobytes(&mut cursor, "Referenced")?),
            b"Anonymous:" => mapping.anonymous = Some(kilobytes(&mut cursor, "Anonymous")?),
            b"Swap:" => mapping.swap = Some(kilobytes(&mut cursor, "Swap")?),
            _ => {}
        }
    }
    Ok(all)
}

fn header<'a>(addresses: &[u8], mut cursor: Cursor<'a>) -> Result<Mapping<'a>> {
    let (start, end) = range(addresses)?;
    let perms = cursor.required("perms")?;
    cursor.required("offset")?;
    cursor.required("dev")?;
    cursor.required("inode")?;
    // Only the padding before the path goes: it may hold spaces itself.
    let path = match cursor.rest().trim_ascii_start() {
        b"" => b"[anon]",
        path => path,
    };
    Ok(Mapping { start, end, perms, path, ..Mapping::default() })
}

fn range(addresses: &[u8]) -> Result<(u64, u64)> {
    let (start, end) = split_once(addresses, b'-').ok_or_else(|| ParseError::malformed("address", addresses))?;
    Ok((hex(start, "address")?, hex(end, "address")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;
    use proptest::prelude::*;

    const SMAPS: &str = "\
562fc42c0000-562fc42c2000 r--p 00000000 fe:00 247282                     /usr/my  bin/head: x (deleted)
Size:                  8 kB
KernelPageSize:        4 kB
Rss:                   7 kB
Pss:                   6 kB
Pss_Dirty:            99 kB
Shared_Clean:          1 kB
Shared_Dirty:          2 kB
Private_Clean:         3 kB
Private_Dirty:         4 kB
Referenced:            5 kB
Anonymous:            10 kB
Shared_Hugetlb:       99 kB
Private_Hugetlb:    2048 kB
Swap:                 11 kB
SwapPss:              99 kB
THPeligible:           0
VmFlags: rd mr mw me 
7ffc00000000-7ffc00001000 rw-p 00000000 00:00 0 
Size:                  4 kB
Rss:                   4 kB
Pss:                   4 kB
Private_Dirty:         4 kB
VmFlags: rd wr
";

    fn kb(n: u64) -> Option<u64> {
        Some(n * 1024)
    }

    #[test]
    fn every_mapping_has_its_own_lines() {
        let all = mappings(SMAPS.as_bytes()).unwrap();
        let file = Mapping {
            start: 0x562f_c42c_0000,
            end: 0x562f_c42c_2000,
            perms: b"r--p",
            path: b"/usr/my  bin/head: x (deleted)",
            size: kb(8),
            rss: kb(7),
            pss: kb(6),
            shared_clean: kb(1),
            shared_dirty: kb(2),
            private_clean: kb(3),
            private_dirty: kb(4),
            referenced: kb(5),
            anonymous: kb(10),
            swap: kb(11),
        };
        assert_eq!(all.len(), 2);
        assert_eq!(all[0], file);
        assert_eq!((all[1].path, all[1].perms, all[1].rss, all[1].swap), (&b"[anon]"[..], &b"rw-p"[..], kb(4), None));
    }

    #[test]
    fn sums_are_the_same_kind_for_both_files() {
        let sums = Rollup { uss: (3 + 4 + 2048 + 4) * 1024, pss: kb(10), swap: kb(11) };
        assert_eq!(rollup(SMAPS.as_bytes()), Ok(sums));
        let text = b"555eb4694000-7fffc4bce000 ---p 00000000 00:00 0                          [rollup]\n\
            Rss:                1608 kB\nPss:                 453 kB\nPss_Anon:            112 kB\n\
            Private_Clean:        92 kB\nPrivate_Dirty:       112 kB\nPrivate_Hugetlb:       0 kB\n\
            Swap:                  3 kB\nSwapPss:               1 kB\n";
        assert_eq!(rollup(text), Ok(Rollup { uss: 204 * 1024, pss: kb(453), swap: kb(3) }));
    }

    #[test]
    fn kernel_threads_have_no_mappings() {
        assert_eq!(mappings(b""), Ok(vec![]));
        assert_eq!(rollup(b""), Ok(Rollup { uss: 0, pss: Some(0), swap: Some(0) }));
    }

    #[test]
    fn what_the_kernel_does_not_count_is_none() {
        let text = b"10-20 r--p 0 0:0 0\nSize: 4 kB\nRss: 4 kB\nPrivate_Clean: 4 kB\n"; // Linux 2.6.14
        assert_eq!(rollup(text), Ok(Rollup { uss: 4096, pss: None, swap: None }));
        assert_eq!(mappings(text).unwrap()[0].pss, None);
    }

    #[test]
    fn odd_input_names_the_field() {
        let problem = |text: &[u8]| mappings(text).map(|all| all.len()).map_err(|e| (e.field(), e.problem()));
        assert_eq!(problem(b"Size: 4 kB\n"), Err(("address", Problem::Missing)));
        assert_eq!(problem(b"hello"), Err(("address", Problem::Malformed)));
        assert_eq!(problem(b"10-2x r--p 0 0:0 0"), Err(("address", Problem::Malformed)));
        assert_eq!(problem(b"10-20 r--p 0 0:0"), Err(("inode", Problem::Missing)));
        assert_eq!(problem(b"10-20 r--p 0 0:0 0\nRss:  4"), Err(("Rss", Problem::Missing)));
        assert_eq!(problem(b"10-20 r--p 0 0:0 0\nRss: 4 kB\nPriv"), Err(("address", Problem::Malformed)));
        let problem = |text: &[u8]| rollup(text).map_err(|e| (e.field(), e.problem()));
        assert_eq!(problem(b"hello"), Err(("address", Problem::Malformed)));
        assert_eq!(problem(b"Pss: x kB"), Err(("Pss", Problem::Malformed)));
        assert_eq!(problem(b"Private_Dirty:  4"), Err(("Private", Problem::Missing)));
        assert_eq!(problem(b"Pss: 7 kB\n"), Err(("Private_Clean", Problem::Missing)));
        assert_eq!(
            problem(b"Swap: 18014398509481983 kB\nSwap: 18014398509481983 kB\n"),
            Err(("Swap", Problem::Overflow))
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..SMAPS.len()) {
            let cut = SMAPS.as_bytes().split_at(at).0;
            for bytes in [&bytes, cut] {
                let _ = mappings(bytes);
                let _ = rollup(bytes);
            }
        }
    }
}
