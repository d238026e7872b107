//! `/proc/self/mounts` and `/proc/filesystems`: proc_pid_mounts(5), fstab(5), proc_filesystems(5).

use crate::cursor::{lines, octal};
use crate::{Cursor, ParseError, Result};

/// One mounted filesystem, its escapes decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The device, or whatever the filesystem calls itself.
    pub device: Vec<u8>,
    /// Where it is mounted.
    pub mountpoint: Vec<u8>,
    /// The filesystem's type.
    pub fstype: Vec<u8>,
    /// The options, separated by commas.
    pub opts: Vec<u8>,
}

/// Parses the whole of `/proc/self/mounts`. A line that is not of its form is skipped: sandboxes write such lines.
pub fn parse(bytes: &[u8]) -> Result<Vec<Mount>> {
    Ok(lines(bytes).filter_map(|line| mount(line).ok()).collect())
}

fn mount(line: &[u8]) -> Result<Mount> {
    let mut cursor = Cursor::new(line);
    // Not tokens: a device may be empty, and only the space and newline are always escaped.
    let mut next = |field| cursor.until(b' ').map(unescape).ok_or_else(|| ParseError::missing(field));
    let (device, mountpoint, fstype) = (next("device")?, next("mountpoint")?, next("fstype")?);
    let opts = cursor.until(b' ').unwrap_or_else(|| cursor.rest());
    if opts.is_empty() {
        return Err(ParseError::missing("opts"));
    }
    Ok(Mount { device, mountpoint, fstype, opts: unescape(opts) })
}

/// Decodes the bytes that the kernel escapes in every field; what else follows a backslash stays.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut cursor = Cursor::new(text);
    let mut plain = Vec::with_capacity(text.len());
    while let Some(before) = cursor.until(b'\\') {
        plain.extend(before);
        let mut after = cursor;
        let code = after.array::<3>().and_then(|code| octal(&code, "escape").ok());
        match code.and_then(|code| u8::try_from(code).ok()) {
            Some(byte @ (b' ' | b'\t' | b'\n' | b'\\' | b'#')) => {
                plain.push(byte);
                cursor = after;
            }
            _ => plain.push(b'\\'),
        }
    }
    plain.extend(cursor.rest());
    plain
}

/// The filesystem types of `/proc/filesystems` that live on devices: those not marked `nodev`, and zfs.
#[must_use]
pub fn device_filesystems(bytes: &[u8]) -> Vec<&[u8]> {
    let named = |line| {
        let mut cursor = Cursor::new(line);
        match cursor.token()? {
            b"nodev" => cursor.token().filter(|name| *name == b"zfs"),
            name => Some(name),
        }
    };
    lines(bytes).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOUNTS: &[u8] = b"/dev/sda1 / ext4 rw,relatime,errors=remount-ro 0 0\n\
        tmpfs /mnt/a\\040b\\011c\\012d\\134e\\043f tmpfs rw,size=10k 0 0\n /empty tmpfs rw 0 0\n";

    #[test]
    fn every_field_is_the_one_fstab5_documents() {
        let mounts = parse(MOUNTS).unwrap();
        let fields = |m: &Mount| [m.device.clone(), m.mountpoint.clone(), m.fstype.clone(), m.opts.clone()];
        assert_eq!(fields(&mounts[0]), [&b"/dev/sda1"[..], b"/", b"ext4", b"rw,relatime,errors=remount-ro"]);
        assert_eq!(mounts[1].mountpoint, b"/mnt/a b\tc\nd\\e#f");
        assert_eq!((&*mounts[2].device, &*mounts[2].mountpoint), (&b""[..], &b"/empty"[..]));
        assert_eq!(parse(b""), Ok(vec![]));
    }

    #[test]
    fn other_escapes_stay() {
        for text in [&b"a\\054b"[..], b"\\", b"\\04", b"\\999", b"\\777", b"\\x20"] {
            assert_eq!(unescape(text), text);
        }
        assert_eq!(unescape(b"\\134040"), b"\\040");
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(mount(b"").unwrap_err().field(), "device");
        assert_eq!(mount(b"proc").unwrap_err().field(), "device");
        assert_eq!(mount(b"proc /proc").unwrap_err().field(), "mountpoint");
        assert_eq!(mount(b"proc /proc proc").unwrap_err().field(), "fstype");
        assert_eq!(mount(b"proc /proc proc ").unwrap_err().field(), "opts");
    }

    #[test]
    fn a_malformed_line_costs_that_line_alone() {
        let mounts = parse(b"proc /proc proc rw 0 0\nnonsense\n\ntmpfs /tmp tmpfs rw 0 0\n").unwrap();
        let points: Vec<_> = mounts.iter().map(|mount| &*mount.mountpoint).collect();
        assert_eq!(points, [&b"/proc"[..], b"/tmp"]);
    }

    #[test]
    fn filesystems_on_devices() {
        let text = b"nodev\tsysfs\nnodev\ttmpfs\n\text3\n\text4\nnodev\tzfs\n\n\tvfat\n";
        assert_eq!(device_filesystems(text), [&b"ext3"[..], b"ext4", b"zfs", b"vfat"]);
        assert!(device_filesystems(b"").is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "[01347 \\\\\n]{0,40}") {
            let _ = (parse(&bytes), device_filesystems(&bytes), unescape(&bytes));
            let _ = (parse(text.as_bytes()), unescape(text.as_bytes()));
        }
    }
}
