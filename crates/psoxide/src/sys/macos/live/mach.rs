//! Calls of Mach: the host, the clock, the allocator of this process.

use crate::HeapInfo;
use crate::sys::question::Answer;

/// The errno of Mach's own errors.
const FAILED: i32 = libc::EIO;
/// `KERN_INVALID_ARGUMENT` and `KERN_FAILURE`: the kernel does not know the flavor.
const UNKNOWN_FLAVOR: [i32; 2] = [4, 5];

// mach/mach_init.h, mach/mach_port.h, mach/mach_host.h, mach/vm_map.h, mach/mach_time.h, malloc/malloc.h.
unsafe extern "C" {
    fn mach_host_self() -> u32;
    fn mach_port_deallocate(task: u32, name: u32) -> i32;
    static mach_task_self_: u32;
    fn host_statistics64(host: u32, flavor: i32, info: *mut i32, count: *mut u32) -> i32;
    fn host_processor_info(host: u32, flavor: i32, cpus: *mut u32, info: *mut *mut i32, count: *mut u32) -> i32;
    fn vm_deallocate(task: u32, address: usize, size: usize) -> i32;
    fn mach_timebase_info(info: *mut [u32; 2]) -> i32;
    fn malloc_zone_statistics(zone: *mut libc::c_void, statistics: *mut HeapStatistics);
    fn malloc_zone_pressure_relief(zone: *mut libc::c_void, goal: libc::size_t) -> libc::size_t;
}

/// The port of this task.
pub(super) fn this_task() -> u32 {
    // SAFETY: the C library sets the variable before main begins, and nothing changes it.
    unsafe { mach_task_self_ }
}

/// Calls `ask` with the port of the host.
fn with_host<T>(ask: impl FnOnce(u32) -> T) -> T {
    // SAFETY: the call takes nothing and returns a right to a port.
    let host = unsafe { mach_host_self() };
    let answer = ask(host);
    // SAFETY: the right was returned above and is not used any more.
    unsafe { mach_port_deallocate(this_task(), host) };
    answer
}

/// host_statistics64 of `HOST_VM_INFO64`.
pub(super) fn memory() -> Answer {
    let mut buffer = [0i32; 104];
    let mut count = 104u32;
    // SAFETY: the kernel writes at most `count` numbers to the buffer.
    let done = with_host(|host| unsafe { host_statistics64(host, 4, buffer.as_mut_ptr(), &raw mut count) });
    if done != 0 {
        return Err(FAILED);
    }
    let written = usize::try_from(count).map_err(|_| FAILED)?;
    Ok(buffer.iter().take(written).flat_map(|number| number.to_ne_bytes()).collect())
}

/// host_processor_info of a flavor: `PROCESSOR_CPU_LOAD_INFO`, `PROCESSOR_CPU_STAT64`. `ENOTSUP`: the kernel does not know
/// the flavor.
pub(super) fn processors(flavor: i32) -> Answer {
    let (mut cpus, mut count) = (0u32, 0u32);
    let mut info: *mut i32 = std::ptr::null_mut();
    // SAFETY: the kernel sets the three to what it has allocated for this task.
    let done =
        with_host(|host| unsafe { host_processor_info(host, flavor, &raw mut cpus, &raw mut info, &raw mut count) });
    if UNKNOWN_FLAVOR.contains(&done) {
        return Err(libc::ENOTSUP);
    }
    if done != 0 || info.is_null() {
        return Err(FAILED);
    }
    let length = usize::try_from(count).map_err(|_| FAILED)?;
    // SAFETY: the kernel has allocated `count` numbers at `info`.
    let numbers = unsafe { std::slice::from_raw_parts(info, length) };
    let bytes = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
    // SAFETY: the memory belongs to this task and is not used any more.
    unsafe { vm_deallocate(this_task(), info.addr(), length * size_of::<i32>()) };
    Ok(bytes)
}

/// mach_timebase_info
pub(super) fn timebase() -> Vec<u8> {
    let mut base = [0u32; 2];
    // SAFETY: the call writes the two numbers, and cannot fail.
    unsafe { mach_timebase_info(&raw mut base) };
    base.iter().flat_map(|number| number.to_ne_bytes()).collect()
}

/// `malloc_statistics_t`.
#[repr(C)]
#[derive(Default)]
struct HeapStatistics {
    blocks: libc::c_uint,
    used: libc::size_t,
    most: libc::size_t,
    allocated: libc::size_t,
}

/// The statistics of all zones of the allocator.
pub(super) fn heap_info() -> HeapInfo {
    let mut statistics = HeapStatistics::default();
    // SAFETY: no zone means all of them, and the statistics are written to the struct.
    unsafe { malloc_zone_statistics(std::ptr::null_mut(), &raw mut statistics) };
    HeapInfo {
        heap_used: statistics.used as u64,
        // The allocator counts separate mappings with the rest.
        mmap_used: 0,
        ..HeapInfo::default()
    }
}

/// Returns as much memory of all zones to the system as possible. Returns how many bytes it was.
pub(super) fn heap_trim() -> usize {
    // SAFETY: no zone means all of them, and 0 means as much as possible.
    unsafe { malloc_zone_pressure_relief(std::ptr::null_mut(), 0) }
}
