//! Memory that each process alone uses.

use std::io::Write;

use psoxide::ErrorKind;

use crate::output::json::Object;
use crate::output::table::Table;
use crate::output::{command, escape, human, json};
use crate::{Context, Outcome};

pub(crate) fn run(context: &Context, out: &mut dyn Write) -> Outcome {
    let mut refused = 0u32;
    let mut rows = Vec::new();
    for process in context.system.processes()? {
        let process = process.oneshot();
        match process.memory_footprint() {
            Ok(footprint) if footprint.uss > 0 => rows.push((footprint, process)),
            Ok(_) => {}
            Err(error) => match error.kind() {
                ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess => {}
                ErrorKind::AccessDenied => refused += 1,
                _ => return Err(error.into()),
            },
        }
    }
    rows.sort_by_key(|(footprint, _)| std::cmp::Reverse(footprint.uss));
    let found = !rows.is_empty();
    if context.json {
        let mut list = Vec::new();
        for (footprint, process) in rows {
            let mut row = Object::default();
            row.set("pid", process.pid());
            row.reading("username", process.username());
            row.reading("cmdline", process.cmdline());
            row.set("uss", footprint.uss);
            row.set("pss", footprint.pss);
            row.set("swap", footprint.swap);
            row.reading("rss", process.memory_info().map(|info| info.rss));
            list.push(row.finish());
        }
        json::write(out, "procsmem", "rows", list.into())?;
    } else {
        let mut table = Table::new(&[">PID", "USER", ">USS", ">PSS", ">SWAP", ">RSS", "CMDLINE"]);
        let maybe = |bytes: Option<u64>| bytes.map_or_else(|| "-".into(), human::bytes);
        for (footprint, process) in rows {
            let line = match process.cmdline() {
                Ok(cmdline) if !cmdline.is_empty() => command(&cmdline),
                _ => process.name().map_or_else(|_| "?".into(), |name| escape(&name)),
            };
            table.row(vec![
                process.pid().to_string(),
                process.username().map_or_else(|_| "?".into(), |name| escape(&name)),
                human::bytes(footprint.uss),
                maybe(footprint.pss),
                maybe(footprint.swap),
                process.memory_info().map_or_else(|_| "?".into(), |info| human::bytes(info.rss)),
                line,
            ]);
        }
        table.write(out, context.width)?;
    }
    out.flush()?;
    if refused > 0 {
        let noun = if refused == 1 { "process" } else { "processes" };
        let _ = writeln!(anstream::stderr(), "psoxide: {refused} {noun} refused to be read: permission denied");
    }
    Ok(found)
}
