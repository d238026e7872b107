//! Counters of the network protocols: `/proc/net/{snmp,netstat,snmp6,sockstat,sockstat6,softnet_stat}`, proc_pid_net(5).

use crate::cursor::{hex, lines, signed, split_once};
use crate::{Cursor, ParseError, Result};

/// A counter of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter<'a> {
    /// The protocol, such as `Tcp`.
    pub protocol: &'a [u8],
    /// The counter, such as `InSegs`.
    pub name: &'a [u8],
    /// The value. `Tcp MaxConn` is -1 if there is no limit.
    pub value: i64,
}

/// Parses `snmp` or `netstat`: pairs of lines, the first with names and the second with values.
pub fn snmp(bytes: &[u8]) -> Result<Vec<Counter<'_>>> {
    let mut counters = Vec::new();
    let mut lines = lines(bytes);
    while let Some(names) = lines.next() {
        let values = lines.next().ok_or_else(|| ParseError::missing("values"))?;
        let (protocol, names) = split_once(names, b':').ok_or_else(|| ParseError::malformed("names", names))?;
        let (same, values) = split_once(values, b':').ok_or_else(|| ParseError::malformed("values", values))?;
        if same != protocol {
            return Err(ParseError::malformed("values", same));
        }
        let mut values = Cursor::new(values);
        for name in Cursor::new(names).tokens() {
            counters.push(Counter { protocol, name, value: number(values.required("value")?)? });
        }
    }
    Ok(counters)
}

/// Parses a counter. The kernel prints those of 64 bits unsigned; one beyond `i64` is not a count.
fn number(text: &[u8]) -> Result<i64> {
    signed(text, "value")
}

/// Parses `snmp6`: a line for each counter, whose name begins with the protocol (`Ip6InReceives`).
pub fn snmp6(bytes: &[u8]) -> Result<Vec<Counter<'_>>> {
    lines(bytes)
        .map(|line| {
            let mut cursor = Cursor::new(line);
            let name = cursor.required("name")?;
            let end = name.iter().position(|byte| *byte == b'6').ok_or_else(|| ParseError::malformed("name", name))?;
            let (protocol, name) = name.split_at_checked(end + 1).unwrap_or((name, &[]));
            Ok(Counter { protocol, name, value: number(cursor.required("value")?)? })
        })
        .collect()
}

/// Parses `sockstat` or `sockstat6`: a line for each protocol, with pairs of a name and a value.
pub fn sockstat(bytes: &[u8]) -> Result<Vec<Counter<'_>>> {
    let mut counters = Vec::new();
    for line in lines(bytes) {
        let (protocol, pairs) = split_once(line, b':').ok_or_else(|| ParseError::malformed("protocol", line))?;
        let mut cursor = Cursor::new(pairs);
        while let Some(name) = cursor.token() {
            counters.push(Counter { protocol, name, value: number(cursor.required("value")?)? });
        }
    }
    Ok(counters)
}

/// What one CPU did with incoming packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Softnet {
    /// Packets processed.
    pub processed: u64,
    /// Packets dropped because the backlog was full.
    pub dropped: u64,
    /// Times that the budget ended before the work did.
    pub times_squeezed: u64,
    /// Collisions while sending.
    pub cpu_collision: u64,
    /// Wakeups by another CPU (since Linux 2.6.35).
    pub received_rps: Option<u64>,
    /// Packets over the flow limit (since Linux 3.11).
    pub flow_limit: Option<u64>,
    /// Packets in the backlog (since Linux 5.14).
    pub backlog: Option<u64>,
    /// The CPU (since Linux 5.10); before that, the number of the line.
    pub cpu: Option<u64>,
}

/// Parses `softnet_stat`: a line of hexadecimal numbers for each CPU.
pub fn softnet(bytes: &[u8]) -> Result<Vec<Softnet>> {
    lines(bytes)
        .map(|line| {
            let mut cursor = Cursor::new(line);
            let processed = hex(cursor.required("processed")?, "processed")?;
            let dropped = hex(cursor.required("dropped")?, "dropped")?;
            let times_squeezed = hex(cursor.required("times_squeezed")?, "times_squeezed")?;
            // Five columns are no longer used.
            let cpu_collision = hex(cursor.skip_tokens(5).required("cpu_collision")?, "cpu_collision")?;
            let mut newer = |field| cursor.token().map(|text| hex(text, field)).transpose();
            Ok(Softnet {
                processed,
                dropped,
                times_squeezed,
                cpu_collision,
                received_rps: newer("received_rps")?,
                flow_limit: newer("flow_limit")?,
                backlog: newer("backlog")?,
                cpu: newer("cpu")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counter(protocol: &'static str, name: &'static str, value: i64) -> Counter<'static> {
        Counter { protocol: protocol.as_bytes(), name: name.as_bytes(), value }
    }

    #[test]
    fn names_and_values_are_paired() {
        let text = b"Ip: Forwarding DefaultTTL\nIp: 2 64\nTcp: MaxConn InSegs\nTcp: -1 109800\n";
        let all = [
            counter("Ip", "Forwarding", 2),
            counter("Ip", "DefaultTTL", 64),
            counter("Tcp", "MaxConn", -1),
            counter("Tcp", "InSegs", 109_800),
        ];
        assert_eq!(snmp(text).unwrap(), all);
        assert_eq!(
            snmp6(b"Ip6InOctets   7\nUdpLite6InErrors 0\n").unwrap(),
            [counter("Ip6", "InOctets", 7), counter("UdpLite6", "InErrors", 0)]
        );
        assert_eq!(
            sockstat(b"sockets: used 29\nTCP: inuse 5 tw 4\n").unwrap(),
            [counter("sockets", "used", 29), counter("TCP", "inuse", 5), counter("TCP", "tw", 4)]
        );
    }

    #[test]
    fn softnet_of_every_kernel() {
        let old = b"00000010 00000001 00000002 00000000 00000000 00000000 00000000 00000000 00000003\n";
        assert_eq!(
            softnet(old).unwrap(),
            [Softnet { processed: 16, dropped: 1, times_squeezed: 2, cpu_collision: 3, ..Softnet::default() }]
        );
        let new = b"1 2 3 0 0 0 0 0 4 5 6 7 8 0 0\n";
        let cpu = softnet(new).unwrap();
        assert_eq!(
            cpu.iter().map(|cpu| (cpu.received_rps, cpu.flow_limit, cpu.backlog, cpu.cpu)).collect::<Vec<_>>(),
            [(Some(5), Some(6), Some(7), Some(8))]
        );
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(snmp(b"Ip: A B\nIp: 1\n").unwrap_err().field(), "value");
        assert_eq!(snmp(b"Ip: A\nTcp: 1\n").unwrap_err().field(), "values");
        assert_eq!(snmp(b"Ip: A\n").unwrap_err().field(), "values");
        assert_eq!(snmp6(b"InOctets 1\n").unwrap_err().field(), "name");
        assert_eq!(sockstat(b"TCP: inuse\n").unwrap_err().field(), "value");
        assert_eq!(softnet(b"1 2 x\n").unwrap_err().field(), "times_squeezed");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "[A-Za-z6: 0-9\n-]{0,80}") {
            for bytes in [&*bytes, text.as_bytes()] {
                let _ = (snmp(bytes), snmp6(bytes), sockstat(bytes), softnet(bytes));
            }
        }
    }
}
