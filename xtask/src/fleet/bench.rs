//! Measures a scrape beside node_exporter and process-exporter, and the recorder, and writes their sections of BENCHMARKS.md.

use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use psoxide::{Backend, Field, ProcessCpuTimes, System};

use super::{Parts, Running, eventually, free_address, get, unpack};
use crate::steps::{Result, cargo, output_of, run, workspace};

/// Scrapes of each exporter, unless they take longer than [`LONGEST`] in all.
const SCRAPES: usize = 200;
const LONGEST: Duration = Duration::from_secs(60);

/// Processes beside which groups are measured.
const PROCESSES: usize = 5000;

/// One exporter.
struct Exporter {
    name: &'static str,
    running: Running,
    address: SocketAddr,
    /// How long each scrape took.
    scrapes: Vec<Duration>,
    series: usize,
}

impl Exporter {
    fn psoxide(parts: &Parts, name: &'static str, options: &[&str]) -> Result<Self> {
        let (running, address) = parts.serve(options)?;
        Ok(Self { name, running, address, scrapes: Vec::new(), series: 0 })
    }

    fn peer(
        parts: &Parts,
        name: &'static str,
        program: &str,
        options: impl FnOnce(SocketAddr, &mut Command),
    ) -> Result<Self> {
        let address = free_address()?;
        let mut command = parts.program(program);
        options(address, &mut command);
        let running = Running::start(&mut command, &parts.log(program))?;
        eventually(|| get(address, "/metrics"))?;
        Ok(Self { name, running, address, scrapes: Vec::new(), series: 0 })
    }

    /// CPU time so far: with the resolution of a clock tick, which many scrapes make up for.
    fn cpu(&self) -> Result<Duration> {
        let pid = self.running.0.id();
        let times = psoxide::System::host().process(pid).and_then(|process| process.cpu_times());
        times.map(|times| times.user + times.system).map_err(|error| error.to_string())
    }

    fn scrape(&mut self) -> Result {
        let begun = Instant::now();
        let body = get(self.address, "/metrics")?;
        self.scrapes.push(begun.elapsed());
        self.series = body.lines().filter(|line| !line.starts_with('#')).count();
        Ok(())
    }

    fn rss(&self) -> Result<u64> {
        let memory = psoxide::System::host().process(self.running.0.id()).and_then(|process| process.memory_info());
        memory.map(|memory| memory.rss).map_err(|error| error.to_string())
    }

    /// The peak of resident memory in bytes.
    fn peak(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.running.0.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        let size = line.and_then(|size| size.trim().parse::<u64>().ok());
        size.map(|size| size * 1024).ok_or_else(|| format!("{path}: no VmHWM"))
    }

