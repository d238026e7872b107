//! Builds everything for Windows with mingw-w64, and runs it on Linux under Wine 10.
//!
//! Wine gets a root directory of its own, because a distribution's version may be too old to run Rust programs.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::python::{self, ForWindows};
use crate::steps::{Result, cargo, install, is_root, on_path, run, workspace};

const TARGET: &str = "x86_64-pc-windows-gnu";

const MSVC: &str = "x86_64-pc-windows-msvc";

/// Debian's name for the release that has Wine 10.
const RELEASE: &str = "trixie";

/// Builds and tests for Windows.
pub(crate) fn check() -> Result {
    if !is_root()? {
        return Err("running Wine in a folder of its own needs root".into());
    }
    install(true, &[("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64-posix"), ("mmdebstrap", "mmdebstrap")]);
    for (tool, package) in
        [("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64-posix"), ("mmdebstrap", "mmdebstrap"), ("rustup", "rustup")]
    {
        if !on_path(tool) {
            return Err(format!("building for Windows needs {tool} (package {package})"));
        }
    }
    run(Command::new("rustup").args(["target", "add", TARGET]))?;
    set_up()?;
    // clippy sees the code for Windows only if it checks for a Windows target.
    let packages = ["--package", "psoxide-parse", "--package", "psoxide", "--package", "psoxide-cli"];
    run(cargo().args(["clippy", "--target", TARGET, "--all-targets"]).args(packages).args(["--", "-D", "warnings"]))?;
    // Run one test at a time, because all share one Wine server, and a waiting test would delay the others.
    let one_by_one = ["--", "--test-threads=1"];
    let tests = ["test", "--no-fail-fast", "--target", TARGET, "--all-targets"];
    run(wine_cargo()?.args(tests).args(packages).args(one_by_one))?;
    full_screen()?;
    python()?;
    // MSVC is not available on Linux, but the code can be type-checked for it.
    run(Command::new("rustup").args(["target", "add", MSVC]))?;
    let packages = ["psoxide", "psoxide-cli", "psoxide-python"].map(|package| ["--package", package]);
    // There is no Windows Python that PyO3 could query on this machine.
    let mut check = cargo();
    check.env("PYO3_NO_PYTHON", "1").args(["clippy", "--target", MSVC]).args(packages.concat());
    run(check.args(["--", "-D", "warnings"]))
}

/// Tests the full-screen view in a terminal that Wine treats as a console. A key ends the view, which restores the
/// screen.
fn full_screen() -> Result {
    let me = env::current_exe().map_err(|error| format!("xtask does not know where it is: {error}"))?;
    let program = workspace().join("target").join(TARGET).join("debug/psoxide.exe");
    let top = format!("'{}' wine '{}' top", me.display(), program.display());
    eprintln!("xtask: psoxide.exe top, q");
    let mut script = Command::new("timeout");
    script.args(["300", "script", "--quiet", "--return", "--command", &top, "/dev/null"]);
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shown = || {
        let mut script = script.spawn()?;
        script.stdin.take().map_or(Ok(()), |mut keys| keys.write_all(b"q"))?;
        script.wait_with_output()
    };
    let shown = shown().map_err(|error| format!("cannot run script: {error}"))?;
    let screen = String::from_utf8_lossy(&shown.stdout);
    match missing(&screen) {
        None if shown.status.success() => Ok(()),
        missing => Err(format!("top has not ended as it should ({}; without {missing:?}):\n{screen}", shown.status)),
    }
}

/// Returns what `screen` lacks of a full screen: the alternate screen, the view on it, and the way back.
///
/// Wine treats escape sequences as text, and breaks lines at the width of the terminal, also inside a word or a
/// sequence.
fn missing(screen: &str) -> Option<&'static str> {
    let whole = screen.replace(['\r', '\n'], "");
    let mut rest = &*whole;
    ["[?1049h", "processes", "[?1049l"].into_iter().find(|text| match rest.split_once(text) {
        Some((_, after)) => {
            rest = after;
            false
        }
        None => true,
    })
}

/// Tests the Python package, and the distribution named psutil, in a Windows Python.
fn python() -> Result {
    let ForWindows { python, site, shim, tools, suite } = python::for_windows(true, TARGET)?;
    let dropin = site.with_file_name("dropin");
    let _ = fs::remove_dir_all(&dropin);
    let script = |name| workspace().join("crates/python/tests").join(name);
    let in_python = |words: &[&Path]| {
        let words = std::iter::once(&*python).chain(words.iter().copied());
        run_program(&words.map(|path| path.display().to_string()).collect::<Vec<_>>())
    };
    let [tool, more @ ..] = tools.as_slice() else { return Err("there are no tools".into()) };
    in_python(&[
        &tool.join("pip"),
        "install".as_ref(),
        "--no-index".as_ref(),
        "--find-links".as_ref(),
        &shim,
        "--target".as_ref(),
        &dropin,
        "psutil>=7.2,<8".as_ref(),
    ])?;
    in_python(&[&script("compare_windows.py"), &site])?;
    in_python(&[&script("stubtest_windows.py"), &site, tool])?;
    let more: Vec<&Path> = more.iter().map(PathBuf::as_path).collect();
    in_python(&[&[&*script("suite_windows.py"), &site, &dropin, &suite, tool], more.as_slice()].concat())
}

