//! Every figure of memory and swap, explained.

use clap::Args;
use psoxide::{FieldInfo, Pressure, PressureOf, Reading, Record, Unit, Value};

use super::free::Memory;
use super::{Subcommand, global};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, Shape, cell};
use crate::output::say;
use crate::output::value::{self, Cell, Scale};

#[derive(Args)]
pub(crate) struct Meminfo {
    #[command(flatten)]
    list: ListArgs,
}

/// A row: one figure.
struct Figure {
    of: &'static str,
    name: String,
    value: Reading<Value<'static>>,
    unit: Unit,
    doc: &'static str,
}

const LISTING: Listing<Figure> = Listing {
    command: Meminfo::NAME,
    columns: &[
        Column::new(
            "of",
            "OF",
            Unit::Text,
            "What the figure belongs to: memory, swap or pressure.",
            |figure: &Figure| cell(&figure.of),
        ),
        Column::new("name", "NAME", Unit::Text, "Name of the figure.", |figure: &Figure| cell(&figure.name)),
        Column::new("value", "VALUE", Unit::Count, "Value, in the unit of the column unit.", |figure: &Figure| {
            figure.value.as_ref().map(Clone::clone)
        })
        .shape(Shape::Number)
        .shown(|figure, out| {
            // What could not be read is written, and counted, as in every listing.
            let is_read = figure.value.value().is_some();
            if is_read {
                value::write(out, &figure.value, figure.unit, Scale::Human, std::time::SystemTime::UNIX_EPOCH);
            }
            is_read
        }),
        Column::new("unit", "UNIT", Unit::Text, "Unit of the value: bytes, percent or seconds.", |figure: &Figure| {
            Reading::Value(Value::Text(std::ffi::OsStr::new(unit(figure.unit)).into()))
        }),
        Column::new("meaning", "MEANING", Unit::Text, "What the figure means.", |figure: &Figure| cell(&figure.doc))
            .shown(|figure, out| {
                out.push_str(figure.doc.trim());
                true
            }),
    ],
    table: &["of", "name", "value", "unit", "meaning"],
    data: &["of", "name", "value", "unit"],
    spare: &["unit"],
    wraps: true,
    ..Listing::DEFAULT
};

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => "percent",
        Unit::Seconds => "seconds",
        _ => "bytes",
    }
}

impl Subcommand for Meminfo {
    const NAME: &'static str = "meminfo";
    const ABOUT: &'static str = "Every figure of memory, swap and memory pressure, explained";
    const REFUSES: global::Groups = &[global::BACKEND];
    const FILTER: &'static str = "of == swap && value > 0";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("meminfo", "all figures"),
        ("meminfo --filter 'of == swap'", "swap only"),
        ("meminfo --json", "for another program"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        let mut failed = None;
        let found = LISTING.run(context, &self.list, None, |_| {
            let memory;
            (memory, failed) = Memory::read(system)?;
            let mut rows = figures("memory", "", &memory.memory);
            rows.extend(figures("swap", "", &memory.swap));
            match system.pressure(PressureOf::Memory) {
                Ok(Pressure { some, full, .. }) => {
                    for (prefix, stall) in [("some.", some), ("full.", full)] {
                        rows.extend(stall.into_iter().flat_map(|s| figures("pressure", prefix, &Reading::Value(s))));
                    }
                }
                Err(error) if error.is_unsupported() => {}
                Err(error) => return Err(error.into()),
            }
            Ok(Sample::of(rows))
        })?;
        failed.iter().for_each(|sentence: &String| say(sentence));
        Ok(found)
    }
}

/// The figures of a record. One that could not be read has them too, with the reason for their absence. One that a kernel
/// does not have has none.
fn figures<T: Record>(of: &'static str, prefix: &str, record: &Reading<T>) -> Vec<Figure> {
    if matches!(record, Reading::Unsupported) {
        return Vec::new();
    }
    let mut values = record.value().map(|record| record.values().into_iter());
    let mut value = || match values.as_mut().and_then(Iterator::next) {
        Some(value) => own(value),
        None => record.as_ref().map(|_| Value::None),
    };
    let figure = |FieldInfo { name, unit, doc, .. }: &FieldInfo| Figure {
        of,
        name: format!("{prefix}{name}"),
        value: value(),
        unit: *unit,
        doc,
    };
    T::FIELDS.iter().map(figure).collect()
}

/// Copies a number out of its record.
fn own(value: Value<'_>) -> Cell<'static> {
    Reading::Value(match value {
        Value::Unsigned(n) => Value::Unsigned(n),
        Value::Float(x) => Value::Float(x),
        Value::Duration(time) => Value::Duration(time),
        _ => Value::None,
    })
}
