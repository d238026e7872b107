//! `kern.proc.vmmap`: mappings of a process, as packed `struct kinfo_vmentry`.

use crate::Result;
use crate::view::{packed, text, view};

view! {
    /// The part of a record before the path.
    pub struct Header = "kinfo_vmentry" (136) {
        /// The size of the record with its path.
        structsize: i32 = "kve_structsize" @ 0,
        /// What is mapped.
        kind: i32 = "kve_type" @ 4,
        /// First address.
        start: u64 = "kve_start" @ 8,
        /// The address after the last.
        end: u64 = "kve_end" @ 16,
        /// Offset in the object.
        offset: u64 = "kve_offset" @ 24,
        /// Flags.
        flags: i32 = "kve_flags" @ 44,
        /// Resident pages.
        resident: i32 = "kve_resident" @ 48,
        /// Resident pages that no other mapping shares.
        private_resident: i32 = "kve_private_resident" @ 52,
        /// Permissions: 1 read, 2 write, 4 execute.
        protection: i32 = "kve_protection" @ 56,
        /// References to the object.
        ref_count: i32 = "kve_ref_count" @ 60,
        /// Objects that shadow it.
        shadow_count: i32 = "kve_shadow_count" @ 64,
    }
}

/// A mapping.
#[derive(Debug, Clone, Copy)]
pub struct Mapping<'a> {
    /// Everything but the path.
    pub header: Header<'a>,
    /// The path of the file; empty if it is none, or has none.
    pub path: &'a [u8],
}

impl<'a> Mapping<'a> {
    /// The path, or what is mapped, in brackets.
    #[must_use]
    pub fn name(self) -> &'a [u8] {
        if !self.path.is_empty() {
            return self.path;
        }
        match self.header.kind() {
            0 => b"[none]",
            1 => b"[default]",
            2 => b"[vnode]",
            3 => b"[swap]",
            4 => b"[device]",
            5 => b"[phys]",
            6 => b"[dead]",
            7 => b"[sg]",
            8 => b"[mgtdevice]",
            9 => b"[guard]",
            255 => b"[unknown]",
            _ => b"[?]",
        }
    }

    /// The permissions, such as `r-x`.
    #[must_use]
    pub fn permissions(self) -> String {
        let letters = [(1, 'r'), (2, 'w'), (4, 'x')];
        letters.iter().map(|(bit, letter)| if self.header.protection() & bit == 0 { '-' } else { *letter }).collect()
    }
}

/// The records of an answer, each as long as it says it is. A record that is cut off is an error, after those before it.
pub fn mappings(bytes: &[u8]) -> impl Iterator<Item = Result<Mapping<'_>>> {
    packed(bytes, "kinfo_vmentry").map(|record| {
        let record = record?;
        Ok(Mapping { header: Header::new(record)?, path: text(record.get(Header::SIZE..).unwrap_or_default()) })
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_and_anonymous_memory() {
        let mut made = Made::new(144 + 136);
        made.u32(0, 144).u32(4, 2).u64(8, 0x1000).u64(16, 0x3000).u32(48, 2).u32(56, 5).set(136, b"/bin/a");
        made.u32(144, 136).u32(148, 3);
        let found: Vec<_> = mappings(&made.0).map(Result::unwrap).collect();
        assert_eq!((found[0].name(), found[0].permissions()), (&b"/bin/a"[..], "r-x".to_owned()));
        assert_eq!((found[0].header.start(), found[0].header.end(), found[0].header.resident()), (0x1000, 0x3000, 2));
        assert_eq!((found[1].name(), found[1].permissions()), (&b"[swap]"[..], "---".to_owned()));
        assert_eq!(mappings(&made.0[..279]).last().unwrap().unwrap_err().field(), "kinfo_vmentry");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            for mapping in mappings(&bytes).flatten() {
                let _ = (mapping.name(), mapping.permissions());
            }
        }
    }
}
