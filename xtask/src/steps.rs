//! Steps that run cargo.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::skips::Ledger;
use crate::{cycles, ntuples, parity, python, systems};

/// The result of a step. The error is one sentence.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// Commands whose output tests compare, or that help tests, and the Debian packages that contain them.
const TOOLS: &[(&str, &str)] = &[
    ("ps", "procps"),
    ("free", "procps"),
    ("ss", "iproute2"),
    ("ip", "iproute2"),
    ("lsof", "lsof"),
    ("strace", "strace"),
];

/// The user and group `nobody`.
const NOBODY: u32 = 65534;

/// Runs every test. As root, runs them as an ordinary user too, to whom the kernel shows less.
pub(crate) fn test(user_only: bool) -> Result {
    let root = is_root()?;
    if user_only && !root {
        return Err("--user needs root, to become someone else".into());
    }
    tools(root);
    if !user_only {
        let ledger = Ledger::open(&workspace().join("target/skips.txt"), if root { "root" } else { "user" })?;
        // psoxide-stress exists only on Linux.
        let others = if env::consts::OS == "linux" { &[][..] } else { &["--exclude", "psoxide-stress"] };
        run(ledger.name_to(cargo().args(["test", "--workspace", "--all-targets"]).args(others)))?;
        run(ledger.name_to(cargo().args(["test", "--workspace", "--doc"]).args(others)))?;
        ledger.check()?;
    }
    python::test(root, user_only)?;
    if !user_only {
        parity::check(&parity::Args::default())?;
    }
    if root { as_user() } else { Ok(()) }
}

/// Returns whether this is root, who can install packages and change the user.
pub(crate) fn is_root() -> Result<bool> {
    Ok(output("id", &["-u"])? == "0")
}

/// Installs the commands with which tests compare. Prints a message if some stay missing.
fn tools(root: bool) {
    install(root, TOOLS);
    for (tool, package) in TOOLS.iter().filter(|(tool, _)| !on_path(tool)) {
        eprintln!("xtask: tests that need {tool} will be skipped: it is not installed (package {package})");
    }
}

/// Installs the Debian packages of missing commands, if possible. If that fails, the commands stay missing, which a
/// later check reports.
pub(crate) fn install(root: bool, tools: &[(&str, &str)]) {
    let missing: Vec<&str> = tools.iter().filter(|(tool, _)| !on_path(tool)).map(|(_, package)| *package).collect();
    if !root || missing.is_empty() || !Path::new("/etc/debian_version").exists() {
        return;
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        command
    };
    let _ = run(apt().arg("update"));
    let _ = run(apt().args(["install", "-y", "--no-install-recommends"]).args(missing));
}

/// Returns whether a command is on the PATH.
pub(crate) fn on_path(tool: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(tool).is_file()))
}

/// A compiled test.
struct Binary {
    path: PathBuf,
    package: PathBuf,
}

/// Runs the compiled tests as an ordinary user.
fn as_user() -> Result {
    in_directory("user", in_temp)
}

/// Calls `work` with a directory that an ordinary user can read, and whose `home` that user owns. Then removes it.
pub(crate) fn in_directory(name: &str, work: impl FnOnce(&Path) -> Result) -> Result {
    if !on_path("setpriv") {
        return Err("the tests of an ordinary user need setpriv (package util-linux)".into());
    }
    let temp = env::temp_dir().join(format!("psoxide-{name}-{}", std::process::id()));
    let fail = |error| format!("cannot prepare {}: {error}", temp.display());
    fs::create_dir(&temp).map_err(fail)?;
    let prepare = || {
        fs::set_permissions(&temp, fs::Permissions::from_mode(0o755))?;
        let home = temp.join("home");
        fs::create_dir(&home)?;
        chown(&home, Some(NOBODY), Some(NOBODY))
    };
    let done = prepare().map_err(fail).and_then(|()| work(&temp));
    let _ = fs::remove_dir_all(&temp);
    done
}

