//! The readings of one process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::machine::{moment, text};
use super::record::{UNKNOWN_START, ids};
use super::{Handle, NetbsdLike};
use crate::sys::ProcessReadings;
use crate::{
    Connection, ConnectionKind, CtxSwitches, Error, Ids, IoCounters, Limit, MemoryDetails, MemoryInfo, MemoryMap,
    OpenFile, Os, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Resource, Result, Thread, ThreadDetails,
};

/// Whether two stamps are of one process. A zombie's is unknown.
pub(crate) const fn is_same<P: NetbsdLike>(now: u64, then: u64) -> bool {
    now == UNKNOWN_START || then == UNKNOWN_START || now.abs_diff(then) <= P::STAMP_ERROR
}

impl<P: NetbsdLike> ProcessReadings for P {
    fn start(process: &Handle<'_, P>) -> Result<u64> {
        process.record().map(|record| record.stamp)
    }

    fn is_whole(process: &Handle<'_, P>) -> Result<bool> {
        process.is_whole()
    }

    fn same_start(_: &Self::Source, now: u64, then: u64) -> bool {
        is_same::<P>(now, then)
    }

    fn since_boot(source: &Self::Source, start: u64) -> Result<Duration> {
        if start == UNKNOWN_START {
            return Err(Error::zombie_start());
        }
        P::since_boot_of(source, start)
    }

    fn ppid(process: &Handle<'_, P>) -> Result<Pid> {
        Ok(process.record()?.ppid()?)
    }

    fn name(process: &Handle<'_, P>) -> Result<OsString> {
        process.record().map(|record| text(record.name.as_bytes()))
    }

    fn status(process: &Handle<'_, P>) -> Result<ProcessStatus> {
        process.record().map(|record| record.status)
    }

    fn create_time(process: &Handle<'_, P>) -> Result<SystemTime> {
        let started = process.record()?.started.ok_or_else(|| Error::zombie(process.pid))?;
        Ok(moment(started, "p_ustart_sec")?)
    }

    /// Both kernels keep the time of ended children as one sum. As in psutil, it stands in both fields.
    fn cpu_times(process: &Handle<'_, P>) -> Result<ProcessCpuTimes> {
        let record = &process.record()?.common;
        Ok(ProcessCpuTimes {
            user: record.user_time,
            system: record.system_time,
            children_user: Some(record.children_time),
            children_system: Some(record.children_time),
            iowait: None,
        })
    }

    fn memory_info(process: &Handle<'_, P>) -> Result<MemoryInfo> {
        let record = process.record()?;
        let bytes = |pages: i32, field| Ok::<_, Error>(process.source.bytes(pages, field)?);
        Ok(MemoryInfo {
            rss: bytes(record.common.rss, "p_vm_rssize")?,
            vms: process.source.bytes(record.vms, "p_vm_msize")?,
            shared: None,
            text: Some(bytes(record.common.text, "p_vm_tsize")?),
            data: Some(bytes(record.common.data, "p_vm_dsize")?),
            stack: Some(bytes(record.common.stack, "p_vm_ssize")?),
        })
    }

    fn memory_details(process: &Handle<'_, P>) -> Result<MemoryDetails> {
        let peak_rss = Some(process.record()?.common.peak_rss.saturating_mul(1024));
        Ok(MemoryDetails { peak_rss, ..MemoryDetails::default() })
    }

    fn exe(process: &Handle<'_, P>) -> Result<PathBuf> {
        <P as NetbsdLike>::exe(process)
    }

    fn cmdline(process: &Handle<'_, P>) -> Result<Vec<OsString>> {
        <P as NetbsdLike>::cmdline(process)
    }

    fn username(process: &Handle<'_, P>) -> Result<OsString> {
        let [real, ..] = process.record()?.common.uids;
        process.user_name(real)
    }

    fn uids(process: &Handle<'_, P>) -> Result<Ids> {
        process.record().map(|record| ids(record.common.uids))
    }

