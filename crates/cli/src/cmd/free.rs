//! Physical memory and swap, as procps `free` shows them.

use std::io::Write;

use crate::output::json::Object;
use crate::output::table::Table;
use crate::output::{human, json};
use crate::{Context, Outcome};

pub(crate) fn run(context: &Context, out: &mut dyn Write, bytes: bool, human: bool) -> Outcome {
    let memory = context.system.virtual_memory()?;
    let swap = context.system.swap_memory()?;
    let cache = memory.buffers.zip(memory.cached).map(|(buffers, cached)| buffers.saturating_add(cached));
    if context.json {
        let mut data = Object::default();
        let mut mem = Object::default();
        mem.set("total", memory.total);
        mem.set("used", memory.used);
        mem.set("free", memory.free);
        mem.set("shared", memory.shared);
        mem.set("buff_cache", cache);
        mem.set("available", memory.available);
        data.set("memory", mem.finish());
        let mut row = Object::default();
        row.set("total", swap.total);
        row.set("used", swap.used);
        row.set("free", swap.free);
        data.set("swap", row.finish());
        json::write(out, "free", "data", data.finish())?;
        return Ok(true);
    }
    let show = |value: u64| match (bytes, human) {
        (true, _) => value.to_string(),
        (_, true) => human::bytes(value),
        _ => (value / 1024).to_string(),
    };
    let maybe = |value: Option<u64>| value.map_or_else(|| "-".into(), show);
    let mut table = Table::new(&["", ">total", ">used", ">free", ">shared", ">buff/cache", ">available"]);
    table.row(vec![
        "Mem:".into(),
        show(memory.total),
        show(memory.used),
        show(memory.free),
        maybe(memory.shared),
        maybe(cache),
        show(memory.available),
    ]);
    table.row(vec!["Swap:".into(), show(swap.total), show(swap.used), show(swap.free)]);
    table.write(out, context.width)?;
    Ok(true)
}
