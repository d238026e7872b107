//! The program closes all of the library's descriptors without its knowledge, has only one free descriptor, or executes
//! another program, which must inherit none.

use std::process::Command;
use std::time::Duration;

use psoxide::{Backend, System};

use crate::attack::{Report, Scale};
use crate::children::{Ended, in_child};
use crate::ffi;
use crate::readings::{self, Readings, Seen, Subject};

/// Readings that need a socket and a file at the same time, so that one free descriptor does not suffice.
const NEED_TWO: &[&str] = &[];

/// The outcome of an attack that changed no reading.
const AS_BEFORE: &str = "every reading as before";

/// Runs the attack.
pub(crate) fn run(_: &Scale) -> Report {
    let mut report = Report::new();
    for backend in report.backends(&[Backend::Proc, Backend::Auto, Backend::Bpf]) {
        let closed = in_child(Duration::from_secs(30), |out| {
            let system = System::host().with_backend(backend);
            let before = readings::all(&system);
            // This also closes the pipe of the report, so the parent only gets the exit code.
            let _ = out.flush();
            ffi::close_from(3);
            i32::from(!worse(&before, &readings::all(&system), &[]).is_empty())
        });
        judge(&mut report, &format!("{backend:?}, all descriptors closed"), AS_BEFORE, closed);
        let scarce = in_child(Duration::from_secs(30), |out| {
            let Ok(_subject) = Subject::prepare() else { return 3 };
            let system = System::host().with_backend(backend);
            let before = readings::all(&system);
            // The limit leaves only the lowest free number.
            let Ok(free) = std::fs::File::open("/dev/null").map(|file| std::os::fd::AsRawFd::as_raw_fd(&file)) else {
                return 3;
            };
            let limit = u64::try_from(free).unwrap_or(0) + 1;
            let rlimit = rustix::process::Rlimit { current: Some(limit), maximum: Some(limit) };
            if rustix::process::setrlimit(rustix::process::Resource::Nofile, rlimit).is_err() {
                return 3;
            }
            let worse = worse(&before, &readings::all(&system), NEED_TWO);
            let text = worse.join("\n");
            let _ = out.write_all(text.as_bytes());
            i32::from(!worse.is_empty())
        });
        judge(&mut report, &format!("{backend:?}, one descriptor free"), AS_BEFORE, scarce);
        let executed = in_child(Duration::from_secs(30), |out| {
            let before = inherited();
            let system = System::host().with_backend(backend);
            let _ = readings::all(&system);
            let after = inherited();
            let _ = write!(out, "a program inherits {after:?}, without readings {before:?}");
            i32::from(before.is_none() || after != before)
        });
        judge(&mut report, &format!("{backend:?}, a program is executed"), "it inherits no descriptor", executed);
    }
    report
}

/// Lists the descriptors of a program that this process executes.
fn inherited() -> Option<String> {
    let listed = Command::new("ls").arg("/proc/self/fd").output().ok()?;
    listed.status.success().then(|| String::from_utf8_lossy(&listed.stdout).replace('\n', " "))
}

/// Lists readings that had a value before and now have none, or fewer entries.
fn worse(before: &Readings, after: &Readings, except: &[&str]) -> Vec<String> {
    let mut worse = Vec::new();
    for (name, before) in before.iter().filter(|(name, _)| !except.contains(name)) {
        match (before, after.get(name)) {
            (Seen::Count(before), Some(Seen::Count(after))) if after >= before => {}
            // The closed descriptors may include files and sockets of this process.
            (Seen::Count(_), Some(Seen::Count(_))) if name.ends_with("files") || name.ends_with("connections") => {}
            (Seen::Error(..), _) => {}
            (_, after) => worse.push(format!("{name}: {after:?}")),
        }
    }
    worse
}

/// Adds a child's outcome to the report.
fn judge(report: &mut Report, what: &str, held: &str, answer: std::io::Result<crate::children::Answer>) {
    match answer {
        Err(error) => report.broke(format!("{what}: no child process: {error}")),
        Ok(answer) if answer.ended == Ended::Exit(0) => report.line(format!("{what}: {held}")),
        Ok(answer) => {
            report.line(format!("{what}: {}", answer.text.replace('\n', "; ")));
            report.broke(format!("{what}: readings got worse, or the child ended with {:?}", answer.ended));
        }
    }
}