    /// A row of the table.
    fn row(&self, cpu: Duration) -> Result<String> {
        let mut times = self.scrapes.clone();
        times.sort_unstable();
        let at = |part: usize| {
            times.get((times.len() * part / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        let each = cpu / u32::try_from(times.len().max(1)).unwrap_or(1);
        Ok(format!(
            "| {} | {} | {} | {} | {} | {} | {:.1} MB | {:.1} MB |\n",
            self.name,
            self.series,
            times.len(),
            milliseconds(each),
            milliseconds(at(50)),
            milliseconds(at(99)),
            self.rss()? as f64 / 1e6,
            self.peak()? as f64 / 1e6
        ))
    }
}

/// Measures exporters in turns, and returns the rows of their table.
fn measure(mut exporters: Vec<Exporter>) -> Result<String> {
    // The first scrapes fill caches.
    for _ in 0..3 {
        exporters.iter_mut().try_for_each(Exporter::scrape)?;
    }
    exporters.iter_mut().for_each(|exporter| exporter.scrapes.clear());
    let before = exporters.iter().map(Exporter::cpu).collect::<Result<Vec<_>>>()?;
    let has_time = |exporter: &&mut Exporter| exporter.scrapes.iter().sum::<Duration>() < LONGEST;
    for _ in 0..SCRAPES {
        exporters.iter_mut().filter(has_time).try_for_each(Exporter::scrape)?;
    }
    let mut rows = String::new();
    for (exporter, before) in exporters.iter().zip(before) {
        rows.push_str(&exporter.row(exporter.cpu()?.saturating_sub(before))?);
    }
    Ok(rows)
}

const HEADING: &str = "| exporter | series | scrapes | CPU time of a scrape | median | p99 | resident | peak |\n\
    |---|---:|---:|---:|---:|---:|---:|---:|\n";

/// Processes that sleep, and end with this.
struct Sleepers(Vec<Child>);

impl Sleepers {
    fn start(count: usize) -> Result<Self> {
        let mut all = Self(Vec::with_capacity(count));
        for _ in 0..count {
            let child =
                Command::new("sleep").arg("3600").spawn().map_err(|error| format!("cannot start sleep: {error}"))?;
            all.0.push(child);
        }
        Ok(all)
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// CPU times of this program.
fn own_times() -> Result<ProcessCpuTimes> {
    let times = System::host().current_process().and_then(|me| me.cpu_times());
    times.map_err(|error| error.to_string())
}

/// CPU time of all programs that this one has waited for.
fn of_children() -> Result<Duration> {
    let times = own_times()?;
    Ok(times.children_user.unwrap_or_default() + times.children_system.unwrap_or_default())
}

/// Rounds of bare readings.
const ROUNDS: u32 = 20;

/// The files of a process that hold the fields that are recorded by default. The size of the directory `fd` is the
/// number of its descriptors.
const FILES: [&str; 3] = ["stat", "statm", "io"];

/// CPU time of the bare calls that read the fields of one sample from /proc, without understanding what they return.
fn bare_files(sleepers: &Sleepers) -> Result<Duration> {
    let path = |pid: u32, name: &str| format!("/proc/{pid}/{name}");
    let pids = || sleepers.0.iter().map(Child::id);
    let files: Vec<String> = pids().flat_map(|pid| FILES.map(|name| path(pid, name))).collect();
    let directories: Vec<String> = pids().map(|pid| path(pid, "fd")).collect();
    let mut buffer = [0; 4096];
    let before = own_times()?;
    for _ in 0..ROUNDS {
        for file in &files {
            let read = fs::File::open(file).and_then(|mut opened| opened.read(&mut buffer));
            read.map_err(|error| format!("{file}: {error}"))?;
        }
        for directory in &directories {
            fs::metadata(directory).map_err(|error| format!("{directory}: {error}"))?;
        }
    }
    let after = own_times()?;
    Ok(((after.user + after.system).saturating_sub(before.user + before.system)) / ROUNDS)
}

/// CPU time that the kernel takes for walking all processes. `None` where BPF programs cannot be loaded.
fn bare_walk() -> Result<Option<Duration>> {
    let system = System::host().with_backend(Backend::Bpf);
    if system.backend() != Backend::Bpf {
        return Ok(None);
    }
    let before = own_times()?;
    for _ in 0..ROUNDS {
        system.snapshot([Field::Ppid]).map_err(|error| error.to_string())?;
    }
    Ok(Some(own_times()?.system.saturating_sub(before.system) / ROUNDS))
}

/// Processes beside which the recorder is measured.
const RECORDED: usize = 1000;

/// In its first samples the recorder reads command lines, users and control groups more often than later.
const FIRST: u32 = 100;

/// Samples that it takes beyond these.
const SAMPLES: u32 = 240;

/// A recorder that takes samples much faster than usual.
fn record(parts: &Parts, options: &[&str], folder: &Path) -> Command {
    let mut record = Command::new(&parts.psoxide);
    record.args(options).args(["record", "--interval", "0.05", "--history"]).arg(folder);
    record
}

/// CPU time that `psoxide record` takes for one sample, beyond what its start takes.
fn recorder(parts: &Parts, options: &[&str]) -> Result<Duration> {
    let record = |samples: u32| {
        let folder = parts.temp.join("recorded");
        let _ = fs::remove_dir_all(&folder);
        let before = of_children()?;
        run(record(parts, options, &folder).args(["--count", &samples.to_string()]))?;
        Ok::<_, String>(of_children()?.saturating_sub(before))
    };
    let start = record(FIRST)?;
    Ok(record(FIRST + SAMPLES)?.saturating_sub(start) / SAMPLES)
}

/// The longest time from the start of a recorder whose predecessor was killed until it has written a sample.
fn after_kills(parts: &Parts) -> Result<Duration> {
    const KILLS: u64 = 10;
    let folder = parts.temp.join("killed");
    let mut longest = Duration::ZERO;
    for kill in 0..KILLS {
        let killed = Running::start(&mut record(parts, &[], &folder), &parts.log("killed"))?;
        std::thread::sleep(Duration::from_millis(1000 + 37 * kill));
        drop(killed);
        let begun = Instant::now();
        run(record(parts, &[], &folder).args(["--count", "1"]))?;
        longest = longest.max(begun.elapsed());
    }
    Ok(longest)
}

/// Measures the recorder, and returns its section.
fn recorded(parts: &Parts) -> Result<String> {
    let mix = parts.temp.join("mix");
    let _ = fs::remove_dir_all(&mix);
    let figures = output_of(Command::new(workspace().join("target/release/examples/mix")).arg(&mix))?;
    let figure = |name: &str| {
        let found = figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.ok_or_else(|| format!("the example mix does not say {name}"))
    };
    let closing = Duration::from_secs_f64(figure("close_ms")?.parse::<f64>().map_err(|error| error.to_string())? / 1e3);
    let sleepers = Sleepers::start(RECORDED)?;
    let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let mut rows = String::new();
    for (name, options) in [("/proc", &[][..]), ("BPF", &["--backend", "bpf"])] {
        let sample = recorder(parts, options)?;
        let part = (sample + closing).as_secs_f64() / 5.0 * 100.0;
        rows.push_str(&format!(
            "| CPU time of a sample beside {RECORDED} processes, {name} | {} | {part:.2} % of a core every 5 s, with closing |\n",
            milliseconds(sample)
        ));
    }
    rows.push_str(&format!(
        "| The least for /proc: {} opened, read and closed, and the size of fd, for {RECORDED} processes | {} | bare calls |\n",
        FILES.join(", "),
        milliseconds(bare_files(&sleepers)?)
    ));
    if let Some(walk) = bare_walk()? {
        rows.push_str(&format!(
            "| The least for BPF: a walk over all processes | {} | CPU time of the kernel |\n",
            milliseconds(walk)
        ));
    }
    rows.push_str(&format!(
        "| From the start after a kill to a written sample, longest of 10 | {} | /proc |\n",
        milliseconds(after_kills(parts)?)
    ));
    Ok(format!(
        "## The recorder\n\n`cargo xtask bench-fleet`: CPU time of `psoxide record` for one sample of the usual fields, mean of \
         {SAMPLES} after the first {FIRST}. 0.2 % of a core is 10 ms for a sample every 5 s. Sizes are those of made-up processes (`crates/history/examples/mix.rs`): of {RECORDED}, \
         70 % are idle, 20 % do a little in every second sample, and 10 % are busy. The history in which instants are looked for \
         has 720 hours.\n\n| figure | measured | |\n|---|---:|---|\n{rows}\
         | Bytes for each process and sample, closed hours | {} | all tables |\n\
         | Bytes for each process and sample, the open hour | {} | |\n\
         | CPU time of encoding a sample, and of closing an hour for each of its samples | {} ms, {} ms | |\n\
         | Any instant of 30 days: median, p99 | {} ms, {} ms | files in the page cache |\n",
        figure("closed_bytes")?,
        figure("log_bytes")?,
        figure("append_ms")?,
        figure("close_ms")?,
        figure("instant_median_ms")?,
        figure("instant_p99_ms")?,
    ))
}

/// Measures, and replaces the sections of BENCHMARKS.md.
pub(crate) fn bench() -> Result {
    let mut build = cargo();
    build.args(["build", "--release", "--package", "psoxide-cli", "--package", "psoxide-history"]);
    run(build.args(["--bin", "psoxide", "--example", "mix"]))?;
    let root = workspace().join("target/fleet");
    unpack(&root)?;
    let temp = root.join("bench");
    fs::create_dir_all(&temp).map_err(|error| format!("cannot create {}: {error}", temp.display()))?;
    let parts = Parts {
        psoxide: workspace().join("target/release/psoxide"),
        programs: root.join("root/usr/bin"),
        rotel: root.join("rotel/rotel/rotel-agent"),
        temp: temp.clone(),
    };
    let node = |address: SocketAddr, command: &mut Command| {
        command.arg(format!("--web.listen-address={address}"));
    };
    let config = temp.join("process.yml");
    fs::write(&config, "process_names:\n  - name: \"{{.Comm}}\"\n    cmdline: ['.+']\n")
        .map_err(|error| format!("cannot write {}: {error}", config.display()))?;
    let processes = |address: SocketAddr, command: &mut Command| {
        command.args(["-web.listen-address", &address.to_string(), "-config.path"]).arg(&config);
    };
    let begun = Instant::now();
    let progress = |done: &str| eprintln!("xtask: {done}: measured after {:.0} s", begun.elapsed().as_secs_f64());
    let host = measure(vec![
        Exporter::psoxide(&parts, "psoxide, names of node_exporter", &["--names", "node", "--disable", "processes"])?,
        Exporter::psoxide(&parts, "psoxide, names of OpenTelemetry", &["--disable", "processes"])?,
        Exporter::peer(&parts, "node_exporter 1.9", "prometheus-node-exporter", node)?,
    ])?;
    progress("the machine alone");
    let recorder = recorded(&parts)?;
    progress("the recorder");
    let _sleepers = Sleepers::start(PROCESSES)?;
    let many = measure(vec![
        Exporter::psoxide(&parts, "psoxide, /proc", &["--top", "5"])?,
        Exporter::psoxide(&parts, "psoxide, BPF", &["--backend", "bpf", "--top", "5"])?,
        Exporter::psoxide(&parts, "psoxide, /proc, names of both exporters", &["--names", "node"])?,
        Exporter::psoxide(&parts, "psoxide, BPF, names of both exporters", &["--backend", "bpf", "--names", "node"])?,
        Exporter::psoxide(&parts, "psoxide, BPF, names of all three", &["--backend", "bpf", "--names", "both"])?,
        Exporter::peer(&parts, "process-exporter 0.8.5", "prometheus-process-exporter", processes)?,
    ])?;
    progress("groups of processes");
    let _ = fs::remove_dir_all(&temp);
    let section = format!(
        "## A scrape\n\n`cargo xtask bench-fleet`: CPU time of the exporter for one scrape, mean of {SCRAPES} in turns, or of those \
         that took a minute together; the time until the whole answer was there (p99 of less than 100 scrapes: the longest); \
         resident memory at the end and at its peak.\n\nThe machine alone, without processes:\n\n{HEADING}{host}\n\
         Groups of {PROCESSES} processes beside those of this machine:\n\n{HEADING}{many}"
    );
    let path = workspace().join("BENCHMARKS.md");
    let fail = |error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(fail)?;
    fs::write(&path, replaced(&replaced(&text, &section), &recorder)).map_err(fail)
}

/// The text with its section of the same heading replaced, or with a new one at the end.
fn replaced(text: &str, section: &str) -> String {
    let heading = section.lines().next().unwrap_or_default();
    let Some((before, rest)) = text.split_once(&format!("{heading}\n")) else {
        return format!("{}\n\n{section}", text.trim_end());
    };
    match rest.find("\n## ").and_then(|at| rest.get(at + 1..)) {
        Some(after) => format!("{before}{section}\n{after}"),
        None => format!("{before}{section}"),
    }
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn one_section_is_replaced() {
        let text = "# B\n\n## A\n\nold\n\n## C\n\nkept\n";
        assert_eq!(replaced(text, "## A\n\nnew\n"), "# B\n\n## A\n\nnew\n\n## C\n\nkept\n");
        assert_eq!(replaced("# B\n", "## A\n\nnew\n"), "# B\n\n## A\n\nnew\n");
        assert_eq!(replaced("## A\n\nold\n", "## A\n\nnew\n"), "## A\n\nnew\n");
    }
}
