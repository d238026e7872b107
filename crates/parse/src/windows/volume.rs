//! Drives and volumes: what they are, and the space on them.

use super::text;
use crate::Result;
use crate::fields::Fields;

/// A volume, of `GetVolumeInformation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// `FILE_READ_ONLY_VOLUME` and so on.
    pub flags: u32,
    /// The name of its file system.
    pub file_system: Vec<u16>,
}

/// `GetVolumeInformation`: the flags, then the name of the file system.
pub fn volume(bytes: &[u8]) -> Result<Volume> {
    let fields = Fields(bytes);
    Ok(Volume { flags: fields.u32(0, "FileSystemFlags")?, file_system: text(fields.from(4, "FileSystemName")?) })
}

/// Bytes of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Space {
    pub total: u64,
    /// Free for anybody: a quota may leave less to the caller.
    pub free: u64,
}

/// `GetDiskFreeSpaceEx`: three numbers in the order of its arguments.
pub fn space(bytes: &[u8]) -> Result<Space> {
    let fields = Fields(bytes);
    Ok(Space { total: fields.u64(8, "TotalNumberOfBytes")?, free: fields.u64(16, "TotalNumberOfFreeBytes")? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, wide, wide_bytes};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_field_from_its_place() {
        let mut made = Made::new(16);
        made.u32(0, 7).set(4, wide_bytes("NTFS\0"));
        assert_eq!(volume(&made.0), Ok(Volume { flags: 7, file_system: wide("NTFS") }));
        assert_eq!(volume(&made.0[..3]).unwrap_err().field(), "FileSystemFlags");
        let mut made = Made::new(24);
        made.u64(0, 1).u64(8, 2).u64(16, 3);
        assert_eq!(space(&made.0), Ok(Space { total: 2, free: 3 }));
        assert_eq!(space(&made.0[..23]).unwrap_err().field(), "TotalNumberOfFreeBytes");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = (volume(&bytes), space(&bytes));
        }
    }
}
