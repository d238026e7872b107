//! Compares the checks that tests skip with the list of permitted skips.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::{Result, workspace};

/// The permitted skips, one per line: who runs the test (`root`, `user` or `any`), the test, the reason.
const ALLOWED: &str = "testdata/skips.txt";

/// The file to which the tests of one run append what they skip.
pub(crate) struct Ledger {
    path: PathBuf,
    who: &'static str,
}

impl Ledger {
    /// Starts an empty ledger that every user can append to.
    pub(crate) fn open(path: &Path, who: &'static str) -> Result<Self> {
        let fail = |error| format!("cannot create {}: {error}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        fs::write(path, "").map_err(fail)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).map_err(fail)?;
        Ok(Self { path: path.to_owned(), who })
    }

    /// Passes the ledger's path to a command that runs tests.
    pub(crate) fn name_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("PSOXIDE_SKIPS", &self.path)
    }

    /// Prints what was skipped. Fails if a skip is not permitted.
    pub(crate) fn check(&self) -> Result {
        let fail = |error| format!("cannot read {}: {error}", self.path.display());
        check(self.who, &fs::read_to_string(&self.path).map_err(fail)?)
    }
}

/// Prints the lines `skip: TEST: REASON` of a text. Fails if a skip is not permitted.
pub(crate) fn check(who: &str, text: &str) -> Result {
    let path = workspace().join(ALLOWED);
    let allowed = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let allowed = tests(&allowed, who);
    let skipped: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("skip: ")).collect();
    for line in &skipped {
        eprintln!("xtask: skipped ({who}): {line}");
    }
    let unlisted: Vec<&str> = skipped.into_iter().filter(|line| !allowed.contains(test(line))).collect();
    if unlisted.is_empty() {
        return Ok(());
    }
    Err(format!("these skips are not listed in {ALLOWED} for {who}:\n{}", unlisted.join("\n")))
}

/// Lists the tests that `who` may skip.
fn tests<'a>(allowed: &'a str, who: &str) -> BTreeSet<&'a str> {
    let lines = allowed.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .filter(|(by, _)| *by == who || *by == "any")
        .map(|(_, rest)| test(rest))
        .collect()
}

/// Returns the test in a line `TEST: REASON`. The name of a test contains `::`, but no `: `.
fn test(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(test, _)| test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_allowed_for_those_that_are_listed() {
        let allowed = "# why\nroot tests::a: reason\nuser b[x]: reason: more\nany c: reason\n";
        assert_eq!(tests(allowed, "root"), BTreeSet::from(["tests::a", "c"]));
        assert_eq!(tests(allowed, "user"), BTreeSet::from(["b[x]", "c"]));
        assert_eq!(test("tests::a: no: such"), "tests::a");
    }
}
