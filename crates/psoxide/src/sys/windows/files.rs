//! The files that a process has open.
//!
//! Asking a handle what it is may wait for ever: a pipe that another thread reads from answers when that is over. So a
//! thread asks, and is left alone where it does not come back.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use std::{mem, thread};

use psoxide_parse::windows::handle_table;

use super::ffi;
use crate::{Error, OpenFile, Pid, Result};

/// SYSTEM_INFORMATION_CLASS
const EXTENDED_HANDLES: i32 = 64;
/// A file on a disk or a network answers sooner.
const PATIENCE: Duration = Duration::from_millis(200);
/// A thread that asks one handle after the other.
struct Asker {
    files: Sender<File>,
    answers: std::sync::mpsc::Receiver<Option<PathBuf>>,
}

impl Asker {
    fn start() -> Result<Self> {
        let (files, asked) = channel::<File>();
        let (tell, answers) = channel();
        let ask = move || {
            for file in asked {
                let path = ffi::file_path(&file).map(PathBuf::from);
                if tell.send(path).is_err() {
                    return; // nobody waits any more
                }
            }
        };
        thread::Builder::new().name("psoxide-files".into()).spawn(ask).map_err(Error::io)?;
        Ok(Self { files, answers })
    }
}

/// The regular files among the handles of a process, which has been opened to copy them.
pub(super) fn open(process: std::os::windows::io::BorrowedHandle<'_>, pid: Pid) -> Result<Vec<OpenFile>> {
    let table = ffi::system_information(EXTENDED_HANDLES, 1 << 20)?;
    let handles = handle_table::of_process(table.bytes(), pid)?;
    drop(table);
    let mut asker = Asker::start()?;
    let mut files: Vec<OpenFile> = Vec::new();
    for handle in handles {
        // Closed meanwhile, or not to be copied, as that of a process's own token.
        let Ok(file) = ffi::duplicate(process, handle.value) else { continue };
        if asker.files.send(file).is_err() {
            asker = Asker::start()?;
            continue;
        }
        match asker.answers.recv_timeout(PATIENCE) {
            Ok(Some(path)) => {
                let path = without_prefix(path);
                if path.is_file() && files.iter().all(|known| known.path != path) {
                    files.push(OpenFile { path, ..OpenFile::default() });
                }
            }
            Ok(None) => {}
            // It waits on: another takes its place, and it ends when it gets an answer.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                drop(mem::replace(&mut asker, Asker::start()?));
            }
        }
    }
    Ok(files)
}

/// `C:\x` of `\\?\C:\x`, and `\\server\x` of `\\?\UNC\server\x`.
fn without_prefix(path: PathBuf) -> PathBuf {
    let text = path.to_string_lossy();
    match (text.strip_prefix(r"\\?\UNC\"), text.strip_prefix(r"\\?\")) {
        (Some(share), _) => PathBuf::from(format!(r"\\{share}")),
        (None, Some(plain)) => PathBuf::from(plain),
        (None, None) => path,
    }
}
