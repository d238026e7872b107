//! Builds for macOS on Linux. zig links: it has the C library of macOS, and the files beside this one list the symbols of the
//! frameworks. An undefined symbol is an error, as on macOS.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::macho::{self, Needs};
use crate::python::{self, Zig};
use crate::steps::{Result, cargo, on_path, run, workspace};

/// A target: its name for rustc, for zig, and in the names of wheels.
struct Target {
    rust: &'static str,
    zig: &'static str,
    wheel: &'static str,
}

const TARGETS: [Target; 2] = [
    Target { rust: "aarch64-apple-darwin", zig: "aarch64-macos.11.0", wheel: "arm64" },
    Target { rust: "x86_64-apple-darwin", zig: "x86_64-macos.11.0", wheel: "x86_64" },
];

/// The oldest macOS that is supported.
const MINIMUM: (u32, u32) = (11, 0);

/// Every library that a program of ours may load.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/libSystem.B.dylib",
    "/usr/lib/libiconv.2.dylib",
    "/System/Library/Frameworks/IOKit.framework/Versions/A/IOKit",
    "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation",
];

/// The lists of symbols, and where zig looks for each.
const STUBS: [(&str, &str); 3] = [
    ("IOKit.framework/IOKit.tbd", include_str!("IOKit.tbd")),
    ("CoreFoundation.framework/CoreFoundation.tbd", include_str!("CoreFoundation.tbd")),
    ("libiconv.tbd", include_str!("libiconv.tbd")),
];

/// The script that rustc runs. rustc guesses from some names, such as `ld` and `link`, which arguments a linker takes.
const LINKER: &str = "zig-for-macos";

/// Names zig's Python and target to [`link`], which rustc runs.
const ZIG: &str = "PSOXIDE_ZIG_PYTHON";
const ZIG_TARGET: &str = "PSOXIDE_ZIG_TARGET";

/// Links the library's tests, the command, its tests and the native module for both architectures, builds the wheels, and
/// checks what each needs.
pub(crate) fn check() -> Result {
    if !on_path("rustup") {
        return Err("building for macOS needs rustup".into());
    }
    run(Command::new("rustup").args(["target", "add"]).args(TARGETS.map(|target| target.rust)))?;
    let builder = Builder::new()?;
    for target in &TARGETS {
        run(builder.cargo(target).args(["build", "--package", "psoxide-cli"]))?;
        run(builder.cargo(target).args(["test", "--no-run", "--package", "psoxide", "--package", "psoxide-cli"]))?;
        let command = workspace().join("target/macos").join(target.rust).join("debug/psoxide");
        require(&command, target, false)?;
        wheel(&builder, target)?;
    }
    Ok(())
}

/// Builds a wheel and checks its name and its native module.
fn wheel(builder: &Builder, target: &Target) -> Result {
    let folder = workspace().join("target/macos/wheels").join(target.wheel);
    let wheel = python::wheel_for(target.rust, &folder, |maturin| builder.prepare(maturin, target))?;
    let name = wheel.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let tag = format!("-cp39-abi3-macosx_{}_{}_{}.whl", MINIMUM.0, MINIMUM.1, target.wheel);
    if !name.ends_with(&tag) {
        return Err(format!("{name} does not end in {tag}"));
    }
    let unpacked = folder.join("unpacked");
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
    require(&unpacked.join("psoxide/_psoxide.abi3.so"), target, true)
}

/// Fails unless a file loads nothing unexpected and runs on the oldest supported macOS.
fn require(path: &Path, target: &Target, is_module: bool) -> Result {
    let fail = |error: &str| format!("{}: {error}", path.display());
    let file = fs::read(path).map_err(|error| fail(&error.to_string()))?;
    let needs = macho::needs(&file).ok_or_else(|| fail("not a file of macOS"))?;
    let module = if is_module { Some("Py") } else { None };
    unexpected(&needs, target.wheel, module).map_or(Ok(()), |what| Err(fail(&what)))
}

/// What a file needs and should not: the architecture, a later macOS, a library, a symbol that neither a library nor, for a
/// module, the interpreter has.
fn unexpected(needs: &Needs, architecture: &str, module: Option<&str>) -> Option<String> {
    if needs.architecture != architecture {
        return Some(format!("it is for {}", needs.architecture));
    }
    if needs.minimum != MINIMUM {
        return Some(format!("it needs macOS {}.{}", needs.minimum.0, needs.minimum.1));
    }
    // A module names itself.
    let library =
        needs.libraries.iter().find(|library| !LIBRARIES.contains(&library.as_str()) && !library.starts_with('@'));
    if let Some(library) = library {
        return Some(format!("it loads {library}"));
    }
    let symbol = needs
        .of_program
        .iter()
        .find(|symbol| module.is_none_or(|prefix| !symbol.trim_start_matches('_').starts_with(prefix)));
    symbol.map(|symbol| format!("no library has {symbol}"))
}

