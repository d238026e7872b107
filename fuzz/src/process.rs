//! Files of one process.

use psoxide_parse::linux::cpulist;
use psoxide_parse::linux::fdinfo::FdInfo;
use psoxide_parse::linux::limits::Limit;
use psoxide_parse::linux::pid_io::Io;
use psoxide_parse::linux::smaps::{Mapping, Rollup};
use psoxide_parse::linux::stat::{Scheduling, Stat};
use psoxide_parse::linux::statm::Statm;
use psoxide_parse::linux::status::Status;

use crate::{halves, hex, kilobytes, lines, nth, nth_if_any, number, octal, signed, words};

/// The name between the first and the last parenthesis, and the words after it.
fn after_name(bytes: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let (_, from) = halves(bytes, b'(')?;
    let end = from.iter().rposition(|byte| *byte == b')')?;
    Some((&from[..end], words(&from[end + 1..])))
}

/// `/proc/PID/stat`.
pub fn stat(bytes: &[u8]) -> Option<Stat> {
    // The first word is the pid. What follows it holds the name.
    let begin = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let pid = words(bytes)[0];
    let (comm, rest) = after_name(&bytes[begin + pid.len()..])?;
    let [state] = rest.first()? else { return None };
    let int = |place: usize| signed(rest.get(place)?);
    let (priority, rt_priority, policy) = (int(15)?, nth_if_any(&rest, 37)?, nth_if_any(&rest, 38)?);
    Some(Stat {
        pid: number(pid)?,
        comm: comm.into(),
        state: *state,
        ppid: nth(&rest, 1)?,
        pgrp: int(2)?,
        session: int(3)?,
        tty_nr: int(4)?,
        flags: nth(&rest, 6)?,
        minflt: nth(&rest, 7)?,
        majflt: nth(&rest, 9)?,
        utime: nth(&rest, 11)?,
        stime: nth(&rest, 12)?,
        cutime: nth(&rest, 13)?,
        cstime: nth(&rest, 14)?,
        nice: int(16)?,
        num_threads: nth(&rest, 17)?,
        starttime: nth(&rest, 19)?,
        vsize: nth(&rest, 20)?,
        rss: nth(&rest, 21)?,
        processor: nth_if_any(&rest, 36)?,
        scheduling: rt_priority.zip(policy).map(|(rt_priority, policy)| Scheduling { priority, rt_priority, policy }),
        delayacct_blkio_ticks: nth_if_any(&rest, 39)?,
    })
}

/// User and system time of `/proc/PID/stat`.
pub fn times(bytes: &[u8]) -> Option<[u64; 2]> {
    let (_, rest) = after_name(bytes)?;
    Some([nth(&rest, 11)?, nth(&rest, 12)?])
}

/// Parent and start of `/proc/PID/stat`.
pub fn kin(bytes: &[u8]) -> Option<(u64, u64)> {
    let (_, rest) = after_name(bytes)?;
    Some((nth(&rest, 1)?, nth(&rest, 19)?))
}

/// Whether `/proc/PID/stat` shows memory, and code in it.
pub fn has_program(bytes: &[u8]) -> Option<Option<bool>> {
    let (_, rest) = after_name(bytes)?;
    let (vsize, startcode) = (nth(&rest, 20)?, nth(&rest, 23)?);
    Some(if vsize > 0 { Some(startcode > 0) } else { None })
}

/// `/proc/PID/statm`.
pub fn statm(bytes: &[u8]) -> Option<Statm> {
    let all = words(bytes);
    Some(Statm {
        size: nth(&all, 0)?,
        resident: nth(&all, 1)?,
        shared: nth(&all, 2)?,
        text: nth(&all, 3)?,
        lib: nth(&all, 4)?,
        data: nth(&all, 5)?,
        dt: nth(&all, 6)?,
    })
}

