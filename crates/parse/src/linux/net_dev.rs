//! `/proc/net/dev`: proc_pid_net(5).

use crate::cursor::{lines, trim};
use crate::{Cursor, ParseError, Result};

/// The counters of one network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic<'a> {
    /// Interface name.
    pub name: &'a [u8],
    /// Bytes received.
    pub bytes_recv: u64,
    /// Packets received.
    pub packets_recv: u64,
    /// Errors while receiving.
    pub errin: u64,
    /// Incoming packets dropped.
    pub dropin: u64,
    /// Overruns of the receive queue.
    pub fifo_recv: u64,
    /// Framing errors.
    pub frame: u64,
    /// Compressed packets received.
    pub compressed_recv: u64,
    /// Multicast packets received.
    pub multicast: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Errors while sending.
    pub errout: u64,
    /// Outgoing packets dropped.
    pub dropout: u64,
    /// Overruns of the send queue.
    pub fifo_sent: u64,
    /// Collisions.
    pub colls: u64,
    /// Losses of the carrier.
    pub carrier: u64,
    /// Compressed packets sent.
    pub compressed_sent: u64,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Vec<Nic<'_>>> {
    lines(bytes).skip(2).map(nic).collect()
}

fn nic(line: &[u8]) -> Result<Nic<'_>> {
    let mut cursor = Cursor::new(line);
    // A name may hold colons, and the first number may touch the one that ends it.
    let name = cursor.until_last(b':').map(trim).ok_or_else(|| ParseError::missing("name"))?;
    if name.is_empty() {
        return Err(ParseError::missing("name"));
    }
    Ok(Nic {
        name,
        bytes_recv: cursor.decimal("bytes_recv")?,
        packets_recv: cursor.decimal("packets_recv")?,
        errin: cursor.decimal("errin")?,
        dropin: cursor.decimal("dropin")?,
        fifo_recv: cursor.decimal("fifo")?,
        frame: cursor.decimal("frame")?,
        compressed_recv: cursor.decimal("compressed")?,
        multicast: cursor.decimal("multicast")?,
        bytes_sent: cursor.decimal("bytes_sent")?,
        packets_sent: cursor.decimal("packets_sent")?,
        errout: cursor.decimal("errout")?,
        dropout: cursor.decimal("dropout")?,
        fifo_sent: cursor.decimal("fifo")?,
        colls: cursor.decimal("colls")?,
        carrier: cursor.decimal("carrier")?,
        compressed_sent: cursor.decimal("compressed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "Inter-|   Receive                                                |  Transmit\n face |bytes    \
        packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

    fn with_header(lines: &str) -> Vec<u8> {
        format!("{HEADER}{lines}").into_bytes()
    }

    #[test]
    fn every_column() {
        let text = with_header(
            "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth0:1:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
        );
        let nic = |name| Nic {
            name,
            bytes_recv: 1,
            packets_recv: 2,
            errin: 3,
            dropin: 4,
            fifo_recv: 5,
            frame: 6,
            compressed_recv: 7,
            multicast: 8,
            bytes_sent: 9,
            packets_sent: 10,
            errout: 11,
            dropout: 12,
            fifo_sent: 13,
            colls: 14,
            carrier: 15,
            compressed_sent: 16,
        };
        assert_eq!(parse(&text), Ok(vec![nic(b"lo"), nic(b"eth0:1")]));
        assert_eq!(parse(HEADER.as_bytes()), Ok(vec![]));
        assert_eq!(parse(b""), Ok(vec![]));
    }

    #[test]
    fn odd_input_names_the_field() {
        let field = |text| parse(&with_header(text)).unwrap_err().field();
        assert_eq!(field("lo 1 2\n"), "name");
        assert_eq!(field(" : 1 2\n"), "name");
        assert_eq!(field("lo: 1 -2\n"), "packets_recv");
        assert_eq!(field("lo: 1 2 3 4 5 6 7 8\n"), "bytes_sent");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "[0-9a-z: \n]{0,80}") {
            let _ = parse(&bytes);
            let _ = parse(&with_header(&text));
        }
    }
}
