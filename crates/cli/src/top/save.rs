//! Writing the settings back to the configuration file.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::settings::Settings;

/// Writes the settings to the configuration file and returns its path.
///
/// The file is replaced as a whole, so that a reader sees the old one or the new one. A symbolic link stays one.
pub(crate) fn save(settings: &Settings, path: Option<&Path>) -> Result<PathBuf, String> {
    let path = path.ok_or("no home directory is set; name a file with --config")?;
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let target = match std::fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    let before = match std::fs::read_to_string(&target) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let after = settings.write_to(&before).map_err(|error| format!("{}: {}", path.display(), error.trim()))?;
    if let Some(directory) = target.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let mut name = target.clone().into_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(name);
    let replaced = write(&new, &after, &target).and_then(|()| std::fs::rename(&new, &target));
    if let Err(error) = replaced {
        let _ = std::fs::remove_file(&new); // it may never have been made
        return Err(failed(error));
    }
    Ok(path.to_owned())
}

/// Writes a new file with the permissions of the old one.
fn write(new: &Path, text: &str, old: &Path) -> std::io::Result<()> {
    let mut file = std::fs::File::create_new(new)?;
    if let Ok(old) = std::fs::metadata(old) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
