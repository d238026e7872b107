//! Command lines without secrets.

use psoxide::{Field, FieldSet, Pass, Row, System};
use psoxide_scrub::Scrubber;

/// Reads the command line of a process, its secrets removed.
pub(crate) fn command_line(system: &System, row: &Row, scrubber: &Scrubber) -> Option<String> {
    let process = system.process(row.pid).ok().filter(|process| process.start() == row.start)?;
    let fields: FieldSet = [Field::Cmdline].into_iter().collect();
    let row = process.row(fields, &Pass::default());
    let words = row.cmdline.value()?.iter().map(|word| word.as_encoded_bytes().to_vec()).collect();
    Some(String::from_utf8_lossy(&scrubber.scrub(words).join(&b' ')).into_owned())
}
