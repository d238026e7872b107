//! The names of users, remembered until the user database changes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::linux::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::Result;

/// The names that have been looked up, until /etc/passwd changes.
#[derive(Debug, Default)]
pub(super) struct UserNames(Mutex<Option<KnownNames>>);

#[derive(Debug)]
struct KnownNames {
    passwd: Option<Stamp>,
    since: Instant,
    names: HashMap<u32, Option<OsString>>,
}

/// What tells one state of /etc/passwd from another.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    dev: u64,
    ino: u64,
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let file = file.metadata().ok()?;
        Some(Self {
            dev: file.st_dev(),
            ino: file.st_ino(),
            size: file.st_size().try_into().ok()?,
            modified: (file.st_mtime(), file.st_mtime_nsec()),
            changed: (file.st_ctime(), file.st_ctime_nsec()),
        })
    }
}

impl UserNames {
    /// How long a name is remembered. Users of a network directory leave no trace in /etc/passwd.
    const LIFE: Duration = Duration::from_secs(60);

    /// Returns the remembered name of a user id, or what `find` returns now.
    pub(super) fn get(
        &self,
        passwd: &Path,
        uid: u32,
        find: impl FnOnce() -> Result<Option<OsString>>,
    ) -> Result<Option<OsString>> {
        let stamp = Stamp::of(passwd);
        // If another thread holds the lock, or held it when this process was forked off, the memory is skipped.
        if let Ok(mut known) = self.0.try_lock() {
            match &mut *known {
                Some(known) if known.passwd == stamp && known.since.elapsed() < Self::LIFE => {
                    if let Some(name) = known.names.get(&uid) {
                        return Ok(name.clone());
                    }
                }
                known => *known = Some(KnownNames { passwd: stamp, since: Instant::now(), names: HashMap::new() }),
            }
        }
        let name = find()?;
        if let Ok(mut known) = self.0.try_lock() {
            known.iter_mut().for_each(|known| drop(known.names.insert(uid, name.clone())));
        }
        Ok(name)
    }
}
