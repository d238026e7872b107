//! Changing a process, and waiting for its end.

use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::sync::OnceLock;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::{Handle, Windows, cpu, ffi};
use crate::sys::Control;
use crate::{Error, ExitStatus, IoPriority, Os, Pid, Result, Signal};

/// PROCESSINFOCLASS
const IO_PRIORITY: i32 = 33;

/// ERROR_INVALID_PARAMETER
const INVALID_PARAMETER: i32 = 87;

/// The classes of SetPriorityClass.
const PRIORITIES: [u32; 6] = [0x20, 0x40, 0x80, 0x100, 0x4000, 0x8000];

/// Opens a process, with the right of debuggers where it takes that and this user may have it.
pub(super) fn open(pid: Pid, access: u32) -> Result<OwnedHandle> {
    /// Whether this program could take that right. It is taken once, and then every thread has it.
    static DEBUGGER: OnceLock<bool> = OnceLock::new();
    match ffi::open(pid, access) {
        Err(error) if error.is_access_denied() && DEBUGGER.get() != Some(&false) => {
            let first = DEBUGGER.get().is_none();
            let may = *DEBUGGER.get_or_init(|| ffi::acquire_debug_privilege().is_ok());
            if first && may { ffi::open(pid, access) } else { Err(error) }
        }
        opened => opened,
    }
}

/// A group's first processor and how many it has, in the order of all processors.
fn place(group: u16, sizes: &[u8]) -> (u32, u32) {
    let first = sizes.iter().take(group.into()).map(|count| u32::from(*count)).sum();
    (first, sizes.get(usize::from(group)).map_or(64, |count| u32::from(*count).min(64)))
}

pub(super) fn cpu_affinity(process: BorrowedHandle<'_>) -> Result<Vec<u32>> {
    let sizes = cpu::topology()?.groups;
    match ffi::groups(process).unwrap_or_else(|_| vec![0]).as_slice() {
        [group] => Ok(cpus_of(ffi::affinity(process)?, *group, &sizes)),
        // One whose threads are in several groups has no mask: it may run on all of these.
        groups => {
            let mut cpus: Vec<u32> = groups.iter().flat_map(|group| cpus_of(u64::MAX, *group, &sizes)).collect();
            cpus.sort_unstable();
            Ok(cpus)
        }
    }
}

/// The processors of a group's mask.
fn cpus_of(mask: u64, group: u16, sizes: &[u8]) -> Vec<u32> {
    let (first, count) = place(group, sizes);
    (0..count).filter(|bit| mask >> bit & 1 == 1).map(|bit| first + bit).collect()
}

/// The mask of processors that all have to be of a group.
fn mask_of(cpus: &[u32], group: u16, sizes: &[u8]) -> Result<u64> {
    let (first, count) = place(group, sizes);
    let mut mask = 0;
    for &cpu in cpus {
        let bit = cpu.checked_sub(first).filter(|bit| *bit < count);
        let bit = bit.ok_or_else(|| Error::invalid(format!("CPU {cpu} is not one that it may be given")))?;
        mask |= 1 << bit;
    }
    Ok(mask)
}

pub(super) fn ionice(process: BorrowedHandle<'_>) -> Result<IoPriority> {
    let filled = ffi::process_information(process, IO_PRIORITY, 4).map_err(|error| match error.errno() {
        // Wine does not have this class of information.
        Some(INVALID_PARAMETER) => Error::unsupported("ionice"),
        _ => error,
    })?;
    let number = psoxide_parse::Cursor::new(filled.bytes()).array().map(u32::from_le_bytes);
    let number = number.ok_or_else(|| Error::out_of_range("ioclass", "of no byte"))?;
    let class = usize::try_from(number).ok().and_then(|number| Os::Windows.io_classes().get(number)).copied();
    let class = class.ok_or_else(|| Error::out_of_range("ioclass", number))?;
    Ok(IoPriority { class, value: None })
}

