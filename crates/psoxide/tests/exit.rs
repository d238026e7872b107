//! Exit functions, in programs that really end: each test starts this program again with the name of a case.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
#[cfg(unix)]
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{io, thread};

use psoxide::exit::OnExit;
use psoxide::{ErrorKind, Signal};

const CASE: &str = "PSOXIDE_EXIT_CASE";
/// A signal that is neither of the usual ones.
#[cfg(unix)]
const OTHER: Signal = Signal(libc::SIGUSR1);
/// The console's end.
#[cfg(windows)]
const OTHER: Signal = Signal::HUP;

/// The path of this program. The standard library's may panic on OpenBSD, as of November 2026.
fn program_path() -> PathBuf {
    if cfg!(target_os = "openbsd") {
        std::env::args_os().next().unwrap().into()
    } else {
        std::env::current_exe().unwrap()
    }
}

/// Says what happens, at once.
fn say(what: &str) {
    println!("{what}");
    io::stdout().flush().unwrap();
}

/// Ready for a signal; one that never comes must not keep the test waiting for ever.
fn ready() {
    say("ready");
    thread::sleep(Duration::from_secs(60));
    say("no signal came");
}

/// The program of each case: what runs when this test program is started with `PSOXIDE_EXIT_CASE`.
fn program(case: &str) -> ExitCode {
    let first = || OnExit::new(|| say("first"));
    match case {
        "dropped" => {
            let _guard = first().register().unwrap();
            say("work");
        }
        "finished" => return OnExit::new(|| Err::<(), _>("no disk")).register().unwrap().finish(),
        "panicked" => {
            let _guard = first().register().unwrap();
            panic!("work failed");
        }
        "term" => {
            let _guard = first().register().unwrap();
            ready();
        }
        "int" => {
            let _guard = first().signals([Signal::INT]).silent().register().unwrap();
            ready();
        }
        "die" => {
            let _guard = first().die_by_signal().register().unwrap();
            ready();
        }
        "fun panics" => {
            let _guard = OnExit::new(|| panic!("cannot clean up")).register().unwrap();
            ready();
        }
        "fun fails" => {
            let _guard = OnExit::new(|| Err::<(), _>("no disk")).register().unwrap();
            ready();
        }
        "log panics" => {
            let _guard = first().log(|_| panic!("no log")).register().unwrap();
            ready();
        }
        "several" => {
            let _first = first().log(say).register().unwrap();
            let _other = OnExit::new(|| say("other")).signals([OTHER]).register().unwrap();
            let _second = OnExit::new(|| say("second")).silent().register().unwrap();
            ready();
        }
        "twice" => {
            let slow = || {
                say("slow");
                thread::sleep(Duration::from_millis(300));
                say("done");
            };
            let _guard = OnExit::new(slow).signals([Signal::TERM, OTHER]).register().unwrap();
            ready();
        }
        "while a guard runs" => {
            let slow = || {
                say("ready");
                thread::sleep(Duration::from_millis(300));
                say("done");
            };
            let other = OnExit::new(|| say("other")).register().unwrap();
            drop(OnExit::new(slow).register().unwrap());
            thread::sleep(Duration::from_secs(60));
            drop(other);
        }
        "dropped while a signal is at work" => {
            let slow = || {
                say("slow");
                thread::sleep(Duration::from_millis(300));
                say("done");
            };
            let guard = OnExit::new(slow).register().unwrap();
            say("ready");
            thread::sleep(Duration::from_millis(150));
            drop(guard);
            say("not reached");
        }
        #[cfg(unix)]
        "handler before" => {
            static SEEN: AtomicBool = AtomicBool::new(false);
            let set = || SEEN.store(true, Ordering::SeqCst);
            // SAFETY: the handler does nothing but store to an atomic.
            #[allow(unsafe_code)]
            unsafe { signal_hook::low_level::register(Signal::TERM.0, set) }.unwrap();
            let fun = || say(if SEEN.load(Ordering::SeqCst) { "first, after it" } else { "first" });
            let _guard = OnExit::new(fun).register().unwrap();
            ready();
        }
        "nothing left" => {
            drop(first().register().unwrap());
            ready();
        }
        #[cfg(unix)]
        "ignored" => {
            let _guard = first().signals([Signal::HUP]).register().unwrap();
            say("ready");
            let mut line = String::new();
            io::stdin().read_line(&mut line).unwrap();
            say("still here");
        }
        #[cfg(unix)]
        "forked" => {
            at_fork_in_child(hit);
            let guard = first().silent().register().unwrap();
            say(&format!("child {}", end_of_child(|| say("not reached"))));
            drop(guard);
        }
        #[cfg(unix)]
        "forked, with its own" => {
            let guard = first().silent().register().unwrap();
            let status = end_of_child(|| {
                let _guard = OnExit::new(|| say("second")).silent().register().unwrap();
                hit();
                thread::sleep(Duration::from_secs(60));
            });
            say(&format!("child {status}"));
            drop(guard);
        }
        "no signals" => {
            let _guard = first().signals([]).register().unwrap();
            ready();
        }
        other => panic!("no case {other}"),
    }
    ExitCode::SUCCESS
}

