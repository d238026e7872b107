//! Load averages. Windows keeps none: from the first call on, a thread counts every five seconds.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::Source;
use super::table::Table;
use crate::{Error, LoadAverage, Result};

/// As Linux does it: include/linux/sched/loadavg.h.
const EVERY: Duration = Duration::from_secs(5);

/// The averages since the first call; `None` before it. They are of the whole machine, so one thread is enough for a program.
static AVERAGE: Mutex<Option<LoadAverage>> = Mutex::new(None);

/// Reads the averages since the first call, which returns zeros.
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
        // Another look in five seconds may succeed.
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

/// Counts the threads that run or want to, without the one that counts. Those of the idle process always want to.
fn active(table: &Table) -> u32 {
    let busy = table.all().iter().filter(|process| process.pid != 0);
    let threads = busy.flat_map(|process| &process.threads).filter(|thread| thread.wants_processor()).count();
    u32::try_from(threads).unwrap_or(u32::MAX).saturating_sub(1)
}
