//! Answers without rows: one thing, or several, with an object for each.

use std::io::Write;
use std::time::SystemTime;

use serde_json::{Map, Value as Json};

use crate::args::Format;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::json::{self, Object};

/// Adds the number and time of a sample, if there are several.
pub(crate) fn stamp(object: &mut Map<String, Json>, context: &Context, turn: u64) {
    if let Some(sampled) = context.sampled {
        object.insert("sampled".into(), json::time(sampled).map_or(Json::Null, Json::String));
    } else if context.repeats() {
        object.insert("sample".into(), turn.into());
        object.insert("sampled".into(), json::time(SystemTime::now()).map_or(Json::Null, Json::String));
    }
}

/// Reads and writes the answer of a command without rows, as often as the user wants.
pub(crate) fn data<T>(
    context: &Context,
    command: &'static str,
    mut read: impl FnMut() -> Result<T, Failure>,
    object: impl Fn(T) -> Result<Object, Failure>,
    text: impl Fn(T, &mut dyn Write) -> Result<(), Failure>,
) -> Outcome {
    data_of_each(context, command, || Ok(vec![read()?]), object, text)
}

/// As [`data`], of several things. In JSON the data of one is an object, that of several an array.
pub(crate) fn data_of_each<T>(
    context: &Context,
    command: &'static str,
    mut read: impl FnMut() -> Result<Vec<T>, Failure>,
    object: impl Fn(T) -> Result<Object, Failure>,
    text: impl Fn(T, &mut dyn Write) -> Result<(), Failure>,
) -> Outcome {
    if context.format == Format::Csv {
        return Err(Failure::Usage(format!("--csv needs rows, and {command} has none; use --json")));
    }
    context.repeat(true, |turn, out| {
        let answers = read()?.into_iter();
        match context.format {
            Format::Json => {
                let mut envelope = json::envelope(command);
                stamp(&mut envelope, context, turn);
                let objects = answers.map(|answer| Ok(object(answer)?.finish()));
                let mut objects = objects.collect::<Result<Vec<Json>, Failure>>()?;
                let data = if objects.len() == 1 { objects.pop().unwrap_or_default() } else { objects.into() };
                envelope.insert("data".into(), data);
                writeln!(out, "{}", json::pretty(&Json::Object(envelope)))?;
            }
            Format::Jsonl => {
                for answer in answers {
                    let mut fields = Map::new();
                    stamp(&mut fields, context, turn);
                    fields.extend(object(answer)?.into_map());
                    writeln!(out, "{}", json::line(&Json::Object(fields)))?;
                }
            }
            Format::Text | Format::Csv => {
                for (i, answer) in answers.enumerate() {
                    if i > 0 {
                        writeln!(out)?;
                    }
                    text(answer, out)?;
                }
            }
        }
        Ok(())
    })?;
    Ok(true)
}