/// `/proc/PID/status`.
pub fn status(bytes: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    let mut seen = Vec::new();
    for line in lines(bytes) {
        let Some((key, value)) = halves(line, b':') else { continue };
        let first = words(value).first().copied();
        let count = || number(first?);
        let ids = || {
            let mut ids = [0; 4];
            for (place, id) in ids.iter_mut().enumerate() {
                *id = u32::try_from(nth(&words(value), place)?).ok()?;
            }
            Some(ids)
        };
        seen.push(key);
        match key {
            b"State" => match first? {
                [letter] => status.state = *letter,
                _ => return None,
            },
            b"Tgid" => status.tgid = Some(count()?),
            b"PPid" => status.ppid = count()?,
            b"Uid" => status.uid = ids()?,
            b"Gid" => status.gid = ids()?,
            b"Threads" => status.threads = Some(count()?),
            b"VmPeak" => status.vm_peak = Some(kilobytes(value)?),
            b"VmSize" => status.vm_size = Some(kilobytes(value)?),
            b"VmHWM" => status.vm_hwm = Some(kilobytes(value)?),
            b"VmRSS" => status.vm_rss = Some(kilobytes(value)?),
            b"RssAnon" => status.rss_anon = Some(kilobytes(value)?),
            b"RssFile" => status.rss_file = Some(kilobytes(value)?),
            b"RssShmem" => status.rss_shmem = Some(kilobytes(value)?),
            b"VmData" => status.vm_data = Some(kilobytes(value)?),
            b"VmStk" => status.vm_stk = Some(kilobytes(value)?),
            b"VmExe" => status.vm_exe = Some(kilobytes(value)?),
            b"VmLib" => status.vm_lib = Some(kilobytes(value)?),
            b"VmSwap" => status.vm_swap = Some(kilobytes(value)?),
            b"HugetlbPages" => status.hugetlb_pages = Some(kilobytes(value)?),
            b"Cpus_allowed_list" => status.cpus_allowed_list = Some(cpulist::parse(value, "list").ok()?),
            b"voluntary_ctxt_switches" => status.voluntary_ctxt_switches = Some(count()?),
            b"nonvoluntary_ctxt_switches" => status.nonvoluntary_ctxt_switches = Some(count()?),
            _ => {}
        }
    }
    [&b"State"[..], b"PPid", b"Uid", b"Gid"].iter().all(|key| seen.contains(key)).then_some(status)
}

/// The sums of `/proc/PID/smaps` or `smaps_rollup`.
pub fn rollup(bytes: &[u8]) -> Option<Rollup> {
    let none = bytes.is_empty().then_some(0);
    let (mut uss, mut pss, mut swap): (Option<u64>, Option<u64>, Option<u64>) = (none, none, none);
    for line in lines(bytes) {
        let first = *words(line).first()?;
        let Some(key) = first.strip_suffix(b":") else {
            range(first)?;
            continue;
        };
        let value = || kilobytes(&line[line.iter().position(|byte| !byte.is_ascii_whitespace())? + first.len()..]);
        match key {
            b"Pss" => pss = Some(pss.unwrap_or(0).checked_add(value()?)?),
            b"Swap" => swap = Some(swap.unwrap_or(0).checked_add(value()?)?),
            _ if key.starts_with(b"Private_") => uss = Some(uss.unwrap_or(0).checked_add(value()?)?),
            _ => {}
        }
    }
    Some(Rollup { uss: uss?, pss, swap })
}

/// The mappings of `/proc/PID/smaps`.
pub fn mappings(bytes: &[u8]) -> Option<Vec<Mapping<'_>>> {
    let mut all: Vec<Mapping<'_>> = Vec::new();
    for line in lines(bytes) {
        let line = line.trim_ascii_start();
        let first = *words(line).first()?;
        let Some(key) = first.strip_suffix(b":") else {
            // Five words, then the path, which may hold spaces.
            let (start, end) = range(first)?;
            let (mut rest, mut perms) = (line, &b""[..]);
            for place in 0..5 {
                let word = *words(rest).first()?;
                rest = &rest.trim_ascii_start()[word.len()..];
                if place == 1 {
                    perms = word;
                }
            }
            let path = rest.trim_ascii_start();
            let path = if path.is_empty() { b"[anon]" } else { path };
            all.push(Mapping { start, end, perms, path, ..Mapping::default() });
            continue;
        };
        let mapping = all.last_mut()?;
        let slot = match key {
            b"Size" => &mut mapping.size,
            b"Rss" => &mut mapping.rss,
            b"Pss" => &mut mapping.pss,
            b"Shared_Clean" => &mut mapping.shared_clean,
            b"Shared_Dirty" => &mut mapping.shared_dirty,
            b"Private_Clean" => &mut mapping.private_clean,
            b"Private_Dirty" => &mut mapping.private_dirty,
            b"Referenced" => &mut mapping.referenced,
            b"Anonymous" => &mut mapping.anonymous,
            b"Swap" => &mut mapping.swap,
            _ => continue,
        };
        *slot = Some(kilobytes(&line[first.len()..])?);
    }
    Some(all)
}

