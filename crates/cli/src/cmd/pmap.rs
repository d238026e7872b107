//! The memory maps of a process.

use std::io::Write;

use psoxide::{Pid, ToValue as _};

use crate::output::table::Table;
use crate::output::{escape, json};
use crate::{Context, Outcome};

pub(crate) fn run(context: &Context, out: &mut dyn Write, pid: Pid, grouped: bool) -> Outcome {
    let process = context.system.process(pid)?;
    let kib = |bytes: u64| (bytes / 1024).to_string();
    let maybe = |bytes: Option<u64>| bytes.map_or_else(|| "-".into(), kib);
    let sum = |pss: &mut Option<u64>, part: Option<u64>| *pss = pss.zip(part).map(|(a, b)| a.saturating_add(b));
    let (mut rss, mut pss) = (0u64, Some(0u64));
    let mut table;
    if grouped {
        let maps = process.memory_maps_grouped()?;
        if context.json {
            json::write(out, "pmap", "rows", json::value(&maps.to_value()))?;
            return Ok(true);
        }
        table = Table::new(&[">RSS", ">PSS", "PATH"]);
        for map in maps {
            rss = rss.saturating_add(map.rss);
            sum(&mut pss, map.pss);
            table.row(vec![kib(map.rss), maybe(map.pss), escape(map.path.as_os_str())]);
        }
        table.row(vec![kib(rss), maybe(pss), "total".into()]);
    } else {
        let maps = process.memory_maps()?;
        if context.json {
            json::write(out, "pmap", "rows", json::value(&maps.to_value()))?;
            return Ok(true);
        }
        table = Table::new(&["ADDRESS", ">RSS", ">PSS", "PERMS", "PATH"]);
        for map in maps {
            rss = rss.saturating_add(map.rss);
            sum(&mut pss, map.pss);
            let range = format!("{:012x}-{:012x}", map.start, map.end);
            let perms = escape(map.perms.as_ref());
            table.row(vec![range, kib(map.rss), maybe(map.pss), perms, escape(map.path.as_os_str())]);
        }
        table.row(vec!["total".into(), kib(rss), maybe(pss)]);
    }
    table.write(out, context.width)?;
    Ok(true)
}
