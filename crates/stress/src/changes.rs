//! The program changes its user, namespaces or root directory after its first readings.
//!
//! A `System` that was made before the change must return the same as one that is made after it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::time::Duration;

use psoxide::{Backend, Field, Pid, Query, System};

use crate::attack::{Report, Scale, is_root};
use crate::children::{Ended, in_child, wait};
use crate::ffi;
use crate::readings::{self, Seen};

/// A change of the program: its name, and the function that makes it. The function may fork and continue as the child.
type Change = (&'static str, fn() -> std::io::Result<()>);

/// Every change.
const CHANGES: &[Change] = &[
    ("setuid 65534", || ffi::become_user(65534)),
    ("new pid namespace with its /proc", || {
        ffi::unshare(libc::CLONE_NEWPID | libc::CLONE_NEWNS)?;
        continue_as_child()?;
        ffi::mount_proc()
    }),
    ("new network namespace", || ffi::unshare(libc::CLONE_NEWNET)),
    ("new mount namespace", || ffi::unshare(libc::CLONE_NEWNS)),
    ("new time namespace, boot clock ten days ahead", || {
        ffi::unshare(libc::CLONE_NEWTIME)?;
        std::fs::write("/proc/self/timens_offsets", "monotonic 864000 0\nboottime 864000 0\n")?;
        continue_as_child()
    }),
    ("setns into another's network, mount and host name namespaces", || {
        let flags = libc::CLONE_NEWNET | libc::CLONE_NEWNS | libc::CLONE_NEWUTS;
        let (ready, is_ready) = std::os::unix::net::UnixStream::pair()?;
        let Some(other) = ffi::fork()? else {
            // The parent waits for the byte, or for the end of both descriptors.
            let _ = ffi::unshare(flags).and_then(|()| (&ready).write_all(b"x"));
            drop((ready, is_ready));
            ffi::sleep_for_ever(0);
        };
        drop(ready);
        let made = (&is_ready).read_exact(&mut [0]);
        let entered = made.and_then(|()| ffi::enter(&ffi::pidfd(other)?, flags));
        ffi::kill(other, libc::SIGKILL);
        ffi::reap(other, true);
        entered
    }),
    ("chroot to an empty directory", || {
        let empty = tempfile::tempdir()?;
        rustix::process::chroot(empty.path())?;
        std::env::set_current_dir("/")
    }),
    ("fork", continue_as_child),
];

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    if !is_root() {
        return Report::skipped("changing the user and entering namespaces needs root");
    }
    let passes = scale.count(40, 400);
    let mut report = Report::new();
    for backend in report.backends(&[Backend::Proc, Backend::Auto, Backend::Bpf]) {
        for (name, change) in CHANGES {
            let answer = in_child(Duration::from_secs(60), |out| attack(backend, *change, passes, out));
            match answer {
                Err(error) => return Report::skipped(format!("no child process: {error}")),
                Ok(answer) => match answer.ended {
                    Ended::Exit(0) => report.line(format!("{backend:?}, {name}: as a new System answers")),
                    Ended::Exit(3) => {
                        report.line(format!("{backend:?}, {name}: not possible here: {}", answer.text.trim()))
                    }
                    ended => {
                        report.line(format!("{backend:?}, {name}: {}", answer.text.trim().replace('\n', "; ")));
                        report.broke(format!("{backend:?}, {name}: an old System answers otherwise ({ended:?})"));
                    }
                },
            }
        }
    }
    report
}

/// Takes readings of a `System`, makes the change, and compares with a new `System`. Returns 0 if both agree.
fn attack(backend: Backend, change: fn() -> std::io::Result<()>, passes: usize, out: &mut dyn Write) -> i32 {
    let old = System::host().with_backend(backend);
    let fields = Query::from([Field::Name, Field::Username, Field::IoCounters, Field::CreateTime]);
    for _ in 0..passes {
        if old.snapshot(fields).is_err() {
            return 4;
        }
    }
    let _ = readings::all(&old);
    if let Err(error) = change() {
        let _ = writeln!(out, "{error}");
        return 3;
    }
    let new = System::host().with_backend(backend);
    let mut differences = Vec::new();
    let (then, now) = (readings::all(&old), readings::all(&new));
    for (name, now) in &now {
        let then = then.get(name);
        let agree = match (then, now) {
            (Some(Seen::Count(then)), Seen::Count(now)) => then == now,
            (Some(Seen::Error(then, _)), Seen::Error(now, _)) => then == now,
            _ => false,
        };
        if !agree {
            differences.push(format!("{name}: {then:?}, a new System: {now:?}"));
        }
    }
    // Other processes may execute programs, rename themselves or take a pid during the comparison. Only a lasting
    // difference counts.
    let mut rows = compare_rows(&old, &new, fields);
    for _ in 0..5 {
        if rows.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        let again = compare_rows(&old, &new, fields);
        rows.retain(|place, text| again.get(place) == Some(text));
    }
    differences.extend(rows.into_values().take(20));
    let _ = write!(out, "{}", differences.join("\n"));
    i32::from(!differences.is_empty())
}

/// Compares the rows of processes that both systems have. A difference is named by a pid and a field.
fn compare_rows(old: &System, new: &System, fields: Query) -> BTreeMap<(Pid, &'static str), String> {
    let mut differences = BTreeMap::new();
    match (old.snapshot(fields), new.snapshot(fields)) {
        (Ok(then), Ok(now)) => {
            for now in &now.processes {
                let Some(then) = then.processes.iter().find(|then| then.pid == now.pid) else { continue };
                // Processes that began at different times are not one process, or the change moved the clock.
                let is_one = then.create_time.value() == now.create_time.value();
                let fields: &[Field] =
                    if is_one { &[Field::Name, Field::Username, Field::IoCounters] } else { &[Field::CreateTime] };
                for field in fields.iter().copied() {
                    let (have, want) = (then.get(field), now.get(field));
                    // Counters change between two readings. Only compare whether there is a value.
                    let agree = match field {
                        Field::IoCounters => have.value().is_some() == want.value().is_some(),
                        _ => have.value() == want.value(),
                    };
                    if !agree {
                        let text = format!("pid {}: {}: {have:?}, a new System: {want:?}", now.pid, field.name());
                        differences.insert((now.pid, field.name()), text);
                    }
                }
            }
        }
        (then, now) => {
            if then.is_ok() != now.is_ok() {
                let text = format!("snapshot: {:?}, a new System: {:?}", then.err(), now.err());
                differences.insert((0, "snapshot"), text);
            }
        }
    }
    differences
}

/// Continues as a child of this process. The parent waits for the child, and ends as it does.
fn continue_as_child() -> std::io::Result<()> {
    match ffi::fork()? {
        None => Ok(()),
        Some(pid) => match wait(pid, Duration::from_secs(50)) {
            Ended::Exit(code) => ffi::exit_now(code),
            _ => ffi::exit_now(5),
        },
    }
}