/// The process sends itself SIGTERM.
#[cfg(unix)]
extern "C" fn hit() {
    // SAFETY: kill(2) of this process.
    #[allow(unsafe_code)]
    unsafe {
        libc::kill(libc::getpid(), libc::SIGTERM);
    }
}

/// Children call this first, before hooks that were registered later.
#[cfg(unix)]
fn at_fork_in_child(call: extern "C" fn()) {
    // SAFETY: the function is of this program.
    #[allow(unsafe_code)]
    let refused = unsafe { libc::pthread_atfork(None, None, Some(call)) };
    assert_eq!(refused, 0);
}

/// How a child that does `work` ended.
#[cfg(unix)]
fn end_of_child(work: impl FnOnce()) -> ExitStatus {
    let mut status = 0;
    // SAFETY: no thread of this program holds a lock that the child needs. The child ends here.
    #[allow(unsafe_code)]
    unsafe {
        let child = libc::fork();
        if child == 0 {
            work();
            libc::_exit(77);
        }
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
    }
    ExitStatus::from_raw(status)
}

/// Not a test of its own: the door to [`program`].
#[test]
fn program_of_a_case() {
    if let Ok(case) = std::env::var(CASE) {
        // Ends as `main` would, without the words of the test harness.
        std::process::exit(i32::from(program(&case) != ExitCode::SUCCESS));
    }
}