    fn gids(process: &Handle<'_, P>) -> Result<Ids> {
        process.record().map(|record| ids(record.common.gids))
    }

    fn terminal(process: &Handle<'_, P>) -> Result<Option<PathBuf>> {
        let Some(device) = process.record()?.common.terminal else { return Ok(None) };
        process.source.device_path(device.into())
    }

    fn cwd(process: &Handle<'_, P>) -> Result<PathBuf> {
        <P as NetbsdLike>::cwd(process)
    }

    fn environ(process: &Handle<'_, P>) -> Result<Vec<(OsString, OsString)>> {
        <P as NetbsdLike>::environ(process)
    }

    fn nice(process: &Handle<'_, P>) -> Result<i32> {
        process.record().map(|record| i32::from(record.common.nice) - 20)
    }

    fn rlimit(process: &Handle<'_, P>, resource: Resource) -> Result<Limit> {
        <P as NetbsdLike>::rlimit(process, resource)
    }

    fn num_threads(process: &Handle<'_, P>) -> Result<u64> {
        <P as NetbsdLike>::num_threads(process)
    }

    fn num_ctx_switches(process: &Handle<'_, P>) -> Result<CtxSwitches> {
        let record = &process.record()?.common;
        Ok(CtxSwitches { voluntary: record.voluntary, involuntary: Some(record.involuntary) })
    }

    fn num_fds(process: &Handle<'_, P>) -> Result<u64> {
        <P as NetbsdLike>::num_fds(process)
    }

    /// NetBSD does not separate the time in user mode from the time in kernel mode. As in psutil, the sum is in both fields.
    fn threads(process: &Handle<'_, P>) -> Result<Vec<Thread>> {
        let mut threads =
            Self::thread_details(process)?.iter().map(Thread::try_from).collect::<Result<Vec<Thread>>>()?;
        if P::OS == Os::Netbsd {
            threads.iter_mut().for_each(|thread| thread.system_time = thread.user_time);
        }
        Ok(threads)
    }

    fn thread_details(process: &Handle<'_, P>) -> Result<Vec<ThreadDetails>> {
        process.record()?;
        let mut threads = <P as NetbsdLike>::threads(process)?;
        threads.sort_unstable_by_key(|thread| thread.id);
        Ok(threads)
    }

    fn cpu_num(process: &Handle<'_, P>) -> Result<u32> {
        process.record()?.cpu.ok_or_else(|| Error::unsupported("cpu_num"))
    }

    fn page_faults(process: &Handle<'_, P>) -> Result<PageFaults> {
        let record = &process.record()?.common;
        Ok(PageFaults { minor: record.minor_faults, major: record.major_faults })
    }

    fn open_files(process: &Handle<'_, P>) -> Result<Vec<OpenFile>> {
        <P as NetbsdLike>::open_files(process)
    }

    fn net_connections(process: &Handle<'_, P>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        <P as NetbsdLike>::net_connections(process, kind)
    }

    fn memory_maps(process: &Handle<'_, P>) -> Result<Vec<MemoryMap>> {
        <P as NetbsdLike>::memory_maps(process)
    }

    fn io_counters(process: &Handle<'_, P>) -> Result<IoCounters> {
        let record = &process.record()?.common;
        Ok(IoCounters {
            read_count: Some(record.blocks_read),
            write_count: Some(record.blocks_written),
            ..IoCounters::default()
        })
    }

    fn is_kernel_thread(process: &Handle<'_, P>) -> Result<bool> {
        process.record().map(|record| record.is_kernel)
    }
}

/// The permissions of a mapping, as `r-xp`. Both kernels number them 1, 2 and 4.
pub(crate) fn permissions(protection: u32, is_private: bool) -> String {
    let bit = |bit: u32, letter| if protection & bit != 0 { letter } else { '-' };
    [bit(1, 'r'), bit(2, 'w'), bit(4, 'x'), if is_private { 'p' } else { 's' }].into_iter().collect()
}
