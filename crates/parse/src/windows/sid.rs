//! Security identifiers: who somebody is, in numbers.

use std::fmt::Write as _;

use crate::Result;
use crate::fields::Fields;

/// The identifier as Windows writes it: `S-1-5-32-544`.
pub fn text(bytes: &[u8]) -> Result<String> {
    let sid = Fields(bytes);
    let [a, b, c, d, e, f] = sid.array::<6>(2, "IdentifierAuthority")?;
    let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let mut text = format!("S-{}-{authority}", sid.u8(0, "Revision")?);
    let count = usize::from(sid.u8(1, "SubAuthorityCount")?);
    for part in sid.rows(8, 4, count, "SubAuthority")? {
        // Writing to a String cannot fail.
        let _ = write!(text, "-{}", part.u32(0, "SubAuthority")?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn administrators() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        assert_eq!(text(&bytes).as_deref(), Ok("S-1-5-32-544"));
        assert_eq!(text(&bytes[..15]).unwrap_err().field(), "SubAuthority");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = text(&bytes);
        }
    }
}
