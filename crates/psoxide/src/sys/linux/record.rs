//! Copies the files that the Linux readings use.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use psoxide_capture::Entry;
use psoxide_parse::passwd;

use super::captured::ONLY;
use super::files::{MACHINE, PROCESS};
use super::source::Source;
use crate::sys::question::Capture;
use crate::{Error, Pid, Result};

/// Copies the files of the machine into `capture`, and those of the processes `pids`. An empty list means all
/// processes.
///
/// A file that the kernel refuses is recorded as refused, like most files of other users' processes. A file that is
/// gone is left out.
pub(super) fn record(source: &Source, mut capture: Capture, pids: &[Pid]) -> Result<Capture> {
    source.require_live("recording a capture")?;
    capture.header.page_size = source.page_size();
    capture.header.clock_ticks = source.clock_ticks();
    capture.header.big_endian = !source.little_endian();
    for pattern in MACHINE {
        add(&mut capture, pattern);
    }
    if !pids.is_empty() {
        let pids = pids.iter().map(Pid::to_string).collect::<Vec<_>>();
        capture.record(ONLY, Ok(pids.join(" ").into_bytes()));
    }
    let all = if pids.is_empty() { source.pids()? } else { Vec::new() };
    for pid in pids.iter().chain(&all) {
        let before = capture.entries.len();
        for pattern in PROCESS {
            add(&mut capture, &format!("proc/{pid}/{pattern}"));
        }
        if capture.entries.len() == before && !pids.is_empty() {
            return Err(Error::no_such_process(*pid));
        }
    }
    // Only names and ids, because the other fields hold full names and home directories.
    let passwd = fs::read("/etc/passwd").unwrap_or_default();
    capture.entries.insert(b"etc/passwd".to_vec(), Entry::File(names(&passwd)));
    Ok(capture)
}

/// Returns the lines of /etc/passwd, reduced to names and ids.
fn names(passwd: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for user in passwd::users(passwd) {
        if let Some(gid) = user.gid {
            out.extend_from_slice(&[user.name, b":x:", user.uid, b":", gid, b":::\n"].concat());
        }
    }
    out
}

/// Adds every path that matches the pattern, or the error number with which the kernel refused it.
fn add(capture: &mut Capture, pattern: &str) {
    let mut found = vec![PathBuf::new()];
    for part in pattern.split('/') {
        found = match part.strip_suffix('*') {
            None => found.iter().map(|path| path.join(part)).collect(),
            Some(prefix) => found.iter().flat_map(|path| children(capture, path, prefix)).collect(),
        };
    }
    for path in found {
        let live = Path::new("/").join(&path);
        let entry = match fs::read_link(&live) {
            Ok(target) => Entry::Link(target.into_os_string().into_vec()),
            // The path is not a link. Devices and pipes would block, so they are skipped.
            Err(error) if error.kind() == ErrorKind::InvalidInput && !live.is_file() => continue,
            Err(error) if error.kind() == ErrorKind::InvalidInput => match fs::read(&live) {
                Ok(bytes) => Entry::File(bytes),
                Err(error) => {
                    refused(capture, "file", &live, &error);
                    continue;
                }
            },
            Err(error) => {
                // It may be a link or a file, because even its type is refused.
                refused(capture, "link", &live, &error);
                continue;
            }
        };
        capture.entries.insert(path.as_os_str().as_bytes().to_vec(), entry);
    }
}

/// Lists the entries of a directory whose names begin with `prefix`.
fn children(capture: &mut Capture, path: &Path, prefix: &str) -> Vec<PathBuf> {
    let live = Path::new("/").join(path);
    let items = match fs::read_dir(&live) {
        Ok(items) => items,
        Err(error) => {
            refused(capture, "dir", &live, &error);
            return Vec::new();
        }
    };
    let names = items.flatten().map(|item| item.file_name());
    let wanted = |name: &OsString| name.as_bytes().starts_with(prefix.as_bytes());
    names.filter(wanted).map(|name| path.join(name)).collect()
}

/// Records that the kernel refused a path, unless the path does not exist.
fn refused(capture: &mut Capture, what: &str, path: &Path, error: &io::Error) {
    let is_missing = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    match (error.raw_os_error(), path.to_str()) {
        // ESRCH: the process has ended, or never had such a file. For example, kernel threads have no memory.
        (Some(errno), Some(path)) if !is_missing && errno != libc::ESRCH => {
            capture.record(format!("{what} {path}"), Err(errno));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_ids_of_users_are_copied() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\nanna:secret:1000:100:Anna M.:/home/anna:/bin/sh\nodd\n";
        assert_eq!(names(passwd), b"root:x:0:0:::\nanna:x:1000:100:::\n");
    }
}
