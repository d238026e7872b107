//! Reads the offsets in `view!` from the source text, so that none is left out.

use std::fmt::Write as _;
use std::fs;

use crate::steps::{Result, workspace};

/// Returns the assertions for the views of a system.
pub(super) fn assertions(system: &str, elsewhere: &[(&str, &str)]) -> Result<String> {
    let mut asserts = String::new();
    let path = workspace().join("crates/parse/src").join(system);
    let entries = fs::read_dir(&path).map_err(|error| format!("cannot list {}: {error}", path.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        for view in text.split("\nview! {").skip(1) {
            let view = view.split("\n}").next().unwrap_or_default();
            let fail = |line: &str| format!("{}: not a line of a view: {line}", file.display());
            one(view, elsewhere, &mut asserts).map_err(|line| fail(&line))?;
        }
    }
    if asserts.is_empty() {
        return Err(format!("{}: no view", path.display()));
    }
    Ok(asserts)
}

/// Appends the assertions of one view. The error names a line that cannot be parsed.
fn one(view: &str, elsewhere: &[(&str, &str)], asserts: &mut String) -> Result {
    let mut of = String::new();
    for line in view.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("//") || line.starts_with("#[") || line == "}" {
            continue;
        }
        let fail = || line.to_owned();
        if line.contains("struct ") {
            // struct Process = "kinfo_proc2" (680) {
            let [_, name, rest] = line.splitn(3, '"').collect::<Vec<_>>()[..] else { return Err(fail()) };
            let size: usize = rest.trim_matches([' ', '(', ')', '{']).parse().map_err(|_| fail())?;
            if let Some((_, instead)) = elsewhere.iter().find(|(known, _)| *known == name) {
                asserts.push_str(instead);
                return Ok(());
            }
            name.clone_into(&mut of);
            // A view may cover only the beginning of a struct, because kernels append fields.
            let _ = writeln!(asserts, "HOLDS(sizeof(struct {of}), {size});");
            continue;
        }
        // pid: i32 = "p_pid" @ 116,
        let [field, member, rest] = line.splitn(3, '"').collect::<Vec<_>>()[..] else { return Err(fail()) };
        let offset: usize = rest.trim_matches([' ', '@', ',']).parse().map_err(|_| fail())?;
        let kind = field.split_once(": ").map(|(_, kind)| kind.trim_end_matches([' ', '='])).ok_or_else(fail)?;
        let _ = writeln!(asserts, "IS(offsetof(struct {of}, {member}), {offset});");
        let sizeof = format!("sizeof(((struct {of} *)0)->{member})");
        let _ = match kind.trim_matches(['[', ']']).split_once(' ') {
            Some((_, length)) => writeln!(asserts, "HOLDS({sizeof}, {length});"),
            None => match kind.trim_start_matches(['u', 'i']).parse::<usize>() {
                Ok(bits) => writeln!(asserts, "IS({sizeof}, {});", bits / 8),
                // The field is another view, whose size is checked at its own declaration.
                Err(_) => Ok(()),
            },
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_understood() {
        let view = "\n    /// A process.\n    pub struct Process = \"proc\" (24) {\n        /// Its number.\n        \
                    pid: i32 = \"p_pid\" @ 4,\n        name: [text 8] = \"p_comm[0]\" @ 8,\n        usage: [Usage] = \"p_ru\" @ 16,\n    }";
        let mut asserts = String::new();
        one(view, &[], &mut asserts).unwrap();
        assert_eq!(
            asserts,
            "HOLDS(sizeof(struct proc), 24);\nIS(offsetof(struct proc, p_pid), 4);\nIS(sizeof(((struct proc *)0)->p_pid), 4);\n\
             IS(offsetof(struct proc, p_comm[0]), 8);\nHOLDS(sizeof(((struct proc *)0)->p_comm[0]), 8);\n\
             IS(offsetof(struct proc, p_ru), 16);\n"
        );
        let mut asserts = String::new();
        one(view, &[("proc", "IS(1, 1);")], &mut asserts).unwrap();
        assert_eq!(asserts, "IS(1, 1);");
        assert!(one("struct Process = proc (24) {", &[], &mut asserts).is_err());
        assert!(one("struct P = \"proc\" (24) {\n pid: i32 = 4,", &[], &mut asserts).is_err());
    }
}
