//! Files of the machine.

use std::collections::BTreeMap;

use psoxide_parse::linux::cpu_stat::{CpuStat, CpuTicks};
use psoxide_parse::linux::cpuinfo::Cpuinfo;
use psoxide_parse::linux::diskstats::{Discards, Disk};
use psoxide_parse::linux::interrupts::{Interrupt, Interrupts};
use psoxide_parse::linux::meminfo::Meminfo;
use psoxide_parse::linux::mounts::Mount;
use psoxide_parse::linux::pressure::{Pressure, Stall};
use psoxide_parse::linux::schedstat::Cpu;
use psoxide_parse::linux::vmstat::Vmstat;

use crate::{halves, lines, nth, nth_if_any, number, signed, words};

/// `/proc/stat`.
pub fn cpu_stat(bytes: &[u8]) -> Option<CpuStat> {
    let mut total = None;
    let mut cpus = Vec::new();
    let mut counts: BTreeMap<&[u8], u64> = BTreeMap::new();
    for line in lines(bytes) {
        let words = words(line);
        let Some(name) = words.first() else { continue };
        match *name {
            b"cpu" => total = Some(ticks(&words)?),
            b"ctxt" | b"intr" | b"softirq" | b"btime" | b"procs_running" | b"procs_blocked" => {
                counts.insert(name, nth(&words, 1)?);
            }
            _ => {
                if let Some(cpu) = name.strip_prefix(b"cpu") {
                    cpus.push((u32::try_from(number(cpu)?).ok()?, ticks(&words)?));
                }
            }
        }
    }
    let count = |name: &[u8]| counts.get(name).copied();
    Some(CpuStat {
        total: total?,
        cpus,
        ctxt: count(b"ctxt"),
        intr: count(b"intr"),
        softirq: count(b"softirq"),
        btime: count(b"btime"),
        procs_running: count(b"procs_running"),
        procs_blocked: count(b"procs_blocked"),
    })
}

fn ticks(words: &[&[u8]]) -> Option<CpuTicks> {
    Some(CpuTicks {
        user: nth(words, 1)?,
        nice: nth(words, 2)?,
        system: nth(words, 3)?,
        idle: nth(words, 4)?,
        iowait: nth_if_any(words, 5)?,
        irq: nth_if_any(words, 6)?,
        softirq: nth_if_any(words, 7)?,
        steal: nth_if_any(words, 8)?,
        guest: nth_if_any(words, 9)?,
        guest_nice: nth_if_any(words, 10)?,
    })
}

/// The number of a line of `/proc/stat` that has only one. `name` ends with a space.
pub fn stat_number(bytes: &[u8], name: &[u8]) -> Option<u64> {
    let line = lines(bytes).into_iter().find(|line| line.starts_with(name))?;
    nth(&words(line), 1)
}

/// `/proc/cpuinfo`.
pub fn cpuinfo(bytes: &[u8]) -> Option<Cpuinfo> {
    let mut info = Cpuinfo::default();
    let (mut numbered, mut named) = (0, 0);
    let mut packages = BTreeMap::new();
    let (mut package, mut cores) = (None, None);
    for line in lines(bytes) {
        let Some((key, value)) = halves(line, b':') else {
            if line.trim_ascii().is_empty() {
                (package, cores) = (None, None);
            }
            continue;
        };
        let (key, value) = (key.trim_ascii_end().to_ascii_lowercase(), value.trim_ascii());
        match key.as_slice() {
            b"processor" => match number(value) {
                Some(number) => {
                    numbered += 1;
                    info.first = info.first.or(Some(number));
                }
                None => named += 1,
            },
            b"physical id" => package = Some(number(value)?),
            b"cpu cores" => cores = Some(number(value)?),
            b"cpu mhz" | b"cpu mhz dynamic" => info.mhz.push(float(value)?),
            b"clock" => {
                if let Some(value) = value.strip_suffix(b"MHz") {
                    info.mhz.push(float(value)?);
                }
            }
            key => {
                if let Some(cpu) = key.strip_prefix(b"processor ") {
                    let cpu = number(cpu)?;
                    info.first = info.first.or(Some(cpu));
                    numbered += 1;
                }
            }
        }
        if let (Some(package), Some(cores)) = (package, cores) {
            packages.insert(package, cores);
        }
    }
    info.processors = if numbered > 0 { numbered } else { named };
    let mut sum = 0u64;
    for cores in packages.values() {
        sum = sum.checked_add(*cores)?;
    }
    info.cores = usize::try_from(sum).ok().filter(|cores| *cores > 0);
    Some(info)
}

/// A fraction without sign or exponent.
fn float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse().ok().filter(|value: &f64| value.is_finite() && text.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// `/proc/diskstats`.
pub fn diskstats(bytes: &[u8]) -> Option<Vec<Disk<'_>>> {
    lines(bytes).into_iter().map(disk).collect()
}

