//! The terminal services: sessions and their users.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::units;
use crate::fields::Fields;
use crate::{Cursor, Result};

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: u32,
    /// The name of its window station, such as `Console`.
    pub name: Vec<u16>,
}

/// `WTSEnumerateSessions`: of each session its number, then its name with a NUL.
#[must_use]
pub fn sessions(bytes: &[u8]) -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut cursor = Cursor::new(bytes);
    while let Some(id) = cursor.array().map(u32::from_le_bytes) {
        let mut name = Vec::new();
        while let Some(unit) = cursor.array().map(u16::from_le_bytes).filter(|unit| *unit != 0) {
            name.push(unit);
        }
        sessions.push(Session { id, name });
    }
    sessions
}

/// `WTS_CLIENT_ADDRESS`: where the user of a session sits; `None` at the machine itself. An address begins at the third
/// byte.
pub fn client(bytes: &[u8]) -> Result<Option<IpAddr>> {
    const AF_INET: u32 = 2;
    const AF_INET6: u32 = 23;
    let fields = Fields(bytes);
    Ok(match fields.u32(0, "AddressFamily")? {
        AF_INET => Some(Ipv4Addr::from(fields.array::<4>(4 + 2, "Address")?).into()),
        AF_INET6 => Some(Ipv6Addr::from(fields.array::<16>(4 + 2, "Address")?).into()),
        _ => None,
    })
}

/// `WTSINFOW`: when the user logged on, in units of 100 ns since 1601; 0 where it is not known.
pub fn logon(bytes: &[u8]) -> Result<u64> {
    Fields(bytes).u64(200, "LogonTime")
}

/// Two texts, the first of which ends with a NUL: `LookupAccountSid` fills in a domain and a name.
#[must_use]
pub fn account(bytes: &[u8]) -> (Vec<u16>, Vec<u16>) {
    let mut units = units(bytes);
    let domain = units.by_ref().take_while(|unit| *unit != 0).collect();
    (domain, units.take_while(|unit| *unit != 0).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, wide, wide_bytes};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sessions_have_names() {
        let bytes =
            [&0u32.to_le_bytes()[..], &wide_bytes("Services\0"), &1u32.to_le_bytes(), &wide_bytes("\0")].concat();
        let expected = [Session { id: 0, name: wide("Services") }, Session { id: 1, name: Vec::new() }];
        assert_eq!(sessions(&bytes), expected);
    }

    #[test]
    fn each_field_from_its_place() {
        let mut made = Made::new(24);
        made.u32(0, 2).set(6, [192, 0, 2, 7]);
        assert_eq!(client(&made.0), Ok(Some(Ipv4Addr::new(192, 0, 2, 7).into())));
        made.u32(0, 23).set(6, Ipv6Addr::LOCALHOST.octets());
        assert_eq!(client(&made.0), Ok(Some(Ipv6Addr::LOCALHOST.into())));
        assert_eq!((client(&[0; 4]), client(&made.0[..20]).unwrap_err().field()), (Ok(None), "Address"));
        let mut made = Made::new(216);
        made.u64(200, 5);
        assert_eq!((logon(&made.0), logon(&made.0[..207]).unwrap_err().field()), (Ok(5), "LogonTime"));
        assert_eq!(account(&wide_bytes("HOST\0anna\0")), (wide("HOST"), wide("anna")));
        assert_eq!(account(&wide_bytes("\0Everyone")), (Vec::new(), wide("Everyone")));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..250)) {
            let _ = (sessions(&bytes), client(&bytes), logon(&bytes), account(&bytes));
        }
    }
}
