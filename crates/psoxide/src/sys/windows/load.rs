//! Computes load averages. Windows keeps none, so from the first call on a thread counts every five seconds.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::Source;
use super::table::Table;
use crate::{Error, LoadAverage, Result};

/// The constants of Linux: include/linux/sched/loadavg.h.
const EVERY: Duration = Duration::from_secs(5);

/// The averages since the first call, or `None` before it. One thread per program counts, because the values are the
/// machine's.
static AVERAGE: Mutex<Option<LoadAverage>> = Mutex::new(None);

/// Returns the averages since the first call. The first call returns zeros.
pub(super) fn average(source: &Source) -> Result<LoadAverage> {
    let mut average = AVERAGE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(average) = &*average {
        return Ok(average.clone());
    }
    let source = source.clone();
    thread::Builder::new().name("psoxide-load".into()).spawn(move || count(&source)).map_err(Error::io)?;
    Ok(average.insert(LoadAverage::default()).clone())
}

fn count(source: &Source) {
    loop {
        thread::sleep(EVERY);
        // The next attempt in five seconds may succeed.
        let Ok(table) = Table::read(source) else { continue };
        let active = f64::from(active(&table));
        let mut average = AVERAGE.lock().unwrap_or_else(PoisonError::into_inner);
        let average = average.get_or_insert_default();
        for (value, minutes) in [(&mut average.one, 1.0), (&mut average.five, 5.0), (&mut average.fifteen, 15.0)] {
            let kept = (-EVERY.as_secs_f64() / (minutes * 60.0)).exp();
            *value = *value * kept + active * (1.0 - kept);
        }
    }
}

/// Counts the threads that run or are ready to run, except the counting one. The idle process's threads are left out.
fn active(table: &Table) -> u32 {
    let busy = table.all().iter().filter(|process| process.pid != 0);
    let threads = busy.flat_map(|process| &process.threads).filter(|thread| thread.wants_processor()).count();
    u32::try_from(threads).unwrap_or(u32::MAX).saturating_sub(1)
}
