//! Compiles the code for other operating systems, and links what zig can link.
//!
//! The parsers compile on every system, and the library on every system that has a port. On any other system the
//! build stops with one error that points to PORTING.md.

mod link;
mod wheels;

pub(crate) use wheels::build as wheels;

use std::process::Command;

use psoxide::{Os, support};

use crate::steps::{Result, cargo, on_path, run, workspace};

/// Linux targets with an unusual byte order, word size or C library.
const LINUX: &[&str] =
    &["aarch64-unknown-linux-gnu", "i686-unknown-linux-gnu", "s390x-unknown-linux-gnu", "x86_64-unknown-linux-musl"];

/// Systems whose standard library rustup ships. It has none for OpenBSD.
const TARGETS: &[(Os, &str)] = &[
    (Os::Windows, "x86_64-pc-windows-gnu"),
    (Os::Macos, "aarch64-apple-darwin"),
    (Os::Macos, "x86_64-apple-darwin"),
    (Os::Freebsd, "x86_64-unknown-freebsd"),
    (Os::Netbsd, "x86_64-unknown-netbsd"),
    (Os::Sunos, "x86_64-unknown-illumos"),
];

/// Compiles and links, or only one of both.
pub(crate) fn check(only_link: bool, only_compile: bool) -> Result {
    if !on_path("rustup") {
        return Err("checking for other systems needs rustup".into());
    }
    if only_link {
        return link::check(true);
    }
    let targets = TARGETS.iter().map(|(_, target)| target).chain(LINUX);
    run(Command::new("rustup").args(["target", "add"]).args(targets))?;
    for target in LINUX {
        // The TLS of `serve` and `push` and the compression of `record` have C in them, and there is a compiler for this
        // machine only.
        run(check_for(target, "psoxide-cli").arg("--no-default-features"))?;
    }
    for (os, target) in TARGETS {
        run(&mut check_for(target, "psoxide-parse"))?;
        if support::PORTED.contains(*os) {
            // With the feature `capture` every system is compiled in, on each of them.
            run(check_for(target, "psoxide").arg("--all-features"))?;
        } else {
            stops_with_a_pointer(*os, target)?;
        }
    }
    if only_compile { Ok(()) } else { link::check(false) }
}

/// Uses a target directory of its own, because the host's may be locked by another cargo.
fn check_for(target: &str, package: &str) -> Command {
    let mut check = cargo();
    check.args(["check", "--quiet", "--target", target, "--package", package]);
    check.env("CARGO_TARGET_DIR", workspace().join("target/ports"));
    check
}

fn stops_with_a_pointer(os: Os, target: &str) -> Result {
    let done = check_for(target, "psoxide").output().map_err(|error| format!("cannot run cargo: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error")).collect();
    match errors.as_slice() {
        // The second error is cargo's own: "could not compile".
        [first, _] if !done.status.success() && first.contains("PORTING.md") => {
            eprintln!("xtask: {}: {first}", os.name());
            Ok(())
        }
        _ => Err(format!("{}: a build should stop with one error, that names PORTING.md:\n{said}", os.name())),
    }
}
