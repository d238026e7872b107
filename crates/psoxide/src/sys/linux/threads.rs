//! Reads the threads of a process: /proc/PID/task.

use std::fmt::Write as _;

use psoxide_parse::linux::stat;

use super::dir::Dir;
use super::handle::state;
use super::source::if_any;
use super::{Handle, bpf};
use crate::sys::text;
use crate::{Error, Result, Thread, ThreadDetails};

/// Reads the CPU times of each thread.
pub(super) fn of_process(process: &Handle<'_>) -> Result<Vec<Thread>> {
    let task = Dir::open(process.source, process.path("task"))?;
    if let Some(threads) = bpf::threads(process.source, process.pid) {
        return Ok(sorted(threads));
    }
    let mut threads = Vec::new();
    each_stat(process, task, stat::times, |id, times| {
        let [user_time, system_time] = times.map(|ticks| process.source.ticks(ticks));
        threads.push(Thread { id, user_time, system_time });
        Ok(())
    })?;
    Ok(sorted(threads))
}

/// Reads `task/TID/stat` of each thread.
pub(super) fn details(process: &Handle<'_>) -> Result<Vec<ThreadDetails>> {
    let mut threads = Vec::new();
    each_stat(process, Dir::open(process.source, process.path("task"))?, stat::parse, |id, stat| {
        let ticks = |ticks| process.source.ticks(ticks);
        threads.push(ThreadDetails {
            id: id.into(),
            name: text::of(&stat.comm),
            status: state(stat.state),
            user_time: ticks(stat.utime),
            system_time: ticks(stat.stime),
            started: Some(ticks(stat.starttime)),
            nice: Some(i32::try_from(stat.nice).map_err(|_| Error::out_of_range("nice", stat.nice))?),
            cpu_num: stat.processor.and_then(|cpu| u32::try_from(cpu).ok()),
        });
        Ok(())
    })?;
    threads.sort_unstable_by_key(|thread| thread.id);
    Ok(threads)
}

/// Calls `each` with every thread's id and `stat`. Threads that have ended since the listing are skipped.
fn each_stat<T>(
    process: &Handle<'_>,
    mut task: Dir<'_>,
    parse: fn(&[u8]) -> psoxide_parse::Result<T>,
    mut each: impl FnMut(u32, T) -> Result<()>,
) -> Result<()> {
    let mut ids = Vec::new();
    task.each_number(|thread| {
        ids.push(thread);
        Ok(())
    })?;
    let mut any = false;
    let mut file = String::new();
    for id in ids {
        file.clear();
        // Writing to a String cannot fail.
        let _ = write!(file, "{id}/stat");
        if let Some(stat) = if_any(task.read_record(file.as_bytes(), parse))? {
            any = true;
            each(id, stat)?;
        }
    }
    if any { Ok(()) } else { Err(Error::no_such_process(process.pid)) }
}

fn sorted(mut threads: Vec<Thread>) -> Vec<Thread> {
    threads.sort_unstable_by_key(|thread| thread.id);
    threads
}
