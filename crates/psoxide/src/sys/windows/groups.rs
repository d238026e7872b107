//! Processor groups. A group has up to 64 CPUs, and an affinity mask applies to one group.

use crate::{Error, Result};

/// Returns the number of a group's first CPU, and the number of its CPUs.
fn place(group: u16, sizes: &[u8]) -> (u32, u32) {
    let first = sizes.iter().take(group.into()).map(|count| u32::from(*count)).sum();
    (first, sizes.get(usize::from(group)).map_or(64, |count| u32::from(*count).min(64)))
}

/// Returns the CPUs of a process whose threads are in `groups`. `mask` reads its affinity mask.
pub(super) fn cpus(groups: &[u16], sizes: &[u8], mask: impl FnOnce() -> Result<u64>) -> Result<Vec<u32>> {
    if let [group] = groups {
        return Ok(cpus_of(mask()?, *group, sizes));
    }
    // A process with threads in several groups has no mask. It may run on all CPUs of these groups.
    let mut cpus: Vec<u32> = groups.iter().flat_map(|group| cpus_of(u64::MAX, *group, sizes)).collect();
    cpus.sort_unstable();
    Ok(cpus)
}

/// Returns the CPUs in a group's mask.
fn cpus_of(mask: u64, group: u16, sizes: &[u8]) -> Vec<u32> {
    let (first, count) = place(group, sizes);
    (0..count).filter(|bit| mask >> bit & 1 == 1).map(|bit| first + bit).collect()
}

/// Returns the mask of CPUs. Fails unless all belong to one group.
#[cfg_attr(not(any(windows, test)), allow(dead_code))] // sets an affinity
pub(super) fn mask_of(cpus: &[u32], group: u16, sizes: &[u8]) -> Result<u64> {
    let (first, count) = place(group, sizes);
    let mut mask = 0;
    for &cpu in cpus {
        let bit = cpu.checked_sub(first).filter(|bit| *bit < count);
        let bit = bit.ok_or_else(|| Error::invalid(format!("CPU {cpu} is not one that the process may be given")))?;
        mask |= 1 << bit;
    }
    Ok(mask)
}

#[cfg(test)]
mod tests {
    use super::{cpus, cpus_of, mask_of};
    use crate::error::ErrorKind;

    #[test]
    fn masks_count_from_the_first_processor_of_their_group() {
        let sizes = [64, 64, 16];
        assert_eq!(cpus_of(0b101, 0, &sizes), [0, 2]);
        assert_eq!(cpus_of(1 << 63 | 1, 1, &sizes), [64, 127]);
        assert_eq!(cpus_of(u64::MAX, 2, &sizes), (128..144).collect::<Vec<u32>>());
        for (group, cpus) in [(0, [0, 63]), (1, [64, 127]), (2, [128, 143])] {
            assert_eq!(cpus_of(mask_of(&cpus, group, &sizes).unwrap(), group, &sizes), cpus);
        }
        for (group, cpu) in [(0, 64), (1, 63), (2, 144)] {
            assert_eq!(mask_of(&[cpu], group, &sizes).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn threads_in_several_groups_have_no_mask() {
        assert_eq!(cpus(&[1], &[2, 2], || Ok(0b10)).unwrap(), [3]);
        assert_eq!(cpus(&[1, 0], &[2, 2], || panic!("there is no mask")).unwrap(), [0, 1, 2, 3]);
    }
}
