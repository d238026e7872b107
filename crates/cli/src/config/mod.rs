//! The configuration file: default columns, orders, colours and interval. `config.toml` beside the manifest is an
//! example.

pub(crate) mod top;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::{AnsiColor, Color, RgbColor, Style};
use psoxide::Backend;
use serde::Deserialize;
use toml::Spanned;

use crate::args::{self, When};
use crate::failure::Failure;
use crate::file;
use crate::filter::{find, unknown};
use crate::output::column::Meta;
use crate::output::style::{self, Colours};

/// What the user has configured.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) interval: Option<Duration>,
    pub(crate) pager: Option<String>,
    pub(crate) backend: Option<Backend>,
    pub(crate) color: Option<When>,
    /// The section of the full-screen view.
    pub(crate) top: top::Section,
    /// The file, whether it exists or not.
    pub(crate) path: Option<PathBuf>,
    columns: BTreeMap<String, Vec<String>>,
    sort: BTreeMap<String, String>,
}

/// Returns the columns of a command; none for a command that has none or does not exist.
pub(crate) type ColumnsOf = dyn Fn(&str) -> Vec<Meta>;

/// The keys of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    interval: Option<Spanned<toml::Value>>,
    pager: Option<String>,
    backend: Option<Spanned<String>>,
    color: Option<Spanned<String>>,
    #[serde(default)]
    columns: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    #[serde(default)]
    sort: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    colors: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    top: top::Written,
}

/// What is wrong, and at which bytes of the file.
type Mistake = (Range<usize>, String);

impl Config {
    /// Reads the named file, or the default one if it exists.
    pub(crate) fn load(named: Option<&Path>, columns_of: &ColumnsOf) -> Result<Self, Failure> {
        let Some(path) = named.map(Path::to_owned).or_else(default_path) else { return Ok(Self::default()) };
        let bytes = match file::read(&path) {
            Ok(bytes) => bytes,
            // su and sudo may leave the home of another user in HOME, which this user cannot enter.
            Err(error) if named.is_none() && is_out_of_reach(&error) => {
                return Ok(Self { path: Some(path), ..Self::default() });
            }
            Err(error) => return Err(wrong(&path, "", error)),
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            wrong(&path, &position(&String::from_utf8_lossy(error.as_bytes()), valid), "not UTF-8")
        })?;
        match Self::parse(&text, columns_of) {
            Ok(config) => Ok(Self { path: Some(path), ..config }),
            Err((place, message)) => Err(wrong(&path, &position(&text, place.start), message)),
        }
    }

    fn parse(text: &str, columns_of: &ColumnsOf) -> Result<Self, Mistake> {
        let file: Written = toml::from_str(text).map_err(|error| {
            (error.span().unwrap_or_default(), error.message().lines().collect::<Vec<_>>().join(" "))
        })?;
        let interval = file.interval.map(|value| self::interval(&value));
        let backend = file.backend.map(|name| args::backend(name.get_ref()).map_err(|message| (name.span(), message)));
        let color = file.color.map(|choice| match choice.get_ref().as_str() {
            "auto" => Ok(When::Auto),
            "always" => Ok(When::Always),
            "never" => Ok(When::Never),
            other => Err((choice.span(), format!("color is auto, always or never, not {other:?}"))),
        });
        let mut columns = BTreeMap::new();
        for (command, names) in file.columns {
            let metas = listing(&command, columns_of)?;
            for name in &names {
                check(&metas, name.get_ref(), name.span())?;
            }
            columns.insert(command.into_inner(), names.into_iter().map(Spanned::into_inner).collect());
        }
        let mut sort = BTreeMap::new();
        for (command, order) in file.sort {
            let metas = listing(&command, columns_of)?;
            for name in order.get_ref().split(',') {
                check(&metas, name.trim_start_matches(['-', '+']), order.span())?;
            }
            sort.insert(command.into_inner(), order.into_inner());
        }
        let mut colours = Colours::default();
        for (name, text) in file.colors {
            let Some(slot) = colours.slot(name.get_ref()) else {
                let names = Colours::NAMES.join(", ");
                return Err((name.span(), format!("unknown colour {:?}; the colours are {names}", name.get_ref())));
            };
            *slot = parse_style(text.get_ref()).map_err(|message| (text.span(), message))?;
        }
        style::set(colours);
        let top = file.top.check(&columns_of("top"))?;
        let (interval, color, backend) = (interval.transpose()?, color.transpose()?, backend.transpose()?);
        Ok(Self { interval, pager: file.pager, color, backend, top, path: None, columns, sort })
    }

    /// Reads a configuration from its text.
    #[cfg(test)]
    pub(crate) fn from_text(text: &str, columns_of: &ColumnsOf) -> Result<Self, String> {
        Self::parse(text, columns_of).map_err(|(_, message)| message)
    }

    /// The columns of `command`.
    pub(crate) fn columns(&self, command: &str) -> Option<&[String]> {
        self.columns.get(command).map(Vec::as_slice)
    }

    /// The order of its rows.
    pub(crate) fn sort(&self, command: &str) -> Option<&str> {
        self.sort.get(command).map(String::as_str)
    }
}

