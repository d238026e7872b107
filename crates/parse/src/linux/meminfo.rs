//! `/proc/meminfo`: proc_meminfo(5).

use crate::cursor::{lines, signed, split_once};
use crate::{Cursor, ParseError, Result};

/// Memory and swap, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meminfo {
    /// `MemTotal`.
    pub total: Option<u64>,
    /// `MemFree`.
    pub free: Option<u64>,
    /// `MemAvailable` (since Linux 3.14); negative in some containers.
    pub available: Option<i64>,
    /// `Buffers`.
    pub buffers: Option<u64>,
    /// `Cached`, without `SReclaimable`.
    pub cached: Option<u64>,
    /// `SReclaimable` (since Linux 2.6.19).
    pub sreclaimable: Option<u64>,
    /// `Shmem` (since Linux 2.6.32).
    pub shmem: Option<u64>,
    /// `MemShared` (until Linux 2.4).
    pub mem_shared: Option<u64>,
    /// `Active`.
    pub active: Option<u64>,
    /// `Inactive` (since Linux 2.6).
    pub inactive: Option<u64>,
    /// `Inact_dirty` (Linux 2.4).
    pub inact_dirty: Option<u64>,
    /// `Inact_clean` (Linux 2.4).
    pub inact_clean: Option<u64>,
    /// `Inact_laundry` (Linux 2.4).
    pub inact_laundry: Option<u64>,
    /// `Slab` (since Linux 2.6).
    pub slab: Option<u64>,
    /// `Active(file)` (since Linux 2.6.28).
    pub active_file: Option<u64>,
    /// `Inactive(file)` (since Linux 2.6.28).
    pub inactive_file: Option<u64>,
    /// `SwapTotal`.
    pub swap_total: Option<u64>,
    /// `SwapFree`.
    pub swap_free: Option<u64>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Meminfo> {
    let mut info = Meminfo::default();
    let (mut total, mut free) = (None, None);
    for line in lines(bytes) {
        let Some((key, value)) = split_once(line, b':') else { continue };
        let (field, slot) = match key {
            b"MemTotal" => ("MemTotal", &mut total),
            b"MemFree" => ("MemFree", &mut free),
            b"MemAvailable" => {
                info.available = Some(kilobytes(value, "MemAvailable")?);
                continue;
            }
            b"Buffers" => ("Buffers", &mut info.buffers),
            b"Cached" => ("Cached", &mut info.cached),
            b"SReclaimable" => ("SReclaimable", &mut info.sreclaimable),
            b"Shmem" => ("Shmem", &mut info.shmem),
            b"MemShared" => ("MemShared", &mut info.mem_shared),
            b"Active" => ("Active", &mut info.active),
            b"Inactive" => ("Inactive", &mut info.inactive),
            b"Inact_dirty" => ("Inact_dirty", &mut info.inact_dirty),
            b"Inact_clean" => ("Inact_clean", &mut info.inact_clean),
            b"Inact_laundry" => ("Inact_laundry", &mut info.inact_laundry),
            b"Slab" => ("Slab", &mut info.slab),
            b"Active(file)" => ("Active(file)", &mut info.active_file),
            b"Inactive(file)" => ("Inactive(file)", &mut info.inactive_file),
            b"SwapTotal" => ("SwapTotal", &mut info.swap_total),
            b"SwapFree" => ("SwapFree", &mut info.swap_free),
            _ => continue,
        };
        let amount = kilobytes(value, field)?;
        *slot = Some(u64::try_from(amount).map_err(|_| ParseError::malformed(field, value))?);
    }
    (info.total, info.free) = (total, free);
    Ok(info)
}

/// What follows the colon, in bytes.
/// Parses each line as it stands: the name, the value, and whether it is in kilobytes, which makes the value bytes.
pub fn each(bytes: &[u8]) -> Result<Vec<(&[u8], i64, bool)>> {
    let mut all = Vec::new();
    for line in lines(bytes) {
        let (name, value) = split_once(line, b':').ok_or_else(|| ParseError::malformed("line", line))?;
        all.push((name, kilobytes(value, "value")?, value.ends_with(b"kB")));
    }
    // A count of huge pages has no unit.
    for (_, value, _) in all.iter_mut().filter(|(_, _, is_size)| !is_size) {
        *value /= 1024;
    }
    Ok(all)
}

