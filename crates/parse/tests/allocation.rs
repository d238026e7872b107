//! Checks that no input makes a parser allocate more than a small multiple of its own length, so that a hostile file
//! cannot exhaust memory.
#![allow(unsafe_code, clippy::unwrap_used)] // the counting allocator; a test fails by panicking

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use proptest::prelude::*;
use psoxide_parse::linux;

thread_local! {
    /// Bytes that this thread holds, and the most it has held.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

/// Counts what each thread allocates.
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

/// A parser, and its result thrown away.
type Parser = fn(&[u8]);

/// Every parser of files that a copied tree can hold.
const PARSERS: &[(&str, Parser)] = &[
    ("cpu_stat", |bytes| drop(linux::cpu_stat::parse(bytes))),
    ("cpuinfo", |bytes| drop(linux::cpuinfo::parse(bytes))),
    ("cpulist", |bytes| drop(linux::cpulist::parse(bytes, "list"))),
    ("diskstats", |bytes| drop(linux::diskstats::parse(bytes))),
    ("fdinfo", |bytes| drop(linux::fdinfo::parse(bytes))),
    ("limits", |bytes| drop(linux::limits::parse(bytes))),
    ("meminfo", |bytes| drop(linux::meminfo::parse(bytes))),
    ("mounts", |bytes| drop(linux::mounts::parse(bytes))),
    ("net_dev", |bytes| drop(linux::net_dev::parse(bytes))),
    ("net_sock inet", |bytes| drop(linux::net_sock::inet(bytes, false, true))),
    ("net_sock unix", |bytes| drop(linux::net_sock::unix(bytes))),
    ("smaps", |bytes| drop(linux::smaps::mappings(bytes))),
    ("stat", |bytes| drop(linux::stat::parse(bytes))),
    ("status", |bytes| drop(linux::status::parse(bytes))),
    ("utmp", |bytes| drop(linux::utmp::logins(bytes, true))),
    ("zoneinfo", |bytes| drop(linux::zoneinfo::low_pages(bytes))),
];

/// The most that a parser may hold for an input: a record for each short line of it, and some slack.
fn bound(input: &[u8]) -> isize {
    (input.len() * 128 + (64 << 10)).cast_signed()
}

/// Runs every parser on an input and returns the first that held too much.
fn greedy(input: &[u8]) -> Option<(&'static str, isize)> {
    PARSERS.iter().find_map(|(name, parser)| {
        HELD.with(|held| held.set((0, 0)));
        parser(input);
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
