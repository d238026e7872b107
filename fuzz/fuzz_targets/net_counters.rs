#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::linux::net_counters;

fuzz_target!(|data: &[u8]| {
    let _ = net_counters::snmp(data);
    let _ = net_counters::snmp6(data);
    let _ = net_counters::sockstat(data);
    let _ = net_counters::softnet(data);
});