fn kilobytes(value: &[u8], field: &'static str) -> Result<i64> {
    let mut cursor = Cursor::new(value);
    let amount = signed(cursor.required(field)?, field)?;
    match cursor.token() {
        None | Some(b"kB") => amount.checked_mul(1024).ok_or_else(|| ParseError::overflow(field, value)),
        Some(_) => Err(ParseError::malformed(field, value)),
    }
}

impl Meminfo {
    /// The page cache and the slabs that can be reclaimed.
    #[must_use]
    pub fn cached_total(&self) -> Option<u64> {
        Some(self.cached?.saturating_add(self.sreclaimable.unwrap_or(0)))
    }

    /// Shared memory, by its name on new or old kernels.
    #[must_use]
    pub fn shared(&self) -> Option<u64> {
        self.shmem.or(self.mem_shared)
    }

    /// Inactive memory, by its name on new or its three names on old kernels.
    #[must_use]
    pub fn inactive_total(&self) -> Option<u64> {
        self.inactive
            .or_else(|| Some(self.inact_dirty?.saturating_add(self.inact_clean?).saturating_add(self.inact_laundry?)))
    }

    /// What new programs can use without swapping: the kernel's figure or, where it gives none, its formula.
    ///
    /// `zone_low_pages` is the sum of the low watermarks in `/proc/zoneinfo`. A figure above the total, as some
    /// containers report, is replaced by the free memory; a negative one is the caller's to clamp.
    #[must_use]
    pub fn available(&self, zone_low_pages: Option<u64>, page_size: u64) -> i64 {
        let available = match self.available {
            Some(available) if available != 0 => available,
            _ => self.estimate(zone_low_pages, page_size),
        };
        if self.total.is_some_and(|total| available > clamped(total)) {
            clamped(self.free.unwrap_or(0))
        } else {
            available
        }
    }

    /// The formula of Linux commit 34e431b0ae39 or, without its inputs, the older rule of thumb.
    fn estimate(&self, zone_low_pages: Option<u64>, page_size: u64) -> i64 {
        let free = clamped(self.free.unwrap_or(0));
        let (Some(active), Some(inactive), Some(slabs), Some(low)) =
            (self.active_file, self.inactive_file, self.sreclaimable, zone_low_pages)
        else {
            return free.saturating_add(clamped(self.cached.unwrap_or(0)));
        };
        let watermark = clamped(low.saturating_mul(page_size));
        let cache = clamped(active.saturating_add(inactive));
        let slabs = clamped(slabs);
        free.saturating_sub(watermark)
            .saturating_add(cache.saturating_sub(watermark.min(cache / 2)))
            .saturating_add(slabs.saturating_sub(watermark.min(slabs / 2)))
    }
}

