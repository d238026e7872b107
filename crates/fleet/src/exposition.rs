//! Writes families as text: the format of Prometheus 0.0.4, and OpenMetrics 1.0.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::metric::{Family, Kind, Label, Number};
use crate::names::prometheus;

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The text format of Prometheus, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The format that a client prefers, by its `Accept` header. Whoever does not ask for OpenMetrics gets the older one.
    #[must_use]
    pub fn negotiate(accept: Option<&str>) -> Self {
        let mut best = (0.0, Self::Text);
        for range in accept.unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let (mut quality, mut version) = (1.0, None);
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                match key.trim() {
                    "q" => quality = value.trim().parse::<f64>().unwrap_or(0.0),
                    "version" => version = Some(value.trim_matches(['"', ' '])),
                    _ => {}
                }
            }
            let format = match (kind, version) {
                ("application/openmetrics-text", None | Some("1.0.0")) => Self::OpenMetrics,
                ("text/plain", None | Some("0.0.4")) | ("*/*" | "text/*", _) => Self::Text,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, format);
            }
        }
        best.1
    }

    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Writes families.
    #[must_use]
    pub fn write(self, families: &[Family]) -> String {
        let mut text = String::with_capacity(64 * 1024);
        for family in families {
            self.family(family, &mut text);
        }
        if self == Self::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }

    fn family(self, family: &Family, text: &mut String) {
        let (name, unit) = prometheus::name(family);
        // In OpenMetrics a family is named without the suffix of its samples, and must have that suffix.
        let (title, kind) = match (self, family.kind) {
            (Self::Text, Kind::Counter) => (&*name, "counter"),
            (Self::Text, Kind::Unknown) => (&*name, "untyped"),
            (Self::Text, _) => (&*name, "gauge"),
            (Self::OpenMetrics, Kind::Counter) => match name.strip_suffix("_total") {
                Some(title) => (title, "counter"),
                None => (&*name, "unknown"),
            },
            (Self::OpenMetrics, Kind::Info) => match name.strip_suffix("_info") {
                Some(title) => (title, "info"),
                None => (&*name, "gauge"),
            },
            (Self::OpenMetrics, Kind::Unknown) => (&*name, "unknown"),
            (Self::OpenMetrics, _) => (&*name, "gauge"),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP {title} {}", escaped_help(self, family.help));
        let _ = writeln!(text, "# TYPE {title} {kind}");
        if let (Self::OpenMetrics, Some(unit)) = (self, unit)
            && title.strip_suffix(unit).is_some_and(|before| before.ends_with('_'))
        {
            let _ = writeln!(text, "# UNIT {title} {unit}");
        }
        for point in &family.points {
            text.push_str(&name);
            write_labels(&point.labels, text);
            text.push(' ');
            write_number(point.value, text);
            text.push('\n');
        }
    }
}

/// Writes labels in braces; none without labels.
fn write_labels(labels: &[Label], text: &mut String) {
    for (i, (name, value)) in labels.iter().enumerate() {
        text.push(if i == 0 { '{' } else { ',' });
        text.push_str(&prometheus::label(name));
        text.push_str("=\"");
        escape(value, text);
        text.push('"');
    }
    if !labels.is_empty() {
        text.push('}');
    }
}

/// Writes the value of a label.
fn escape(value: &str, text: &mut String) {
    if !value.contains(['\\', '"', '\n']) {
        text.push_str(value);
        return;
    }
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}

fn escaped_help(format: Format, help: &str) -> Cow<'_, str> {
    let quotes = format == Format::OpenMetrics && help.contains('"');
    if !quotes && !help.contains(['\\', '\n']) {
        return help.into();
    }
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    if quotes { help.replace('"', "\\\"").into() } else { help.into() }
}

fn write_number(value: Number, text: &mut String) {
    let _ = match value {
        Number::Int(value) => write!(text, "{value}"),
        Number::Float(value) if value.is_nan() => write!(text, "NaN"),
        Number::Float(value) if value.is_infinite() => write!(text, "{}Inf", if value > 0.0 { '+' } else { '-' }),
        // Rust prints large numbers with all their zeros.
        Number::Float(value) if value.abs() >= 1e18 => write!(text, "{value:e}"),
        Number::Float(value) => write!(text, "{value}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Families, Metric};

    fn sample() -> Vec<Family> {
        const TIME: Metric =
            Metric { name: "system.cpu.time", kind: Kind::Counter, unit: "s", help: "Says \"CPU\" \\ time." };
        let mut all = Families::default();
        all.add(&TIME, &[("cpu.mode", "us\"er\\\n")], 1.5);
        all.counter("node_load", "No suffix.", &[], 2_u64);
        all.unknown("node_vmstat_pgfault", "Untyped.", &[], u64::MAX);
        all.family("target_info", Kind::Info, "", "Resource.").push(crate::metric::Point {
            labels: vec![("host.name".into(), "vm".into())],
            resource: 0,
            value: true.into(),
            start: None,
        });
        all.finish()
    }

    #[test]
    fn text() {
        let expected = "\
# HELP node_load No suffix.
# TYPE node_load counter
node_load 2
# HELP node_vmstat_pgfault Untyped.
# TYPE node_vmstat_pgfault untyped
node_vmstat_pgfault 1.8446744073709552e19
# HELP system_cpu_time_seconds_total Says \"CPU\" \\\\ time.
# TYPE system_cpu_time_seconds_total counter
system_cpu_time_seconds_total{cpu_mode=\"us\\\"er\\\\\\n\"} 1.5
# HELP target_info Resource.
# TYPE target_info gauge
target_info{host_name=\"vm\"} 1
";
        assert_eq!(Format::Text.write(&sample()), expected);
    }

    #[test]
    fn openmetrics() {
        let expected = "\
# HELP node_load No suffix.
# TYPE node_load unknown
node_load 2
# HELP node_vmstat_pgfault Untyped.
# TYPE node_vmstat_pgfault unknown
node_vmstat_pgfault 1.8446744073709552e19
# HELP system_cpu_time_seconds Says \\\"CPU\\\" \\\\ time.
# TYPE system_cpu_time_seconds counter
# UNIT system_cpu_time_seconds seconds
system_cpu_time_seconds_total{cpu_mode=\"us\\\"er\\\\\\n\"} 1.5
# HELP target Resource.
# TYPE target info
target_info{host_name=\"vm\"} 1
# EOF
";
        assert_eq!(Format::OpenMetrics.write(&sample()), expected);
    }

    #[test]
    fn special_numbers() {
        let text = |value: f64| {
            let mut text = String::new();
            write_number(value.into(), &mut text);
            text
        };
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1].map(text), ["NaN", "+Inf", "-Inf", "0.1"]);
    }

    #[test]
    fn the_client_chooses_the_format() {
        const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;\
            version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, format) in [
            (None, Format::Text),
            (Some("*/*"), Format::Text),
            (Some("text/html"), Format::Text),
            (Some(PROMETHEUS), Format::OpenMetrics),
            (Some("application/openmetrics-text; version=\"1.0.0\""), Format::OpenMetrics),
            (Some("application/openmetrics-text;version=2.0.0"), Format::Text),
            (Some("text/plain;q=1, application/openmetrics-text;q=0.1"), Format::Text),
            (Some("application/openmetrics-text;q=x"), Format::Text),
        ] {
            assert_eq!(Format::negotiate(accept), format, "{accept:?}");
        }
    }
}
