//! A configuration in use, which is read again when its files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{WebConfig, tls};

/// A configuration in use, and when its files were changed last.
#[derive(Debug, Default)]
pub struct Watched {
    path: Option<PathBuf>,
    stamps: Vec<(PathBuf, Option<SystemTime>)>,
    /// The configuration.
    pub config: WebConfig,
    /// The TLS that it describes.
    pub tls: Option<tls::Server>,
}

fn stamp(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

impl Watched {
    /// Reads a configuration, if there is one.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn open(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Ok(Self::default()) };
        // Before the files are read: a change in between is seen as one.
        let first = stamp(path);
        let config = WebConfig::load(path)?;
        let mut stamps = vec![(path.to_owned(), first)];
        if let Some(tls) = &config.tls {
            stamps.extend(tls.files().map(|file| (file.to_owned(), stamp(file))));
        }
        let tls = config.tls.as_ref().map(tls::Server::new).transpose()?;
        Ok(Self { path: Some(path.to_owned()), stamps, config, tls })
    }

    /// Reads the configuration again if one of its files was changed, and returns whether it was.
    ///
    /// # Errors
    /// A sentence that names the file; what was in use stays in use.
    pub fn refresh(&mut self) -> Result<bool, String> {
        if self.stamps.iter().all(|(path, then)| stamp(path) == *then) {
            return Ok(false);
        }
        match Self::open(self.path.as_deref()) {
            Ok(new) => {
                *self = new;
                Ok(true)
            }
            Err(error) => {
                // Said once for each change.
                self.stamps.iter_mut().for_each(|(path, then)| *then = stamp(path));
                Err(error)
            }
        }
    }
}