impl Control for Windows {
    fn send_signal(process: &Handle<'_>, signal: Signal) -> Result<()> {
        match signal {
            Signal::TERM | Signal::KILL => {
                let (handle, _) = process.open(ffi::PROCESS_TERMINATE)?;
                let ended = || ffi::times(handle.as_handle()).is_ok_and(|times| times.exit != 0);
                match ffi::terminate(handle.as_handle(), signal.0.cast_unsigned()) {
                    Err(error) if error.is_access_denied() && ended() => Err(Error::no_such_process(process.pid)),
                    done => done,
                }
            }
            Signal::INT | Signal::BREAK => {
                // Kept open, so that nobody takes its pid meanwhile.
                let _opened = process.open(0)?;
                ffi::interrupt(process.pid, signal == Signal::BREAK)
            }
            Signal(number) => Err(Error::invalid(format!(
                "Windows has no signal {number}: there are TERM and KILL, which end a process, INT (Ctrl+C) and BREAK"
            ))),
        }
    }

    fn suspend(process: &Handle<'_>) -> Result<()> {
        ffi::suspend(process.open(ffi::PROCESS_SUSPEND_RESUME)?.0.as_handle())
    }

    fn resume(process: &Handle<'_>) -> Result<()> {
        ffi::resume(process.open(ffi::PROCESS_SUSPEND_RESUME)?.0.as_handle())
    }

    fn wait_each(
        processes: &[Handle<'_>],
        timeout: Option<Duration>,
        done: &mut dyn FnMut(usize, Option<ExitStatus>),
    ) -> Result<()> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut watched: Vec<(usize, OwnedHandle)> = Vec::with_capacity(processes.len());
        for (place, process) in processes.iter().enumerate() {
            match process.open_ended(ffi::PROCESS_SYNCHRONIZE) {
                Ok((handle, times)) if times.exit != 0 => done(place, Some(status(handle.as_handle())?)),
                Ok((handle, _)) => watched.push((place, handle)),
                Err(error) if error.is_no_such_process() => done(place, None),
                Err(error) => return Err(error.with_pid(process.pid)),
            }
        }
        let (_waits, ended) = ffi::wait_each(&watched)?;
        for _ in 0..watched.len() {
            let place = match deadline {
                None => ended.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => ended.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            };
            match place {
                Ok(place) => {
                    let handle = watched.iter().find(|(known, _)| *known == place);
                    done(place, handle.map(|(_, handle)| status(handle.as_handle())).transpose()?);
                }
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn set_nice(process: &Handle<'_>, value: i32) -> Result<()> {
        let class = u32::try_from(value).ok().filter(|class| PRIORITIES.contains(class));
        let class = class.ok_or_else(|| Error::invalid(format!("{value} is not a priority class of Windows")))?;
        ffi::set_priority(process.open(ffi::PROCESS_SET_INFORMATION)?.0.as_handle(), class)
    }

    fn set_ionice(process: &Handle<'_>, priority: IoPriority) -> Result<()> {
        let IoPriority { class, value: None } = priority else {
            return Err(Error::invalid("the I/O priorities of Windows are classes without a value"));
        };
        let class = Os::Windows.io_class_number(class);
        let class =
            class.ok_or_else(|| Error::invalid(format!("{} is not an I/O priority of Windows", priority.class)))?;
        let (handle, _) = process.open(ffi::PROCESS_SET_INFORMATION)?;
        ffi::set_process_information(handle.as_handle(), IO_PRIORITY, class)
    }

    fn set_cpu_affinity(process: &Handle<'_>, cpus: &[u32]) -> Result<()> {
        let (handle, _) = process.open(ffi::PROCESS_SET_INFORMATION | ffi::PROCESS_QUERY_INFORMATION)?;
        let sizes = cpu::topology()?.groups;
        let groups = ffi::groups(handle.as_handle()).unwrap_or_else(|_| vec![0]);
        let [group] = groups.as_slice() else {
            return Err(Error::unsupported("the affinity of a process whose threads are in several groups"));
        };
        ffi::set_affinity(handle.as_handle(), mask_of(cpus, *group, &sizes)?)
    }
}

/// How a process that has ended did so.
fn status(process: BorrowedHandle<'_>) -> Result<ExitStatus> {
    Ok(ExitStatus::Code(ffi::exit_code(process)?.cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::{cpus_of, mask_of};
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
}
