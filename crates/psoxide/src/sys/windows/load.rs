//! Load averages. Windows keeps none: once somebody has asked, a thread counts every five seconds.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::table::Table;
use crate::{Error, LoadAverage, Result};

/// As Linux does it: include/linux/sched/loadavg.h.
const EVERY: Duration = Duration::from_secs(5);

/// What has been counted so far; `None` before anybody asked. It is about the whole machine, so one thread is enough
/// for a program.
static AVERAGE: Mutex<Option<LoadAverage>> = Mutex::new(None);

/// What has been counted since the first call, which begins with zeros.
pub(super) fn average() -> Result<LoadAverage> {
    let mut average = AVERAGE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(average) = &*average {
        return Ok(average.clone());
    }
    thread::Builder::new().name("psoxide-load".into()).spawn(count).map_err(Error::io)?;
    Ok(average.insert(LoadAverage::default()).clone())
}

fn count() {
    loop {
        thread::sleep(EVERY);
        // Another look in five seconds may succeed.
        let Ok(table) = Table::read() else { continue };
        let mut average = AVERAGE.lock().unwrap_or_else(PoisonError::into_inner);
        let average = average.get_or_insert_default();
        let active = f64::from(active(&table));
        for (value, minutes) in [(&mut average.one, 1.0), (&mut average.five, 5.0), (&mut average.fifteen, 15.0)] {
            let kept = (-EVERY.as_secs_f64() / (minutes * 60.0)).exp();
            *value = *value * kept + active * (1.0 - kept);
        }
    }
}

/// Threads that run or want to, less the one that counts. The idle process's always do.
fn active(table: &Table) -> u32 {
    let busy = table.all().iter().filter(|process| process.pid != 0);
    let threads = busy.flat_map(|process| &process.threads).filter(|thread| thread.wants_processor()).count();
    u32::try_from(threads).unwrap_or(u32::MAX).saturating_sub(1)
}
