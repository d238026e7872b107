//! Compares each fast parser with a plain one of the same file, on random files of the kernel's form.
//!
//! The plain parsers split text at white space and look names up, as a script would. `PSOXIDE_CASES` sets how many files
//! each comparison reads (default: 500).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test fails by panicking

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use psoxide_parse::linux::{cpu_stat, diskstats, meminfo, net_dev, net_sock, smaps, stat, statm, status};

/// How many files each comparison reads.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PSOXIDE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Numbers as kernels print them: mostly small, some at the limits.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..100_000_u64, any::<u32>().prop_map(u64::from), Just(u64::MAX), any::<u64>()]
}

/// A number of kilobytes that is still one of 64 bits in bytes.
fn kilobytes() -> impl Strategy<Value = u64> {
    number().prop_map(|number| number >> 20)
}

/// A program's name: any bytes but NUL, parentheses and spaces among them.
fn comm() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b' '), Just(b'('), Just(b')'), Just(b'\n'), 1..=255_u8];
    vec(byte, 0..16)
}

/// Numbers as the words of a line.
fn joined(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// The words of a line.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// The number at a place of a line.
fn at(words: &[&str], place: usize) -> u64 {
    words[place].parse().unwrap()
}

/// The kilobytes behind a name in a file of `Name:  1 kB` lines, in bytes.
fn bytes_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| words(line)[0] == format!("{name}:"))?;
    Some(at(&words(line), 1) * 1024)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn stat_agrees(name in comm(), numbers in vec(number(), 48), letter in prop::sample::select(b"RSDZTtXI".to_vec())) {
        // pid (comm) state ppid pgrp session tty_nr tpgid flags …: proc_pid_stat(5)
        let mut fields: Vec<String> = numbers.iter().map(u64::to_string).collect();
        for place in [1, 2, 3, 4, 14, 15] {
            fields[place] = numbers[place].cast_signed().to_string();
        }
        let mut file = b"42 (".to_vec();
        file.extend(&name);
        file.extend(b") ");
        file.push(letter);
        file.extend(format!(" {}\n", fields.join(" ")).bytes());
        let parsed = stat::parse(&file).unwrap();
        // Everything after the last parenthesis is words.
        let end = file.iter().rposition(|byte| *byte == b')').unwrap();
        let rest = String::from_utf8(file[end + 1..].to_vec()).unwrap();
        let words = words(&rest);
        prop_assert_eq!(&*parsed.comm, &name[..]);
        prop_assert_eq!((parsed.pid, parsed.state), (42, letter));
        prop_assert_eq!(parsed.ppid, at(&words, 1));
        prop_assert_eq!(parsed.pgrp.to_string(), words[2]);
        prop_assert_eq!(parsed.session.to_string(), words[3]);
        prop_assert_eq!(parsed.tty_nr.to_string(), words[4]);
        prop_assert_eq!([parsed.minflt, parsed.majflt], [at(&words, 7), at(&words, 9)]);
        let times = [parsed.utime, parsed.stime, parsed.cutime, parsed.cstime];
        prop_assert_eq!(times, [11, 12, 13, 14].map(|place| at(&words, place)));
        prop_assert_eq!(parsed.nice.to_string(), words[16]);
        prop_assert_eq!([parsed.num_threads, parsed.starttime], [at(&words, 17), at(&words, 19)]);
        prop_assert_eq!([parsed.vsize, parsed.rss], [at(&words, 20), at(&words, 21)]);
        prop_assert_eq!(parsed.processor, Some(at(&words, 36)));
        prop_assert_eq!(parsed.delayacct_blkio_ticks, Some(at(&words, 39)));
        prop_assert_eq!(stat::times(&file).unwrap(), [at(&words, 11), at(&words, 12)]);
    }

    #[test]
    fn statm_agrees(numbers in vec(number(), 7)) {
        let parsed = statm::parse(format!("{}\n", joined(&numbers)).as_bytes()).unwrap();
        let found = [parsed.size, parsed.resident, parsed.shared, parsed.text, parsed.lib, parsed.data, parsed.dt];
        prop_assert_eq!(found.to_vec(), numbers);
    }

    #[test]
    fn status_agrees(ids in vec(any::<u32>(), 8), sizes in vec(kilobytes(), 6), threads in number(), ppid in number()) {
        let names = ["VmPeak", "VmSize", "VmHWM", "VmRSS", "VmData", "VmSwap"];
        let line = |name: &str, ids: &[u32]| {
            format!("{name}:\t{}\n", ids.iter().map(u32::to_string).collect::<Vec<_>>().join("\t"))
        };
        let mut file = format!("Name:\tx\nState:\tS (sleeping)\nTgid:\t7\nPPid:\t{ppid}\n");
        file += &(line("Uid", &ids[..4]) + &line("Gid", &ids[4..]));
        for (name, size) in names.iter().zip(&sizes) {
            file += &format!("{name}:\t{size:8} kB\n");
        }
        file += &format!("Threads:\t{threads}\nvoluntary_ctxt_switches:\t{threads}\nnonvoluntary_ctxt_switches:\t3\n");
        let parsed = status::parse(file.as_bytes()).unwrap();
        let sizes = [parsed.vm_peak, parsed.vm_size, parsed.vm_hwm, parsed.vm_rss, parsed.vm_data, parsed.vm_swap];
        prop_assert_eq!(sizes, names.map(|name| bytes_of(&file, name)));
        prop_assert_eq!((&parsed.uid[..], &parsed.gid[..]), (&ids[..4], &ids[4..]));
        prop_assert_eq!(parsed.ppid, ppid);
    }

    #[test]
    fn meminfo_agrees(sizes in vec(kilobytes(), 9), keep in vec(any::<bool>(), 9)) {
        let names =
            ["MemTotal", "MemFree", "Buffers", "Cached", "SReclaimable", "Shmem", "Slab", "SwapTotal", "SwapFree"];
        let mut file = String::new();
        for (place, (name, size)) in names.iter().zip(&sizes).enumerate() {
            if place < 2 || keep[place] {
                file += &format!("{:<16}{size:8} kB\n", format!("{name}:"));
            }
        }
        let parsed = meminfo::parse(file.as_bytes()).unwrap();
        let found = [parsed.buffers, parsed.cached, parsed.sreclaimable, parsed.shmem, parsed.slab, parsed.swap_total];
        let optional = ["Buffers", "Cached", "SReclaimable", "Shmem", "Slab", "SwapTotal"];
        prop_assert_eq!(found, optional.map(|name| bytes_of(&file, name)));
    }

    #[test]
    fn cpu_stat_agrees(cpus in vec((0..4096_u32, vec(number(), 10)), 0..8), width in 4..=10_usize, btime in number()) {
        let line = |name: &str, ticks: &[u64]| format!("{name} {}\n", joined(&ticks[..width]));
        let mut file = line("cpu ", &[1; 10]);
        for (cpu, ticks) in &cpus {
            file += &line(&format!("cpu{cpu}"), ticks);
        }
        file += &format!("intr 5 1 2\nctxt 6\nbtime {btime}\nprocesses 9\nsoftirq 8 1\n");
        let parsed = cpu_stat::parse(file.as_bytes()).unwrap();
        prop_assert_eq!(parsed.cpus.len(), cpus.len());
        for ((number, found), (cpu, ticks)) in parsed.cpus.iter().zip(&cpus) {
            prop_assert_eq!(number, cpu);
            let first = [found.user, found.nice, found.system, found.idle].map(Some);
            let rest = [found.iowait, found.irq, found.softirq, found.steal, found.guest, found.guest_nice];
            let plain: Vec<Option<u64>> = (0..10).map(|place| (place < width).then(|| ticks[place])).collect();
            prop_assert_eq!([&first[..], &rest[..]].concat(), plain);
        }
        prop_assert_eq!((parsed.btime, cpu_stat::btime(file.as_bytes()).unwrap()), (Some(btime), btime));
    }

    #[test]
    fn diskstats_agrees(
        disks in vec(("[a-z]{2,8}[0-9]?", vec(number(), 17)), 0..6),
        width in prop::sample::select(vec![11, 15, 17]),
    ) {
        let mut file = String::new();
        for (name, numbers) in &disks {
            file += &format!(" 259       0 {name} {}\n", joined(&numbers[..width]));
        }
        let parsed = diskstats::parse(file.as_bytes()).unwrap();
        prop_assert_eq!(parsed.len(), disks.len());
        for (disk, line) in parsed.iter().zip(file.lines()) {
            let words = words(line);
            prop_assert_eq!(disk.name, words[2].as_bytes());
            let found = [disk.read_count, disk.read_sectors, disk.write_count, disk.write_sectors];
            prop_assert_eq!(found, [3, 5, 7, 9].map(|place| at(&words, place)));
            let found = [disk.read_merged, disk.read_ms, disk.write_merged, disk.write_ms, disk.busy_ms];
            prop_assert_eq!(found, [4, 6, 8, 10, 12].map(|place| Some(at(&words, place))));
        }
    }

    #[test]
    fn net_dev_agrees(nics in vec(("[a-z]{1,6}[0-9]{0,2}(:[0-9])?", vec(number(), 16)), 0..6), space in any::<bool>()) {
        let mut file = "Inter-|   Receive |  Transmit\n face |bytes packets|bytes packets\n".to_owned();
        for (name, numbers) in &nics {
            file += &format!("{name:>6}:{}{}\n", if space { " " } else { "" }, joined(numbers));
        }
        let parsed = net_dev::parse(file.as_bytes()).unwrap();
        prop_assert_eq!(parsed.len(), nics.len());
        for (nic, line) in parsed.iter().zip(file.lines().skip(2)) {
            // The name may hold a colon itself: the counters follow the last one.
            let (name, rest) = line.rsplit_once(':').unwrap();
            let words = words(rest);
            prop_assert_eq!(nic.name, name.trim().as_bytes());
            let found = [nic.bytes_recv, nic.packets_recv, nic.errin, nic.dropin];
            prop_assert_eq!(found, [0, 1, 2, 3].map(|place| at(&words, place)));
            let found = [nic.bytes_sent, nic.packets_sent, nic.errout, nic.dropout];
            prop_assert_eq!(found, [8, 9, 10, 11].map(|place| at(&words, place)));
        }
    }

    #[test]
    fn sockets_agree(
        sockets in vec((any::<[u128; 2]>(), any::<[u16; 2]>(), 1..=12_u8, any::<u32>(), number()), 0..8),
        v6 in any::<bool>(),
        little in any::<bool>(),
    ) {
        let high = |address: u128| u32::try_from(address >> 96).unwrap();
        // The kernel prints an address as words of its own byte order.
        let hex = |address: u128| {
            let words = (0..if v6 { 4 } else { 1 }).map(|place| high(address << (32 * place)));
            words.map(|word| format!("{:08X}", if little { word.swap_bytes() } else { word })).collect::<String>()
        };
        let address = |address: u128| match v6 {
            true => IpAddr::V6(Ipv6Addr::from_bits(address)),
            false => IpAddr::V4(Ipv4Addr::from_bits(high(address))),
        };
        let mut file = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n".to_owned();
        for (place, (ends, ports, state, uid, inode)) in sockets.iter().enumerate() {
            let [from, to] = [0, 1].map(|end| format!("{}:{:04X}", hex(ends[end]), ports[end]));
            file += &format!("{place:4}: {from} {to} {state:02X} 00000000:00000000 00:00000000 00000000 {uid:5} 0 {inode} 1\n");
        }
        let parsed = net_sock::inet(file.as_bytes(), v6, little).unwrap();
        prop_assert_eq!(parsed.len(), sockets.len());
        for (socket, (ends, ports, state, uid, inode)) in parsed.iter().zip(&sockets) {
            prop_assert_eq!([socket.local, socket.remote], [0, 1].map(|end| (address(ends[end]), ports[end])));
            prop_assert_eq!((socket.state, socket.uid, socket.inode), (*state, *uid, *inode));
        }
    }

    #[test]
    fn smaps_agrees(maps in vec((any::<u32>(), "[r-][w-][x-][ps]", "(/[ -~]{0,20}[!-~])?", vec(kilobytes(), 10)), 0..6)) {
        let names = ["Size", "Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty",
            "Referenced", "Anonymous", "Swap"];
        let mut file = String::new();
        for (start, perms, path, sizes) in &maps {
            file += &format!("{start:08x}-{:08x} {perms} 00000000 08:01 1234 {path}\n", u64::from(*start) + 4096);
            for (name, size) in names.iter().zip(sizes) {
                file += &format!("{:<16}{size:8} kB\n", format!("{name}:"));
            }
            file += "VmFlags: rd wr mr mw me ac sd\n";
        }
        let parsed = smaps::mappings(file.as_bytes()).unwrap();
        prop_assert_eq!(parsed.len(), maps.len());
        for (map, (start, perms, path, sizes)) in parsed.iter().zip(&maps) {
            prop_assert_eq!((map.start, map.end), (u64::from(*start), u64::from(*start) + 4096));
            // psutil names mappings without a file so.
            let path = if path.is_empty() { "[anon]" } else { path };
            prop_assert_eq!((map.perms, map.path), (perms.as_bytes(), path.as_bytes()));
            let first = [map.size, map.rss, map.pss, map.shared_clean, map.shared_dirty];
            let rest = [map.private_clean, map.private_dirty, map.referenced, map.anonymous, map.swap];
            let plain: Vec<Option<u64>> = sizes.iter().map(|size| Some(size * 1024)).collect();
            prop_assert_eq!([first, rest].concat(), plain);
        }
        let sum = |name: &str| {
            let lines = file.lines().map(words).filter(|words| words[0] == format!("{name}:"));
            lines.map(|words| at(&words, 1) * 1024).sum::<u64>()
        };
        prop_assert_eq!(smaps::rollup(file.as_bytes()).unwrap().uss, sum("Private_Clean") + sum("Private_Dirty"));
    }
}
