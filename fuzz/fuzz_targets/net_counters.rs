#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_fuzz::sockets;
use psoxide_parse::linux::net_counters;

fuzz_target!(|data: &[u8]| {
    assert_eq!(net_counters::snmp(data).ok(), sockets::snmp(data));
    assert_eq!(net_counters::snmp6(data).ok(), sockets::snmp6(data));
    assert_eq!(net_counters::sockstat(data).ok(), sockets::sockstat(data));
    assert_eq!(net_counters::softnet(data).ok(), sockets::softnet(data));
});
