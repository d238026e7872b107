//! The BPF backend of psoxide. It loads small programs into the Linux kernel. Each prints a record for every process,
//! thread, socket or open file in one walk. One program answers for a single process without a walk.
//!
//! | program | prints, of each … | module |
//! | --- | --- | --- |
//! | `Processes` | process: the values of `stat`, `statm`, `io`, the ids of `status`, the number of descriptors | `processes`, `record` |
//! | `Arguments` | process: the same record, and the caller's own command lines | `processes`, `arguments` |
//! | `OneProcess` | process, only one: the same record, written over the question | `processes`, `record` |
//! | `Parents` | process: pid, parent, start, number of threads | `parents` |
//! | `Holders` | descriptor of any process that is a socket: pid, descriptor, inode | `sockets` |
//! | `Sockets` | socket of one process: addresses, ports, state | `sockets` |
//! | `Files` | file of one process: path, position, flags | `files` |
//! | `Threads` | thread of one process: id and CPU times | `threads` |
//!
//! `asm` assembles a program. `kernel` finds the fields of the running kernel's structs in its BTF. `requirements`
//! checks that a walk shows what /proc shows. `loaded` keeps the programs, and `ffi` makes the system calls.
//! `listings/` holds the listing of each program, assembled for the types in `tests/types.txt`.
//!
//! A reading is `None` if the kernel refuses, or if a record may differ from what /proc shows. The caller then reads
//! /proc. Some kernels' iterators leave out a process, so a missing record does not mean that the process is gone.
#![cfg(target_os = "linux")]

mod arguments;
mod asm;
mod ffi;
mod files;
mod iterator;
mod kernel;
mod loaded;
mod parents;
mod processes;
mod record;
mod requirements;
mod sockets;
mod threads;

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustix::buffer::spare_capacity;
use rustix::io::retry_on_intr;

use self::ffi::Over;
pub use self::files::{Directory, File, Path};
use self::loaded::{Loaded, Walk};
pub use self::parents::Relative;
pub use self::record::{Answer, Record, Units, Walked};
use self::requirements::Circumstances;
pub use self::sockets::{Socket, SocketHolder, SocketKind};
pub use self::threads::Thread;

/// A process id.
pub type Pid = u32;

/// The loaded programs, and the readings that they give.
///
/// Programs are loaded on first use. Before each use, the caller's credentials and namespaces are compared with those
/// at the time of loading. If they differ, the programs are unloaded first.
#[derive(Debug, Default)]
pub struct Programs(ArcSwapOption<Loaded>);

impl Programs {
    /// Loads the program for processes.
    ///
    /// # Errors
    /// Returns one sentence that says what is missing.
    pub fn load(&self) -> Result<(), String> {
        self.loaded()?.get(Walk::Processes).map(drop)
    }

    /// Unloads all programs once no other thread uses them.
    pub fn unload(&self) {
        if self.0.load().is_some() {
            self.0.store(None);
        }
    }

    /// Returns the programs that this thread may use, with its credentials and in its namespaces.
    fn loaded(&self) -> Result<Arc<Loaded>, String> {
        let now = Circumstances::now().inspect_err(|_| self.unload())?;
        match self.0.load_full() {
            Some(loaded) if *loaded.circumstances() == now => Ok(loaded),
            _ => {
                let loaded = Arc::new(Loaded::new(now));
                self.0.store(Some(Arc::clone(&loaded)));
                Ok(loaded)
            }
        }
    }

    /// Returns what a program prints on a walk over all processes.
    fn over_all(&self, walk: Walk) -> Option<Vec<u8>> {
        let loaded = self.loaded().ok()?;
        printed(loaded.get(walk).ok()?).ok()
    }

    /// Returns what a program prints about one process or thread.
    fn over_one(&self, walk: Walk, one: Over) -> Option<Vec<u8>> {
        let loaded = self.loaded().ok()?;
        printed(ffi::link(loaded.get(walk).ok()?, one).ok()?.as_fd()).ok()
    }

    /// Reads a record of most processes, by pid. With `arguments`, also reads the command lines of the caller's own
    /// processes.
    #[must_use]
    pub fn processes(&self, arguments: bool) -> Option<Walked> {
        let walk = if arguments { Walk::Arguments } else { Walk::Processes };
        Walked::parse(self.over_all(walk)?, arguments)
    }

    /// Reads the record of one process.
    #[must_use]
    pub fn process(&self, pid: Pid) -> Option<Answer> {
        let loaded = self.loaded().ok()?;
        Answer::ask(loaded.get(Walk::OneProcess).ok()?, pid)
    }

