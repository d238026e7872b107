//! The history that `psoxide record` writes: where it is, and what it holds.

use std::path::PathBuf;
use std::time::SystemTime;

use psoxide_history::{History, Sample, from_millis, to_millis};

use crate::failure::{Failure, is_root};
use crate::output::{human, say};

/// The folder of the history: the one that an option names, else the usual one of this user.
pub(crate) fn folder(named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(folder) = named {
        return Ok(folder.clone());
    }
    if is_root() {
        return Ok("/var/lib/psoxide/history".into());
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")));
    let state =
        state.ok_or_else(|| Failure::Usage("neither XDG_STATE_HOME nor HOME is set; use --history DIR".into()))?;
    Ok(state.join("psoxide/history"))
}

/// Opens the history in a folder that an option names, else that of this user.
pub(crate) fn open(named: Option<&PathBuf>) -> Result<History, Failure> {
    let folder = folder(named)?;
    History::open(&folder)
        .map_err(|error| Failure::Other(format!("{}: {error} (psoxide record records one)", folder.display())))
}

/// Says where a history could not be read.
pub(crate) fn cannot_read(history: &History) -> impl Fn(std::io::Error) -> Failure + 'static {
    let folder = history.path().clone();
    move |error| Failure::Other(format!("{}: {error}", folder.display()))
}

/// The sample of an instant, and the one before it, from which its rates are computed.
/// Says so if the record has a gap at that time.
pub(crate) fn at(named: Option<&PathBuf>, time: SystemTime) -> Result<(Sample, Option<Sample>), Failure> {
    let (now, before) = pair(&mut open(named)?, time)?;
    // The user may name a time to a second.
    if !is_within(&now, to_millis(time).saturating_sub(1000)) {
        let [wanted, shown] = [time, now.taken()].map(human::time);
        say(&format!("no sample at {wanted}; showing the last one before, of {shown}"));
    }
    Ok((now, before))
}

/// As [`at`], of a history that is open.
pub(crate) fn pair(history: &mut History, time: SystemTime) -> Result<(Sample, Option<Sample>), Failure> {
    let cannot = cannot_read(history);
    let Some(now) = history.at(to_millis(time)).map_err(&cannot)? else {
        let first = history.list().map_err(&cannot)?.first().map(|first| human::time(from_millis(first.first)));
        let first = first.unwrap_or_default();
        return Err(Failure::Other(format!("{}: begins later, at {first}", history.path().display())));
    };
    let before = history.before(&now).map_err(&cannot)?.filter(|before| is_near(before, &now));
    Ok((now, before))
}

/// Whether a sample is so soon before another one that rates between them mean something.
pub(crate) fn is_near(before: &Sample, now: &Sample) -> bool {
    before.time <= now.time && is_within(before, now.time)
}

/// Whether a time is at most four intervals after a sample, or before it.
fn is_within(sample: &Sample, time: i64) -> bool {
    let interval = i64::try_from(sample.header.interval.as_millis()).unwrap_or(i64::MAX);
    time.saturating_sub(sample.time) <= interval.saturating_mul(4)
}
