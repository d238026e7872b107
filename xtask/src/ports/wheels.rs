//! Builds the Python package for the BSDs that rustup has a standard library for, on any machine.

use super::link::SYSTEMS;
use crate::python::{Zig, name_after, wheel_for};
use crate::steps::{Result, workspace};

/// Builds a wheel for FreeBSD and one for NetBSD into `target/ports/wheels`, optimised unless `debug`.
pub(crate) fn build(debug: bool) -> Result {
    let zig = Zig::get()?;
    for system in SYSTEMS {
        let environment = system.environment(&zig)?;
        let folder = workspace().join("target/ports/wheels").join(system.platform);
        let wheel = wheel_for(system.target, &folder, |maturin| {
            maturin.args(if debug { &[] } else { &["--release"][..] }).envs(environment);
        })?;
        name_after(&wheel, system.platform)?;
    }
    Ok(())
}
