//! Converts the bytes of a kernel to this machine's text. On Windows, bytes that are not UTF-8 are replaced.

use std::ffi::OsString;
#[cfg(unix)]
use std::os::unix::ffi::OsStringExt as _;

#[cfg(unix)]
pub(crate) fn of(bytes: &[u8]) -> OsString {
    owned(bytes.to_vec())
}

#[cfg(unix)]
pub(crate) fn owned(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

#[cfg(not(unix))]
pub(crate) fn of(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(not(unix))]
pub(crate) fn owned(bytes: Vec<u8>) -> OsString {
    of(&bytes)
}
