//! Checks that the live files of macOS and SunOS, which run nowhere in the tests, name each call that they make in a table of
//! what documents it.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::path::{Path, PathBuf};

/// Finds the calls of the C library, of rustix and of the frameworks in a line of code, and the functions that it declares.
fn calls(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    let declared = code.trim().strip_prefix("fn ").filter(|rest| rest.ends_with(';') || rest.ends_with('('));
    let mut found: Vec<&str> = declared.and_then(|rest| rest.split('(').next()).into_iter().collect();
    for library in ["libc::", "rustix::"] {
        let mut rest = code;
        while let Some((_, after)) = rest.split_once(library) {
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(after.len());
            let (path, then) = after.split_at(end);
            // Not an associated function of a type, such as `libc::c_char::from_ne_bytes`.
            let name = path.rsplit("::").next().filter(|name| library != "libc::" || *name == path);
            if then.starts_with('(') {
                found.extend(name);
            }
            rest = then;
        }
    }
    let frameworks = code.split(|c: char| !c.is_alphanumeric()).filter(|word| word.starts_with("CF"));
    found.extend(frameworks.filter(|word| code.contains(&format!("{word}("))));
    found
}

/// Checks the calls of some files against the table in the first of them, and counts the calls.
fn check(files: &[PathBuf]) -> usize {
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let table: String =
        texts.iter().take(1).flat_map(|text| text.lines()).filter(|line| line.starts_with("//! |")).collect();
    let mut count = 0;
    for call in texts.iter().flat_map(|text| text.lines()).flat_map(calls) {
        // With the section of its man page, or in backticks.
        let is_named = table.contains(&format!("`{call}`")) || table.contains(&format!(" {call}("));
        assert!(is_named, "{call} is not in the table of {}", files.first().unwrap().display());
        count += 1;
    }
    count
}

#[test]
fn every_call_is_in_the_table_of_its_documentation() {
    let sys = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sys");
    let macos = ["mod.rs", "iokit.rs", "libproc.rs", "mach.rs"].map(|file| sys.join("macos/live").join(file));
    assert_eq!(std::fs::read_dir(sys.join("macos/live")).unwrap().count(), macos.len());
    let count = check(&macos);
    assert!(count > 40, "only {count} calls of macOS were found");
    let count = check(&[sys.join("sunos/live.rs")]);
    assert!(count > 12, "only {count} calls of SunOS were found");
}

#[test]
fn calls_of_libraries_are_found() {
    assert_eq!(calls("    if unsafe { libc::ioctl(fd, libc::I_PUSH) } == -1 { // libc::close(fd)"), ["ioctl"]);
    assert_eq!(calls("match rustix::fs::statvfs(path) {"), ["statvfs"]);
    assert_eq!(calls("    fn kstat_close(chain: *mut Chain) -> c_int;"), ["kstat_close"]);
    assert_eq!(calls("unsafe { CFRelease(value) }"), ["CFRelease"]);
    assert!(calls("use rustix::fs::{Mode, OFlags};").is_empty());
    assert!(calls("libc::c_char::from_ne_bytes([*from])").is_empty());
}
