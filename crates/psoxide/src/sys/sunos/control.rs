//! Changing a process, and waiting for its end.

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
impl crate::sys::Control for super::Sunos {}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
mod here {
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::process::{Pid as RawPid, WaitOptions, setpriority_process};

    use super::super::{Handle, Source, Sunos};
    use crate::sys::bsd::wait;
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
            let pids = processes.iter().map(|process| raw(process.pid)).collect::<Result<Vec<_>>>()?;
            let kernel = Polled(&|place: usize| processes.get(place).map_or(Ok(None), ended));
            wait::wait_each(&kernel, &pids, timeout, done)
        }
    }

    /// A kernel without a queue of events.
    struct Polled<'a>(&'a dyn Fn(usize) -> Result<Option<Option<ExitStatus>>>);

    impl wait::Kernel for Polled<'_> {
        fn watch(&self, _: RawPid) -> rustix::io::Result<()> {
            Err(Errno::SRCH)
        }

        fn ended(&self, timeout: Option<Duration>) -> rustix::io::Result<Vec<RawPid>> {
            std::thread::sleep(timeout.unwrap_or_default());
            Ok(Vec::new())
        }

        fn end(&self, place: usize) -> Result<Option<Option<ExitStatus>>> {
            (self.0)(place)
        }

        fn reap(&self, pid: RawPid) -> Result<Option<ExitStatus>> {
            reap(pid, WaitOptions::empty())
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
