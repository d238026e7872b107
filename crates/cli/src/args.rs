//! The options that many commands share.

use std::path::PathBuf;
use std::time::Duration;
#[cfg(all(feature = "history", target_os = "linux"))]
use std::time::SystemTime;

use clap::Args;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use psoxide::{Backend, Pid};

use crate::filter::span;

/// The options of every command, listed after its own.
#[derive(Args, Default)]
#[command(next_display_order = 100)]
pub(crate) struct Globals {
    /// Write one JSON object (described in SCHEMA.md and by `psoxide schema`)
    #[arg(long, global = true, group = "format", help_heading = "Output")]
    pub(crate) json: bool,
    /// Write one JSON object per line, one line per row
    #[arg(long, global = true, group = "format", help_heading = "Output")]
    pub(crate) jsonl: bool,
    /// Write comma-separated values in base units
    #[arg(long, global = true, group = "format", help_heading = "Output")]
    pub(crate) csv: bool,
    /// Do not page output that is longer than the terminal
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) no_pager: bool,
    /// Colour the output: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(long, global = true, value_name = "WHEN", value_enum, help_heading = "Output")]
    pub(crate) color: Option<When>,
    /// Refresh every N seconds (2, 0.5, 500ms, 1m)
    #[arg(long, global = true, value_name = "N", value_parser = interval, help_heading = "Repetition")]
    pub(crate) interval: Option<Duration>,
    /// Stop after N refreshes
    #[arg(long, global = true, value_name = "N", value_parser = count, help_heading = "Repetition")]
    pub(crate) count: Option<u64>,
    /// Write each refresh below the one before, instead of redrawing the screen
    #[arg(long, global = true, help_heading = "Repetition")]
    pub(crate) append: bool,
    /// Read another machine: a file that `psoxide capture` wrote, or a directory with its proc and sys
    #[arg(long, global = true, value_name = "FILE|DIR", help_heading = "Source")]
    pub(crate) root: Option<PathBuf>,
    /// Compute rates since this earlier capture of the same machine
    #[arg(long, global = true, value_name = "FILE|DIR", requires = "root", help_heading = "Source")]
    pub(crate) since: Option<PathBuf>,
    /// Show the machine as it was recorded at this time ('yesterday 14:03', '10m ago', 2026-01-31T12:00)
    #[cfg(all(feature = "history", target_os = "linux"))]
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        value_parser = instant,
        allow_hyphen_values = true,
        conflicts_with_all = ["root", "since", "backend"],
        help_heading = "Source"
    )]
    pub(crate) at: Option<SystemTime>,
    /// Folder of the history (default: /var/lib/psoxide/history for root, else ~/.local/state/psoxide/history)
    #[cfg(all(feature = "history", target_os = "linux"))]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "PSOXIDE_HISTORY",
        hide_env_values = true,
        help_heading = "Source"
    )]
    pub(crate) history: Option<PathBuf>,
    /// Read processes from this backend: auto, proc or bpf
    #[arg(long, global = true, value_name = "NAME", value_parser = backend, add = backends(), help_heading = "Source")]
    pub(crate) backend: Option<Backend>,
    /// Read this configuration instead of $XDG_CONFIG_HOME/psoxide/config.toml
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PSOXIDE_CONFIG",
        hide_env_values = true,
        help_heading = "Source"
    )]
    pub(crate) config: Option<PathBuf>,
}

/// When to colour the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    Jsonl,
    Csv,
}

impl Globals {
    pub(crate) fn format(&self) -> Format {
        match (self.json, self.jsonl, self.csv) {
            (true, ..) => Format::Json,
            (_, true, _) => Format::Jsonl,
            (_, _, true) => Format::Csv,
            _ => Format::Text,
        }
    }
}

/// Options of every listing.
#[derive(Args, Default)]
pub(crate) struct ListArgs {
    /// Show these columns, by name or heading
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "Rows and columns")]
    pub(crate) columns: Option<Vec<String>>,
    /// Sort by these columns (`-` before a name: largest first)
    #[arg(long, value_name = "[-]NAME,…", allow_hyphen_values = true, help_heading = "Rows and columns")]
    pub(crate) sort: Option<String>,
    /// Show rows that pass this test
    #[arg(long, value_name = "TEST", help_heading = "Rows and columns")]
    pub(crate) filter: Option<String>,
    /// Show at most N rows
    #[arg(long, value_name = "N", value_parser = limit, help_heading = "Rows and columns")]
    pub(crate) limit: Option<usize>,
    /// Omit the headings
    #[arg(long, help_heading = "Rows and columns")]
    pub(crate) no_header: bool,
    /// Do not cut lines at the width of the terminal
    #[arg(long, help_heading = "Rows and columns")]
    pub(crate) wide: bool,
    /// Sizes in bytes
    #[arg(long, conflicts_with = "human", help_heading = "Rows and columns")]
    pub(crate) bytes: bool,
    /// Human-readable sizes (Ki, Mi, Gi)
    #[arg(short = 'h', long, help_heading = "Rows and columns")]
    pub(crate) human: bool,
}

impl ListArgs {
    /// The first option given that is about the form of a table alone.
    pub(crate) fn form(&self) -> Option<&'static str> {
        let forms =
            [(self.no_header, "--no-header"), (self.wide, "--wide"), (self.bytes, "--bytes"), (self.human, "--human")];
        forms.into_iter().find_map(|(given, option)| given.then_some(option))
    }
}

/// A number of refreshes.
fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "expected a number from 1".into())
}

/// A number of rows.
fn limit(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "expected a number from 1".into())
}

/// Completes the name of a backend.
fn backends() -> ArgValueCandidates {
    ArgValueCandidates::new(|| ["auto", "proc", "bpf"].map(CompletionCandidate::new).into())
}

/// The name of a backend.
pub(crate) fn backend(name: &str) -> Result<Backend, String> {
    name.parse().map_err(|error: psoxide::Error| error.to_string())
}

/// A process id.
pub(crate) fn pid(text: &str) -> Result<Pid, String> {
    text.parse().map_err(|_| "expected a numeric PID (find one with `psoxide pidof NAME`)".into())
}

/// A time to wait, 0 for none.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let seconds = span(text).filter(|seconds| (0.0..=86_400.0 * 365.0).contains(seconds));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a time such as 0, 10, 500ms or 2m".into())
}

/// A point in time.
#[cfg(all(feature = "history", target_os = "linux"))]
pub(crate) fn instant(text: &str) -> Result<SystemTime, String> {
    let since = crate::filter::time(text).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    time.ok_or_else(|| "expected a time such as 'yesterday 14:03', '10m ago', 21:00 or 2026-01-31T12:00".into())
}

/// A number of bytes.
#[cfg(all(feature = "history", target_os = "linux"))]
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let bytes = crate::filter::size(text).filter(|bytes| (0.0..=1e18).contains(bytes));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range
    bytes.map(|bytes| bytes as u64).ok_or_else(|| "expected a size such as 500M or 2G".into())
}

/// The time between two refreshes.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let seconds = span(text).filter(|seconds| (0.01..=86_400.0 * 365.0).contains(seconds));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected 10ms or more, such as 2, 0.5, 500ms, 1m".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        assert_eq!(interval("2"), Ok(Duration::from_secs(2)));
        assert_eq!(interval("500ms"), Ok(Duration::from_millis(500)));
        for odd in ["0", "-1", "", "soon", "nan", "inf", "1e300"] {
            assert!(interval(odd).is_err(), "{odd}");
        }
    }
}
