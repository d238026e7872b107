//! Links the library's tests, `live-report`, the command and the native module of Python for illumos. zig has no library of
//! illumos. The list of symbols beside this file takes their place: shared objects are made of it, and a symbol that is in none
//! of them is an error.
//!
//! What is linked does not run: `crt1.o` is a part of the system too, and is left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::link::{folder, write};
use crate::elf;
use crate::python::Zig;
use crate::steps::{Result, cargo, run};

const TARGET: &str = "x86_64-unknown-illumos";

/// The symbols of each library, by the library's name in a program.
const SYMBOLS: &str = include_str!("illumos.txt");

/// Libraries that Rust's libc crate and standard library name. Nothing of ours takes a symbol from them.
const EMPTY: [&str; 9] = [
    "liblgrp.so.1",
    "libnsl.so.1",
    "libposix4.so.1",
    "libpthread.so.1",
    "libresolv.so.2",
    "librt.so.1",
    "libsendfile.so.1",
    "libssp.so.0",
    "libumem.so.1",
];

/// Links everything.
pub(super) fn check(zig: &Zig) -> Result {
    let stubs = folder().join(TARGET).join("stubs");
    let libraries = libraries();
    for (library, symbols) in &libraries {
        stub(zig, &stubs, library, symbols)?;
    }
    let environment = environment(zig, &stubs)?;
    // The TLS of `serve` and `push` and the compression of `record` have C in them, which needs the system's headers.
    let parts: [&[&str]; 4] = [
        &["test", "--no-run", "--package", "psoxide", "--lib", "--tests"],
        &["build", "--package", "psoxide", "--example", "live_report"],
        &["build", "--package", "psoxide-cli", "--no-default-features"],
        &["build", "--package", "psoxide-python"],
    ];
    for words in parts {
        run(cargo().args(words).args(["--quiet", "--target", TARGET]).envs(environment.clone()))?;
    }
    // A shared object may be linked with symbols that nothing has.
    let module = folder().join(TARGET).join("debug/lib_psoxide.so");
    let bytes = fs::read(&module).map_err(|error| format!("cannot read {}: {error}", module.display()))?;
    let needs = elf::undefined(&bytes).map_err(|error| format!("{}: {error}", module.display()))?;
    match unknown(&needs, &libraries) {
        Some(symbol) => Err(format!("{}: no library of illumos has {symbol}", module.display())),
        None => Ok(()),
    }
}

/// The libraries and their symbols.
fn libraries() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut libraries: BTreeMap<_, _> = EMPTY.map(|library| (library, Vec::new())).into();
    let mut symbols = &mut Vec::new();
    for line in SYMBOLS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if line.starts_with(' ') {
            symbols.extend(line.split_whitespace());
        } else {
            symbols = libraries.entry(line).or_default();
        }
    }
    libraries
}

/// The first symbol that neither a library nor Python's interpreter has.
fn unknown<'a>(needs: &'a [String], libraries: &BTreeMap<&str, Vec<&str>>) -> Option<&'a str> {
    let is_known = |symbol: &str| {
        let of_python = symbol.starts_with("Py") || symbol.starts_with("_Py");
        of_python || libraries.values().any(|symbols| symbols.contains(&symbol))
    };
    needs.iter().map(String::as_str).find(|symbol| !is_known(symbol))
}

/// Makes a shared object that has these symbols and nothing behind them.
fn stub(zig: &Zig, stubs: &Path, library: &str, symbols: &[&str]) -> Result {
    let mut text = ".text\n".to_owned();
    for symbol in symbols {
        // Writing to a String cannot fail.
        let _ = writeln!(text, ".globl {symbol}\n.type {symbol},@function\n{symbol}:");
    }
    let source = stubs.join(format!("{library}.s"));
    write(&source, &text)?;
    let name = library.split(".so").next().unwrap_or(library);
    let mut link = zig.cc("x86_64-linux-gnu");
    link.args(["-shared", "-nostdlib"]).arg(&source).arg("-o").arg(stubs.join(format!("{name}.so")));
    run(link.arg(format!("-Wl,-soname,{library}")))
}

/// Writes a script that links with zig's linker, and returns the variables that let cargo run it.
fn environment(zig: &Zig, stubs: &Path) -> Result<[(String, PathBuf); 3]> {
    let linker = folder().join(format!("link-{TARGET}"));
    // rustc talks to a C compiler. The linker takes what that would pass on.
    let script = format!(
        "#!/bin/sh\nfor word do\n    shift\n    case $word in\n        -m64 | -nodefaultlibs | -nostartfiles | -std=*) ;;\n        \
         -Wl,*)\n            IFS=,\n            for part in ${{word#-Wl,}}; do set -- \"$@\" \"$part\"; done\n            unset IFS\n            \
         ;;\n        *) set -- \"$@\" \"$word\" ;;\n    esac\ndone\nexec '{}' -m ziglang ld.lld -m elf_x86_64 -L '{}' \"$@\" -lc\n",
        zig.python().display(),
        stubs.display()
    );
    write(&linker, &script)?;
    fs::set_permissions(&linker, fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("cannot make {} executable: {error}", linker.display()))?;
    Ok([
        (format!("CARGO_TARGET_{}_LINKER", TARGET.to_uppercase().replace('-', "_")), linker),
        ("CARGO_PROFILE_DEV_DEBUG".to_owned(), "0".into()),
        ("CARGO_TARGET_DIR".to_owned(), folder()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_symbol_is_in_one_library() {
        let libraries = libraries();
        let mut all: Vec<_> = libraries.values().flatten().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(libraries["libkstat.so.1"].contains(&"kstat_open") && libraries["libnsl.so.1"].is_empty());
    }

    #[test]
    fn a_symbol_that_nothing_has_is_found() {
        let needs = ["PyList_New", "_Py_Dealloc", "malloc", "pidfd_open"].map(str::to_owned);
        assert_eq!(unknown(&needs, &libraries()), Some("pidfd_open"));
        assert_eq!(unknown(&needs[..3], &libraries()), None);
    }
}
