#![no_main]

use libfuzzer_sys::fuzz_target;
use psoxide_parse::windows::socket_table::{Table, sockets};

fuzz_target!(|data: &[u8]| {
    for table in [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Udp6] {
        let _ = sockets(data, table);
    }
});
