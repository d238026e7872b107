//! What columns are compared with.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use psoxide::Unit;
use regex_lite::Regex;

use crate::output::column::{Meta, Shape};
use crate::output::human;

/// A value that a person wrote, in the base unit of its column.
#[derive(Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Pattern(Regex),
}

impl Literal {
    pub(super) fn parse(text: &str, quoted: bool, meta: &Meta) -> Result<Self, String> {
        if text == "null" && !quoted {
            return Ok(Self::Null);
        }
        let number = match meta.shape {
            Shape::Text | Shape::Texts | Shape::Endpoint => return Ok(Self::Text(text.into())),
            Shape::Bool => {
                return match text {
                    "yes" | "true" => Ok(Self::Bool(true)),
                    "no" | "false" => Ok(Self::Bool(false)),
                    _ => Err(format!("{} is yes or no, not {text:?}", meta.name)),
                };
            }
            Shape::Time => time(text),
            Shape::Integer | Shape::Number => match meta.unit {
                Unit::Bytes | Unit::BytesPerSecond => size(text),
                Unit::Seconds => span(text),
                Unit::Percent => text.strip_suffix('%').unwrap_or(text).parse().ok(),
                _ => text.parse().ok(),
            },
        };
        number.filter(|number| number.is_finite()).map(Self::Number).ok_or_else(|| {
            let (kind, examples) = match meta.unit {
                Unit::Bytes | Unit::BytesPerSecond => ("a size", "4096, 100K, 1.5G"),
                Unit::Seconds => ("a span of time", "90, 1.5h, 2d"),
                Unit::Time => ("a point in time", "2026-01-31, 2026-01-31T12:00"),
                _ => ("a number", "42, 0.5"),
            };
            format!("{text:?} is not {kind} ({} needs one: {examples})", meta.name)
        })
    }
}

/// A size: a number, K, M, G, T, P or E for powers of 1024, and perhaps `i` and `B`.
fn size(text: &str) -> Option<f64> {
    let number = text.trim_end_matches(['B', 'b']);
    let number = number.strip_suffix('i').unwrap_or(number);
    for (power, unit) in (1..).zip(["K", "M", "G", "T", "P", "E"]) {
        let number = number.strip_suffix(unit).or_else(|| number.strip_suffix(&unit.to_lowercase()));
        if let Some(number) = number {
            return Some(number.parse::<f64>().ok()? * 1024f64.powi(power));
        }
    }
    number.parse().ok()
}

/// A span in seconds: `90`, `90s`, `1.5h`, `500ms`.
pub(crate) fn span(text: &str) -> Option<f64> {
    for (unit, seconds) in [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0), ("w", 604_800.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Some(number.parse::<f64>().ok()? * seconds);
        }
    }
    text.parse().ok()
}

/// A point in time as seconds since 1970: with zone or in local time, a date being its first moment.
fn time(text: &str) -> Option<f64> {
    let stamp = text.parse::<Timestamp>().ok().or_else(|| {
        let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0))).ok()?;
        Some(local.to_zoned(human::zone()).ok()?.timestamp())
    })?;
    Some(stamp.as_duration().as_secs_f64())
}
