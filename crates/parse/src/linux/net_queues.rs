//! What waits in sockets: `/proc/net/{tcp,tcp6,udp,udp6}`, proc_net(5), without the addresses.

use crate::cursor::{hex, lines, split_once};
use crate::{Cursor, ParseError, Result};

/// All sockets of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queues {
    /// The number of sockets in each state, by the kernel's number for it, include/net/tcp_states.h.
    pub states: [u64; 16],
    /// Bytes that wait to be sent.
    pub sent: u64,
    /// Bytes that wait to be received.
    pub received: u64,
}

/// Sums up the whole file.
pub fn parse(bytes: &[u8]) -> Result<Queues> {
    let mut all = Queues::default();
    for line in lines(bytes).skip(1) {
        let mut cursor = Cursor::new(line);
        let state = hex(cursor.skip_tokens(3).required("st")?, "st")?;
        let queues = cursor.required("tx_queue")?;
        let (sent, received) = split_once(queues, b':').ok_or_else(|| ParseError::malformed("tx_queue", queues))?;
        let count = usize::try_from(state).ok().and_then(|state| all.states.get_mut(state));
        *count.ok_or_else(|| ParseError::overflow("st", line))? += 1;
        all.sent = all.sent.saturating_add(hex(sent, "tx_queue")?);
        all.received = all.received.saturating_add(hex(received, "rx_queue")?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TCP: &[u8] = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n\
        \x20  0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n\
        \x20  1: 0100007F:0CEA 0100007F:0CEB 01 00000010:00000002 00:00000000 00000000\n";

    #[test]
    fn states_and_queues() {
        let all = parse(TCP).unwrap();
        assert_eq!((all.states.get(10), all.states.get(1), all.sent, all.received), (Some(&1), Some(&1), 16, 2));
        assert_eq!(parse(b""), Ok(Queues::default()));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"h\n0: a b 11 0:0\n").unwrap_err().field(), "st");
        assert_eq!(parse(b"h\n0: a b 01 0\n").unwrap_err().field(), "tx_queue");
        assert_eq!(parse(b"h\n0: a b\n").unwrap_err().field(), "st");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..TCP.len()) {
            let _ = (parse(&bytes), parse(TCP.split_at(at).0));
        }
    }
}
