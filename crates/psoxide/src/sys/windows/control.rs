//! Changes a process, and waits for its end.

#[cfg(not(windows))]
impl crate::sys::Control for super::Windows {}

#[cfg(windows)]
mod here {
    use std::os::windows::io::BorrowedHandle;
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::{Duration, Instant};

    use super::super::abi::access;
    use super::super::handle::Opened;
    use super::super::{Handle, Source, Windows, cpu, groups, live};
    use crate::sys::question::Kernel;
    use crate::sys::{Control, Live};
    use crate::{Error, ExitStatus, HeapInfo, IoPriority, Os, Result, Signal};

    /// The priority classes that SetPriorityClass accepts.
    const PRIORITIES: [u32; 6] = [0x20, 0x40, 0x80, 0x100, 0x4000, 0x8000];

    impl Live for Windows {
        fn host() -> Source {
            Source::new(Kernel::live(Os::Windows, live::ask))
        }

        fn heap_info() -> Result<HeapInfo> {
            live::heap_info()
        }

        fn heap_trim() -> Result<bool> {
            Ok(live::heap_trim())
        }
    }

    fn failed(error: i32) -> Error {
        Error::answered(Os::Windows, error)
    }

    /// Returns the handle of an open process.
    fn handle(opened: &Opened) -> Result<BorrowedHandle<'_>> {
        live::handle(&opened.target).map_err(failed)
    }

    /// Opens a process and applies `act` to it.
    fn act(
        process: &Handle<'_>,
        access: u32,
        action: impl FnOnce(BorrowedHandle<'_>) -> Result<(), i32>,
    ) -> Result<()> {
        action(handle(&process.open(access)?)?).map_err(failed)
    }

    impl Control for Windows {
        fn send_signal(process: &Handle<'_>, signal: Signal) -> Result<()> {
            match signal {
                Signal::TERM | Signal::KILL => {
                    let opened = process.open(access::TERMINATE)?;
                    let ended = live::terminate(handle(&opened)?, signal.0.cast_unsigned()).map_err(failed);
                    match ended {
                        // The process has ended by itself in the meantime.
                        Err(error) if error.is_access_denied() && process.has_ended(&opened)? => {
                            Err(Error::no_such_process(process.pid))
                        }
                        ended => ended,
                    }
                }
                Signal::INT | Signal::BREAK => {
                    // The open handle keeps other processes from taking the pid.
                    let _opened = process.open(0)?;
                    live::interrupt(process.pid, signal == Signal::BREAK).map_err(failed)
                }
                Signal(number) => Err(Error::invalid(format!(
                    "Windows has no signal {number}: there are TERM and KILL, which end a process, INT (Ctrl+C) and BREAK"
                ))),
            }
        }

        fn suspend(process: &Handle<'_>) -> Result<()> {
            act(process, access::SUSPEND_RESUME, live::suspend)
        }

        fn resume(process: &Handle<'_>) -> Result<()> {
            act(process, access::SUSPEND_RESUME, live::resume)
        }

        fn wait_each(
            processes: &[Handle<'_>],
            timeout: Option<Duration>,
            done: &mut dyn FnMut(usize, Option<ExitStatus>),
        ) -> Result<()> {
            let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
            let mut watched: Vec<(usize, Opened)> = Vec::with_capacity(processes.len());
            for (place, process) in processes.iter().enumerate() {
                match process.open_ended(access::SYNCHRONIZE) {
                    Ok(opened) if opened.times.exit != 0 => done(place, Some(status(&opened)?)),
                    Ok(opened) => watched.push((place, opened)),
                    Err(error) if error.is_no_such_process() => done(place, None),
                    Err(error) => return Err(error.with_pid(process.pid)),
                }
            }
            let handles = watched.iter().map(|(place, opened)| Ok((*place, handle(opened)?)));
            let handles = handles.collect::<Result<Vec<_>>>()?;
            let (_waits, ended) = live::wait_each(handles.into_iter()).map_err(failed)?;
            for _ in 0..watched.len() {
                let place = match deadline {
                    None => ended.recv().map_err(|_| RecvTimeoutError::Disconnected),
                    Some(deadline) => ended.recv_timeout(deadline.saturating_duration_since(Instant::now())),
                };
                match place {
                    Ok(place) => {
                        let opened = watched.iter().find(|(known, _)| *known == place);
                        done(place, opened.map(|(_, opened)| status(opened)).transpose()?);
                    }
                    Err(_) => return Ok(()),
                }
            }
            Ok(())
        }

        fn set_nice(process: &Handle<'_>, value: i32) -> Result<()> {
            let class = u32::try_from(value).ok().filter(|class| PRIORITIES.contains(class));
            let class = class.ok_or_else(|| Error::invalid(format!("{value} is not a priority class of Windows")))?;
            act(process, access::SET_INFORMATION, |handle| live::set_priority(handle, class))
        }

        fn set_ionice(process: &Handle<'_>, priority: IoPriority) -> Result<()> {
            let IoPriority { class, value: None } = priority else {
                return Err(Error::invalid("the I/O priorities of Windows are classes without a value"));
            };
            let class = Os::Windows.io_class_number(class);
            let class =
                class.ok_or_else(|| Error::invalid(format!("{} is not an I/O priority of Windows", priority.class)))?;
            act(process, access::SET_INFORMATION, |handle| live::set_io_priority(handle, class))
        }

        fn set_cpu_affinity(process: &Handle<'_>, cpus: &[u32]) -> Result<()> {
            let opened = process.open(access::SET_INFORMATION | access::QUERY_INFORMATION)?;
            let sizes = cpu::topology(process.source)?.groups;
            let [group] = *process.groups(&opened)? else {
                return Err(Error::unsupported("the affinity of a process whose threads are in several groups"));
            };
            live::set_affinity(handle(&opened)?, groups::mask_of(cpus, group, &sizes)?).map_err(failed)
        }
    }

    /// Returns the exit status of a process that has ended.
    fn status(opened: &Opened) -> Result<ExitStatus> {
        Ok(ExitStatus::Code(live::exit_code(handle(opened)?).map_err(failed)?.cast_signed()))
    }
}
