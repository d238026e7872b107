//! Lists the places where code may depend on the compiled operating system. All other code depends on the `Os` of the
//! machine that is read, through a `match` that lists every system.

use std::fs;
use std::path::Path;

use crate::steps::{Result, workspace};

/// The permitted files and directories, with the reason.
const ALLOWED: &[(&str, &str)] = &[
    ("crates/psoxide/src/sys/", "the systems"),
    ("crates/psoxide/src/os/mod.rs", "`Os::HOST`"),
    ("crates/psoxide/src/exit/", "signal handlers of this program"),
    ("crates/bpf/src/lib.rs", "BPF is a part of Linux"),
    ("crates/capture/src/lib.rs", "trees of files need Unix paths"),
    ("crates/cli/src/cmd/mod.rs", "`serve` and `push` are built on Linux"),
    ("crates/cli/src/args.rs", "the recorder runs on Linux only"),
    ("crates/cli/src/context.rs", "the recorder runs on Linux only"),
    ("crates/cli/src/filter/mod.rs", "the recorder runs on Linux only"),
    ("crates/cli/src/file.rs", "how a file is opened without waiting for a writer"),
    ("crates/cli/src/main.rs", "tests in a terminal of Linux"),
    ("crates/cli/src/top/", "tests in a terminal of Linux"),
    ("crates/cli/src/output/", "tests of bytes that are not UTF-8"),
    ("crates/history/src/", "modes and locks of the files of a store"),
    ("crates/python/src/", "one module for each system, as psutil has"),
    ("crates/stress/src/main.rs", "attacks Linux"),
    ("crates/testing/src/lib.rs", "mounts a file system of Linux that does not answer"),
    ("xtask/src/systems.rs", "this check"),
];

/// The cfg words that depend on the compiled system.
const SYSTEMS: [&str; 4] = ["unix", "windows", "target_os", "target_family"];

pub(crate) fn check() -> Result {
    let mut found = Vec::new();
    for folder in ["crates", "xtask/src", "bench/src"] {
        search(&workspace(), Path::new(folder), &mut found)?;
    }
    let allowed = |place: &str| ALLOWED.iter().find(|(prefix, _)| place.starts_with(prefix));
    let refused: Vec<&str> = found.iter().map(String::as_str).filter(|place| allowed(place).is_none()).collect();
    if !refused.is_empty() {
        let places = refused.join("\n  ");
        return Err(format!(
            "code for one operating system outside `sys` (use `Os`, or xtask/src/systems.rs):\n  {places}"
        ));
    }
    match ALLOWED.iter().find(|(prefix, _)| !found.iter().any(|place| place.starts_with(prefix))) {
        Some((prefix, _)) => Err(format!("xtask/src/systems.rs: nothing in {prefix} depends on the system any more")),
        None => Ok(()),
    }
}

fn search(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result {
    let fail = |error| format!("cannot read {}: {error}", folder.display());
    let mut entries: Vec<_> = fs::read_dir(root.join(folder)).map_err(fail)?.flatten().map(|e| e.file_name()).collect();
    entries.sort();
    for entry in entries {
        let path = folder.join(entry);
        if root.join(&path).is_dir() {
            // Tests run on the system for which they are compiled.
            if !path.ends_with("tests") && !path.ends_with("target") {
                search(root, &path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(root.join(&path)).map_err(fail)?;
            for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| depends_on_system(line)) {
                found.push(format!("{}:{number}: {}", path.display(), line.trim()));
            }
        }
    }
    Ok(())
}

fn depends_on_system(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let Some((_, condition)) = code.split_once("cfg") else { return false };
    let mut words = condition.split(|c: char| !c.is_alphanumeric() && c != '_');
    ["(", "!(", "_attr("].iter().any(|start| condition.starts_with(start)) && words.any(|word| SYSTEMS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_outside_the_listed_places_depends_on_the_system() {
        check().unwrap();
    }

    #[test]
    fn conditions_on_the_system_are_found() {
        for line in
            ["#[cfg(unix)]", "if cfg!(windows) {", "#[cfg(all(test, target_os = \"linux\"))]", "cfg_attr(unix, x)"]
        {
            assert!(depends_on_system(line), "{line}");
        }
        for line in
            ["#[cfg(test)]", "// cfg(unix)", "#[cfg(feature = \"bpf\")]", "let unix = cfg!(test);", "config(unix)"]
        {
            assert!(!depends_on_system(line), "{line}");
        }
    }
}
