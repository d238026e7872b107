//! Prometheus, VictoriaMetrics and rotel take what psoxide sends.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Parts, Running, eventually, free_address, get, get_with};
use crate::steps::{Result, run, workspace};

/// Rules as people write them, over both sets of names.
const RULES: &str = r#"
groups:
  - name: psoxide
    rules:
      - record: instance:cpu:rate5m
        expr: sum without (cpu_mode) (rate(system_cpu_time_seconds_total{cpu_mode!="idle"}[5m]))
      - alert: FileSystemAlmostFull
        expr: system_filesystem_usage_bytes{system_filesystem_state="free"} / on (system_device, system_filesystem_mountpoint) group_left system_filesystem_limit_bytes < 0.05
      - alert: SourceDown
        expr: psoxide_source_up == 0
      - alert: GroupGrew
        expr: predict_linear(psoxide_group_memory_usage_bytes[1h], 3600) > 1e12
  - name: node
    rules:
      - alert: NodeFilesystemAlmostOutOfSpace
        expr: node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} * 100 < 5 and node_filesystem_readonly == 0
      - alert: NodeHighCpu
        expr: sum without (mode) (avg without (cpu) (rate(node_cpu_seconds_total{mode!~"idle|iowait"}[2m]))) * 100 > 90
      - alert: ProcessGone
        expr: namedprocess_namegroup_num_procs == 0
"#;

fn write(path: &Path, text: &str) -> Result {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// promtool checks both formats and both sets of names, and the rules.
pub(super) fn promtool(parts: &Parts) -> Result {
    let (_ours, ours) = parts.serve(&["--names", "both", "--enable", "interrupts,tcpstat,connections", "--details"])?;
    let body = get(ours, "/metrics")?;
    let mut checker = parts.program("promtool");
    let child =
        checker.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("cannot start promtool: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(body.as_bytes()).map_err(|error| format!("cannot write to promtool: {error}"))?;
    }
    let done = child.wait_with_output().map_err(|error| format!("promtool: {error}"))?;
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    // 1 is a syntax error, 3 are remarks about names, which others chose.
    let remarks: Vec<&str> = said.lines().filter(|line| !is_known_remark(line)).collect();
    if !matches!(done.status.code(), Some(0 | 3)) || !remarks.is_empty() {
        return Err(format!("promtool check metrics ({}):\n{}", done.status, remarks.join("\n")));
    }
    let rules = parts.temp.join("rules.yml");
    write(&rules, RULES)?;
    run(parts.program("promtool").args(["check", "rules"]).arg(rules))
}

/// Remarks about names that others chose: node_exporter's, and counts of the conventions.
fn is_known_remark(line: &str) -> bool {
    line.is_empty() || line.starts_with("node_") || line.contains("should not have \"_count\" suffix")
}

/// Percent-encodes a query.
fn encoded(query: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    query.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Whether a query has a result.
fn has_result(engine: SocketAddr, query: &str) -> Result<bool> {
    let answer = get(engine, &format!("/api/v1/query?query={}", encoded(query)))?;
    if !answer.contains("\"status\":\"success\"") {
        return Err(format!("{query}: {answer}"));
    }
    Ok(!answer.contains("\"result\":[]"))
}

fn wait_for(engine: SocketAddr, query: &str) -> Result {
    eventually(|| match has_result(engine, query)? {
        true => Ok(()),
        false => Err(format!("{query} has no result")),
    })
}

/// Prometheus scrapes us and node_exporter: each expression of the dashboard that the one answers, the other does too.
pub(super) fn prometheus(parts: &Parts) -> Result {
    let (_ours, ours) = parts.serve(&["--names", "both", "--enable", "interrupts,tcpstat"])?;
    let (_node, node) = parts.node_exporter()?;
    let engine = free_address()?;
    write(&parts.temp.join("rules.yml"), RULES)?;
    let config = parts.temp.join("prometheus.yml");
    let job = |name: &str, address| format!("  - job_name: {name}\n    static_configs: [{{targets: ['{address}']}}]\n");
    let text = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yml]\nscrape_configs:\n{}{}",
        job("psoxide", ours),
        job("node", node)
    );
    write(
        &config,
        &text.replace("scrape_interval: 1s, scrape_timeout: 1s", "scrape_interval: 3s, scrape_timeout: 3s"),
    )?;
    let mut command = parts.program("prometheus");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", parts.temp.join("prometheus").display()));
    command.arg(format!("--web.listen-address={engine}"));
    let _engine = Running::start(&mut command, &parts.log("prometheus"))?;
    for job in ["psoxide", "node"] {
        wait_for(engine, &format!("up{{job=\"{job}\"}} == 1"))?;
    }
    let rules = get(engine, "/api/v1/rules")?;
    if rules.contains("\"health\":\"err\"") || !rules.contains("NodeHighCpu") {
        return Err(format!("the rules do not work: {rules}"));
    }
    wait_for(engine, "count(system_cpu_time_seconds_total) > 3")?;
    wait_for(engine, "psoxide_source_up{psoxide_source=\"cpu\"} == 1")?;
    dashboard(engine)
}