/// What rustc needs to link for macOS.
struct Builder {
    sdk: PathBuf,
    zig: PathBuf,
}

impl Builder {
    /// Writes the lists of symbols and a script that calls [`link`].
    fn new() -> Result<Self> {
        // rustc wants an absolute path.
        let sdk = std::path::absolute(workspace().join("target/macos/sdk"));
        let sdk = sdk.map_err(|error| format!("the current directory is unknown: {error}"))?;
        let fail = |error| format!("cannot prepare {}: {error}", sdk.display());
        for (name, text) in STUBS {
            let path = sdk.join(name);
            let folder = path.parent().unwrap_or(&sdk);
            fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).map_err(fail)?;
        }
        let this = env::current_exe().map_err(fail)?;
        let script = sdk.join(LINKER);
        fs::write(&script, format!("#!/bin/sh\nexec '{}' link-macos -- \"$@\"\n", this.display())).map_err(fail)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(fail)?;
        Ok(Self { sdk, zig: Zig::get()?.python() })
    }

    fn cargo(&self, target: &Target) -> Command {
        let mut cargo = cargo();
        self.prepare(&mut cargo, target);
        // cargo takes options after its subcommand as well.
        cargo.env("CARGO_BUILD_TARGET", target.rust);
        cargo
    }

    /// Sets the environment of cargo and of maturin.
    fn prepare(&self, command: &mut Command, target: &Target) {
        let name = target.rust.to_uppercase().replace('-', "_");
        command.env(format!("CARGO_TARGET_{name}_LINKER"), self.sdk.join(LINKER));
        command.env("CARGO_TARGET_DIR", workspace().join("target/macos"));
        command.env("MACOSX_DEPLOYMENT_TARGET", format!("{}.{}", MINIMUM.0, MINIMUM.1));
        // rustc would ask Xcode where the SDK is.
        command.env("SDKROOT", &self.sdk).env(ZIG, &self.zig).env(ZIG_TARGET, target.zig);
        // Linux has no `strip` for macOS, and nobody debugs these files.
        command.env("CARGO_PROFILE_DEV_STRIP", "none").env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.env("CARGO_INCREMENTAL", "0");
    }
}

/// Links: rustc runs this in place of a linker for macOS, with that linker's arguments.
pub(crate) fn link(words: &[String]) -> Result {
    let variable = |name| env::var_os(name).ok_or_else(|| format!("{name} is not set: rustc runs this"));
    let sdk = PathBuf::from(variable("SDKROOT")?);
    let mut zig = Command::new(variable(ZIG)?);
    zig.args(["-m", "ziglang", "cc", "-target"]).arg(variable(ZIG_TARGET)?);
    zig.arg("-F").arg(&sdk).arg("-L").arg(&sdk).args(for_zig(words));
    // Quietly: rustc shows what a linker prints only when it fails.
    let status = zig.status().map_err(|error| format!("cannot run zig: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("zig failed ({status})")) }
}

/// The arguments of Apple's linker that zig takes too. The target says the rest.
fn for_zig(words: &[String]) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-arch" | "-isysroot" | "--sysroot" => drop(words.next()),
            word if word.starts_with("-mmacosx-version-min=") || word.starts_with("--target=") => {}
            word => kept.push(word),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_for_zig() {
        let words = ["-arch", "arm64", "-mmacosx-version-min=11.0.0", "a.o", "-lSystem"].map(str::to_owned);
        assert_eq!(for_zig(&words), ["a.o", "-lSystem"]);
    }

    #[test]
    fn what_a_file_may_need() {
        let needs = |libraries: &[&str], minimum, of_program: &[&str]| Needs {
            architecture: "arm64",
            minimum,
            libraries: libraries.iter().map(|name| (*name).to_owned()).collect(),
            of_program: of_program.iter().map(|name| (*name).to_owned()).collect(),
        };
        let good = needs(&LIBRARIES, MINIMUM, &[]);
        assert_eq!(unexpected(&good, "arm64", None), None);
        assert_eq!(unexpected(&good, "x86_64", None).as_deref(), Some("it is for arm64"));
        assert_eq!(unexpected(&needs(&[], (12, 0), &[]), "arm64", None).as_deref(), Some("it needs macOS 12.0"));
        assert_eq!(unexpected(&needs(&["/a"], MINIMUM, &[]), "arm64", None).as_deref(), Some("it loads /a"));
        let module = needs(&["@rpath/_psoxide.abi3.so"], MINIMUM, &["_PyList_New"]);
        assert_eq!(unexpected(&module, "arm64", Some("Py")), None);
        assert_eq!(unexpected(&module, "arm64", None).as_deref(), Some("no library has _PyList_New"));
    }
}
