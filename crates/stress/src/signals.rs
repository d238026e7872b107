//! SIGALRM interrupts every system call that can be interrupted. No reading may fail with EINTR.

use std::time::{Duration, Instant};

use psoxide::System;

use crate::attack::{Report, Scale};
use crate::children::{Ended, in_child};
use crate::ffi;
use crate::readings::{self, Seen, Subject};

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    let rounds = scale.count(30, 2_000);
    let mut report = Report::new();
    let _subject = match Subject::prepare() {
        Ok(subject) => subject,
        Err(error) => return Report::skipped(format!("no files and sockets to read: {error}")),
    };
    let limit = scale.time(Duration::from_secs(30)) * 2;
    let answer = in_child(limit, |out| {
        let system = System::host();
        let before = readings::all(&system);
        if ffi::alarm_storm(Duration::from_micros(500)).is_err() {
            return 3;
        }
        let (mut taken, mut broken) = (0, 0);
        let until = Instant::now() + limit / 2;
        for _ in 0..rounds {
            for (name, seen) in readings::all(&system) {
                taken += 1;
                if let (Seen::Error(_, message), Some(Seen::Count(_))) = (&seen, before.get(name)) {
                    broken += 1;
                    let _ = writeln!(out, "{name}: {message}");
                }
            }
            if Instant::now() > until {
                break;
            }
        }
        let _ = writeln!(out, "{taken} readings under 2,000 signals a second, {broken} failed");
        i32::from(broken > 0)
    });
    match answer {
        Err(error) => return Report::skipped(format!("no child process: {error}")),
        Ok(answer) => {
            report.line(answer.text.trim());
            report.check(answer.ended == Ended::Exit(0), || format!("the storm broke readings: {:?}", answer.ended));
        }
    }
    report
}
