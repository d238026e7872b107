//! `EnumServicesStatusEx`, `QueryServiceConfig`, `QueryServiceConfig2`: the services.

use super::Buffer;
use crate::Result;
use crate::fields::Fields;

/// A service in the list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name by which the system knows it.
    pub name: Vec<u16>,
    /// The name for people.
    pub display_name: Vec<u16>,
    /// What it does now.
    pub status: Status,
}

/// `SERVICE_STATUS_PROCESS`, what is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// `dwCurrentState`
    pub state: u32,
    /// Its process; 0 where it has none.
    pub pid: u32,
}

/// `QUERY_SERVICE_CONFIGW`, what is of use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Config {
    pub start_type: u32,
    pub binary_path: Vec<u16>,
    pub account: Vec<u16>,
    pub display_name: Vec<u16>,
}

/// `EnumServicesStatusExW`: how many services there are (8 bytes), the address of the buffer (8 bytes), and the buffer.
pub fn counted_list(bytes: &[u8]) -> Result<Vec<Listed>> {
    let fields = Fields(bytes);
    let count = usize::try_from(fields.u64(0, "ServicesReturned")?).unwrap_or(usize::MAX);
    list(Buffer::addressed(fields.from(8, "Services")?)?, count)
}

/// The first `count` services of a buffer that `EnumServicesStatusExW` filled.
pub fn list(buffer: Buffer<'_>, count: usize) -> Result<Vec<Listed>> {
    let rows = Fields(buffer.bytes).rows(0, 56, count, "services")?.map(|row| {
        Ok(Listed {
            name: buffer.text(row.u64(0, "lpServiceName")?, "lpServiceName")?,
            display_name: buffer.text(row.u64(8, "lpDisplayName")?, "lpDisplayName")?,
            status: status_at(row, 16)?,
        })
    });
    rows.collect()
}

/// `SERVICE_STATUS_PROCESS`
pub fn status(bytes: &[u8]) -> Result<Status> {
    status_at(Fields(bytes), 0)
}

fn status_at(fields: Fields<'_>, at: usize) -> Result<Status> {
    Ok(Status { state: fields.u32(at + 4, "dwCurrentState")?, pid: fields.u32(at + 28, "dwProcessId")? })
}

/// `QUERY_SERVICE_CONFIGW`
pub fn config(buffer: Buffer<'_>) -> Result<Config> {
    let fields = Fields(buffer.bytes);
    let text = |at, field| buffer.text(fields.u64(at, field)?, field);
    Ok(Config {
        start_type: fields.u32(4, "dwStartType")?,
        binary_path: text(16, "lpBinaryPathName")?,
        account: text(48, "lpServiceStartName")?,
        display_name: text(56, "lpDisplayName")?,
    })
}

/// `SERVICE_DESCRIPTIONW`; empty for a service without one.
pub fn description(buffer: Buffer<'_>) -> Result<Vec<u16>> {
    buffer.text(Fields(buffer.bytes).u64(0, "lpDescription")?, "lpDescription")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, wide, wide_bytes};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list() {
        let mut made = Made::new(80);
        made.u64(0, 1056).u64(8, 1062).u32(20, 4).u32(44, 77).set(56, wide_bytes("ab\0X y\0"));
        let listed = list(Buffer::new(&made.0, 1000), 1).unwrap();
        let expected = Listed { name: wide("ab"), display_name: wide("X y"), status: Status { state: 4, pid: 77 } };
        assert_eq!(listed, [expected]);
        assert_eq!(list(Buffer::new(&made.0, 2000), 1).unwrap_err().field(), "lpServiceName");
        assert_eq!(list(Buffer::new(&made.0, 1000), 2).unwrap_err().field(), "services");
    }

    #[test]
    fn a_configuration_and_a_description() {
        let mut made = Made::new(80);
        made.u32(4, 2).u64(16, 64).u64(48, 0).u64(56, 70).set(64, wide_bytes("p\0\0d\0"));
        let config = config(Buffer::new(&made.0, 0)).unwrap();
        let expected = Config { start_type: 2, binary_path: wide("p"), account: wide(""), display_name: wide("d") };
        assert_eq!(config, expected);
        let mut made = Made::new(14);
        made.u64(0, 8).set(8, wide_bytes("abc"));
        assert_eq!(description(Buffer::new(&made.0, 0)).unwrap(), wide("abc"));
        assert_eq!(status(&[0; 20]).unwrap_err().field(), "dwProcessId");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), address in 0u64..64, count: usize) {
            let buffer = Buffer::new(&bytes, address);
            let _ = (list(buffer, count), list(buffer, 1), config(buffer), description(buffer), status(&bytes));
        }
    }
}
