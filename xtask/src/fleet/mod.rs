//! Runs `serve` and `push` beside the real engines, all on loopback and each in a directory of its own.
//!
//! Debian's packages are unpacked, not installed: nothing is started that this step did not start, and nothing listens
//! beyond this machine.

mod bench;
mod engines;
mod history;
mod peers;
mod systemd;
mod text;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) use bench::bench;

use crate::skips;
use crate::steps::{Result, cargo, run, workspace};

/// Debian's release that has all of these packages.
const RELEASE: &str = "trixie";

/// The packages, and a program of each.
const PACKAGES: &[(&str, &str)] = &[
    ("prometheus", "prometheus"),
    ("promtool", "promtool"),
    ("prometheus-node-exporter", "prometheus-node-exporter"),
    ("prometheus-process-exporter", "prometheus-process-exporter"),
    ("victoria-metrics", "victoria-metrics"),
];

/// The longest wait for something that should take a moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the checks use.
pub(crate) struct Parts {
    /// The command.
    psoxide: PathBuf,
    programs: PathBuf,
    rotel: PathBuf,
    /// A directory that is removed afterwards.
    temp: PathBuf,
}

/// A check of one part.
type Check = fn(&Parts) -> Result;

/// Gets the engines and runs the checks.
pub(crate) fn check() -> Result {
    run(cargo().args(["build", "--package", "psoxide-cli"]))?;
    let root = workspace().join("target/fleet");
    let temp = root.join("run");
    let _ = fs::remove_dir_all(&temp);
    fs::create_dir_all(&temp).map_err(|error| format!("cannot create {}: {error}", temp.display()))?;
    let parts = Parts {
        psoxide: workspace().join("target/debug/psoxide"),
        programs: root.join("root/usr/bin"),
        rotel: root.join("rotel/rotel/rotel-agent"),
        temp: temp.clone(),
    };
    let mut skipped = String::new();
    if let Err(why) = unpack(&root) {
        eprintln!("xtask: {why}");
    }
    if let Err(why) = rotel(&root) {
        eprintln!("xtask: {why}");
    }
    let checks: &[(&str, &str, Check)] = &[
        ("prometheus-node-exporter", "node_exporter", peers::node),
        ("prometheus-process-exporter", "process_exporter", peers::process),
        ("promtool", "promtool", engines::promtool),
        ("prometheus", "prometheus", engines::prometheus),
        ("victoria-metrics", "victoria_metrics", engines::victoria),
    ];
    for (program, name, check) in checks {
        if parts.programs.join(program).is_file() {
            timed(name, || check(&parts))?;
        } else {
            skipped.push_str(&format!("skip: fleet::{name}: the package cannot be downloaded\n"));
        }
    }
    if parts.rotel.is_file() {
        timed("rotel", || engines::rotel(&parts))?;
    } else {
        skipped.push_str("skip: fleet::rotel: the wheel cannot be downloaded\n");
    }
    let recorded = history::record(&parts)?;
    if parts.programs.join("promtool").is_file() {
        timed("backfill", || history::backfill(&parts, &recorded))?;
    } else {
        skipped.push_str("skip: fleet::backfill: the package cannot be downloaded\n");
    }
    let node_exporter = parts.programs.join("prometheus-node-exporter").is_file();
    type Fetch = fn(&Path) -> Result;
    let wheels: [(&str, Fetch, &dyn Fn() -> Result); 3] = [
        ("tables", history::fetch, &|| history::tables(&parts, &recorded)),
        ("chdb", history::fetch_chdb, &|| history::chdb(&parts, &recorded)),
        ("systemd", systemd::fetch, &|| if node_exporter { systemd::check(&parts) } else { Ok(()) }),
    ];
    for (name, fetch, check) in wheels {
        match fetch(&root) {
            Ok(()) => timed(name, check)?,
            Err(why) => {
                eprintln!("xtask: {why}");
                skipped.push_str(&format!("skip: fleet::{name}: the wheels cannot be downloaded\n"));
            }
        }
    }
    let _ = fs::remove_dir_all(&temp);
    skips::check("any", &skipped)
}

