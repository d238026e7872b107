//! `NtQuerySystemInformation(SystemExtendedHandleInformation)`: every handle of every process.

use crate::Result;
use crate::fields::Fields;

/// A handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    /// Its value in its process.
    pub value: u64,
    /// The number of its object's type, which differs between versions of Windows.
    pub object_type: u16,
    /// What may be done with it.
    pub access: u32,
}

/// The handles of one process, in the buffer's order.
pub fn of_process(bytes: &[u8], pid: u32) -> Result<Vec<Handle>> {
    let table = Fields(bytes);
    let count = usize::try_from(table.u64(0, "NumberOfHandles")?).unwrap_or(usize::MAX);
    let mut handles = Vec::new();
    for row in table.rows(16, 40, count, "Handles")? {
        if row.u64(8, "UniqueProcessId")? == u64::from(pid) {
            handles.push(Handle {
                value: row.u64(16, "HandleValue")?,
                access: row.u32(24, "GrantedAccess")?,
                object_type: row.u16(30, "ObjectTypeIndex")?,
            });
        }
    }
    Ok(handles)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_one_process() {
        let mut table = Made::new(96);
        table.u64(0, 2).u64(24, 7).u64(32, 0x40).u32(40, 0x12_0089).set(46, 37u16.to_le_bytes());
        table.u64(64, 8);
        let handle = Handle { value: 0x40, object_type: 37, access: 0x12_0089 };
        assert_eq!(of_process(&table.0, 7).unwrap(), [handle]);
        assert_eq!(of_process(&table.0, 9).unwrap(), []);
        assert_eq!(of_process(&table.0[..95], 7).unwrap_err().field(), "Handles");
        table.u64(0, u64::MAX);
        assert_eq!(of_process(&table.0, 7).unwrap_err().field(), "Handles");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), pid: u32) {
            let _ = of_process(&bytes, pid);
        }
    }
}