fn clamped(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MEMINFO: &[u8] = b"MemTotal:       16325836 kB\nMemFree:         1000000 kB\nMemAvailable:    9000000 kB\n\
        Buffers:          400000 kB\nCached:          5000000 kB\nSwapCached:           12 kB\n\
        Active:          6000000 kB\nInactive:        3000000 kB\nActive(anon):    4000000 kB\n\
        Inactive(anon):        7 kB\nActive(file):    2000000 kB\nInactive(file):  2500000 kB\n\
        SwapTotal:       2097148 kB\nSwapFree:        2097000 kB\nShmem:            123456 kB\n\
        Slab:             700000 kB\nSReclaimable:     500000 kB\nShadowCallStack:10373888 kB\nHugePages_Total:       0\n";

    #[test]
    fn every_field_is_the_one_proc5_documents() {
        let info = parse(MEMINFO).unwrap();
        let kb = |n: u64| Some(n * 1024);
        assert_eq!((info.total, info.free), (kb(16_325_836), kb(1_000_000)));
        assert_eq!(info.available, Some(9_000_000 * 1024));
        assert_eq!((info.buffers, info.cached, info.slab), (kb(400_000), kb(5_000_000), kb(700_000)));
        assert_eq!((info.active, info.inactive_total()), (kb(6_000_000), kb(3_000_000)));
        assert_eq!((info.active_file, info.inactive_file), (kb(2_000_000), kb(2_500_000)));
        assert_eq!((info.swap_total, info.swap_free), (kb(2_097_148), kb(2_097_000)));
        assert_eq!((info.shared(), info.cached_total()), (kb(123_456), kb(5_500_000)));
        assert_eq!(info.available(None, 4096), 9_000_000 * 1024);
    }

    #[test]
    fn a_value_may_touch_the_colon() {
        let info = parse(b"MemTotal:4 kB\nMemFree:1 kB\nShmem:10373888 kB\n").unwrap();
        assert_eq!((info.total, info.shmem), (Some(4096), Some(10_373_888 * 1024)));
    }

    #[test]
    fn old_kernels_have_other_names() {
        let text =
            b"        total:    used:\nMem:  513286144 501178368\nMemTotal: 10 kB\nMemFree: 1 kB\nMemShared: 2 kB\n\
            Cached: 3 kB\nInact_dirty: 4 kB\nInact_clean: 5 kB\nInact_laundry: 6 kB\n";
        let info = parse(text).unwrap();
        assert_eq!((info.shared(), info.inactive_total()), (Some(2048), Some(15 * 1024)));
        assert_eq!((info.cached_total(), info.available(Some(1), 4096)), (Some(3072), 4096));
    }

    #[test]
    fn available_is_estimated_with_the_kernels_formula() {
        let mut info = Meminfo { total: Some(1000), free: Some(300), cached: Some(50), ..Meminfo::default() };
        assert_eq!(info.available(Some(10), 4), 350);
        info.active_file = Some(60);
        info.inactive_file = Some(40);
        info.sreclaimable = Some(20);
        assert_eq!(info.available(None, 4), 350);
        assert_eq!(info.available(Some(10), 4), 300 - 40 + (100 - 40) + (20 - 10));
        assert_eq!(info.available(Some(100), 4), 300 - 400 + (100 - 50) + (20 - 10));
        info.available = Some(0);
        assert_eq!(info.available(Some(10), 4), 330);
        info.available = Some(1001);
        assert_eq!(info.available(Some(10), 4), 300);
        info.available = Some(-5);
        assert_eq!(info.available(Some(10), 4), -5);
    }

    #[test]
    fn each_line_as_it_stands() {
        let all = each(b"MemTotal: 4 kB\nHugePages_Total:    7\n").unwrap();
        assert_eq!(all, [(&b"MemTotal"[..], 4096, true), (b"HugePages_Total", 7, false)]);
        assert!(each(b"total: used:\n").is_err() && each(b"MemTotal\n").is_err());
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"MemTotal: 1 kB\n").map(|info| (info.total, info.free)), Ok((Some(1024), None)));
        for odd in
            [&b"Cached:\n"[..], b"Cached: x kB", b"Cached: -1 kB", b"Cached: 1 MB", b"Cached: 9223372036854775807 kB"]
        {
            assert_eq!(parse(odd).unwrap_err().field(), "Cached");
        }
        assert_eq!(parse(b"MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable: -7 kB").unwrap().available, Some(-7168));
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..MEMINFO.len()) {
            let _ = (parse(&bytes), each(&bytes));
            let _ = parse(MEMINFO.split_at(at).0);
        }

        #[test]
        fn estimates_never_overflow(n: u64, free: u64, low: Option<u64>, page: u64) {
            let some = Some(n);
            let info = Meminfo { total: Some(n), free: Some(free), cached: some, active_file: some, inactive_file: some, sreclaimable: some,
                ..Meminfo::default() };
            let _ = (info.available(low, page), info.cached_total(), info.inactive_total());
        }
    }
}
