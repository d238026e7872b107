//! Changing a process, and waiting for its end.

#[cfg(not(target_os = "freebsd"))]
impl crate::sys::Control for super::Freebsd {}

#[cfg(target_os = "freebsd")]
mod here {
    use std::io;
    use std::time::Duration;

    use super::super::calls::{Question, resource_number};
    use super::super::{Freebsd, Handle, Source, live};
    use crate::sys::bsd::control;
    use crate::sys::question::Kernel;
    use crate::sys::{Control, Live};
    use crate::{Error, ExitStatus, HeapInfo, Limit, Os, Resource, Result, Signal};

    impl Live for Freebsd {
        fn host() -> Source {
            Source::new(Kernel::live(Os::Freebsd, live::ask))
        }

        fn heap_info() -> Result<HeapInfo> {
            live::heap_info()
        }

        fn heap_trim() -> Result<bool> {
            // The allocator does not say whether it had anything to return.
            live::heap_trim().map(|()| true)
        }
    }

    impl Control for Freebsd {
        fn send_signal(process: &Handle<'_>, signal: Signal) -> Result<()> {
            control::send_signal(process, signal)
        }

        fn suspend(process: &Handle<'_>) -> Result<()> {
            control::send_signal(process, Signal(libc::SIGSTOP))
        }

        fn resume(process: &Handle<'_>) -> Result<()> {
            control::send_signal(process, Signal(libc::SIGCONT))
        }

        fn wait_each(
            processes: &[Handle<'_>],
            timeout: Option<Duration>,
            done: &mut dyn FnMut(usize, Option<ExitStatus>),
        ) -> Result<()> {
            control::wait_each(processes, timeout, done)
        }

        fn set_nice(process: &Handle<'_>, value: i32) -> Result<()> {
            control::set_nice(process, value)
        }

        fn set_rlimit(process: &Handle<'_>, resource: Resource, limit: Limit) -> Result<()> {
            let number = resource_number(resource).ok_or_else(|| Error::unsupported("set_rlimit"))?;
            control::check_identity(process)?;
            live::set_limit(&Question::Limit(process.pid, number), limit).map_err(failed)
        }

        fn set_cpu_affinity(process: &Handle<'_>, cpus: &[u32]) -> Result<()> {
            control::check_identity(process)?;
            live::set_affinity(process.pid, cpus).map_err(failed)
        }
    }

    fn failed(errno: i32) -> Error {
        Error::io(io::Error::from_raw_os_error(errno))
    }
}
