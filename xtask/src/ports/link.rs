//! Links the tests, the command and the native module of Python for the BSDs. The linker is zig, which carries stubs of each
//! system's C library: a symbol that the library does not have is an error.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::elf;
use crate::python::Zig;
use crate::steps::{Result, cargo, output, run, workspace};

/// A system that zig links for.
pub(crate) struct System {
    /// The target of rustc.
    pub(crate) target: &'static str,
    /// The target of zig: the oldest release whose libraries it has.
    zig: &'static str,
    /// What Python calls the system and the release, in the name of a wheel.
    pub(crate) platform: &'static str,
}

/// FreeBSD and NetBSD, for which rustup ships a standard library.
pub(crate) const SYSTEMS: &[System] = &[
    System { target: "x86_64-unknown-freebsd", zig: "x86_64-freebsd.14.0", platform: "freebsd_14_0_release_amd64" },
    System { target: "x86_64-unknown-netbsd", zig: "x86_64-netbsd.10.1", platform: "netbsd_10_1_amd64" },
];

/// OpenBSD, whose standard library a nightly compiler builds from source.
const OPENBSD: System =
    System { target: "x86_64-unknown-openbsd", zig: "x86_64-openbsd.7.8", platform: "openbsd_7_8_amd64" };

/// Libraries of the base system that the libc crate names for FreeBSD and NetBSD. psoxide calls none of their functions, and
/// zig has stubs of the C library alone.
const LEFT_OUT: &str = "-lkvm|-lmemstat|-lprocstat|-ldevstat";

/// OpenBSD's standard library takes the functions that unwind the stack from libc++abi. zig would compile its whole C++
/// library for them, which takes minutes, and has them in its libunwind too.
const UNWIND: &str = "-lc++abi) set -- \"$@\" -lunwind";

/// Links for every system. OpenBSD takes minutes and a nightly compiler with the source of the standard library, so that it
/// is left out unless `with_openbsd`, and where rustup has no such compiler.
pub(crate) fn check(with_openbsd: bool) -> Result {
    let zig = Zig::get()?;
    for system in SYSTEMS {
        system.link(&zig, cargo, &[])?;
        system.native_module(&zig)?;
    }
    super::illumos::check(&zig)?;
    if with_openbsd && has_nightly_source() {
        OPENBSD.link(&zig, nightly, &["-Zbuild-std=std,panic_abort,test"])
    } else {
        eprintln!(
            "xtask: skipped: linking for OpenBSD takes `cargo xtask ports --link` and a nightly compiler with rust-src"
        );
        Ok(())
    }
}

impl System {
    /// Links the library's tests and the command.
    fn link(&self, zig: &Zig, cargo: fn() -> Command, options: &[&str]) -> Result {
        let packages: [&[&str]; 2] =
            [&["test", "--no-run", "--package", "psoxide", "--lib"], &["build", "--package", "psoxide-cli"]];
        for words in packages {
            let mut cargo = cargo();
            cargo.args(words).args(options).args(["--quiet", "--target", self.target]);
            run(cargo.envs(self.environment(zig)?))?;
        }
        Ok(())
    }

    /// Links the native module of the Python package. It may lack no symbol but the interpreter's.
    fn native_module(&self, zig: &Zig) -> Result {
        let mut build = cargo();
        build.args(["build", "--quiet", "--package", "psoxide-python", "--target", self.target]);
        run(build.envs(self.environment(zig)?))?;
        let module = folder().join(self.target).join("debug/lib_psoxide.so");
        let bytes = fs::read(&module).map_err(|error| format!("cannot read {}: {error}", module.display()))?;
        let symbols = elf::undefined(&bytes).map_err(|error| format!("{}: {error}", module.display()))?;
        // A program that has the interpreter's symbols, and links the module, lacks what the system does not have.
        let mut program = "int main(void) { return 0; }\n".to_owned();
        for symbol in symbols.iter().filter(|symbol| symbol.starts_with("Py") || symbol.starts_with("_Py")) {
            let _ = writeln!(program, "char {symbol};");
        }
        let source = folder().join(self.target).join("interpreter.c");
        write(&source, &program)?;
        let mut link = zig.cc(self.zig);
        link.arg(&source).arg(&module).arg("-o").arg(source.with_extension(""));
        run(link.args(["-w", "-Wl,--no-allow-shlib-undefined"]))
    }

    /// Writes a script that links with zig. Returns the variables that let cargo run it.
    pub(crate) fn environment(&self, zig: &Zig) -> Result<[(String, PathBuf); 3]> {
        let linker = folder().join(format!("link-{}", self.target));
        let zig = zig.cc(self.zig);
        let words: Vec<_> = std::iter::once(zig.get_program()).chain(zig.get_args()).collect();
        let words = words.iter().map(|word| format!("'{}'", word.to_string_lossy())).collect::<Vec<_>>().join(" ");
        let script = format!(
            "#!/bin/sh\nfor word do\n    shift\n    case $word in\n        {LEFT_OUT}) ;;\n        {UNWIND} ;;\n        *) set -- \"$@\" \
             \"$word\" ;;\n    esac\ndone\nexec {words} \"$@\"\n"
        );
        write(&linker, &script)?;
        fs::set_permissions(&linker, fs::Permissions::from_mode(0o755))
            .map_err(|error| format!("cannot make {} executable: {error}", linker.display()))?;
        let target = self.target.to_uppercase().replace('-', "_");
        Ok([
            (format!("CARGO_TARGET_{target}_LINKER"), linker),
            // Symbols are checked, and nothing is run: debug information would only take time.
            ("CARGO_PROFILE_DEV_DEBUG".to_owned(), "0".into()),
            ("CARGO_TARGET_DIR".to_owned(), folder()),
        ])
    }
}

pub(super) fn folder() -> PathBuf {
    workspace().join("target/ports")
}

pub(super) fn write(path: &Path, text: &str) -> Result {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text)).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn has_nightly_source() -> bool {
    let source = output("rustup", &["run", "nightly", "rustc", "--print", "sysroot"]);
    source.is_ok_and(|root| Path::new(&root).join("lib/rustlib/src/rust/library/std").is_dir())
}

/// The nightly cargo.
fn nightly() -> Command {
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo"]).current_dir(workspace()).env("PYO3_NO_PYTHON", "1");
    // The cargo that started this one has set its own compiler.
    cargo.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
    cargo
}
