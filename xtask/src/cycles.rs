//! Refuses cycles between the files of a directory: a file that uses a sibling must not be used by it, directly or through
//! others. A reader can then start at any file and meet every other one once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::steps::{Result, workspace};

/// Directories of modules, and how a module there names its siblings.
const DIRECTORIES: &[(&str, &str)] = &[
    ("crates/psoxide/src/sys/bsd", "super::"),
    ("crates/psoxide/src/sys/freebsd", "super::"),
    ("crates/psoxide/src/sys/linux", "super::"),
    ("crates/psoxide/src/sys/linux/live", "super::"),
    ("crates/psoxide/src/sys/macos", "super::"),
    ("crates/psoxide/src/sys/netbsd", "super::"),
    ("crates/psoxide/src/sys/netbsdlike", "super::"),
    ("crates/psoxide/src/sys/openbsd", "super::"),
    ("crates/psoxide/src/sys/sunos", "super::"),
    ("crates/psoxide/src/sys/windows", "super::"),
    ("crates/psoxide/src/sys/windows/live", "super::"),
    ("crates/cli/src/output", "super::"),
    ("crates/bpf/src", "crate::"),
    ("crates/python/src", "crate::"),
];

/// What each module uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn check() -> Result {
    for (directory, prefix) in DIRECTORIES {
        let uses = read(&workspace().join(directory), prefix)?;
        if let Some(cycle) = cycle(&uses) {
            return Err(format!("{directory}: files use each other: {}", cycle.join(" -> ")));
        }
    }
    Ok(())
}

/// Reads what each module of a directory uses: `super::name`, or an item of `super` that `mod.rs` takes from a module.
fn read(directory: &Path, prefix: &str) -> Result<Uses> {
    let fail = |error| format!("cannot read {}: {error}", directory.display());
    let mut texts = BTreeMap::new();
    let mut top = String::new();
    for entry in fs::read_dir(directory).map_err(fail)?.flatten() {
        let path = entry.path();
        let file = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if file.extension().is_some_and(|extension| extension == "rs") && file.exists() {
            let text = fs::read_to_string(&file).map_err(fail)?;
            match &*name {
                "mod" | "lib" => top = code(&text),
                _ => drop(texts.insert(name, code(&text))),
            }
        }
    }
    let modules: BTreeSet<String> = texts.keys().cloned().collect();
    let mut items = BTreeMap::new();
    for module in &modules {
        for path in [format!("use {module}::"), format!("use self::{module}::")] {
            items.extend(named(&top, &path).into_iter().map(|item| (item, module.clone())));
        }
    }
    let used = |text: &str, module: &String| {
        let names = named(text, prefix).into_iter().filter_map(|name| {
            let target = if modules.contains(&name) { Some(&name) } else { items.get(&name) };
            target.filter(|target| *target != module).cloned()
        });
        names.collect()
    };
    Ok(texts.iter().map(|(module, text)| (module.clone(), used(text, module))).collect())
}

/// The code of a file, without comments and tests.
fn code(text: &str) -> String {
    let text = text.split("mod tests {").next().unwrap_or_default();
    text.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n")
}

/// The names that follow a path: one, or the first word of each in braces.
fn named(text: &str, path: &str) -> Vec<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut names = Vec::new();
    let mut parts = text.split(path);
    let mut before = parts.next().unwrap_or_default();
    for after in parts {
        // `super::super::name` is not of this directory.
        let is_start = !(before.ends_with("::") || before.ends_with(is_name));
        let is_end = after.is_empty();
        before = if is_end { "::" } else { after };
        if !is_start {
            continue;
        }
        let (list, nested) = match after.strip_prefix('{') {
            Some(list) => (list, true),
            None => (after, false),
        };
        let mut depth = 0;
        for word in list.split_inclusive([',', '{', '}', ';']) {
            if depth == 0 {
                let name: String = word.trim().chars().take_while(|c| is_name(*c)).collect();
                names.extend((!name.is_empty()).then_some(name));
            }
            depth += i32::from(word.ends_with('{')) - i32::from(word.ends_with('}'));
            if !nested || depth < 0 {
                break;
            }
        }
    }
    names
}

/// Finds modules that use each other in a ring.
fn cycle(uses: &Uses) -> Option<Vec<String>> {
    fn visit<'a>(
        uses: &'a Uses,
        module: &'a String,
        way: &mut Vec<&'a String>,
        done: &mut BTreeSet<&'a String>,
    ) -> bool {
        if way.contains(&module) {
            way.push(module);
            return true;
        }
        if !done.insert(module) {
            return false;
        }
        way.push(module);
        if uses.get(module).into_iter().flatten().any(|used| visit(uses, used, way, done)) {
            return true;
        }
        way.pop();
        false
    }
    let mut done = BTreeSet::new();
    uses.keys().find_map(|module| {
        let mut way = Vec::new();
        visit(uses, module, &mut way, &mut done).then(|| {
            let last = way.last().copied();
            way.into_iter().skip_while(|module| Some(*module) != last).cloned().collect()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_files_use_each_other() {
        check().unwrap();
    }

    #[test]
    fn names_of_siblings_are_found() {
        let text = "use super::a;\nuse super::{b, c::{self, D},\n    E};\nlet x = super::f::g() + super::super::no;";
        assert_eq!(named(text, "super::"), ["a", "b", "c", "E", "f"]);
    }

    #[test]
    fn a_ring_is_found() {
        let uses = |pairs: &[(&str, &str)]| {
            let mut uses = Uses::new();
            for (from, to) in pairs {
                uses.entry((*from).into()).or_default().insert((*to).into());
            }
            uses
        };
        assert_eq!(cycle(&uses(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
        assert_eq!(cycle(&uses(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap(), ["b", "c", "b"]);
    }
}
