//! What an exporter sends: families of points, each with labels and a value.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// How the points of a family behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the count starts again from zero.
    Counter,
    /// A sum that grows and shrinks: adding up its points makes sense.
    UpDownCounter,
    /// A value at one moment.
    Gauge,
    /// Always 1; the labels are the message.
    Info,
    /// What the exporter that invented the name does not say.
    Unknown,
}

/// The value of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A count beyond `i64`, or any other number.
    Float(f64),
}

impl From<u64> for Number {
    #[allow(clippy::cast_precision_loss)] // beyond 2^63 the last bits do not matter
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Float(value as f64), Self::Int)
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        u64::try_from(value).unwrap_or(u64::MAX).into()
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Number {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<Duration> for Number {
    fn from(value: Duration) -> Self {
        Self::Float(value.as_secs_f64())
    }
}

/// A label: its name and its value.
pub type Label = (Cow<'static, str>, String);

/// One value of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The labels. The first `resource` of them say which process is described, if one is.
    pub labels: Vec<Label>,
    /// How many of the labels describe the process.
    pub resource: usize,
    /// The value.
    pub value: Number,
    /// When a counter began to count; `None`: at boot.
    pub start: Option<SystemTime>,
}

/// All points of one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name: with dots as OpenTelemetry has it, or as a Prometheus exporter has it.
    pub name: Cow<'static, str>,
    /// One sentence.
    pub help: &'static str,
    /// The unit of a name of OpenTelemetry, as UCUM writes it; empty for names that say it themselves.
    pub unit: &'static str,
    /// How the points behave.
    pub kind: Kind,
    /// The points.
    pub points: Vec<Point>,
}

/// A metric of OpenTelemetry, or one of ours in its form.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name, with dots.
    pub name: &'static str,
    /// How the points behave.
    pub kind: Kind,
    /// The unit, as UCUM writes it.
    pub unit: &'static str,
    /// One sentence.
    pub help: &'static str,
}

/// Families, each name once, by name.
#[derive(Debug, Default)]
pub struct Families(BTreeMap<Cow<'static, str>, Family>);

/// Labels of a point that is being added.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

impl Families {
    /// The family of this name, which is made if it is new.
    pub fn family(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        unit: &'static str,
        help: &'static str,
    ) -> &mut Vec<Point> {
        let name = name.into();
        let new = || Family { name: name.clone(), help, unit, kind, points: Vec::new() };
        &mut self.0.entry(name.clone()).or_insert_with(new).points
    }

    /// Adds a point of a metric.
    pub fn add(&mut self, metric: &Metric, labels: Labels<'_>, value: impl Into<Number>) {
        self.family(metric.name, metric.kind, metric.unit, metric.help).push(point(labels, value));
    }

    /// Adds a point of a metric that began to count at `start`, and describes the process that `resource` identifies.
    pub fn add_of(
        &mut self,
        metric: &Metric,
        resource: &[Label],
        labels: Labels<'_>,
        value: impl Into<Number>,
        start: Option<SystemTime>,
    ) {
        let labels = resource.iter().cloned().chain(labels.iter().map(label)).collect();
        let point = Point { labels, resource: resource.len(), value: value.into(), start };
        self.family(metric.name, metric.kind, metric.unit, metric.help).push(point);
    }

    /// Adds a point of a counter with the name that an exporter of Prometheus gave it.
    pub fn counter(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        help: &'static str,
        labels: Labels<'_>,
        value: impl Into<Number>,
    ) {
        self.family(name, Kind::Counter, "", help).push(point(labels, value));
    }

    /// Adds a point of a gauge with the name that an exporter of Prometheus gave it.
    pub fn gauge(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        help: &'static str,
        labels: Labels<'_>,
        value: impl Into<Number>,
    ) {
        self.family(name, Kind::Gauge, "", help).push(point(labels, value));
    }

    /// Adds a point whose exporter does not say how it behaves.
    pub fn unknown(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        help: &'static str,
        labels: Labels<'_>,
        value: impl Into<Number>,
    ) {
        self.family(name, Kind::Unknown, "", help).push(point(labels, value));
    }

    /// Counts the points of all families.
    #[must_use]
    pub fn points(&self) -> usize {
        self.0.values().map(|family| family.points.len()).sum()
    }

    /// Keeps no more than `most` points: the families with most of them lose their last ones. Returns how many are lost.
    pub fn limit(&mut self, most: usize) -> usize {
        let all = self.points();
        if all <= most {
            return 0;
        }
        let mut sizes: Vec<usize> = self.0.values().map(|family| family.points.len()).collect();
        sizes.sort_unstable();
        // What each family may have, if the small ones keep all of theirs.
        let (mut room, mut left, mut each) = (most, sizes.len(), 0);
        for size in sizes {
            each = room / left.max(1);
            if size > each {
                break;
            }
            room -= size;
            left -= 1;
        }
        self.0.values_mut().for_each(|family| family.points.truncate(each));
        self.0.retain(|_, family| !family.points.is_empty());
        all - self.points()
    }

    /// The families, by name.
    #[must_use]
    pub fn finish(self) -> Vec<Family> {
        self.0.into_values().collect()
    }

    /// Adds the points of other families.
    pub fn merge(&mut self, other: Self) {
        for (_, Family { name, help, unit, kind, points }) in other.0 {
            self.family(name, kind, unit, help).extend(points);
        }
    }
}

fn label((name, value): &(&'static str, &str)) -> Label {
    (Cow::Borrowed(*name), (*value).to_owned())
}

fn point(labels: Labels<'_>, value: impl Into<Number>) -> Point {
    Point { labels: labels.iter().map(label).collect(), resource: 0, value: value.into(), start: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_families_lose_points() {
        let with = |sizes: &[(&'static str, usize)]| {
            let mut families = Families::default();
            for (name, size) in sizes {
                (0..*size).for_each(|_| families.gauge(*name, "", &[], 1_u64));
            }
            families
        };
        let sizes = |families: Families| families.finish().iter().map(|family| family.points.len()).collect::<Vec<_>>();
        for (most, lost, left) in [
            (111, 0, vec![1, 10, 100]),
            (100, 11, vec![1, 10, 89]),
            (13, 98, vec![1, 6, 6]),
            (2, 111, vec![]),
            (0, 111, vec![]),
        ] {
            let mut families = with(&[("a", 1), ("b", 10), ("c", 100)]);
            assert_eq!(families.limit(most), lost, "{most}");
            assert_eq!(sizes(families), left, "{most}");
        }
    }
}