/// Returns a cargo whose tests and programs run under Wine.
fn wine_cargo() -> Result<Command> {
    let me = env::current_exe().map_err(|error| format!("xtask does not know where it is: {error}"))?;
    let mut command = cargo();
    command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", format!("{} wine", me.display()));
    Ok(command)
}

/// Returns the root of the workspace around the working directory. As cargo's runner, this program may be started for
/// another package.
fn above() -> Result<PathBuf> {
    let directory = env::current_dir().map_err(|error| format!("no working directory: {error}"))?;
    let root = directory.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.map(Path::to_path_buf).ok_or_else(|| format!("{} is in no workspace", directory.display()))
}

/// Returns the root directory of Wine and its libraries.
fn root(workspace: &Path) -> PathBuf {
    workspace.join("target/wine/root")
}

/// Sets up that directory unless it is complete. It is complete if it has the 32-bit programs.
fn set_up() -> Result {
    /// A 64-bit Wine runs 32-bit programs if their libraries are installed. Debian has them in a package for another
    /// architecture.
    const LIBRARIES: &str = r#"chroot "$1" sh -ec '
        cd /tmp
        dpkg --add-architecture i386
        head -n 1 /etc/apt/sources.list >i386.list
        apt-get -q -o Dir::Etc::SourceList=/tmp/i386.list -o Dir::Etc::SourceParts=- update
        apt-get -q download libwine:i386
        dpkg-deb --fsys-tarfile libwine_*.deb | tar -x --wildcards "./usr/lib/*/i386-windows/*"
        mv usr/lib/i386-linux-gnu/wine/i386-windows/* /usr/lib/x86_64-linux-gnu/wine/i386-windows/
        rm -r usr libwine_*.deb i386.list
        dpkg --remove-architecture i386
    '"#;
    let root = root(&workspace());
    if root.join("root/.wine/drive_c/windows/syswow64/cmd.exe").exists() {
        return Ok(());
    }
    fs::create_dir_all(root.parent().unwrap_or(&root))
        .map_err(|error| format!("cannot create target/wine: {error}"))?;
    // Remove what an interrupted step has left.
    let _ = fs::remove_dir_all(&root);
    let mut make = Command::new("mmdebstrap");
    make.args(["--variant=apt", "--include=wine,wine64,libwine"]);
    make.arg("--aptopt=APT::Install-Recommends \"false\"").arg(format!("--customize-hook={LIBRARIES}")).arg(RELEASE);
    run(make.arg(&root))?;
    // The first start writes the registry, which takes a while.
    run(&mut wine(&["cmd".into(), "/c".into(), "ver".into()])?)
}

/// Runs a Windows program, as cargo's runner does.
pub(crate) fn run_program(words: &[String]) -> Result {
    let status = wine(words)?.status().map_err(|error| format!("cannot run Wine: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the Windows program failed ({status})")) }
}

/// Returns a command that runs a program under Wine in its own mount namespace. The workspace is at its usual path
/// there.
fn wine(words: &[String]) -> Result<Command> {
    /// `$0` is the root, `$1` the workspace, `$2` the working directory. The rest is the program.
    const SCRIPT: &str = r#"
        for kernel in proc sys dev; do mount --rbind "/$kernel" "$0/$kernel"; done
        mkdir -p "$0$1"
        mount --rbind "$1" "$0$1"
        workspace=$1; directory=$2; root=$0; shift 2
        exec chroot "$root" /bin/sh -c 'cd "$0" && exec /usr/lib/wine/wine64 "$@"' "$directory" "$@""#;
    let directory = env::current_dir().map_err(|error| format!("no working directory: {error}"))?;
    let workspace = above()?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-euc", SCRIPT]).arg(root(&workspace)).arg(workspace).arg(directory).args(words);
    command.env("HOME", "/root").env("WINEPREFIX", "/root/.wine").env("WINEDEBUG", "-all");
    // Tests check this variable, and leave out what Wine does not answer.
    command.env("PSOXIDE_WINE", "1");
    // Otherwise each Python that a test starts would compile pytest again.
    command.env_remove("PYTHONDONTWRITEBYTECODE");
    // Keeps Wine from offering to download .NET and a browser at the first start.
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml=").env("XDG_RUNTIME_DIR", "/tmp");
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_wine_breaks_is_found() {
        let screen = "\x1b[?104\r\r\n9h 8 proce\r\r\nsses\x1b[?1049\r\r\nl";
        assert_eq!(missing(screen), None);
        assert_eq!(missing("\x1b[?1049h 8 processes"), Some("[?1049l"));
        assert_eq!(missing("\x1b[?1049l\x1b[?1049h"), Some("processes"));
        assert_eq!(missing(""), Some("[?1049h"));
    }
}