fn disk(line: &[u8]) -> Option<Disk<'_>> {
    let words = words(line);
    let device = number(words.first()?).zip(nth(&words, 1));
    let disk = match words.len() {
        14 | 18 | 20 => block_stat(words[2], &words[3..])?,
        // Linux 2.4 has the number before the name.
        15 => {
            let mut counters = vec![words[2]];
            counters.extend(&words[4..14]);
            block_stat(words[3], &counters)?
        }
        // Partitions of Linux 2.6.0 to 2.6.24.
        7 => Disk {
            device,
            name: words[2],
            read_count: nth(&words, 3)?,
            read_sectors: nth(&words, 4)?,
            write_count: nth(&words, 5)?,
            write_sectors: nth(&words, 6)?,
            read_ms: None,
            write_ms: None,
            read_merged: None,
            write_merged: None,
            busy_ms: None,
            in_flight: None,
            weighted_ms: None,
            discards: None,
            flushes: None,
        },
        _ => return None,
    };
    Some(Disk { device, ..disk })
}

/// The words of `/sys/block/NAME/stat`.
pub fn block_stat<'a>(name: &'a [u8], words: &[&[u8]]) -> Option<Disk<'a>> {
    let at = |place| nth(words, place);
    let discards = match nth_if_any(words, 11)? {
        None => None,
        Some(count) => Some(Discards { count, merged: at(12)?, sectors: at(13)?, ms: at(14)? }),
    };
    let flushes = match nth_if_any(words, 15)? {
        None => None,
        Some(count) => Some((count, at(16)?)),
    };
    Some(Disk {
        device: None,
        name,
        read_count: at(0)?,
        read_merged: Some(at(1)?),
        read_sectors: at(2)?,
        read_ms: Some(at(3)?),
        write_count: at(4)?,
        write_merged: Some(at(5)?),
        write_sectors: at(6)?,
        write_ms: Some(at(7)?),
        in_flight: Some(at(8)?),
        busy_ms: Some(at(9)?),
        weighted_ms: nth_if_any(words, 10)?,
        discards,
        flushes,
    })
}

/// `/proc/interrupts`.
pub fn interrupts(bytes: &[u8]) -> Option<Interrupts<'_>> {
    let lines = lines(bytes);
    let cpus: Option<Vec<u64>> =
        words(lines.first()?).into_iter().map(|name| number(name.strip_prefix(b"CPU")?)).collect();
    let cpus = cpus?;
    let mut interrupts = Vec::new();
    for line in &lines[1..] {
        let Some((name, mut rest)) = halves(line, b':') else { continue };
        let mut counts = Vec::new();
        for word in words(rest).into_iter().take(cpus.len()) {
            let Some(count) = number(word) else { break };
            counts.push(count);
            rest = &rest.trim_ascii_start()[word.len()..];
        }
        if counts.len() < cpus.len() {
            continue;
        }
        let (name, text) = (name.trim_ascii(), rest.trim_ascii());
        let (mut info, mut devices) = (text, &b""[..]);
        if name.iter().all(u8::is_ascii_digit) {
            info = words(text).first().copied().unwrap_or_default();
            devices = text[info.len()..].trim_ascii();
        }
        interrupts.push(Interrupt { name, counts, info, devices });
    }
    Some(Interrupts { cpus, interrupts })
}

/// `/proc/meminfo`.
pub fn meminfo(bytes: &[u8]) -> Option<Meminfo> {
    let mut values: BTreeMap<&[u8], i64> = BTreeMap::new();
    const NAMES: [&[u8]; 18] = [
        b"MemTotal",
        b"MemFree",
        b"MemAvailable",
        b"Buffers",
        b"Cached",
        b"SReclaimable",
        b"Shmem",
        b"MemShared",
        b"Active",
        b"Inactive",
        b"Inact_dirty",
        b"Inact_clean",
        b"Inact_laundry",
        b"Slab",
        b"Active(file)",
        b"Inactive(file)",
        b"SwapTotal",
        b"SwapFree",
    ];
    for line in lines(bytes) {
        let Some((name, value)) = halves(line, b':').filter(|(name, _)| NAMES.contains(name)) else { continue };
        let (value, _) = amount(value)?;
        if value < 0 && name != b"MemAvailable" {
            return None;
        }
        values.insert(name, value);
    }
    let value = |name: &[u8]| values.get(name).map(|value| value.unsigned_abs());
    Some(Meminfo {
        total: value(b"MemTotal"),
        free: value(b"MemFree"),
        available: values.get(&b"MemAvailable"[..]).copied(),
        buffers: value(b"Buffers"),
        cached: value(b"Cached"),
        sreclaimable: value(b"SReclaimable"),
        shmem: value(b"Shmem"),
        mem_shared: value(b"MemShared"),
        active: value(b"Active"),
        inactive: value(b"Inactive"),
        inact_dirty: value(b"Inact_dirty"),
        inact_clean: value(b"Inact_clean"),
        inact_laundry: value(b"Inact_laundry"),
        slab: value(b"Slab"),
        active_file: value(b"Active(file)"),
        inactive_file: value(b"Inactive(file)"),
        swap_total: value(b"SwapTotal"),
        swap_free: value(b"SwapFree"),
    })
}

