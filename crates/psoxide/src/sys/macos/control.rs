//! Changing a process, and waiting for its end.

#[cfg(not(target_os = "macos"))]
impl crate::sys::Control for super::Macos {}

#[cfg(target_os = "macos")]
mod here {
    use std::time::Duration;

    use super::super::{Handle, Macos, Source, live};
    use crate::sys::bsd::control;
    use crate::sys::question::Kernel;
    use crate::sys::{Control, Live};
    use crate::{ExitStatus, HeapInfo, Os, Result, Signal};

    impl Live for Macos {
        fn host() -> Source {
            Source::new(Kernel::live(Os::Macos, live::ask))
        }

        fn heap_info() -> Result<HeapInfo> {
            Ok(live::heap_info())
        }

        fn heap_trim() -> Result<bool> {
            Ok(live::heap_trim() > 0)
        }
    }

    impl Control for Macos {
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
    }
}
