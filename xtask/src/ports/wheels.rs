//! Builds the Python package for the BSDs that rustup has a standard library for, on any machine.

use std::process::Command;

use super::link::{FREEBSD, NETBSD};
use crate::python::{Zig, name_after, wheel_for};
use crate::steps::{Result, run, workspace};

/// Builds a wheel for FreeBSD and one for NetBSD into `target/ports/wheels`, optimised unless `debug`. Checks the symbols of
/// the native module in each.
pub(crate) fn build(debug: bool) -> Result {
    let zig = Zig::get()?;
    for system in [FREEBSD, NETBSD] {
        let environment = system.environment(&zig)?;
        let folder = workspace().join("target/ports/wheels").join(system.platform);
        let wheel = wheel_for(system.target, &folder, |maturin| {
            maturin.args(if debug { &[] } else { &["--release"][..] }).envs(environment);
        })?;
        let unpacked = folder.join("unpacked");
        run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
        system.require_symbols(&zig, &unpacked.join("psoxide/_psoxide.abi3.so"))?;
        name_after(&wheel, system.platform)?;
    }
    Ok(())
}