/// A value times 1024, and whether its unit is kB. A unit that is not named is taken for kB.
fn amount(value: &[u8]) -> Option<(i64, bool)> {
    let words = words(value);
    match words.get(1) {
        None | Some(&b"kB") => Some((signed(words.first()?)?.checked_mul(1024)?, words.len() > 1)),
        Some(_) => None,
    }
}

/// `/proc/self/mounts`.
pub fn mounts(bytes: &[u8]) -> Vec<Mount> {
    let mut all = Vec::new();
    for line in lines(bytes) {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        if let [device, mountpoint, fstype, opts, ..] = fields[..]
            && !opts.is_empty()
        {
            let [device, mountpoint, fstype, opts] = [device, mountpoint, fstype, opts].map(unescaped);
            all.push(Mount { device, mountpoint, fstype, opts });
        }
    }
    all
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    const CODES: [(&[u8], u8); 5] =
        [(b"\\040", b' '), (b"\\011", b'\t'), (b"\\012", b'\n'), (b"\\134", b'\\'), (b"\\043", b'#')];
    let (mut plain, mut rest) = (Vec::new(), text);
    while let Some((first, after)) = rest.split_first() {
        let code = CODES.iter().find(|(code, _)| rest.starts_with(code));
        plain.push(code.map_or(*first, |(_, byte)| *byte));
        rest = code.map_or(after, |(code, _)| &rest[code.len()..]);
    }
    plain
}

/// `/proc/vmstat`.
pub fn vmstat(bytes: &[u8]) -> Option<Vmstat> {
    let mut stat = Vmstat::default();
    for line in lines(bytes).into_iter().filter(|line| line.starts_with(b"pswp")) {
        let words = words(line);
        match words[0] {
            b"pswpin" => stat.pswpin = Some(nth(&words, 1)?),
            b"pswpout" => stat.pswpout = Some(nth(&words, 1)?),
            _ => {}
        }
    }
    Some(stat)
}

/// `/proc/loadavg`.
pub fn loadavg(bytes: &[u8]) -> Option<[f64; 3]> {
    let words = words(bytes);
    Some([float(words.first()?)?, float(words.get(1)?)?, float(words.get(2)?)?])
}

/// `/proc/uptime`.
pub fn uptime(bytes: &[u8]) -> Option<f64> {
    float(words(bytes).first()?)
}

/// `/proc/pressure/*`.
pub fn pressure(bytes: &[u8]) -> Option<Pressure> {
    let mut pressure = Pressure::default();
    for line in lines(bytes) {
        let words = words(line);
        match words.first() {
            Some(&b"some") => pressure.some = Some(stall(&words[1..])?),
            Some(&b"full") => pressure.full = Some(stall(&words[1..])?),
            _ => {}
        }
    }
    (pressure.some.is_some() || pressure.full.is_some()).then_some(pressure)
}

fn stall(words: &[&[u8]]) -> Option<Stall> {
    let mut averages: BTreeMap<&[u8], f64> = BTreeMap::new();
    let mut total = None;
    for (key, value) in words.iter().map_while(|word| halves(word, b'=')) {
        match key {
            b"avg10" | b"avg60" | b"avg300" => drop(averages.insert(key, float(value)?)),
            b"total" => total = Some(number(value)?),
            _ => {}
        }
    }
    let average = |name: &[u8]| averages.get(name).copied();
    Some(Stall { avg10: average(b"avg10")?, avg60: average(b"avg60")?, avg300: average(b"avg300")?, total: total? })
}

/// `/proc/schedstat`.
pub fn schedstat(bytes: &[u8]) -> Option<Vec<Cpu>> {
    let mut all = Vec::new();
    for line in lines(bytes) {
        let words = words(line);
        let Some(cpu) = words.first().and_then(|name| name.strip_prefix(b"cpu")) else { continue };
        let [running, waiting, timeslices] = *words[1..].last_chunk()?;
        let (running, waiting, timeslices) = (number(running)?, number(waiting)?, number(timeslices)?);
        all.push(Cpu { cpu: number(cpu)?, running, waiting, timeslices });
    }
    Some(all)
}

/// The low watermarks of `/proc/zoneinfo`.
pub fn low_pages(bytes: &[u8]) -> Option<u64> {
    let lines = lines(bytes).into_iter().map(words);
    let marks: Vec<Vec<&[u8]>> = lines.filter(|words| words.first() == Some(&&b"low"[..])).collect();
    let (first, more) = marks.split_first()?;
    more.iter().try_fold(nth(first, 1)?, |sum, words| sum.checked_add(nth(words, 1)?))
}

/// A list of CPUs, of which no kernel has more than 65,536.
pub fn cpulist(bytes: &[u8]) -> Option<Vec<u32>> {
    let text = bytes.trim_ascii();
    let mut all = Vec::new();
    for piece in text.split(|byte| *byte == b',').filter(|_| !text.is_empty()) {
        let (first, last) = halves(piece, b'-').unwrap_or((piece, piece));
        let [first, last] = [u32::try_from(number(first)?).ok()?, u32::try_from(number(last)?).ok()?];
        if first > last || usize::try_from(last - first).ok()? + all.len() >= 65536 {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}
