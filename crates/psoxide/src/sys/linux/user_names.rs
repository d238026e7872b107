//! Caches the names of users until the user database changes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::Result;

/// The cached names, valid until /etc/passwd changes.
#[derive(Debug, Default)]
pub(super) struct UserNames(Mutex<Option<KnownNames>>);

#[derive(Debug)]
struct KnownNames {
    passwd: Option<Stamp>,
    since: Instant,
    names: HashMap<u32, Option<OsString>>,
}

/// The state of /etc/passwd: numbers of stat(2), some of which change with every change of the file.
pub(super) type Stamp = [i128; 7];

impl UserNames {
    /// How long a name stays cached. A change of a network directory does not change /etc/passwd.
    const LIFE: Duration = Duration::from_secs(60);

    /// Returns the cached name of a user id, or the result of `find`. `passwd` is the state of the user database.
    pub(super) fn get(
        &self,
        passwd: Option<Stamp>,
        uid: u32,
        find: impl FnOnce() -> Result<Option<OsString>>,
    ) -> Result<Option<OsString>> {
        // If another thread holds the lock, or held it when this process was forked, skip the cache.
        if let Ok(mut known) = self.0.try_lock() {
            match &mut *known {
                Some(known) if known.passwd == passwd && known.since.elapsed() < Self::LIFE => {
                    if let Some(name) = known.names.get(&uid) {
                        return Ok(name.clone());
                    }
                }
                known => *known = Some(KnownNames { passwd, since: Instant::now(), names: HashMap::new() }),
            }
        }
        let name = find()?;
        if let Ok(mut known) = self.0.try_lock() {
            known.iter_mut().for_each(|known| drop(known.names.insert(uid, name.clone())));
        }
        Ok(name)
    }
}
