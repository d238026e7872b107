//! host_processor_info, host_statistics64, `vm.swapusage`: processors and memory of the machine.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// Ticks of a processor in each state, `PROCESSOR_CPU_LOAD_INFO`.
    pub struct CpuTicks = "processor_cpu_load_info" (16) {
        /// User mode.
        user: u32 = "cpu_ticks[0]" @ 0,
        /// Kernel mode.
        system: u32 = "cpu_ticks[1]" @ 4,
        /// Idle.
        idle: u32 = "cpu_ticks[2]" @ 8,
        /// Niced processes in user mode.
        nice: u32 = "cpu_ticks[3]" @ 12,
    }
}

view! {
    /// Counts of pages, `HOST_VM_INFO64`.
    pub struct Memory = "vm_statistics64" (144) {
        /// Free, with the speculative ones.
        free: u32 = "free_count" @ 0,
        /// Active.
        active: u32 = "active_count" @ 4,
        /// Inactive.
        inactive: u32 = "inactive_count" @ 8,
        /// Wired.
        wired: u32 = "wire_count" @ 12,
        /// Pages read from disks since the boot.
        pageins: u64 = "pageins" @ 32,
        /// Pages written to disks since the boot.
        pageouts: u64 = "pageouts" @ 40,
        /// Read ahead, not used yet.
        speculative: u32 = "speculative_count" @ 92,
        /// Pages read from swap space since the boot.
        swapins: u64 = "swapins" @ 112,
        /// Pages written to swap space since the boot.
        swapouts: u64 = "swapouts" @ 120,
        /// What the compressor uses.
        compressor: u32 = "compressor_page_count" @ 128,
    }
}

view! {
    /// `vm.swapusage`, in bytes.
    pub struct Swap = "xsw_usage" (32) {
        /// All.
        total: u64 = "xsu_total" @ 0,
        /// Not in use.
        available: u64 = "xsu_avail" @ 8,
        /// In use.
        used: u64 = "xsu_used" @ 16,
    }
}

view! {
    /// What interrupted a processor, `PROCESSOR_CPU_STAT64`. Kernels of arm64 alone count it.
    pub struct Interrupts = "processor_cpu_stat64" (24) {
        /// Interrupts of devices.
        devices: u64 = "irq_ex_cnt" @ 0,
        /// Interrupts from other processors.
        processors: u64 = "ipi_cnt" @ 8,
        /// Interrupts of the timer.
        timer: u64 = "timer_cnt" @ 16,
    }
}

/// Sums the interrupts of all processors. Kernels append counters to the record, so the number of processors says how
/// long a record is.
pub fn interrupts(bytes: &[u8], processors: usize) -> Result<u64> {
    let malformed = || crate::ParseError::malformed("processor_cpu_stat64", &bytes.len().to_le_bytes());
    let size = bytes.len().checked_div(processors).ok_or_else(malformed)?;
    if size.checked_mul(processors) != Some(bytes.len()) {
        return Err(malformed());
    }
    let mut sum = 0u64;
    for record in chunks(bytes, size, Interrupts::STRUCT) {
        let counts = Interrupts::new(record?)?;
        for count in [counts.devices(), counts.processors(), counts.timer()] {
            sum = sum.saturating_add(count);
        }
    }
    Ok(sum)
}

/// The processors of an answer, in order.
pub fn cpus(bytes: &[u8]) -> impl Iterator<Item = Result<CpuTicks<'_>>> {
    chunks(bytes, CpuTicks::SIZE, CpuTicks::STRUCT).map(|cpu| CpuTicks::new(cpu?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn processors_in_order() {
        let bytes: Vec<u8> = (1..=8u32).flat_map(u32::to_le_bytes).collect();
        let found: Vec<_> = cpus(&bytes).map(Result::unwrap).collect();
        assert_eq!((found.len(), found[1].user(), found[1].nice()), (2, 5, 8));
        assert!(cpus(&bytes[..20]).last().unwrap().is_err());
    }

    #[test]
    fn interrupts_of_all_processors() {
        let bytes: Vec<u8> = (1..=20u64).flat_map(u64::to_le_bytes).collect();
        // Two records of ten counters: 1 + 2 + 3 and 11 + 12 + 13.
        assert_eq!(interrupts(&bytes, 2), Ok(42));
        assert!(interrupts(&bytes, 3).is_err() && interrupts(&bytes, 0).is_err());
        assert!(interrupts(&bytes, 10).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), processors in 0usize..9) {
            let _ = interrupts(&bytes, processors);
            let _ = (cpus(&bytes).count(), Memory::new(&bytes).map(Memory::free), Swap::new(&bytes).map(Swap::used));
        }
    }
}