/// The expressions of the dashboard, as facts.
fn dashboard(engine: SocketAddr) -> Result {
    let path = workspace().join("testdata/dashboard-1860.txt");
    let facts = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let lines: Vec<Vec<String>> = facts
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').skip(1).map(str::to_owned).collect())
        .collect();
    let distinct: BTreeSet<&String> = lines.iter().flatten().collect();
    let answered = |job: &str| -> Result<BTreeSet<&String>> {
        let mut found = BTreeSet::new();
        for selector in &distinct {
            let (name, labels) = selector.split_once('{').unwrap_or((selector, "}"));
            let comma = if labels == "}" { "" } else { "," };
            if has_result(engine, &format!("{name}{{job=\"{job}\"{comma}{labels}"))? {
                found.insert(*selector);
            }
        }
        Ok(found)
    };
    let (ours, theirs) = (answered("psoxide")?, answered("node")?);
    let count =
        |found: &BTreeSet<&String>| lines.iter().filter(|line| line.iter().all(|one| found.contains(one))).count();
    let (our_count, their_count) = (count(&ours), count(&theirs));
    eprintln!(
        "xtask: dashboard 1860: psoxide answers {our_count} of {} expressions, node_exporter {their_count}",
        lines.len()
    );
    // A socket's state lasts a moment, and one of the two may see it alone.
    let lacking: Vec<_> =
        theirs.difference(&ours).filter(|one| !one.starts_with("node_tcp_connection_states")).collect();
    match lacking.as_slice() {
        [] => Ok(()),
        lacking => Err(format!("node_exporter answers what psoxide does not: {lacking:?}")),
    }
}

/// VictoriaMetrics scrapes us, takes OTLP, and answers queries about both.
pub(super) fn victoria(parts: &Parts) -> Result {
    let (_ours, ours) = parts.serve(&["--names", "otel"])?;
    let engine = free_address()?;
    let config = parts.temp.join("victoria.yml");
    write(
        &config,
        &format!(
            "scrape_configs:\n  - job_name: psoxide\n    scrape_interval: 1s\n    static_configs: [{{targets: ['{ours}']}}]\n"
        ),
    )?;
    let mut command = parts.program("victoria-metrics");
    command.arg(format!("-httpListenAddr={engine}")).arg("-search.latencyOffset=0s");
    command.arg(format!("-promscrape.config={}", config.display()));
    command.arg(format!("-storageDataPath={}", parts.temp.join("victoria").display()));
    let _engine = Running::start(&mut command, &parts.log("victoria"))?;
    eventually(|| get(engine, "/health"))?;
    wait_for(engine, "system_memory_usage_bytes{system_memory_state=\"used\",job=\"psoxide\"}")?;
    push(parts, &format!("http://{engine}/opentelemetry/v1/metrics"), &["--count", "2", "--interval", "0.5"])?;
    for query in [
        "{__name__=\"system.cpu.time\",\"cpu.mode\"=\"user\"}",
        "{__name__=\"process.memory.usage\",\"process.pid\"!=\"\"}",
        "{__name__=\"psoxide.group.process.count\"}",
        "{__name__=\"system.memory.usage\",\"service.name\"=\"psoxide\"}",
    ] {
        wait_for(engine, query)?;
    }
    Ok(())
}

/// Runs `psoxide push` to its end.
fn push(parts: &Parts, endpoint: &str, options: &[&str]) -> Result {
    let mut push = Command::new(&parts.psoxide);
    push.args(["push", endpoint, "--queue"]).arg(parts.temp.join("queue")).args(options);
    run(&mut push)
}

/// rotel takes OTLP, also what was kept while it was away.
pub(super) fn rotel(parts: &Parts) -> Result {
    let (http, grpc) = (free_address()?, free_address()?);
    let endpoint = format!("http://{http}");
    let queue = parts.temp.join("kept");
    let mut push = Command::new(&parts.psoxide);
    push.args(["push", &endpoint, "--queue"]).arg(&queue).args(["--interval", "0.2", "--count", "20"]);
    let mut pushing = Running::start(&mut push, &parts.log("push"))?;
    // Nobody listens yet.
    eventually(|| match fs::read_dir(&queue).map(Iterator::count) {
        Ok(2..) => Ok(()),
        other => Err(format!("the queue holds {other:?}")),
    })?;
    let log = parts.log("rotel");
    let mut command = Command::new(&parts.rotel);
    command.args(["start", "--otlp-http-endpoint", &http.to_string(), "--otlp-grpc-endpoint", &grpc.to_string()]);
    command.args(["--exporter", "blackhole", "--debug-log", "metrics", "--debug-log-verbosity", "detailed"]);
    let _rotel = Running::start(&mut command, &log)?;
    let ended = eventually(|| match pushing.0.try_wait() {
        Ok(Some(status)) => Ok(status),
        Ok(None) => Err("push does not end".into()),
        Err(error) => Err(error.to_string()),
    })?;
    let said = fs::read_to_string(parts.log("push")).unwrap_or_default();
    if !ended.success() || fs::read_dir(&queue).map(Iterator::count).unwrap_or(1) != 0 {
        return Err(format!("push ended with {ended}, or left something in the queue:\n{said}"));
    }
    eventually(|| {
        let taken = fs::read_to_string(&log).unwrap_or_default();
        let missing = ["system.cpu.time", "process.pid", "psoxide.group.name", "service.instance.id"];
        match missing.into_iter().find(|word| !taken.contains(word)) {
            None => Ok(()),
            Some(word) => Err(format!("rotel has not seen {word}")),
        }
    })?;
    let _ = get_with(http, "/", "");
    Ok(())
}
