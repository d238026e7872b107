//! Checks what the parsers do with memory: no input makes one allocate more than a small multiple of its own length, so
//! that a hostile file cannot exhaust memory, and a parser that gets no memory returns no result at all.
#![allow(unsafe_code, clippy::unwrap_used)] // the counting allocator; a test fails by panicking

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;

use proptest::prelude::*;
use psoxide_parse::linux;

thread_local! {
    /// Bytes that this thread holds, and the most it has held.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
    /// How often the system still gives memory to this thread.
    static LEFT: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// Counts what each thread allocates, and refuses to allocate more often than the test permits.
struct Counting;

fn count(change: isize) {
    // A thread that is ending has no counter any more.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        let now = now.saturating_add(change);
        held.set((now, most.max(now)));
    });
}

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let left = LEFT.try_with(Cell::get).unwrap_or(u32::MAX);
        if left == 0 {
            return std::ptr::null_mut();
        }
        let _ = LEFT.try_with(|cell| cell.set(left - 1));
        count(layout.size().cast_signed());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A parser.
type Parser = for<'a> fn(&'a [u8]) -> Box<dyn Debug + 'a>;

/// Parsers of what a copied tree or a running kernel holds, each with the name of its corpus.
const PARSERS: &[(&str, Parser)] = &[
    ("cpu_stat", |bytes| Box::new(linux::cpu_stat::parse(bytes))),
    ("cpuinfo", |bytes| Box::new(linux::cpuinfo::parse(bytes))),
    ("cpulist", |bytes| Box::new(linux::cpulist::parse(bytes, "list"))),
    ("diskstats", |bytes| Box::new(linux::diskstats::parse(bytes))),
    ("fdinfo", |bytes| Box::new(linux::fdinfo::parse(bytes))),
    ("limits", |bytes| Box::new(linux::limits::parse(bytes))),
    ("meminfo", |bytes| Box::new(linux::meminfo::parse(bytes))),
    ("mounts", |bytes| Box::new(linux::mounts::parse(bytes))),
    ("net_dev", |bytes| Box::new(linux::net_dev::parse(bytes))),
    ("net_sock", |bytes| {
        Box::new([linux::net_sock::inet(bytes, false, true), linux::net_sock::inet(bytes, true, true)])
    }),
    ("net_sock", |bytes| Box::new(linux::net_sock::unix(bytes))),
    ("smaps", |bytes| Box::new(linux::smaps::mappings(bytes))),
    ("stat", |bytes| Box::new(linux::stat::parse(bytes))),
    ("status", |bytes| Box::new(linux::status::parse(bytes))),
    ("utmp", |bytes| Box::new(linux::utmp::logins(bytes, true))),
    ("zoneinfo", |bytes| Box::new(linux::zoneinfo::low_pages(bytes))),
    ("interrupts", |bytes| Box::new(linux::interrupts::parse(bytes))),
    ("net_counters", |bytes| Box::new(linux::net_counters::snmp(bytes))),
    ("net_counters", |bytes| Box::new(linux::net_counters::sockstat(bytes))),
    ("net_counters", |bytes| Box::new(linux::net_counters::softnet(bytes))),
    ("schedstat", |bytes| Box::new(linux::schedstat::parse(bytes))),
    ("sock_diag", |bytes| Box::new(linux::sock_diag::inet(bytes))),
    ("sock_diag", |bytes| Box::new(linux::sock_diag::unix(bytes))),
    ("strings", |bytes| Box::new(linux::strings::cmdline(bytes))),
    ("strings", |bytes| Box::new(linux::strings::environ(bytes))),
];

/// The most that a parser may hold for an input: a record for each short line of it, and some slack.
fn bound(input: &[u8]) -> isize {
    (input.len() * 128 + (64 << 10)).cast_signed()
}

/// Runs every parser on an input and returns the first that held too much.
fn greedy(input: &[u8]) -> Option<(&'static str, isize)> {
    PARSERS.iter().find_map(|(name, parser)| {
        HELD.with(|held| held.set((0, 0)));
        drop(parser(input));
        let (_, most) = HELD.with(Cell::get);
        (most > bound(input)).then_some((*name, most))
    })
}

#[test]
fn ranges_and_counts_do_not_allocate_ahead() {
    let numbers = ["0-4294967295", "0-18446744073709551615", "4294967295", "0-99999999,5-99999999"];
    let mut inputs: Vec<String> = numbers.map(str::to_owned).to_vec();
    inputs.extend(numbers.map(|list| {
        format!("State:\tS\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t1\nCpus_allowed_list:\t{list}\n")
    }));
    inputs.push("processor\t: 4294967295\n".repeat(3));
    inputs.push("cpu4294967295 1 2 3 4\n".to_owned());
    for input in inputs {
        assert_eq!(greedy(input.as_bytes()), None, "{input}");
    }
}

/// Names the parser, the number of allocations that succeed, and the input for [`starved`].
const STARVED: [&str; 3] = ["PSOXIDE_STARVED_PARSER", "PSOXIDE_STARVED_LEFT", "PSOXIDE_STARVED_INPUT"];

/// Parses an input while the allocator refuses. Only the test below sets the variables, in a process of its own.
#[test]
fn starved() {
    let [Ok(parser), Ok(left), Ok(path)] = STARVED.map(std::env::var) else { return };
    let (_, parser) = PARSERS[parser.parse::<usize>().unwrap()];
    let (left, input) = (left.parse().unwrap(), std::fs::read(path).unwrap());
    let expected = format!("{:?}", parser(&input));
    LEFT.set(left);
    let result = parser(&input);
    LEFT.set(u32::MAX);
    assert_eq!(format!("{result:?}"), expected);
}

#[test]
#[cfg(unix)]
fn without_memory_there_is_no_result() {
    use std::os::unix::process::ExitStatusExt as _;

    let program = std::env::current_exe().unwrap();
    let mut refused = 0;
    for (number, (name, parser)) in PARSERS.iter().enumerate() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
        let inputs = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
        let allocations = |path: &std::path::PathBuf| {
            let input = std::fs::read(path).unwrap();
            LEFT.set(u32::MAX);
            let _result = parser(&input);
            u32::MAX - LEFT.get()
        };
        // The input that takes the most ways through the parser.
        let (most, input) = inputs.map(|path| (allocations(&path), path)).max().unwrap();
        for left in (0..most).step_by(usize::try_from(most / 8).unwrap().max(1)) {
            let mut child = std::process::Command::new(&program);
            child.args(["--exact", "starved", "--nocapture"]);
            child.env(STARVED[0], number.to_string()).env(STARVED[1], left.to_string()).env(STARVED[2], &input);
            let done = child.output().unwrap();
            // Rust ends a program that gets no memory. A parser that goes on must return what it always returns.
            let aborted = done.status.signal() == Some(6);
            refused += u32::from(aborted);
            assert!(aborted || done.status.success(), "{name}, {left} of {most} allocations: {done:?}");
        }
    }
    assert!(refused > 50, "{refused} allocations were refused");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn no_text_makes_a_parser_greedy(lines in prop::collection::vec("[a-zA-Z_:]{0,12}[ \t:]{0,2}[0-9, -]{0,24}", 0..40)) {
        let input = lines.join("\n");
        prop_assert_eq!(greedy(input.as_bytes()), None);
    }

    #[test]
    fn no_bytes_make_a_parser_greedy(input in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert_eq!(greedy(&input), None);
    }
}