    /// Reads most processes and their parents, by pid.
    #[must_use]
    pub fn parents(&self) -> Option<Vec<Relative>> {
        parents::parse(&self.over_all(Walk::Parents)?)
    }

    /// Lists the sockets that processes hold.
    #[must_use]
    pub fn holders(&self) -> Option<Vec<SocketHolder>> {
        sockets::parse_holders(&self.over_all(Walk::Holders)?)
    }

    /// Lists the sockets that a process holds, by descriptor.
    #[must_use]
    pub fn sockets(&self, pid: Pid) -> Option<Vec<Socket>> {
        sockets::parse_of_process(&self.over_one(Walk::Sockets, Over::Thread(pid))?)
    }

    /// Calls `each` with every file of a process that may be a regular file, by descriptor. `None` means that the files
    /// must be read from /proc, even if `each` has been called.
    pub fn files(&self, pid: Pid, each: impl FnMut(File<'_>)) -> Option<()> {
        files::each_file(&self.over_one(Walk::Files, Over::Thread(pid))?, each)
    }

    /// Reads the threads of a process.
    #[must_use]
    pub fn threads(&self, pid: Pid) -> Option<Vec<Thread>> {
        let threads = threads::parse(&self.over_one(Walk::Threads, Over::Process(pid))?)?;
        // Some kernels' iterators leave out a process.
        (!threads.is_empty()).then_some(threads)
    }
}

/// Reads everything that an iterator prints.
fn printed(link: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    /// The size of the buffer. The kernel returns at most half of it.
    const READ: usize = 64 * 1024;
    let walk = ffi::iterate(link)?;
    let mut printed = Vec::new();
    loop {
        printed.reserve(READ);
        if retry_on_intr(|| rustix::io::read(&walk, spare_capacity(&mut printed)))? == 0 {
            return Ok(printed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the programs, or the reason why a test of them cannot run.
    fn programs() -> Result<Programs, String> {
        let programs = Programs::default();
        programs.load().map(|()| programs)
    }

    #[test]
    fn every_program_is_loaded_and_prints() {
        let programs = match programs() {
            Ok(programs) => programs,
            Err(refusal) => return psoxide_testing::skip(refusal),
        };
        let me = std::process::id();
        let _socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let walked = programs.processes(true).unwrap();
        let own = std::fs::read("/proc/self/cmdline").unwrap();
        assert_eq!(walked.get(walked.find(me).unwrap()).unwrap().cmdline(), Some(&*own));
        assert!(programs.processes(false).unwrap().find(me).is_some());
        assert_eq!(programs.process(me).unwrap().record().pid(), me);
        assert!(programs.parents().unwrap().iter().any(|relative| relative.pid == me));
        assert!(programs.holders().unwrap().iter().any(|holder| holder.pid == me));
        assert!(!programs.sockets(me).unwrap().is_empty());
        assert!(!programs.threads(me).unwrap().is_empty());
        let _file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let mut files = 0;
        programs.files(me, |_| files += 1).unwrap();
        assert!(files > 0);
    }

    #[test]
    fn programs_are_unloaded_when_the_rights_change() {
        if let Err(refusal) = programs() {
            return psoxide_testing::skip(refusal);
        }
        // Each thread has its own capabilities.
        let thread = std::thread::spawn(|| {
            let programs = programs().unwrap();
            rustix::thread::set_capabilities(None, no_capabilities()).unwrap();
            let refused = (programs.load(), programs.processes(false).is_none());
            (refused, programs.0.load().is_none())
        });
        let ((refusal, none), unloaded) = thread.join().unwrap();
        assert!(refusal.unwrap_err().contains("CAP_SYS_PTRACE") && none && unloaded);
    }

    fn no_capabilities() -> rustix::thread::CapabilitySets {
        let none = rustix::thread::CapabilitySet::empty();
        rustix::thread::CapabilitySets { effective: none, permitted: none, inheritable: none }
    }

    #[test]
    fn programs_are_loaded_again_once_a_descriptor_is_free() {
        if let Err(refusal) = programs() {
            return psoxide_testing::skip(refusal);
        }
        if std::env::var_os("PSOXIDE_TEST_ALONE").is_none() {
            // The limit applies to the whole process, so the test runs in a process of its own.
            let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
            alone.args(["--exact", "tests::programs_are_loaded_again_once_a_descriptor_is_free"]);
            assert!(alone.env("PSOXIDE_TEST_ALONE", "").status().unwrap().success());
            return;
        }
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let programs = Programs::default();
        let before = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).unwrap();
        assert!(programs.load().is_err());
        setrlimit(Resource::Nofile, before).unwrap();
        assert_eq!(programs.load(), Ok(()));
    }
}
