//! The exporter for Prometheus.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use psoxide_fleet::serve::{Options, serve};
use psoxide_fleet::{Above, Collector, Config, GroupBy, Grouping, Names, Pattern, SOURCES, keep_heap_small};
use regex_lite::Regex;

use super::{Subcommand, global};
use crate::args;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::output::schema::Body;

/// What is exported, and under which names.
#[derive(Args)]
pub(super) struct ExportArgs {
    /// Names of the series: those of OpenTelemetry (otel), of node_exporter and process-exporter (node), or both
    #[arg(long, value_name = "NAMES", value_enum, default_value = "otel")]
    names: NamesArg,
    /// Group processes by unit (systemd unit or container, else name), cgroup, name, comm (15 bytes of the name), exe or
    /// user [default: unit; comm with --names node]
    #[arg(long, value_name = "WHAT", value_parser = group_by)]
    group_by: Option<GroupBy>,
    /// Put processes whose name or command line matches REGEX into the group NAME (may be repeated, the first wins)
    #[arg(long, value_name = "NAME=REGEX", value_parser = pattern)]
    group: Vec<Pattern>,
    /// Keep the counters of a group without processes for this long
    #[arg(long, value_name = "TIME", value_parser = args::timeout, default_value = "5m")]
    linger: Duration,
    /// Give the N processes that use most CPU time, memory or I/O series of their own
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// Give processes above these thresholds series of their own too: CPU of one processor, memory, I/O in a second
    #[arg(long, value_name = "cpu=50%,memory=1G,io=10M", value_delimiter = ',', value_parser = threshold)]
    above: Vec<Threshold>,
    /// Export at most N series; groups beyond that are counted in the group `other`
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_series: usize,
    /// Give each CPU series of its own
    #[arg(long)]
    per_cpu: bool,
    /// Read file descriptors and context switches of every process too
    #[arg(long)]
    details: bool,
    /// Read the proportional memory of processes, for at most this long in one sample
    #[arg(long, value_name = "TIME", value_parser = args::timeout, num_args = 0..=1, default_missing_value = "500ms")]
    smaps: Option<Duration>,
    /// Show the command lines of single processes, with secrets replaced as far as they can be recognised
    #[arg(long)]
    command_lines: bool,
    /// Add the series of the files *.prom in this directory (--names node)
    #[arg(long, value_name = "DIR")]
    textfiles: Option<PathBuf>,
    /// Read these sources too: connections, interrupts, systemd (node_systemd_*), tcpstat
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = sources(), hide_possible_values = true)]
    enable: Vec<String>,
    /// Do not read these sources (psoxide_source_up names them)
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = sources(), hide_possible_values = true)]
    disable: Vec<String>,
}

