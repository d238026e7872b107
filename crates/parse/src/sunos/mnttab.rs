//! `/etc/mnttab`, mnttab(5): the mounted file systems.

use crate::{ParseError, Result, lines};

/// A mounted file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mount<'a> {
    /// What is mounted: a device, a pool, a server's path.
    pub special: &'a [u8],
    /// Where it is mounted.
    pub mountpoint: &'a [u8],
    /// Type: `zfs`, `ufs`, `proc` …
    pub fstype: &'a [u8],
    /// Options, with commas between them.
    pub options: &'a [u8],
}

/// The mounts, in the order they were made. A line without four fields comes as an error in its place.
pub fn mounts(text: &[u8]) -> impl Iterator<Item = Result<Mount<'_>>> {
    lines(text).filter(|line| !line.is_empty()).map(|line| {
        let mut fields = line.split(|byte| *byte == b'\t');
        match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(special), Some(mountpoint), Some(fstype), Some(options)) => {
                Ok(Mount { special, mountpoint, fstype, options })
            }
            _ => Err(ParseError::malformed("mnttab", line)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_between_tabs() {
        let text = b"rpool/ROOT/a b\t/\tzfs\trw,devices,xattr,dev=4310002\t1700000000\nbad line\n/proc\t/proc\tproc\tdev=8f00000\t1\n";
        let found: Vec<_> = mounts(text).collect();
        let first = found[0].as_ref().unwrap();
        assert_eq!((first.special, first.mountpoint, first.fstype), (&b"rpool/ROOT/a b"[..], &b"/"[..], &b"zfs"[..]));
        assert_eq!(first.options, b"rw,devices,xattr,dev=4310002");
        assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    }
}
