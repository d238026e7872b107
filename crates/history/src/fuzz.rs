//! What the fuzzer calls: the readers of a log, with bytes that nobody has written.

use std::io;

use crate::columns::{FIELDS, columns};
use crate::delta::State;
use crate::frame::{Framer, Kind};
use crate::header::VERSION;
use crate::log::Log;
use crate::sample::Header;

/// Reads every sample of a log with these bytes. Returns how many there are.
///
/// # Errors
/// The bytes hold no header, or a sample is malformed.
pub fn read_log(bytes: &[u8]) -> io::Result<usize> {
    let log = Log::of(bytes.to_vec())?;
    let mut samples = 0;
    // A key resets the player, so that one player reads all.
    for sample in log.play(0) {
        let sample = sample?;
        let _ = (sample.rows(), sample.system());
        samples += 1;
    }
    Ok(samples)
}

/// Decodes payloads one after the other, each a difference to the sample before, and reads them as the frames of a log.
/// Their checksums are right, so that the decoder sees them.
///
/// # Errors
/// A payload is malformed, or compressing fails.
pub fn read_payloads<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> io::Result<usize> {
    let columns = columns(FIELDS);
    let mut state = State::new(columns.len(), 0);
    let header = Header {
        version: VERSION,
        host: "fuzz".to_owned(),
        os: psoxide::Os::Linux,
        interval: std::time::Duration::from_secs(5),
        columns,
    };
    let mut framer = Framer::new()?;
    let mut log = framer.frame(Kind::Header, 0, 0, 0, &header.to_json())?;
    for (sequence, payload) in (1..).zip(payloads) {
        let kind = if sequence == 1 { Kind::Key } else { Kind::Delta };
        log.extend(framer.frame(kind, sequence, 0, 0, payload)?);
        if state.decode(payload).is_err() {
            break;
        }
    }
    read_log(&log)
}
