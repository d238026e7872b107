//! Pushes samples to a collector of OpenTelemetry.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use psoxide_fleet::otlp;
use psoxide_fleet::otlp::Spool;
use psoxide_fleet::otlp::settings::{Given, Settings};

use super::serve::ExportArgs;
use super::{Subcommand, global};
use crate::args;
use crate::context::Context;
use crate::failure::{Failure, Outcome, is_root};
use crate::filter::size;
use crate::output::say;
use crate::output::schema::Body;

#[derive(Args)]
pub(crate) struct Push {
    /// Collector [default: $OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, or http://localhost:4318/v1/metrics]
    #[arg(value_name = "URL")]
    endpoint: Option<String>,
    /// Send this header (may be repeated)
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// Give up a request after this time and try again [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = args::timeout)]
    timeout: Option<Duration>,
    /// Send requests uncompressed
    #[arg(long)]
    no_compression: bool,
    /// Trust these authorities (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Show this certificate (PEM) to the collector
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Keep samples in this directory while the collector is away [default: $STATE_DIRECTORY, /var/lib/psoxide/push, or
    /// ~/.local/state/psoxide/push]
    #[arg(long, value_name = "DIR")]
    queue: Option<PathBuf>,
    /// Keep at most this much; the oldest samples are dropped first
    #[arg(long, value_name = "SIZE", value_parser = queue_size, default_value = "64M")]
    queue_size: u64,
    #[command(flatten)]
    export: ExportArgs,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn queue_size(text: &str) -> Result<u64, String> {
    let bytes = size(text).filter(|size| (1.0..=1e15).contains(size));
    // The bounds are those of the range above.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    bytes.map(|size| size as u64).ok_or_else(|| "expected a size such as 64M or 1.5GiB".to_owned())
}

/// Where the queue is unless the user says otherwise.
fn queue_folder() -> Option<PathBuf> {
    // systemd names the folder of StateDirectory=.
    if let Some(folder) = env::var_os("STATE_DIRECTORY") {
        return Some(PathBuf::from(folder));
    }
    if is_root() {
        return Some("/var/lib/psoxide/push".into());
    }
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/state")))?;
    Some(state.join("psoxide/push"))
}

impl Subcommand for Push {
    const NAME: &'static str = "push";
    const ABOUT: &'static str = "Send samples to a collector of OpenTelemetry";
    const DETAILS: &'static str = "Sends OTLP over HTTP (protobuf, gzip) every --interval, or minute. While the collector is away, samples are kept in \
         files and sent later, oldest first. OTEL_EXPORTER_OTLP_*, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME and \
         OTEL_METRIC_EXPORT_INTERVAL are honoured; options come first.";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("push http://collector:4318", "a sample each minute"),
        ("push https://otlp.example/v1/metrics --header api-key=$KEY", "to a service that wants a key"),
        ("push --interval 10 --count 1", "one sample; the exit status says whether it was taken"),
    ];
    const REFUSES: global::Groups = &[global::APPEND, global::FORMATS, global::PAST, global::HISTORY];

    fn body() -> Body {
        Body::None
    }

    fn run(self, context: &Context) -> Outcome {
        let given = Given {
            endpoint: self.endpoint,
            headers: self.header,
            interval: context.has_interval().then(|| context.interval()),
            timeout: self.timeout.filter(|timeout| !timeout.is_zero()),
            gzip: self.no_compression.then_some(false),
            ca: self.ca,
            certificate: self.certificate,
            key: self.key,
        };
        let settings = Settings::new(&given, &|name| env::var(name).ok()).map_err(Failure::Usage)?;
        let folder = self.queue.or_else(queue_folder);
        let folder = folder
            .ok_or_else(|| Failure::Usage("there is no directory for the queue; name one with --queue".into()))?;
        let queue = Spool::open(&folder, self.queue_size)
            .map_err(|error| Failure::Other(format!("{}: {error}", folder.display())))?;
        let count = if context.repeats() { context.count() } else { None };
        let collector = self.export.collector(context);
        otlp::push(collector, &settings, queue, count, say).map_err(Failure::Other)
    }
}
