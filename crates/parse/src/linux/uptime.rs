//! `/proc/uptime`: proc_uptime(5).

use super::loadavg::float;
use crate::{Cursor, Result};

/// Seconds since boot, with time in suspend.
pub fn parse(bytes: &[u8]) -> Result<f64> {
    float(Cursor::new(bytes).required("uptime")?, "uptime")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_number() {
        assert_eq!(parse(b"273906.25 547000.00\n"), Ok(273_906.25));
        for odd in [&b""[..], b"-1 2", b"soon"] {
            assert_eq!(parse(odd).unwrap_err().field(), "uptime");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
