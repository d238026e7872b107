//! Unpacks the tree of a capture into files.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

use crate::escape::escape;
use crate::{Capture, Entry};

/// The file in an unpacked root that holds the header and the answers, because no file of /proc has them.
const SIDECAR: &str = ".psoxide";

impl Capture {
    /// Writes the tree into `dir`, and the header and the answers into `.psoxide` there.
    ///
    /// # Errors
    ///
    /// Fails with `InvalidInput` for a name that leads out of `dir`, before anything is written. Fails if the file
    /// system refuses. Existing files and links are not overwritten.
    pub fn unpack(&self, dir: &Path) -> io::Result<()> {
        for name in self.entries.keys() {
            self.check(name)?;
        }
        fs::create_dir_all(dir)?;
        fs::write(dir.join(SIDECAR), self.header.to_text() + &self.answers_to_text())?;
        for (name, entry) in &self.entries {
            let path = dir.join(OsStr::from_bytes(name));
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            match entry {
                Entry::File(bytes) => {
                    fs::OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(bytes)?;
                }
                Entry::Link(target) => std::os::unix::fs::symlink(OsStr::from_bytes(target), &path)?,
                Entry::Dir => fs::create_dir_all(&path)?,
            }
        }
        Ok(())
    }

    /// Refuses names that are absolute, contain `..`, or pass through a link, because each could write elsewhere.
    fn check(&self, name: &[u8]) -> io::Result<()> {
        let path = Path::new(OsStr::from_bytes(name));
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let through_link = path
            .ancestors()
            .skip(1)
            .any(|above| matches!(self.entries.get(above.as_os_str().as_bytes()), Some(Entry::Link(_))));
        if name.is_empty() || !plain || through_link {
            let text = format!("the capture's {} leads out of its tree", escape(name));
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(())
    }
}

/// Unpacks the tree of a capture's text into a directory, which is removed when the returned value is dropped.
///
/// # Errors
///
/// Fails as [`Capture::parse`] and [`Capture::unpack`] do.
#[cfg(feature = "tempdir")]
pub fn unpacked(text: &str) -> Result<tempfile::TempDir, crate::Error> {
    let capture = Capture::parse(text)?;
    let dir = tempfile::tempdir()?;
    capture.unpack(dir.path())?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_written() {
        let text = "psoxide-capture 1\nclock_ticks 250\nbyte_order big\nfile proc/1/cmdline\n>/bin/x\\0\\xff\n\
                    link proc/1/exe -> /bin/x (deleted)\ndir proc/1/fd\n";
        let dir = tempfile::tempdir().unwrap();
        Capture::parse(text).unwrap().unpack(dir.path()).unwrap();
        let process = dir.path().join("proc/1");
        assert_eq!(fs::read(process.join("cmdline")).unwrap(), b"/bin/x\0\xff");
        assert_eq!(fs::read_link(process.join("exe")).unwrap().as_os_str(), "/bin/x (deleted)");
        assert_eq!(fs::read_dir(process.join("fd")).unwrap().count(), 0);
        assert_eq!(
            fs::read_to_string(dir.path().join(SIDECAR)).unwrap(),
            "origin written\nsystem linux\npage_size 4096\nclock_ticks 250\nbyte_order big\n"
        );
    }

    #[test]
    fn nothing_is_written_outside() {
        let dir = tempfile::tempdir().unwrap();
        for entry in ["file /a", "file ../a", "file a/../../b", "dir .", "link a -> /tmp\nfile a/b"] {
            let capture = Capture::parse(&format!("psoxide-capture 1\n{entry}\n")).unwrap();
            let error = capture.unpack(&dir.path().join("in")).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{entry}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
