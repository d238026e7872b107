//! Numbers and times for people.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A number of things: `1 process`, `2 processes`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Bytes in the unit that fits: `512B`, `1.5Ki`, `23Gi`.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut text = String::new();
    bytes_to(&mut text, bytes);
    text
}

/// Appends [`bytes`].
pub(crate) fn bytes_to(text: &mut String, bytes: u64) {
    if bytes < 1024 { _ = write!(text, "{bytes}B") } else { fraction_to(text, bytes as f64) }
}

/// As [`bytes`], of a measured number: `0B`, `12.5B`, `1.5Ki`.
pub(crate) fn fraction(bytes: f64) -> String {
    let mut text = String::new();
    fraction_to(&mut text, bytes);
    text
}

/// Appends [`fraction`].
pub(crate) fn fraction_to(text: &mut String, bytes: f64) {
    if bytes < 1000.0 {
        let digits = usize::from(bytes < 9.95 && bytes > 0.0);
        _ = write!(text, "{bytes:.digits$}B");
        return;
    }
    let mut value = bytes;
    let mut unit = "";
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
        value /= 1024.0;
        unit = next;
        if value < 1000.0 {
            break;
        }
    }
    // As `free -h`: one decimal below ten, else the whole number without its fraction.
    if value < 9.95 { _ = write!(text, "{value:.1}{unit}") } else { _ = write!(text, "{:.0}{unit}", value.trunc()) }
}

/// A local time to the second.
pub(crate) fn time(time: SystemTime) -> String {
    local(time).map_or_else(|| "?".into(), |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// The time of the day.
pub(crate) fn clock(time: SystemTime) -> String {
    local(time).map_or_else(|| "?".into(), |time| time.strftime("%H:%M:%S").to_string())
}

/// A start time in five columns: the time if it was today, else the day.
pub(crate) fn started(time: SystemTime, now: SystemTime) -> String {
    let Some(time) = local(time) else { return "?".into() };
    let today = local(now).is_some_and(|now| now.date() == time.date());
    time.strftime(if today { "%H:%M" } else { "%b%d" }).to_string()
}

fn local(time: SystemTime) -> Option<Zoned> {
    Timestamp::try_from(time).ok().map(|time| time.to_zoned(zone()))
}

/// Returns the time zone of this machine, or the one that `TZ` names.
///
/// We read /etc/localtime (tzset(3)) ourselves. jiff would search all zones for its name, which costs more than the rest
/// of a short listing.
pub(crate) fn zone() -> TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    let here = || match std::env::var_os("TZ") {
        None => TimeZone::tzif("", &std::fs::read("/etc/localtime").ok()?).ok(),
        Some(_) => None,
    };
    ZONE.get_or_init(|| here().unwrap_or_else(TimeZone::system)).clone()
}

/// CPU time: `1:02.50`, minutes and seconds.
pub(crate) fn cpu_time(time: Duration) -> String {
    let mut text = String::new();
    cpu_time_to(&mut text, time);
    text
}

/// Appends [`cpu_time`].
pub(crate) fn cpu_time_to(text: &mut String, time: Duration) {
    _ = write!(text, "{}:{:02}.{:02}", time.as_secs() / 60, time.as_secs() % 60, time.subsec_millis() / 10);
}

/// A long span: `3 days, 4:05`.
pub(crate) fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    let clock = format!("{}:{:02}", minutes / 60 % 24, minutes % 60);
    match minutes / (60 * 24) {
        0 => clock,
        1 => format!("1 day, {clock}"),
        days => format!("{days} days, {clock}"),
    }
}

/// Twenty columns, filled by `percent`.
pub(crate) fn bar(percent: f64) -> String {
    let filled: String = (0..20).map(|i| if f64::from(i) * 5.0 + 2.5 <= percent { '|' } else { ' ' }).collect();
    format!("[{filled}] {percent:5.1}%")
}

/// The part of `whole`, in hundredths.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// CPU numbers as ranges: `0-3,8`.
pub(crate) fn ranges(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &n in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(n) => *last = n,
            _ => ranges.push((n, n)),
        }
    }
    let show = |(first, last)| if first == last { format!("{first}") } else { format!("{first}-{last}") };
    ranges.into_iter().map(show).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(bytes(0), "0B");
        assert_eq!(bytes(1536), "1.5Ki");
        assert_eq!(bytes(1024 * 1024 - 1), "1.0Mi");
        assert_eq!(bytes(23 << 30), "23Gi");
        // What procps 4.0.2 prints for these, as `free -h`.
        let kib = [9, 999, 1000, 10_188, 1_024_000, 1_047_552, 24 * 1024 * 1024 - 300];
        let shown = ["9.0Ki", "999Ki", "1.0Mi", "9.9Mi", "1.0Gi", "1.0Gi", "23Gi"];
        assert_eq!(kib.map(|kib| bytes(kib * 1024)), shown);
        assert_eq!(bytes(u64::MAX), "16Ei");
        assert_eq!(bytes(1023), "1023B");
        assert_eq!([0.0, 0.25, 12.5, 1000.0].map(fraction), ["0B", "0.2B", "12B", "1.0Ki"]);
    }

    #[test]
    fn spans() {
        assert_eq!(cpu_time(Duration::from_millis(62_505)), "1:02.50");
        assert_eq!(span(Duration::from_secs(3 * 86_400 + 4 * 3600 + 300)), "3 days, 4:05");
    }

    #[test]
    fn bars_and_ranges() {
        assert_eq!(bar(0.0), format!("[{}]   0.0%", " ".repeat(20)));
        assert_eq!(bar(100.0), format!("[{}] 100.0%", "|".repeat(20)));
        assert_eq!(ranges(&[0, 1, 2, 3, 8]), "0-3,8");
    }
}
