//! Holds `crates/python/tests/parity/coupled.txt` to reality: every test that it names is there.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

#[test]
fn every_test_that_stands_for_one_of_psutil_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let table = read("crates/python/tests/parity/coupled.txt");
    let mut seen = HashSet::new();
    let mut files = HashMap::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        assert!(seen.insert(words.next().unwrap()), "twice: {line}");
        let ours: Vec<&str> = words.collect();
        assert!(!ours.is_empty(), "what stands for it? {line}");
        for test in ours.into_iter().filter(|word| *word != "passes") {
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("no FILE::TEST: {line}"));
            let text = files.entry(file).or_insert_with(|| read(file));
            let written = [format!("#[test]\nfn {name}()"), format!("\ndef {name}(")];
            assert!(written.iter().any(|written| text.contains(written)), "there is no test {test}");
        }
    }
    assert_eq!(seen.len(), 129);
}
