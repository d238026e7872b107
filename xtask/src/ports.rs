//! Compiles the code for other operating systems, and links for the BSDs, illumos and macOS with zig.
//!
//! The parsers and the library compile on every system that `Os` names.

mod illumos;
mod link;
mod wheels;

pub(crate) use wheels::build as wheels;

use std::process::Command;

use clap::ValueEnum as _;

use crate::macos;
use crate::python::Zig;
use crate::steps::{Result, cargo, on_path, run, workspace};

/// Linux targets with an unusual byte order, word size or C library.
const LINUX: &[&str] =
    &["aarch64-unknown-linux-gnu", "i686-unknown-linux-gnu", "s390x-unknown-linux-gnu", "x86_64-unknown-linux-musl"];

/// Systems whose standard library rustup ships. It has none for OpenBSD.
const TARGETS: &[&str] = &[
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-unknown-freebsd",
    "x86_64-unknown-netbsd",
    "x86_64-unknown-illumos",
];

/// A system for which this machine links.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum System {
    Freebsd,
    Netbsd,
    Openbsd,
    Illumos,
    Macos,
}

/// Compiles for every system and links, or only one of both. Links for `systems`, or for all if there are none.
pub(crate) fn check(only_link: bool, only_compile: bool, systems: &[System]) -> Result {
    if !on_path("rustup") {
        return Err("checking for other systems needs rustup".into());
    }
    if !only_link {
        compile()?;
    }
    if only_compile {
        return Ok(());
    }
    let systems = if systems.is_empty() { System::value_variants() } else { systems };
    let zig = Zig::get()?;
    systems.iter().try_for_each(|system| match system {
        System::Freebsd => link::FREEBSD.check(&zig),
        System::Netbsd => link::NETBSD.check(&zig),
        System::Openbsd => link::OPENBSD.check(&zig),
        System::Illumos => illumos::check(&zig),
        System::Macos => macos::check(),
    })
}

/// Type-checks the parsers and the library for every system, and the command for the Linux targets.
fn compile() -> Result {
    let targets = TARGETS.iter().chain(LINUX);
    run(Command::new("rustup").args(["target", "add"]).args(targets))?;
    for target in LINUX {
        // The TLS of `serve` and `push` and the compression of `record` have C in them, and there is a compiler for this
        // machine only.
        run(check_for(target, "psoxide-cli").arg("--no-default-features"))?;
    }
    for target in TARGETS {
        run(&mut check_for(target, "psoxide-parse"))?;
        // With the feature `capture` every system is compiled in, on each of them.
        run(check_for(target, "psoxide").arg("--all-features"))?;
    }
    Ok(())
}

/// Uses a target directory of its own, because the host's may be locked by another cargo.
fn check_for(target: &str, package: &str) -> Command {
    let mut check = cargo();
    check.args(["check", "--quiet", "--target", target, "--package", package]);
    check.env("CARGO_TARGET_DIR", workspace().join("target/ports"));
    check
}
