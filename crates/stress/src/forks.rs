//! The process forks while another thread takes its first readings. The child must not wait for that thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use psoxide::{Backend, ConnectionKind, Field, Query, Result, System};

use crate::attack::{Random, Report, Scale};
use crate::children::{Ended, in_child};

/// The time after which a child counts as hung. Its readings take milliseconds.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    let tries = scale.count(200, 2_000);
    let mut random = Random::new(scale.seed);
    let mut report = Report::new();
    for backend in report.backends(&[Backend::Proc, Backend::Auto, Backend::Bpf]) {
        let (mut hung, mut failed, mut tried) = (0, 0, 0);
        let until = Instant::now() + scale.time(Duration::from_secs(60));
        for number in 0..tries {
            if Instant::now() > until {
                break;
            }
            tried += 1;
            let system = System::host().with_backend(backend);
            let begun = Arc::new(AtomicBool::new(false));
            let reader = std::thread::spawn({
                let (system, begun) = (system.clone(), Arc::clone(&begun));
                move || {
                    begun.store(true, Ordering::Release);
                    first_readings(&system, number)
                }
            });
            while !begun.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            for _ in 0..random.below(20_000) {
                std::hint::spin_loop();
            }
            let answer = in_child(LIMIT, |out| {
                let shared = first_readings(&system, number);
                let own = first_readings(&System::host().with_backend(backend), number);
                match shared.and(own) {
                    Ok(()) => 0,
                    Err(error) => {
                        let _ = writeln!(out, "{error}");
                        1
                    }
                }
            });
            let broken = match answer {
                Err(error) => return Report::skipped(format!("no child process: {error}")),
                Ok(answer) => match answer.ended {
                    Ended::Exit(0) => None,
                    Ended::Hung(doing) => {
                        hung += 1;
                        Some(format!("the child hung\n{doing}"))
                    }
                    ended => {
                        failed += 1;
                        Some(format!("the child failed ({ended:?}) {}", answer.text.trim()))
                    }
                },
            };
            let outcome = match reader.join() {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("a panic".to_owned()),
            };
            failed += usize::from(outcome.is_some());
            for what in broken.into_iter().chain(outcome.map(|error| format!("the parent failed: {error}"))) {
                eprintln!("stress: {backend:?}, fork {tried}, reading {}: {what}", number % 3);
            }
            // Each hung child costs the whole limit. A few are enough to prove the failure.
            if hung >= 3 {
                break;
            }
        }
        report.line(format!("{backend:?}: {tried} forks, {hung} children hung, {failed} failed"));
        report.check(hung + failed == 0, || format!("{backend:?}: {hung} children hung and {failed} failed"));
    }
    report
}

/// Takes readings whose results the library caches: user names, sockets, all processes.
fn first_readings(system: &System, number: usize) -> Result<()> {
    match number % 3 {
        0 => system.snapshot(Query::from([Field::Name, Field::Username, Field::Cmdline])).map(drop),
        1 => system.net_connections(ConnectionKind::All).map(drop),
        _ => {
            let process = system.current_process()?;
            process.username()?;
            process.open_files().map(drop)
        }
    }
}
