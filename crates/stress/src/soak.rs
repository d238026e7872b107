//! Readings repeat for as long as a monitor runs in a day, while memory and descriptors are watched.

use psoxide::{Backend, Field, Query, System};

use crate::attack::{Report, Scale};
use crate::readings::{self, Subject};

/// Samples of the memory over a run.
const SAMPLES: usize = 20;

/// Growth that the allocator's own bookkeeping explains.
const NOISE: u64 = 1 << 20;

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    // A monitor that looks every five seconds takes 17,280 samples a day.
    let rounds = scale.count(200, 17_280);
    let mut report = Report::new();
    let _subject = match Subject::prepare() {
        Ok(subject) => subject,
        Err(error) => return Report::skipped(format!("no files and sockets to read: {error}")),
    };
    for backend in [Backend::Proc, Backend::Bpf] {
        let system = System::host().with_backend(backend);
        let fields = Query::from(Field::ALL.iter().copied());
        let mut memory = Vec::new();
        let mut descriptors = Vec::new();
        for round in 0..rounds {
            let _ = readings::all(&system);
            if system.snapshot(fields).is_err() {
                report.broke("a snapshot failed");
            }
            if round % (rounds / SAMPLES).max(1) == 0 {
                let me = System::host().with_backend(Backend::Proc).current_process();
                memory.push(me.as_ref().ok().and_then(|me| me.memory_info().ok()).map_or(0, |memory| memory.rss));
                descriptors.push(me.ok().and_then(|me| me.num_fds().ok()).unwrap_or(0));
            }
        }
        // The first half warms up: user names, the allocator's arenas.
        let half = memory.len() / 2;
        let (warm, last) = (memory.get(half).copied().unwrap_or(0), memory.last().copied().unwrap_or(0));
        let growth = last.saturating_sub(warm);
        let (fds_warm, fds_last) =
            (descriptors.get(half).copied().unwrap_or(0), descriptors.last().copied().unwrap_or(0));
        report.line(format!(
            "{backend:?}: {rounds} rounds, resident {} KiB at half, {} KiB at the end, {fds_last} descriptors",
            warm >> 10,
            last >> 10
        ));
        report.check(growth <= NOISE, || format!("{backend:?}: resident memory grew by {} KiB", growth >> 10));
        report.check(fds_last <= fds_warm, || format!("{backend:?}: {} descriptors leaked", fds_last - fds_warm));
    }
    report
}