/// What a process must use to have series of its own.
#[derive(Debug, Clone, Copy)]
enum Threshold {
    Cpu(f64),
    Memory(u64),
    Io(u64),
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum NamesArg {
    Otel,
    Node,
    Both,
}

impl ExportArgs {
    /// Prepares to sample the machine of `context`.
    pub(super) fn collector(self, context: &Context) -> Collector {
        keep_heap_small();
        let names = match self.names {
            NamesArg::Otel => Names::Otel,
            NamesArg::Node => Names::Node,
            NamesArg::Both => Names::Both,
        };
        let default = if names == Names::Node { GroupBy::Comm } else { GroupBy::Unit };
        let grouping = Grouping {
            by: self.group_by.unwrap_or(default),
            patterns: self.group,
            // process-exporter leaves out what has no command line.
            kernel: names != Names::Node,
            linger: self.linger,
        };
        let on = self.enable.into_iter().map(|name| (name, true));
        let sources = on.chain(self.disable.into_iter().map(|name| (name, false))).collect();
        let mut above = Above::default();
        for threshold in self.above {
            match threshold {
                Threshold::Cpu(cpu) => above.cpu = Some(cpu),
                Threshold::Memory(memory) => above.memory = Some(memory),
                Threshold::Io(io) => above.io = Some(io),
            }
        }
        let config = Config {
            names,
            grouping,
            top: self.top,
            above,
            series: self.max_series,
            per_cpu: self.per_cpu,
            details: self.details,
            smaps: self.smaps.unwrap_or_default(),
            command_lines: self.command_lines,
            textfiles: self.textfiles,
            sources,
        };
        Collector::new(context.system.clone(), config)
    }
}

/// Parses the name of a source.
fn sources() -> PossibleValuesParser {
    PossibleValuesParser::new(SOURCES)
}

fn group_by(name: &str) -> Result<GroupBy, String> {
    let found = GroupBy::NAMES.iter().find(|(known, _)| *known == name);
    found.map(|(_, by)| *by).ok_or_else(|| {
        let names: Vec<_> = GroupBy::NAMES.iter().map(|(name, _)| *name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn threshold(text: &str) -> Result<Threshold, String> {
    const FORM: &str = "expected cpu=50%, memory=1G or io=10M";
    let (name, value) = text.split_once('=').ok_or(FORM)?;
    match name {
        "cpu" => {
            let percent = value.trim_end_matches('%').parse().ok().filter(|percent: &f64| *percent > 0.0);
            percent.map(|percent| Threshold::Cpu(percent / 100.0)).ok_or_else(|| FORM.to_owned())
        }
        "memory" => args::size(value).map(Threshold::Memory),
        "io" => args::size(value).map(Threshold::Io),
        _ => Err(FORM.to_owned()),
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let (group, regex) = text.split_once('=').ok_or("expected NAME=REGEX")?;
    let regex = Regex::new(regex).map_err(|error| error.to_string())?;
    Ok(Pattern { group: group.to_owned(), regex })
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Listen on this address (may be repeated) [default: 127.0.0.1:9750]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Vec<SocketAddr>,
    /// Web configuration of Prometheus' exporter-toolkit: TLS, client certificates, users
    #[arg(long, value_name = "FILE")]
    web_config: Option<PathBuf>,
    /// Answer requests that call this server NAME (may be repeated)
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Listen beyond this machine although everybody could read everything
    #[arg(long)]
    insecure: bool,
    #[command(flatten)]
    export: ExportArgs,
}

impl Subcommand for Serve {
    const NAME: &'static str = "serve";
    const ABOUT: &'static str = "Answer scrapes of Prometheus";
    const DETAILS: &'static str = "Serves /metrics in the text format of Prometheus and in OpenMetrics, /-/healthy, and a page with a link. Processes \
         are exported in groups; --top adds the largest ones by pid. It listens on this machine only, unless --web-config \
         makes everybody say who they are.";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("serve", "on 127.0.0.1:9750, under the names of OpenTelemetry"),
        ("serve --names node", "for dashboards and alerts made for node_exporter"),
        ("serve --group 'db=postgres|mysqld' --top 0", "databases are one group, and no series by pid"),
        ("serve --listen 0.0.0.0:9750 --web-config web.yml", "for other machines, with TLS and users"),
    ];
    const REFUSES: global::Groups = &[global::REPETITION, global::FORMATS, global::PAST, global::HISTORY];

    fn body() -> Body {
        Body::None
    }

    fn run(self, context: &Context) -> Outcome {
        let listen = match self.listen.is_empty() {
            true => vec![(Ipv4Addr::LOCALHOST, 9750).into()],
            false => self.listen,
        };
        let options =
            Options { listen, web_config: self.web_config, allow_hosts: self.allow_host, insecure: self.insecure };
        let collector = self.export.collector(context);
        let ready = |addresses: &[SocketAddr], tls: bool| {
            let scheme = if tls { "https" } else { "http" };
            addresses.iter().for_each(|address| say(&format!("listening on {scheme}://{address}/metrics")));
        };
        match serve(collector, &options, ready, say) {
            Ok(()) => Ok(true),
            Err(error) => Err(Failure::Other(error)),
        }
    }
}