fn command(case: &str) -> Command {
    let mut command = Command::new(program_path());
    command.args(["--exact", "program_of_a_case", "--nocapture", "--quiet"]).env(CASE, case);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A program that is past "ready"; what it says is read line by line, without what the test harness says.
struct Started {
    child: Child,
    said: Vec<String>,
    out: BufReader<std::process::ChildStdout>,
}

impl Started {
    fn new(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut started = Self { child, said: Vec::new(), out };
        started.until("ready");
        started
    }

    fn until(&mut self, wanted: &str) {
        let mut line = String::new();
        while self.out.read_line(&mut line).unwrap() > 0 {
            let text = std::mem::take(&mut line);
            if text.trim_end() == wanted {
                return;
            }
            self.keep(&text);
        }
        panic!("the program ended without {wanted:?}");
    }

    fn keep(&mut self, text: &str) {
        let text = text.trim_end();
        if !text.is_empty() && !text.starts_with("running ") {
            self.said.push(text.to_owned());
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        let me = psoxide::System::host().process(self.child.id()).unwrap();
        me.send_signal(signal).unwrap();
    }

    /// As Windows does it: a thread in that program, which begins where the program's handlers are called. The tests
    /// have no console to share.
    #[cfg(windows)]
    #[allow(unsafe_code)]
    fn signal(&self, signal: Signal) {
        use std::os::windows::io::AsRawHandle as _;
        use windows_sys::Win32::Foundation::CloseHandle;
        use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
        use windows_sys::Win32::System::Threading::CreateRemoteThread;
        type Routine = unsafe extern "system" fn(*mut std::ffi::c_void) -> u32;
        let event = match signal {
            Signal::INT => 0,
            Signal::BREAK => 1,
            Signal::HUP => 2,
            Signal::TERM => 6,
            other => panic!("no event for {other:?}"),
        };
        // SAFETY: the module and its function are there in every process, at the same place; the function takes a number
        // in place of a pointer; and the thread's handle is closed once.
        unsafe {
            let module = GetModuleHandleW(windows_sys::w!("kernelbase.dll"));
            let routine = GetProcAddress(module, windows_sys::s!("CtrlRoutine")).unwrap();
            let routine = std::mem::transmute::<unsafe extern "system" fn() -> isize, Routine>(routine);
            let parameter = std::ptr::without_provenance(event);
            let process = self.child.as_raw_handle();
            let (security, id) = (std::ptr::null(), std::ptr::null_mut());
            let thread = CreateRemoteThread(process, security, 0, Some(routine), parameter, 0, id);
            assert!(!thread.is_null());
            CloseHandle(thread);
        }
    }

    /// How it ended, what it said since it was ready, and its standard error.
    fn end(mut self) -> (ExitStatus, Vec<String>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        rest.lines().for_each(|line| self.keep(line));
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap(), self.said, errors)
    }
}

fn ready_then(case: &str, signal: Signal) -> (ExitStatus, Vec<String>, String) {
    let started = Started::new(command(case));
    started.signal(signal);
    started.end()
}

/// Whether a program died of the signal that it was sent.
fn died_of(status: ExitStatus, signal: Signal) -> bool {
    #[cfg(unix)]
    return status.signal() == Some(signal.0);
    #[cfg(windows)]
    return matches!(signal, Signal::INT | Signal::TERM) && status.code() == Some(0xc000_013a_u32.cast_signed());
}

/// Whether the system ended it, as nobody wanted the signal. Wine does so with another code.
fn default_of(status: ExitStatus, signal: Signal) -> bool {
    died_of(status, signal) || cfg!(windows) && std::env::var_os("PSOXIDE_WINE").is_some() && status.success()
}

/// How a program ended that gets no signal, and what it said.
fn unsignalled(case: &str) -> (ExitStatus, String) {
    let done = command(case).output().unwrap();
    (done.status, String::from_utf8(done.stdout).unwrap())
}

#[test]
fn dropping_the_guard_runs_it_once() {
    let (status, said) = unsignalled("dropped");
    assert!(said.ends_with("work\nfirst\n"), "{said}");
    assert_eq!(said.matches("first").count(), 1);
    assert_eq!(status.code(), Some(0));
}

#[test]
fn finish_says_whether_the_function_succeeded() {
    assert_eq!(unsignalled("finished").0.code(), Some(1));
}

#[test]
fn a_panic_of_the_program_runs_it() {
    let (status, said) = unsignalled("panicked");
    assert_eq!(said.matches("first\n").count(), 1, "{said}");
    assert!(!status.success());
}

#[cfg(unix)]
#[test]
fn a_forked_child_dies_of_a_signal_that_arrives_at_once() {
    let (status, said) = unsignalled("forked");
    assert!(said.ends_with("child signal: 15 (SIGTERM)\nfirst\n"), "{said}");
    assert_eq!(status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_forked_child_can_register_its_own() {
    let (status, said) = unsignalled("forked, with its own");
    assert!(said.ends_with("second\nchild exit status: 15\nfirst\n"), "{said}");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_signal_runs_it_and_is_the_status() {
    let started = Started::new(command("term"));
    let pid = started.child.id();
    started.signal(Signal::TERM);
    let (status, said, errors) = started.end();
    assert_eq!(said, ["first"]);
    assert_eq!(status.code(), Some(15));
    assert!(errors.contains(&format!("signal SIGTERM received by process with PID {pid}\n")), "{errors}");
}

#[test]
fn an_interrupted_program_dies_of_it() {
    // A shell without job control ignores SIGINT in what it runs in the background, and so does all that is started there.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    if ignored.is_some_and(|ignored| ignored & 1 << (Signal::INT.0 - 1) != 0) {
        return psoxide_testing::skip("SIGINT is ignored here");
    }
    let (status, said, errors) = ready_then("int", Signal::INT);
    assert!(died_of(status, Signal::INT), "{status}");
    assert_eq!(said, ["first"]);
    assert!(!errors.contains("SIGINT"), "{errors}");
}

#[test]
fn a_program_can_die_by_the_signal() {
    let (status, said, _) = ready_then("die", Signal::TERM);
    assert!(died_of(status, Signal::TERM), "{status}");
    assert_eq!(said, ["first"]);
}

#[test]
fn a_function_that_fails_is_status_1() {
    for (case, said) in [("fun panics", "cannot clean up"), ("fun fails", "no disk"), ("log panics", "no log")] {
        let (status, _, errors) = ready_then(case, Signal::TERM);
        assert_eq!(status.code(), Some(1), "{case}");
        assert!(errors.contains(said), "{case}: {errors}");
    }
}

#[test]
fn the_newest_of_a_signal_runs_first_and_the_others_last() {
    let started = Started::new(command("several"));
    let message = format!("signal SIGTERM received by process with PID {}", started.child.id());
    started.signal(Signal::TERM);
    let (status, said, errors) = started.end();
    assert_eq!(said, ["second", &message, "first", "other"]);
    assert_eq!(status.code(), Some(15));
    assert!(!errors.contains("received"), "{errors}");
}

#[test]
fn a_second_signal_changes_nothing() {
    let mut started = Started::new(command("twice"));
    started.signal(Signal::TERM);
    started.until("slow");
    started.signal(Signal::TERM);
    started.signal(OTHER);
    let (status, said, _) = started.end();
    assert_eq!((status.code(), said), (Some(15), vec!["done".to_owned()]));
}

#[test]
fn a_signal_waits_for_a_guard_at_work() {
    let (status, said, _) = ready_then("while a guard runs", Signal::TERM);
    assert_eq!(said, ["done", "other"]);
    assert_eq!(status.code(), Some(15));
}

#[test]
fn a_guard_dropped_while_a_signal_is_at_work_waits() {
    let (status, said, _) = ready_then("dropped while a signal is at work", Signal::TERM);
    assert_eq!(said, ["slow", "done"]);
    assert_eq!(status.code(), Some(15));
}

#[test]
#[cfg(unix)]
fn the_handler_before_runs_too() {
    assert_eq!(ready_then("handler before", Signal::TERM).1, ["first, after it"]);
}

#[test]
fn with_no_function_left_the_default_action_is_taken() {
    let (status, said, _) = ready_then("nothing left", Signal::TERM);
    assert!(default_of(status, Signal::TERM), "{status}");
    assert_eq!(said, ["first"]);
}

#[test]
#[cfg(unix)]
fn an_ignored_signal_stays_ignored() {
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' HUP; exec \"$0\" --exact program_of_a_case --nocapture --quiet"]);
    ignoring.arg(program_path()).env(CASE, "ignored");
    ignoring.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::new(ignoring);
    started.signal(Signal::HUP);
    started.child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    let (status, said, errors) = started.end();
    assert_eq!(said, ["still here", "first"], "{errors}");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn without_signals_the_guard_alone_runs_it() {
    let (status, said, _) = ready_then("no signals", Signal::TERM);
    assert!(default_of(status, Signal::TERM) && said.is_empty(), "{status} {said:?}");
}

#[test]
fn signals_that_cannot_be_caught_are_refused() {
    let refused = |signal| OnExit::new(|| panic!("registered")).signals([signal]).register().unwrap_err();
    let error = refused(Signal::KILL);
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, "SIGKILL cannot be caught"));
    #[cfg(unix)]
    assert_eq!(refused(Signal::STOP).kind(), ErrorKind::InvalidInput);
    assert_eq!(refused(Signal(4242)).to_string(), "4242 is not a signal");
}

#[test]
#[cfg(unix)]
fn a_started_program_has_its_own_default() {
    let _guard = OnExit::new(|| ()).signals([OTHER]).register().unwrap();
    let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
    let target = psoxide::System::host().process(child.id()).unwrap();
    while target.name().unwrap() != "sleep" {
        thread::sleep(Duration::from_millis(5));
    }
    target.send_signal(OTHER).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(OTHER.0));
}
