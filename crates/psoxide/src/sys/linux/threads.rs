//! The threads of a process: /proc/PID/task.

use psoxide_parse::linux::stat;

use super::bpf;
use super::folder::Folder;
use super::source::if_any;
use crate::sys::Handle;
use crate::{Error, Result, Thread};

pub(super) fn of_process(process: &Handle<'_>) -> Result<Vec<Thread>> {
    let task = Folder::open(process.path("task"))?;
    let count = usize::try_from(task.stat()?.st_nlink).unwrap_or_default();
    if let Some(walked) = process.source.bpf().threads(process.source, process.pid, count) {
        let ticks = |nanos| process.source.ticks(process.source.clock_ticks_of(nanos));
        let thread = |thread: bpf::Thread| Thread {
            id: thread.id,
            user_time: ticks(thread.user),
            system_time: ticks(thread.system),
        };
        return Ok(sorted(walked.into_iter().map(thread).collect()));
    }
    let mut threads = Vec::new();
    let mut file = Vec::new();
    task.each_number(|thread| {
        file.clear();
        file.extend_from_slice(thread.name.to_bytes());
        file.extend_from_slice(b"/stat");
        // A thread that ended since the folder was listed is no longer one of its threads.
        if let Some(times) = if_any(task.read_record(&file, stat::times))? {
            let [user_time, system_time] = times.map(|ticks| process.source.ticks(ticks));
            threads.push(Thread { id: thread.number, user_time, system_time });
        }
        Ok(())
    })?;
    if threads.is_empty() {
        return Err(Error::no_such_process(process.pid));
    }
    Ok(sorted(threads))
}

fn sorted(mut threads: Vec<Thread>) -> Vec<Thread> {
    threads.sort_unstable_by_key(|thread| thread.id);
    threads
}
