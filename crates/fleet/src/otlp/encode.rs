//! A sample as a request of OTLP.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::message::{
    Any, AnyValue, Data, Gauge, KeyValue, Metric, NumberDataPoint, Request, Resource, ResourceMetrics, Scope,
    ScopeMetrics, Sum, Temporality, Value,
};
use crate::collect::Sample;
use crate::metric::{Family, Kind, Label, Number, Point};
use crate::names::otel::SCHEMA_URL;

/// Attributes whose values are whole numbers in the conventions.
const INTEGERS: [&str; 2] = ["process.pid", "cpu.logical_number"];

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn attribute((key, value): &Label) -> KeyValue {
    let number = INTEGERS.contains(&&**key).then(|| value.parse().ok()).flatten();
    let any = number.map_or_else(|| Any::StringValue(value.clone()), Any::IntValue);
    KeyValue { key: key.clone().into_owned(), value: Some(AnyValue { value: Some(any) }) }
}

/// Writes a sample as a request: one resource for the machine, and one for each process that has series of its own.
#[must_use]
pub fn request(sample: &Sample, resource: &[Label]) -> Request {
    let time = nanos(sample.taken);
    let booted = sample.booted.map_or(0, nanos);
    // The machine comes first: it has no labels of a process.
    let mut resources: BTreeMap<&[Label], Vec<Metric>> = BTreeMap::new();
    for family in sample.families.iter().filter(|family| family.kind != Kind::Info) {
        let mut points: BTreeMap<&[Label], Vec<NumberDataPoint>> = BTreeMap::new();
        for point in &family.points {
            let (of, labels) = point.labels.split_at_checked(point.resource).unwrap_or((&[], &point.labels));
            points.entry(of).or_default().push(data_point(family, point, labels, time, booted));
        }
        for (of, points) in points {
            resources.entry(of).or_default().push(metric(family, points));
        }
    }
    let scope = || Scope { name: "psoxide".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let resource_metrics = resources.into_iter().map(|(of, metrics)| ResourceMetrics {
        resource: Some(Resource { attributes: resource.iter().chain(of).map(attribute).collect() }),
        scope_metrics: vec![ScopeMetrics { scope: Some(scope()), metrics, schema_url: SCHEMA_URL.to_owned() }],
        schema_url: SCHEMA_URL.to_owned(),
    });
    Request { resource_metrics: resource_metrics.collect() }
}

fn data_point(family: &Family, point: &Point, labels: &[Label], time: u64, booted: u64) -> NumberDataPoint {
    let start = point.start.map_or(booted, nanos);
    NumberDataPoint {
        attributes: labels.iter().map(attribute).collect(),
        // A gauge is of one moment. A start after the moment would be a contradiction: the clock was set.
        start_time_unix_nano: if family.kind == Kind::Counter { start.min(time) } else { 0 },
        time_unix_nano: time,
        value: Some(match point.value {
            Number::Int(value) => Value::AsInt(value),
            Number::Float(value) => Value::AsDouble(value),
        }),
    }
}

fn metric(family: &Family, data_points: Vec<NumberDataPoint>) -> Metric {
    let sum = |data_points, is_monotonic| {
        Data::Sum(Sum { data_points, aggregation_temporality: Temporality::Cumulative.into(), is_monotonic })
    };
    Metric {
        name: family.name.clone().into_owned(),
        description: family.help.to_owned(),
        unit: family.unit.to_owned(),
        data: Some(match family.kind {
            Kind::Counter => sum(data_points, true),
            Kind::UpDownCounter => sum(data_points, false),
            Kind::Gauge | Kind::Info | Kind::Unknown => Data::Gauge(Gauge { data_points }),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::metric::Families;
    use crate::names::otel;

    #[test]
    fn a_process_is_a_resource_of_its_own() {
        let second = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut families = Families::default();
        families.add(&otel::CPU_TIME, &[("cpu.mode", "user")], 1.5);
        families.add(&otel::MEMORY_LIMIT, &[], 7_u64);
        let process = [("process.pid".into(), "42".to_owned())];
        families.add_of(&otel::P_CPU_TIME, &process, &[("cpu.mode", "user")], 2.5, Some(second(50)));
        let families = families.finish();
        let sample = Sample { taken: second(100), booted: Some(second(10)), families, news: Vec::new() };
        let request = request(&sample, &[("host.name".into(), "vm".to_owned())]);
        let [machine, process] = request.resource_metrics.as_slice() else { panic!("{request:?}") };
        assert_eq!(machine.schema_url, SCHEMA_URL);
        let keys = |of: &ResourceMetrics| {
            let attributes = &of.resource.as_ref().unwrap().attributes;
            attributes.iter().map(|pair| pair.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(machine), ["host.name"]);
        assert_eq!(keys(process), ["host.name", "process.pid"]);
        let pid = process.resource.as_ref().unwrap().attributes.last().unwrap();
        assert_eq!(pid.value, Some(AnyValue { value: Some(Any::IntValue(42)) }));
        let metrics = |of: &ResourceMetrics| of.scope_metrics.first().unwrap().metrics.clone();
        let Some(Data::Sum(sum)) = metrics(process).first().unwrap().data.clone() else { panic!("no sum") };
        let point = sum.data_points.first().unwrap();
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (50_000_000_000, 100_000_000_000));
        assert_eq!((sum.is_monotonic, sum.aggregation_temporality), (true, 2));
        let machine = metrics(machine);
        let names: Vec<&str> = machine.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, ["system.cpu.time", "system.memory.limit"]);
        let Some(Data::Sum(sum)) = machine.first().unwrap().data.clone() else { panic!("no sum") };
        assert_eq!(sum.data_points.first().unwrap().start_time_unix_nano, 10_000_000_000);
    }
}