fn timed(name: &str, check: impl FnOnce() -> Result) -> Result {
    let begun = Instant::now();
    check().map_err(|error| format!("{name}: {error}"))?;
    eprintln!("xtask: {name}: passed ({:.1} s)", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Downloads and unpacks the packages. apt's own lists and settings stay as they are.
pub(crate) fn unpack(root: &Path) -> Result {
    const SCRIPT: &str = r#"
        cd "$0"; release=$1; shift
        mkdir -p apt/state/lists/partial apt/cache/archives/partial root
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main" >apt/sources.list
        set -- -q -o Dir::State="$PWD/apt/state" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=root \
            -o Dir::Etc::SourceList="$PWD/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
            -o Dir::State::status=/dev/null -- "$@"
        options=
        while [ "$1" != -- ]; do options="$options $1"; shift; done; shift
        apt-get $options update
        cd apt; apt-get $options download "$@"; cd ..
        for package in apt/*.deb; do dpkg-deb --extract "$package" root; done
        rm -r apt"#;
    if PACKAGES.iter().all(|(_, program)| root.join("root/usr/bin").join(program).is_file()) {
        return Ok(());
    }
    fs::create_dir_all(root).map_err(|error| format!("cannot create {}: {error}", root.display()))?;
    let mut script = Command::new("sh");
    script.args(["-euc", SCRIPT]).arg(root).arg(RELEASE).args(PACKAGES.iter().map(|(package, _)| package));
    // Its output is long, and of interest only if it fails.
    let done = script.output().map_err(|error| format!("cannot run sh: {error}"))?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

/// Downloads rotel, a collector of OpenTelemetry, from PyPI.
fn rotel(root: &Path) -> Result {
    let folder = root.join("rotel");
    if folder.join("rotel/rotel-agent").is_file() {
        return Ok(());
    }
    let python = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target"];
    let mut pip = Command::new("python3");
    pip.args(python).arg(&folder).args(["--python-version", "3.11", "rotel==0.0.1a15"]);
    run(&mut pip)
}

/// A program that ends with this.
pub(crate) struct Running(Child);

impl Running {
    fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let fail = |error| format!("cannot start {}: {error}", command.get_program().to_string_lossy());
        let file = fs::File::create(log).map_err(fail)?;
        let copy = file.try_clone().map_err(fail)?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(copy).spawn();
        child.map(Self).map_err(|error| format!("cannot start {}: {error}", command.get_program().to_string_lossy()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address on this machine that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    listener.and_then(|listener| listener.local_addr()).map_err(|error| format!("no free port: {error}"))
}

/// What a server answers to a GET; the error is also any status but 200.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<String> {
    get_with(address, path, "")
}

/// [`get`] with more headers.
pub(crate) fn get_with(address: SocketAddr, path: &str, headers: &str) -> Result<String> {
    let exchange = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // HTTP/1.0: the body ends with the connection.
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = exchange().map_err(|error| format!("http://{address}{path}: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("{address}{path}: no HTTP"))?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        _ => Err(format!("http://{address}{path}: {}", head.lines().next().unwrap_or_default())),
    }
}

/// Tries until `attempt` succeeds, and gives up with its last error.
pub(crate) fn eventually<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

impl Parts {
    fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// Starts node_exporter with the collectors that the dashboard asks for.
    fn node_exporter(&self) -> Result<(Running, SocketAddr)> {
        // Debian's default leaves out /mnt and /run too.
        const MOUNTS: &str = "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+\
            |var/lib/containers/storage/.+)($|/)";
        let address = free_address()?;
        let mut command = self.program("prometheus-node-exporter");
        command.arg(format!("--web.listen-address={address}")).arg(MOUNTS);
        command.args(["interrupts", "processes", "tcpstat"].map(|name| format!("--collector.{name}")));
        command.arg("--collector.textfile.directory=");
        let running = Running::start(&mut command, &self.log("node"))?;
        eventually(|| get(address, "/metrics"))?;
        Ok((running, address))
    }

    /// Starts `psoxide serve`.
    fn serve(&self, options: &[&str]) -> Result<(Running, SocketAddr)> {
        self.serve_with(options, &mut Command::new(&self.psoxide))
    }

    /// Starts `psoxide serve` with the variables of a command.
    fn serve_with(&self, options: &[&str], command: &mut Command) -> Result<(Running, SocketAddr)> {
        let address = free_address()?;
        command.arg("serve").arg("--listen").arg(address.to_string()).args(options);
        let running = Running::start(command, &self.temp.join("serve.log"))?;
        eventually(|| get(address, "/-/healthy"))?;
        Ok((running, address))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.temp.join(format!("{name}.log"))
    }
}
