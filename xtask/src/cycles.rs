//! Refuses cycles between the modules of a directory: a module must not be used, directly or through others, by a
//! sibling that it uses. A reader can then start at any file and meet every other file once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::steps::{Result, workspace};

/// The crates to check, in each of their directories.
const CRATES: &[&str] = &[
    "crates/bpf/src",
    "crates/capture/src",
    "crates/cli/src",
    "crates/fleet/src",
    "crates/history/src",
    "crates/psoxide/src",
    "crates/python/src",
];

/// Directories that may have cycles: the crate, and the directory in it.
const EXEMPT: &[(&str, &str)] = &[
    // The public records, and the contract that returns them.
    ("crates/psoxide/src", ""),
];

/// The path of a module in its crate.
type Name = Vec<String>;

/// The code of each module of a crate.
type Modules = BTreeMap<Name, String>;

/// The siblings that each module of a directory uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn check() -> Result {
    for root in CRATES {
        let mut modules = Modules::new();
        read(&workspace().join(root), &Name::new(), &mut modules)?;
        let paths: BTreeMap<&Name, Vec<Name>> = modules.iter().map(|(name, code)| (name, paths(code, name))).collect();
        let uses: Vec<(&Name, Name)> = paths
            .iter()
            .flat_map(|(name, used)| used.iter().filter_map(|path| Some((*name, module(path, &paths)?))))
            .collect();
        let directories: BTreeSet<&[String]> = modules.keys().filter_map(|name| Some(name.split_last()?.1)).collect();
        for directory in directories {
            let name = directory.join("/");
            if let Some(cycle) = cycle(&siblings(directory, &uses))
                && !EXEMPT.contains(&(root, &name))
            {
                return Err(format!("{root}/{name}: modules use each other: {}", cycle.join(" -> ")));
            }
        }
    }
    Ok(())
}

/// Reads the code of a directory's modules and of their submodules.
fn read(directory: &Path, within: &Name, modules: &mut Modules) -> Result {
    let fail = |error| format!("cannot read {}: {error}", directory.display());
    for entry in fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let below = |name| within.iter().cloned().chain([name]).collect();
        if path.is_dir() {
            read(&path, &below(name), modules)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
            let place = if ["mod", "lib", "main"].contains(&name.as_str()) { within.clone() } else { below(name) };
            modules.insert(place, code(&fs::read_to_string(&path).map_err(fail)?));
        }
    }
    Ok(())
}

/// Returns the code of a file without comments and tests.
fn code(text: &str) -> String {
    let text = text.split("mod tests {").next().unwrap_or_default();
    text.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n")
}

/// Lists the paths that a module uses, from the root of its crate.
fn paths(code: &str, module: &Name) -> Vec<Name> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let starts = ["crate::", "super::", "self::", "use "].into_iter().flat_map(|start| code.match_indices(start));
    let starts = starts.filter(|(at, _)| !code.get(..*at).is_some_and(|before| before.ends_with(is_name)));
    let trees = starts.filter_map(|(at, start)| code.get(at + if start == "use " { 4 } else { 0 }..));
    let mut paths = Vec::new();
    for path in trees.flat_map(|text| tree(text).0) {
        let mut place = module.clone();
        for word in path {
            match word.as_str() {
                "crate" => place.clear(),
                "super" => drop(place.pop()),
                "self" => {}
                _ => place.push(word),
            }
        }
        paths.push(place);
    }
    paths
}

/// Parses a path, or a tree of paths such as `a::{b, c::D}`. Returns them and the text after them.
fn tree(mut text: &str) -> (Vec<Name>, &str) {
    let mut path = Name::new();
    loop {
        if let Some(mut branches) = text.trim_start().strip_prefix('{') {
            let mut paths = Vec::new();
            loop {
                let (found, rest) = tree(branches);
                paths.extend(found.into_iter().map(|branch| [path.clone(), branch].concat()));
                match rest.trim_start().strip_prefix(',') {
                    Some(rest) => branches = rest,
                    None => return (paths, rest.trim_start().strip_prefix('}').unwrap_or(rest)),
                }
            }
        }
        text = text.trim_start();
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        path.extend((!word.is_empty()).then(|| word.to_owned()));
        text = match rest.strip_prefix("::") {
            Some(rest) => rest,
            // A renamed item belongs to the same module.
            None => match rest.strip_prefix(" as ") {
                Some(alias) => {
                    return (vec![path], alias.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'));
                }
                None => return (vec![path], rest),
            },
        };
    }
}

/// Returns the module of an item, even if the directory's own file re-exports it.
fn module(path: &Name, paths: &BTreeMap<&Name, Vec<Name>>) -> Option<Name> {
    let depth = (0..=path.len())
        .rev()
        .find(|depth| path.get(..*depth).is_some_and(|name| paths.contains_key(&name.to_vec())))?;
    let (name, item) = (path.get(..depth)?.to_vec(), path.get(depth));
    let passed_on = paths
        .get(&name)?
        .iter()
        .find(|known| known.len() > depth + 1 && known.last() == item && known.starts_with(&name));
    match passed_on {
        Some(known) => {
            known.split_last().map(|(_, module)| module.to_vec()).filter(|module| paths.contains_key(module))
        }
        None => Some(name),
    }
}

/// Returns which modules of a directory, each with its submodules, use each other.
fn siblings(directory: &[String], uses: &[(&Name, Name)]) -> Uses {
    let mut siblings = Uses::new();
    let within = |name: &Name| name.strip_prefix(directory).and_then(<[String]>::first).cloned();
    for (from, to) in uses {
        if let (Some(from), Some(to)) = (within(from), within(to))
            && from != to
        {
            siblings.entry(from).or_default().insert(to);
        }
    }
    siblings
}

/// Finds modules that use each other in a cycle.
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
    fn paths_are_found() {
        let text = "use super::a;\nuse super::{b, c::{self, D},\n    E as F};\nlet x = self::f::g() + super::super::h;\nuse i::*;";
        let module = ["m", "n"].map(String::from).to_vec();
        let mut found: Vec<String> = paths(text, &module).iter().map(|path| path.join("::")).collect();
        found.sort();
        found.dedup();
        assert_eq!(found, ["h", "m::E", "m::a", "m::b", "m::c", "m::c::D", "m::n::f::g", "m::n::i::*"]);
    }

    #[test]
    fn an_item_that_is_passed_on_is_of_its_module() {
        let modules = [("m", "pub(crate) use self::a::A;"), ("m::a", ""), ("m::b", "use super::A;")];
        let modules = modules.map(|(name, code)| (name.split("::").map(String::from).collect::<Name>(), code));
        let paths: BTreeMap<&Name, Vec<Name>> = modules.iter().map(|(name, code)| (name, paths(code, name))).collect();
        for path in &paths[&modules[2].0] {
            assert_eq!(module(path, &paths).as_ref(), Some(&modules[1].0));
        }
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
