//! The options that many commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use psoxide::{Backend, Pid};

use crate::filter::span;

/// Options of every command, behind its own.
#[derive(Args, Default)]
#[command(next_display_order = 100)]
pub(crate) struct Globals {
    /// Write one JSON object; SCHEMA.md and `psoxide schema` say what is in it
    #[arg(long, global = true, group = "format", help_heading = "Output")]
    pub(crate) json: bool,
    /// Write a JSON object for each row, one a line
    #[arg(long, global = true, group = "format", help_heading = "Output")]
    pub(crate) jsonl: bool,
    /// Write comma-separated values in base units
    #[arg(long, global = true, group = "format", help_heading = "Output")]
    pub(crate) csv: bool,
    /// Do not start a pager for output that is longer than the terminal
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) no_pager: bool,
    /// Repeat every so often: 2, 0.5, 500ms, 1m
    #[arg(long, global = true, value_name = "SECONDS", value_parser = interval, help_heading = "Repetition")]
    pub(crate) interval: Option<Duration>,
    /// Repeat so many times
    #[arg(long, global = true, value_name = "TIMES", value_parser = count, help_heading = "Repetition")]
    pub(crate) count: Option<u64>,
    /// Read the machine whose /proc and /sys were copied to DIR/proc and DIR/sys
    #[arg(long, global = true, value_name = "DIR", help_heading = "Source")]
    pub(crate) root: Option<PathBuf>,
    /// Read processes from this backend: auto, proc or bpf
    #[arg(long, global = true, value_name = "NAME", value_parser = backend, help_heading = "Source")]
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
    /// Order by these columns; `-` before a name puts the largest first
    #[arg(long, value_name = "[-]NAME,…", allow_hyphen_values = true, help_heading = "Rows and columns")]
    pub(crate) sort: Option<String>,
    /// Only rows that pass, such as 'name ~ ^py && rss > 100M'
    #[arg(long, value_name = "TEST", help_heading = "Rows and columns")]
    pub(crate) filter: Option<String>,
    /// Leave out the headings
    #[arg(long, help_heading = "Rows and columns")]
    pub(crate) no_header: bool,
    /// Sizes in bytes
    #[arg(long, conflicts_with = "human", help_heading = "Rows and columns")]
    pub(crate) bytes: bool,
    /// Sizes in fitting units
    #[arg(long, help_heading = "Rows and columns")]
    pub(crate) human: bool,
}

/// How often.
fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "it is 1 or more".into())
}

/// The name of a backend.
pub(crate) fn backend(name: &str) -> Result<Backend, String> {
    name.parse().map_err(|error: psoxide::Error| error.to_string())
}

/// A process id.
pub(crate) fn pid(text: &str) -> Result<Pid, String> {
    text.parse().map_err(|_| "a process id is a number, which psoxide pidof NAME finds".into())
}

/// An interval that can be waited for.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let seconds = span(text).filter(|seconds| (0.01..=86_400.0 * 365.0).contains(seconds));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "an interval is 10ms or longer: 2, 0.5, 500ms, 1m".into())
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
