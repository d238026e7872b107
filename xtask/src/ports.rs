//! Compiles the code for other operating systems, and links for the BSDs and macOS with zig.
//!
//! The parsers and the library compile on every system that `Os` names.

mod illumos;
mod link;
mod wheels;

pub(crate) use wheels::build as wheels;

use std::process::Command;

use crate::macos;
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

/// Compiles and links, or only one of both.
pub(crate) fn check(only_link: bool, only_compile: bool) -> Result {
    if !on_path("rustup") {
        return Err("checking for other systems needs rustup".into());
    }
    if only_link {
        link::check(true)?;
        return macos::check();
    }
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
    if only_compile {
        return Ok(());
    }
    link::check(false)?;
    macos::check()
}

/// Uses a target directory of its own, because the host's may be locked by another cargo.
fn check_for(target: &str, package: &str) -> Command {
    let mut check = cargo();
    check.args(["check", "--quiet", "--target", target, "--package", package]);
    check.env("CARGO_TARGET_DIR", workspace().join("target/ports"));
    check
}