/// Runs the compiled tests as an ordinary user in a directory.
fn in_temp(temp: &Path) -> Result {
    let fail = |error| format!("cannot prepare {}: {error}", temp.display());
    let home = temp.join("home");
    let mut root = workspace();
    let mut all = binaries(&root, None)?;
    let reachable = |binary: &Binary| {
        // Tests look for their files at the path where their package was compiled.
        let reads =
            |what: &str, path: &Path| nobody().args(["test", what]).arg(path).status().is_ok_and(|s| s.success());
        reads("-x", &binary.path) && reads("-r", &binary.package.join("Cargo.toml"))
    };
    if !all.iter().all(reachable) {
        // Binaries contain paths of the workspace, so copying the binaries alone is not enough.
        let copy = temp.join("workspace");
        fs::create_dir(&copy).map_err(fail)?;
        for item in fs::read_dir(&root).map_err(fail)?.flatten() {
            if item.file_name() != "target" && item.file_name() != ".git" {
                run(Command::new("cp").arg("-r").arg(item.path()).arg(&copy))?;
            }
        }
        run(Command::new("chmod").args(["-R", "a+rX"]).arg(&copy))?;
        all = binaries(&copy, Some(&copy.join("target")))?;
        root = copy;
    }
    let ledger = Ledger::open(&home.join("skips.txt"), "user")?;
    for binary in all {
        let mut command = nobody();
        ledger.name_to(&mut command);
        command.arg(&binary.path).current_dir(&binary.package);
        command.env("HOME", &home).env("TMPDIR", &home).env("USER", "nobody").env("LOGNAME", "nobody");
        command.env("CARGO_MANIFEST_DIR", &binary.package);
        // Compare snapshots without writing them. This user cannot ask cargo for the workspace's path.
        command.env("INSTA_WORKSPACE_ROOT", &root).env("INSTA_UPDATE", "no");
        run(&mut command)?;
    }
    ledger.check()
}

/// Returns the beginning of a command that runs as an ordinary user.
pub(crate) fn nobody() -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".into(), "--".into()]);
    command
}

/// Compiles the tests of the workspace at `root`, and lists them.
fn binaries(root: &Path, target: Option<&Path>) -> Result<Vec<Binary>> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-run", "--message-format=json"]).current_dir(root);
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target);
    }
    let done = command.stderr(Stdio::inherit()).output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !done.status.success() {
        return Err("the tests do not compile".into());
    }
    let text = String::from_utf8_lossy(&done.stdout);
    // cargo also lists programs that tests start, which are not tests.
    let tests = text.lines().filter(|line| line.contains("\"test\":true},"));
    let found = tests.filter_map(|line| {
        let package = Path::new(string(line, "manifest_path")?).parent()?.to_path_buf();
        Some(Binary { path: string(line, "executable")?.into(), package })
    });
    Ok(found.collect())
}

/// Returns a string in a line of cargo's JSON. The paths contain nothing that JSON escapes.
fn string<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = line.split_once(&format!("\"{name}\":\""))?;
    after.split_once('"').map(|(value, _)| value)
}

/// Checks everything that can be checked without running tests.
pub(crate) fn lint() -> Result {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // Check the library alone too, without the features that the command and the wheel use.
    run(cargo().args(["clippy", "--package", "psoxide", "--", "-D", "warnings"]))?;
    // The command and the library have the same name. If both are documented at once, each can remove the other's
    // files.
    for packages in [&["--package", "psoxide-cli"][..], &["--workspace", "--exclude", "psoxide-cli"]] {
        run(cargo().args(["doc", "--no-deps"]).args(packages).env("RUSTDOCFLAGS", "-Dwarnings"))?;
    }
    systems::check()?;
    cycles::check()?;
    codegen(true)
}

