//! The values that columns are compared with.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
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
    /// In lower case.
    Text(String),
    Pattern(Regex),
    /// Any of these.
    List(Vec<Literal>),
}

/// The letters of `ps` for the states of a process.
const STATES: [(&str, &str); 7] = [
    ("d", "disk-sleep"),
    ("i", "idle"),
    ("r", "running"),
    ("s", "sleeping"),
    ("t", "stopped"),
    ("x", "dead"),
    ("z", "zombie"),
];

impl Literal {
    pub(super) fn parse(text: &str, quoted: bool, meta: &Meta) -> Result<Self, String> {
        if text == "null" && !quoted {
            return Ok(Self::Null);
        }
        let number = match meta.shape {
            Shape::Text | Shape::Texts | Shape::Holders | Shape::Endpoint => {
                let text = text.to_lowercase();
                let state = STATES.iter().find(|(letter, _)| meta.name == "status" && *letter == text);
                return Ok(Self::Text(state.map_or(text, |(_, state)| (*state).to_owned())));
            }
            Shape::Bool => {
                return match text {
                    "yes" | "true" => Ok(Self::Bool(true)),
                    "no" | "false" => Ok(Self::Bool(false)),
                    _ => Err(format!("{text:?} is not yes or no, the values of {}", meta.name)),
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
                Unit::Seconds => ("a duration", "90, 1.5h, 2d"),
                Unit::Time => ("a time", "2026-01-31, 2026-01-31T12:00, 21:00, 10m ago"),
                _ => ("a number", "42, 0.5"),
            };
            format!("{text:?} is not {kind}; {} is compared with values such as {examples}", meta.name)
        })
    }
}

/// A size in bytes: `4096`, `100K`, `1.5 GiB`. Units are powers of 1024.
pub(crate) fn size(text: &str) -> Option<f64> {
    let text = text.trim().to_lowercase();
    let number = text.strip_suffix('b').unwrap_or(&text);
    let (number, binary) = number.strip_suffix('i').map_or((number, false), |number| (number, true));
    for (power, unit) in (1..).zip(["k", "m", "g", "t", "p", "e"]) {
        if let Some(number) = number.strip_suffix(unit) {
            return Some(number.trim_end().parse::<f64>().ok()? * 1024f64.powi(power));
        }
    }
    if binary { None } else { number.trim_end().parse().ok() }
}

/// A duration in seconds: `90`, `90s`, `1.5h`, `500ms`, `2 days`.
pub(crate) fn span(text: &str) -> Option<f64> {
    const UNITS: [(&[&str], f64); 6] = [
        (&["milliseconds", "ms"], 0.001),
        (&["seconds", "second", "secs", "sec", "s"], 1.0),
        (&["minutes", "minute", "mins", "min", "m"], 60.0),
        (&["hours", "hour", "h"], 3600.0),
        (&["days", "day", "d"], 86_400.0),
        (&["weeks", "week", "w"], 604_800.0),
    ];
    let units = UNITS.iter().flat_map(|(names, seconds)| names.iter().map(move |name| (*name, *seconds)));
    // "ms" also ends in "s": what is before the unit must be a number.
    let with_unit = |(unit, seconds)| Some(text.strip_suffix(unit)?.trim_end().parse::<f64>().ok()? * seconds);
    text.parse().ok().or_else(|| units.filter_map(with_unit).next())
}

/// A point in time as seconds since 1970: `10m ago`, `21:00` (today), or a date and time. A time without a zone is
/// local, and a date means its first moment.
pub(crate) fn time(text: &str) -> Option<f64> {
    let now = Timestamp::now();
    if let Some(ago) = text.strip_suffix("ago") {
        return Some(now.as_duration().as_secs_f64() - span(ago.trim_end())?);
    }
    let today = || now.to_zoned(human::zone()).date();
    let clock = || text.parse::<Time>().ok().filter(|_| text.contains(':'));
    if let Some(at) = match text {
        "now" => return Some(now.as_duration().as_secs_f64()),
        "today" => Some(today().at(0, 0, 0, 0)),
        "yesterday" => today().yesterday().ok().map(|day| day.at(0, 0, 0, 0)),
        _ => match text.split_once(' ') {
            Some(("yesterday", clock)) => today().yesterday().ok().zip(clock.parse().ok()),
            Some(("today", clock)) => Some(today()).zip(clock.parse().ok()),
            _ => clock().map(|clock| (today(), clock)),
        }
        .map(|(day, clock): (Date, Time)| day.to_datetime(clock)),
    } {
        return Some(at.to_zoned(human::zone()).ok()?.timestamp().as_duration().as_secs_f64());
    }
    let stamp = text.parse::<Timestamp>().ok().or_else(|| {
        let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0))).ok()?;
        Some(local.to_zoned(human::zone()).ok()?.timestamp())
    })?;
    Some(stamp.as_duration().as_secs_f64())
}
