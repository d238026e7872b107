//! Changing a process, and waiting for its end.

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
impl crate::sys::Control for super::Sunos {}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
mod here {
    use std::time::{Duration, Instant};

    use rustix::process::{WaitOptions, setpriority_process};

    use super::super::{Handle, Source, Sunos};
    use crate::sys::posix::control::{check_identity, raw, reap};
    use crate::sys::{Control, Live, ProcessReadings, posix};
    use crate::{Error, ExitStatus, ProcessStatus, Result, Signal};

    impl Live for Sunos {
        fn host() -> Source {
            Source::live("/proc".into())
        }
    }

    impl Control for Sunos {
        fn send_signal(process: &Handle<'_>, signal: Signal) -> Result<()> {
            let pid = raw(process.pid)?;
            check_identity(process)?;
            posix::ffi::kill(pid, signal.0)
        }

        fn suspend(process: &Handle<'_>) -> Result<()> {
            Self::send_signal(process, Signal(libc::SIGSTOP))
        }

        fn resume(process: &Handle<'_>) -> Result<()> {
            Self::send_signal(process, Signal(libc::SIGCONT))
        }

        fn set_nice(process: &Handle<'_>, value: i32) -> Result<()> {
            let pid = raw(process.pid)?;
            check_identity(process)?;
            setpriority_process(Some(pid), value).map_err(Error::io)
        }

        /// Polls, first after 1 ms and at last every 40 ms. SunOS has no better way for a process that need not be a child.
        /// A contract reports to its holder alone, contract(5). Event ports have no source for processes, port_create(3C).
        /// poll(2) on a file of /proc reports when a process stops, proc(5), and documents nothing about its end.
        fn wait_each(
            processes: &[Handle<'_>],
            timeout: Option<Duration>,
            done: &mut dyn FnMut(usize, Option<ExitStatus>),
        ) -> Result<()> {
            const FIRST: Duration = Duration::from_millis(1);
            const LONGEST: Duration = Duration::from_millis(40);
            let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
            let mut left: Vec<usize> = (0..processes.len()).collect();
            let mut pause = FIRST;
            loop {
                let mut running = Vec::new();
                for place in left {
                    let Some(process) = processes.get(place) else { continue };
                    match ended(process)? {
                        Some(status) => done(place, status),
                        None => running.push(place),
                    }
                }
                let over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
                if running.is_empty() || over {
                    return Ok(());
                }
                let until = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                std::thread::sleep(until.map_or(pause, |until| until.min(pause)));
                pause = pause.saturating_mul(2).min(LONGEST);
                left = running;
            }
        }
    }

    /// Whether the process is gone, a zombie, or another one has its pid; and how a child ended.
    fn ended(process: &Handle<'_>) -> Result<Option<Option<ExitStatus>>> {
        let pid = raw(process.pid)?;
        match process.afresh(process.start, Sunos::status) {
            Ok(ProcessStatus::Zombie) => Ok(Some(reap(pid, WaitOptions::empty())?)),
            Ok(_) => Ok(None),
            Err(error) if error.is_no_such_process() || error.is_missing() => Ok(Some(None)),
            Err(error) => Err(error),
        }
    }
}
