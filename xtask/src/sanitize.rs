//! Runs tests under tools that find more errors than the tests alone: Miri, AddressSanitizer, ThreadSanitizer.

use std::process::Command;

use crate::steps::{Result, on_path, output, run, workspace};

/// Options of `cargo xtask sanitize`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Tools to run: `miri`, `address`, `thread` [default: all]
    tools: Vec<String>,
}

/// The target of the instrumented builds. They must name a target.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Runs the tools, each with its own target directory.
pub(crate) fn check(args: &Args) -> Result {
    let chosen = |tool: &str| args.tools.is_empty() || args.tools.iter().any(|name| name == tool);
    if !on_path("rustup") {
        return Err("the sanitizers need a nightly compiler, which rustup installs".into());
    }
    if chosen("miri") || chosen("address") || chosen("thread") {
        nightly()?;
    }
    if chosen("miri") {
        // Miri is slow, so it only runs the crates without system calls, with few and short cases per property.
        let mut miri = cargo("miri", "-Zmiri-disable-isolation");
        miri.args(["miri", "test", "--package", "psoxide-parse", "--package", "psoxide-capture", "--lib"]);
        miri.env("PROPTEST_CASES", "2").env("PROPTEST_MAX_DEFAULT_SIZE_RANGE", "32");
        run(miri.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true"))?;
    }
    if chosen("address") {
        let mut test = instrumented("address", "-Zsanitizer=address");
        test.args(["--package", "psoxide", "--all-features", "--lib", "--test", "live", "--test", "zoo"]);
        // The sanitizer replaces the C library's allocator, so heap statistics are empty.
        run(test.args(["--", "--skip", "the_allocator_is_told"]))?;
    }
    if chosen("thread") {
        // The standard library is rebuilt, so that its locks are instrumented too.
        let mut test = instrumented("thread", "-Zsanitizer=thread");
        test.args(["-Zbuild-std", "--package", "psoxide", "--all-features", "--test", "exit", "--test", "live"]);
        // This sanitizer replaces the allocator too, and a forked child of several threads can start none under it.
        run(test.args(["--", "--skip", "the_allocator_is_told", "--skip", "a_forked_child_can_register_its_own"]))?;
    }
    Ok(())
}

/// Installs the nightly compiler with Miri and the sources of the standard library.
fn nightly() -> Result {
    let have = output("rustup", &["toolchain", "list"])?;
    if have.lines().any(|line| line.starts_with("nightly"))
        && output("rustup", &["component", "list", "--toolchain", "nightly", "--installed"])?.contains("miri")
    {
        return Ok(());
    }
    let parts = ["--profile", "minimal", "--component", "miri", "--component", "rust-src"];
    run(Command::new("rustup").args(["toolchain", "install", "nightly"]).args(parts))
}

/// Returns the nightly cargo with its own target directory, and flags for Miri.
fn cargo(tool: &str, flags: &str) -> Command {
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo"]).current_dir(workspace()).env("MIRIFLAGS", flags);
    cargo.env("CARGO_TARGET_DIR", workspace().join("target/sanitize").join(tool));
    // The calling cargo has set these variables for its own compiler.
    cargo.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN").env("PYO3_NO_PYTHON", "1");
    cargo
}

/// Returns `cargo test` with a sanitizer.
fn instrumented(tool: &str, flag: &str) -> Command {
    let mut test = cargo(tool, "");
    test.args(["test", "--target", TARGET]).env("RUSTFLAGS", flag).env("RUSTDOCFLAGS", flag);
    test
}