fn range(word: &[u8]) -> Option<(u64, u64)> {
    let (start, end) = halves(word, b'-')?;
    Some((hex(start)?, hex(end)?))
}

/// `/proc/PID/cmdline`.
pub fn cmdline(bytes: &[u8]) -> Vec<Vec<u8>> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let (text, stop) = match bytes.strip_suffix(b"\0") {
        Some(text) if text.contains(&0) => (text, 0),
        Some(text) => (text, b' '),
        None => (bytes.strip_suffix(b" ").unwrap_or(bytes), b' '),
    };
    text.split(|byte| *byte == stop).map(<[u8]>::to_vec).collect()
}

/// `/proc/PID/environ`.
pub fn environ(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for entry in bytes.split(|byte| *byte == 0) {
        if entry.is_empty() {
            break;
        }
        let Some(at) = entry.iter().skip(1).position(|byte| *byte == b'=') else { continue };
        let (name, value) = (entry[..=at].to_vec(), entry[at + 2..].to_vec());
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => all.push((name, value)),
        }
    }
    all
}

/// `/proc/PID/io`.
pub fn io(bytes: &[u8]) -> Option<Io> {
    let values: Vec<(&[u8], Option<u64>)> = lines(bytes)
        .into_iter()
        .filter_map(|line| halves(line, b':'))
        .map(|(key, value)| (key, number(value.trim_ascii())))
        .collect();
    // A malformed line spoils the file, even if a good one for the same count follows.
    let last = |name: &[u8]| {
        let mut of_name = values.iter().filter(|(key, _)| *key == name).map(|(_, value)| *value);
        of_name.try_fold(None, |_, value| value.map(Some))
    };
    Some(Io {
        rchar: last(b"rchar")??,
        wchar: last(b"wchar")??,
        syscr: last(b"syscr")??,
        syscw: last(b"syscw")??,
        read_bytes: last(b"read_bytes")??,
        write_bytes: last(b"write_bytes")??,
        cancelled_write_bytes: last(b"cancelled_write_bytes")?.unwrap_or(0),
    })
}

/// `/proc/PID/limits`.
pub fn limits(bytes: &[u8]) -> Option<Vec<Limit<'_>>> {
    let lines = lines(bytes);
    let (header, limits) = lines.split_first()?;
    if !header.starts_with(b"Limit ") {
        return None;
    }
    let amount = |word: &[u8]| if word == b"unlimited" { Some(None) } else { number(word).map(Some) };
    let mut all = Vec::new();
    for line in limits {
        let end = line.windows(2).position(|pair| pair == b"  ").filter(|end| *end > 0)?;
        let words = words(&line[end..]);
        all.push(Limit { name: &line[..end], soft: amount(words.first()?)?, hard: amount(words.get(1)?)? });
    }
    Some(all)
}

/// `/proc/PID/fdinfo/FD`, as far as both lines.
pub fn fdinfo(bytes: &[u8]) -> Option<FdInfo> {
    let (mut pos, mut flags) = (None, None);
    for line in lines(bytes) {
        match halves(line, b':') {
            Some((b"pos", value)) => pos = Some(number(value.trim_ascii())?),
            Some((b"flags", value)) => flags = Some(octal(value.trim_ascii())?),
            _ => {}
        }
        if pos.is_some() && flags.is_some() {
            break;
        }
    }
    Some(FdInfo { pos: pos?, flags: flags? })
}
