//! Reads small files that the user or a copied machine may have replaced by something else.

use std::fs::File;
use std::io::{Error, Read as _, Result};
use std::path::Path;

/// The largest file that is read: far more than any configuration or list of users.
const LARGEST: u64 = 1 << 20;

/// Reads a regular file of limited size. Anything else could block for ever or never end: a FIFO, a device.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST) {
        return Ok(bytes);
    }
    Err(Error::other("larger than 1 MiB"))
}
