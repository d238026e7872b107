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
    /// Whether a nightly compiler builds the standard library from source, because rustup ships none.
    build_std: bool,
}

pub(crate) const FREEBSD: System = System {
    target: "x86_64-unknown-freebsd",
    zig: "x86_64-freebsd.14.0",
    platform: "freebsd_14_0_release_amd64",
    build_std: false,
};

pub(crate) const NETBSD: System = System {
    target: "x86_64-unknown-netbsd",
    zig: "x86_64-netbsd.10.1",
    platform: "netbsd_10_1_amd64",
    build_std: false,
};

pub(crate) const OPENBSD: System = System {
    target: "x86_64-unknown-openbsd",
    zig: "x86_64-openbsd.7.8",
    platform: "openbsd_7_8_amd64",
    build_std: true,
};

/// Libraries of the base system that the libc crate names for FreeBSD and NetBSD. psoxide calls none of their functions, and
/// zig has stubs of the C library alone.
const LEFT_OUT: &str = "-lkvm|-lmemstat|-lprocstat|-ldevstat";

/// OpenBSD's standard library takes the functions that unwind the stack from libc++abi. zig would compile its whole C++
/// library for them, which takes minutes, and has them in its libunwind too.
const UNWIND: &str = "-lc++abi) set -- \"$@\" -lunwind";

/// What is linked beside the native module: the library's tests, `live-report` and the command.
const PARTS: [&[&str]; 3] = [
    &["test", "--no-run", "--package", "psoxide", "--lib", "--tests"],
    &["build", "--package", "psoxide", "--example", "live_report"],
    &["build", "--package", "psoxide-cli"],
];

impl System {
    /// Links everything. Skips a system whose standard library cannot be built, and says so.
    pub(super) fn check(&self, zig: &Zig) -> Result {
        if self.build_std && !has_nightly_source() {
            eprintln!("xtask: skipped: linking for {} takes a nightly compiler with rust-src", self.target);
            return Ok(());
        }
        for words in PARTS {
            run(self.cargo(words).envs(self.environment(zig)?))?;
        }
        self.native_module(zig)
    }

    /// Returns a quiet cargo for this system.
    fn cargo(&self, words: &[&str]) -> Command {
        let mut command = if self.build_std { nightly() } else { cargo() };
        command.args(words).args(["--quiet", "--target", self.target]);
        if self.build_std {
            command.arg("-Zbuild-std=std,panic_abort,test");
        }
        command
    }

    /// Links the native module of the Python package. It may lack no symbol but the interpreter's.
    fn native_module(&self, zig: &Zig) -> Result {
        run(self.cargo(&["build", "--package", "psoxide-python"]).envs(self.environment(zig)?))?;
        let module = folder().join(self.target).join("debug/lib_psoxide.so");
        self.require_symbols(zig, &module)
    }

    /// Fails unless every symbol that the native module takes from elsewhere is the interpreter's or the system's.
    pub(super) fn require_symbols(&self, zig: &Zig, module: &Path) -> Result {
        let bytes = fs::read(module).map_err(|error| format!("cannot read {}: {error}", module.display()))?;
        let symbols = elf::undefined(&bytes).map_err(|error| format!("{}: {error}", module.display()))?;
        // A program that has the interpreter's symbols, and links the module, lacks what the system does not have.
        let mut program = "int main(void) { return 0; }\n".to_owned();
        for symbol in symbols.iter().filter(|symbol| symbol.starts_with("Py") || symbol.starts_with("_Py")) {
            let _ = writeln!(program, "char {symbol};");
        }
        let source = folder().join(self.target).join("interpreter.c");
        write(&source, &program)?;
        let mut link = zig.cc(self.zig);
        link.arg(&source).arg(module).arg("-o").arg(source.with_extension(""));
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