/// Checks with the compiler version in Cargo.toml.
pub(crate) fn msrv() -> Result {
    let path = workspace().join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let line =
        text.lines().find_map(|line| line.strip_prefix("rust-version = ")).ok_or("Cargo.toml has no rust-version")?;
    let version = line.trim().trim_matches('"');
    if !on_path("rustup") {
        return Err(format!("checking with Rust {version} needs rustup"));
    }
    let have = output("rustup", &["toolchain", "list"])?;
    if !have.lines().any(|line| line.split(['-', ' ']).next() == Some(version)) {
        run(Command::new("rustup").args(["toolchain", "install", version, "--profile", "minimal"]))?;
    }
    // Use `rustup run`, because the cargo that started this program may not be rustup's, and not know `+`.
    let mut check = Command::new("rustup");
    // The tests may need a newer compiler.
    check.args(["run", version, "cargo", "check", "--workspace"]);
    // A directory of its own, because two compilers would invalidate each other's builds.
    check.current_dir(workspace()).env("CARGO_TARGET_DIR", workspace().join("target/msrv"));
    run(check.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN"))
}

/// Builds and runs the benchmark. It is a workspace of its own, because the crates it compares need a newer compiler.
pub(crate) fn bench(processes: u32) -> Result {
    let mut bench = Command::new("cargo");
    bench.args(["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"]).arg(processes.to_string());
    match python::for_bench(is_root()?) {
        Ok(python) => drop(bench.env("PSOXIDE_BENCH_PYTHON", python)),
        Err(error) => eprintln!("xtask: psutil and the Python package are left out: {error}"),
    }
    run(bench.arg("BENCHMARKS.md").current_dir(workspace()))?;
    // Replaying captures needs a feature with which every reading first chooses a system. So it is measured separately.
    let mut replay = cargo();
    replay.args(["test", "--release", "--package", "psoxide", "--all-features", "--test", "replay", "--"]);
    run(replay.args(["--ignored", "--nocapture"]).env("PSOXIDE_REPORT", workspace().join("BENCHMARKS.md")))
}

/// Prints what the library reads on this machine.
pub(crate) fn live_report() -> Result {
    run(cargo().args(["run", "--quiet", "--package", "psoxide", "--example", "live_report"]))
}

/// Writes the generated files. With `check`, only reports whether they are current.
pub(crate) fn codegen(check: bool) -> Result {
    const PYTHON: &str = "crates/python/python/psoxide";
    let path = workspace().join("testdata/evidence.txt");
    let evidence = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let files = [
        ("PLATFORM.md".to_owned(), psoxide::support::platform_md(&evidence)),
        (format!("{PYTHON}/_ntuples.py"), ntuples::module()),
        (format!("{PYTHON}/_ntuples.pyi"), ntuples::stub()),
    ];
    for (name, new) in files {
        let path = workspace().join(&name);
        if !check {
            fs::write(&path, new).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        } else if !fs::read_to_string(&path).is_ok_and(|old| old == new) {
            return Err(format!("{name} is not current: run `cargo xtask codegen`"));
        }
    }
    Ok(())
}

/// Returns the root of the workspace, from any directory in it.
pub(crate) fn workspace() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    own.as_deref().and_then(Path::parent).unwrap_or(Path::new(".")).to_path_buf()
}

/// The directory into which cargo compiles.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), |folder| workspace().join(folder))
}

/// The cargo that runs this, at the root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace());
    // With this variable PyO3 ignores the installed Python, and is not compiled again for another one.
    command.env("PYO3_NO_PYTHON", "1");
    command
}

/// Runs a command and shows its output.
pub(crate) fn run(command: &mut Command) -> Result {
    let shown = || {
        let words =
            std::iter::once(command_name(command)).chain(command.get_args().map(|a| a.to_string_lossy().into()));
        words.collect::<Vec<String>>().join(" ")
    };
    let text = shown();
    eprintln!("xtask: {text}");
    let status = command.status().map_err(|error| format!("cannot run {text}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{text}` failed ({status})")) }
}

/// Returns the last part of a program's path.
fn command_name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into()
}

/// Returns the trimmed output of a program.
pub(crate) fn output(program: &str, args: &[&str]) -> Result<String> {
    output_of(Command::new(program).args(args))
}

/// Returns the trimmed output of a command.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let done = command.stderr(Stdio::inherit()).output();
    let done = done.map_err(|error| format!("cannot run {}: {error}", command_name(command)))?;
    if !done.status.success() {
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        return Err(format!("`{} {}` failed ({})", command_name(command), words.join(" "), done.status));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