/// Reads an interval: a number of seconds, or text such as "500ms".
fn interval(value: &Spanned<toml::Value>) -> Result<Duration, Mistake> {
    let written = match value.get_ref() {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        _ => String::new(),
    };
    args::interval(&written).map_err(|message| (value.span(), message))
}

fn default_path() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG Base Directory Specification says to ignore relative paths.
    let directory = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    Some(directory.or_else(|| Some(set("HOME")?.join(".config")))?.join("psoxide/config.toml"))
}

fn is_out_of_reach(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

fn wrong(path: &Path, place: &str, message: impl Display) -> Failure {
    Failure::Usage(format!("{}{place}: {message}", path.display()))
}

/// `:LINE:COLUMN` of a byte, both from one.
fn position(text: &str, byte: usize) -> String {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

/// The columns of a command.
fn listing(command: &Spanned<String>, columns_of: &ColumnsOf) -> Result<Vec<Meta>, Mistake> {
    let metas = columns_of(command.get_ref());
    if metas.is_empty() {
        return Err((command.span(), format!("no command {:?} has columns", command.get_ref())));
    }
    Ok(metas)
}

fn check(metas: &[Meta], name: &str, span: Range<usize>) -> Result<(), Mistake> {
    if find(metas, name).is_some() { Ok(()) } else { Err((span, unknown(metas, name))) }
}

/// A style: words of bold, dim, italic, underline, reverse, a colour's name (with bright- before it) or `#rrggbb`.
fn parse_style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    for word in text.split_whitespace() {
        style = match word {
            "bold" => style.bold(),
            "dim" => style.dimmed(),
            "italic" => style.italic(),
            "underline" => style.underline(),
            "reverse" => style.invert(),
            name => style.fg_color(Some(colour(name).ok_or_else(|| {
                format!("unknown style {name:?}; use bold, dim, italic, underline, reverse, a colour such as bright-red, or #ff8000")
            })?)),
        };
    }
    Ok(style)
}

fn colour(name: &str) -> Option<Color> {
    if let Some(hex) = name.strip_prefix('#') {
        let rgb = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        let [_, r, g, b] = rgb.to_be_bytes();
        return Some(RgbColor(r, g, b).into());
    }
    let (bright, name) = name.strip_prefix("bright-").map_or((false, name), |name| (true, name));
    let colour = match name {
        "black" => AnsiColor::Black,
        "red" => AnsiColor::Red,
        "green" => AnsiColor::Green,
        "yellow" => AnsiColor::Yellow,
        "blue" => AnsiColor::Blue,
        "magenta" => AnsiColor::Magenta,
        "cyan" => AnsiColor::Cyan,
        "white" => AnsiColor::White,
        _ => return None,
    };
    Some(colour.bright(bright).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wrong_at(text: &str, place: &str, part: &str) {
        let (span, message) = Config::parse(text, &crate::cmd::columns_of).unwrap_err();
        assert_eq!(position(text, span.start), place, "{message}");
        assert!(message.contains(part), "{message}");
    }

    #[test]
    fn mistakes_have_a_place() {
        wrong_at("interval = \n", ":1:12", "");
        wrong_at("intervall = 2\n", ":1:1", "intervall");
        wrong_at("# x\ninterval = -1\n", ":2:12", "10ms");
        wrong_at("color = \"pink\"\n", ":1:9", "auto, always or never");
        wrong_at("backend = \"netlink\"\n", ":1:11", "use auto, proc, bpf");
        wrong_at("[columns]\nps = [\"pid\", \"wrong\"]\n", ":2:14", "\"wrong\"; the columns are pid");
        wrong_at("[columns]\npss = []\n", ":2:1", "pss");
        wrong_at("[sort]\nps = \"-pid,x\"\n", ":2:6", "\"x\"");
        wrong_at("[colors]\nheader = \"bold pinkish\"\n", ":2:10", "pinkish");
        wrong_at("[colors]\nhat = \"red\"\n", ":2:1", "header");
    }

    #[test]
    fn configured_values_are_used() {
        let text = "interval = 2.5\npager = \"\"\nbackend = \"bpf\"\n[columns]\nps = [\"pid\", \"rss\"]\n[sort]\nps = \"-rss,pid\"\n";
        let config = Config::parse(text, &crate::cmd::columns_of).unwrap();
        assert_eq!(config.interval, Some(Duration::from_millis(2500)));
        assert_eq!(config.backend, Some(Backend::Bpf));
        assert_eq!(config.columns("ps"), Some(&["pid".to_owned(), "rss".to_owned()][..]));
        assert_eq!((config.sort("ps"), config.sort("free")), (Some("-rss,pid"), None));
    }

    #[test]
    fn the_example_is_valid() {
        let config = Config::parse(include_str!("../../config.toml"), &crate::cmd::columns_of).unwrap();
        assert!(config.columns("ps").is_some() && config.columns("top").is_some());
    }

    #[test]
    fn styles() {
        assert_eq!(parse_style("bold bright-red"), Ok(Style::new().bold().fg_color(Some(AnsiColor::BrightRed.into()))));
        assert_eq!(parse_style("#ff8000"), Ok(Style::new().fg_color(Some(RgbColor(255, 128, 0).into()))));
        assert!(parse_style("#ff80").is_err());
    }
}
