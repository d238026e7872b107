//! The network: arp, conntrack, netclass, netdev, netstat, sockstat, softnet, tcpstat, udp_queues.

use std::collections::BTreeMap;

use psoxide::System;
use psoxide_parse::linux::net_counters::{self, Counter};
use psoxide_parse::linux::{net_dev, net_queues};
use psoxide_parse::{Cursor, lines};

use super::{file, line, names, number};
use crate::metric::{Families, Number};
use crate::sources::Outcome;
use crate::text::utf8;

pub(super) fn arp(system: &System, out: &mut Families) -> Outcome {
    let bytes = system.kernel_file("/proc/net/arp")?;
    let mut entries: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    for line in lines(&bytes).skip(1) {
        if let Some(device) = Cursor::new(line).tokens().last() {
            *entries.entry(device.to_vec()).or_default() += 1;
        }
    }
    for (device, count) in entries {
        out.gauge("node_arp_entries", "Entries of the ARP table.", &[("device", &utf8(&device))], count);
    }
    Ok(())
}

pub(super) fn conntrack(system: &System, out: &mut Families) -> Outcome {
    let one = |name: &str| -> Result<Option<i64>, psoxide::Error> {
        Ok(crate::text::number(&system.kernel_file(format!("/proc/sys/net/netfilter/nf_conntrack_{name}"))?))
    };
    for (of, name, help) in [
        ("count", "node_nf_conntrack_entries", "Connections that are tracked."),
        ("max", "node_nf_conntrack_entries_limit", "Most connections that can be tracked."),
    ] {
        if let Some(value) = one(of)? {
            out.gauge(name, help, &[], value);
        }
    }
    // A line of hexadecimal numbers for each CPU, below their names.
    const COLUMNS: &[&str] =
        &["found", "invalid", "ignore", "insert", "insert_failed", "drop", "early_drop", "search_restart"];
    let Some(bytes) = file(system, "/proc/net/stat/nf_conntrack")? else { return Ok(()) };
    let mut table = lines(&bytes);
    let header: Vec<String> =
        table.next().map(|line| Cursor::new(line).tokens().map(utf8).collect()).unwrap_or_default();
    let mut sums = vec![0_u64; header.len()];
    for line in table {
        for (sum, text) in sums.iter_mut().zip(Cursor::new(line).tokens()) {
            *sum = sum.saturating_add(psoxide_parse::hex(text, "nf_conntrack")?);
        }
    }
    for (name, sum) in header.iter().zip(sums).filter(|(name, _)| COLUMNS.contains(&name.as_str())) {
        out.gauge(format!("node_nf_conntrack_stat_{name}"), "A counter of connection tracking.", &[], sum);
    }
    Ok(())
}

pub(super) fn interfaces(system: &System, out: &mut Families) -> Outcome {
    const CLASS: &str = "/sys/class/net";
    const NUMBERS: &[(&str, &str, &str)] = &[
        ("addr_assign_type", "node_network_address_assign_type", "How the hardware address was assigned."),
        ("carrier", "node_network_carrier", "Whether the interface has a carrier."),
        ("dev_id", "node_network_device_id", "Number among interfaces that share a hardware address."),
        ("dormant", "node_network_dormant", "Whether the interface waits for an event."),
        ("flags", "node_network_flags", "Flags of the interface."),
        ("ifindex", "node_network_iface_id", "Index of the interface."),
        ("iflink", "node_network_iface_link", "Index of the interface below it."),
        ("link_mode", "node_network_iface_link_mode", "Link mode."),
        ("mtu", "node_network_mtu_bytes", "Largest packet."),
        ("name_assign_type", "node_network_name_assign_type", "How the name was assigned."),
        ("netdev_group", "node_network_net_dev_group", "Group of the interface."),
        ("type", "node_network_protocol_type", "Hardware type."),
        ("tx_queue_len", "node_network_transmit_queue_length", "Length of the send queue."),
    ];
    const COUNTERS: &[(&str, &str, &str)] = &[
        ("carrier_changes", "node_network_carrier_changes_total", "Changes of the carrier."),
        ("carrier_down_count", "node_network_carrier_down_changes_total", "Losses of the carrier."),
        ("carrier_up_count", "node_network_carrier_up_changes_total", "Returns of the carrier."),
    ];
    for device in names(system, CLASS) {
        let folder = format!("{CLASS}/{device}");
        let text = |of: &str| line(system, &format!("{folder}/{of}"));
        // bonding_masters is a file.
        let Some(operstate) = text("operstate") else { continue };
        let labels = [("device", &*device)];
        let value = |of: &str| text(of).and_then(|text| parsed(&text));
        for (of, name, help) in NUMBERS {
            if let Some(value) = value(of) {
                out.gauge(*name, help, &labels, value);
            }
        }
        for (of, name, help) in COUNTERS {
            if let Some(value) = value(of) {
                out.counter(*name, help, &labels, value);
            }
        }
        // Megabits; -1 where the driver does not know.
        if let Some(speed) = value("speed") {
            out.gauge("node_network_speed_bytes", "Speed of the link.", &labels, speed.saturating_mul(125_000));
        }
        out.gauge("node_network_up", "Whether the state of the interface is up.", &labels, operstate == "up");
        let is_up = value("flags").is_some_and(|flags| flags & 1 == 1);
        let info = [
            ("address", text("address").unwrap_or_default()),
            ("adminstate", if is_up { "up" } else { "down" }.to_owned()),
            ("broadcast", text("broadcast").unwrap_or_default()),
            ("device", device.clone()),
            ("duplex", text("duplex").unwrap_or_default()),
            ("ifalias", text("ifalias").unwrap_or_default()),
            ("operstate", operstate),
        ];
        let info: Vec<(&str, &str)> = info.iter().map(|(name, value)| (*name, value.as_str())).collect();
        out.gauge("node_network_info", "State and addresses of an interface.", &info, true);
    }
    Ok(())
}

/// A number of /sys: decimal, or hexadecimal with a prefix.
fn parsed(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

pub(super) fn counters(system: &System, out: &mut Families) -> Outcome {
    let bytes = system.kernel_file("/proc/net/dev")?;
    for nic in net_dev::parse(&bytes)? {
        let device = utf8(nic.name);
        for (name, help, value) in [
            ("node_network_receive_bytes_total", "Bytes received.", nic.bytes_recv),
            ("node_network_receive_compressed_total", "Compressed packets received.", nic.compressed_recv),
            ("node_network_receive_drop_total", "Incoming packets dropped.", nic.dropin),
            ("node_network_receive_errs_total", "Errors while receiving.", nic.errin),
            ("node_network_receive_fifo_total", "Overruns of the receive queue.", nic.fifo_recv),
            ("node_network_receive_frame_total", "Framing errors.", nic.frame),
            ("node_network_receive_multicast_total", "Multicast packets received.", nic.multicast),
            ("node_network_receive_packets_total", "Packets received.", nic.packets_recv),
            ("node_network_transmit_bytes_total", "Bytes sent.", nic.bytes_sent),
            ("node_network_transmit_carrier_total", "Losses of the carrier.", nic.carrier),
            ("node_network_transmit_colls_total", "Collisions.", nic.colls),
            ("node_network_transmit_compressed_total", "Compressed packets sent.", nic.compressed_sent),
            ("node_network_transmit_drop_total", "Outgoing packets dropped.", nic.dropout),
            ("node_network_transmit_errs_total", "Errors while sending.", nic.errout),
            ("node_network_transmit_fifo_total", "Overruns of the send queue.", nic.fifo_sent),
            ("node_network_transmit_packets_total", "Packets sent.", nic.packets_sent),
        ] {
            out.counter(name, help, &[("device", &device)], value);
        }
        // Not a column of the file.
        if let Some(count) = number(system, &format!("/sys/class/net/{device}/statistics/rx_nohandler")) {
            let help = "Packets received that nobody handles.";
            out.counter("node_network_receive_nohandler_total", help, &[("device", &device)], count);
        }
    }
    Ok(())
}

/// Whether node_exporter shows a counter by default, or the dashboard asks for it.
fn is_shown(protocol: &str, name: &str) -> bool {
    match (protocol, name) {
        (_, "InErrors" | "InErrs") | ("Ip", "Forwarding") => true,
        ("Ip6" | "IpExt", "InOctets" | "OutOctets") => true,
        ("Icmp" | "Icmp6", "InMsgs" | "OutMsgs") => true,
        ("TcpExt", "TCPSynRetrans" | "TCPTimeouts" | "TCPOFOQueue" | "TCPRcvQDrop") => true,
        ("TcpExt", name) => name.starts_with("Listen") || name.starts_with("Syncookies"),
        (
            "Tcp",
            "ActiveOpens" | "InSegs" | "OutSegs" | "OutRsts" | "PassiveOpens" | "RetransSegs" | "CurrEstab" | "MaxConn",
        ) => true,
        ("Udp" | "Udp6", "InDatagrams" | "OutDatagrams" | "NoPorts" | "RcvbufErrors" | "SndbufErrors") => true,
        _ => false,
    }
}

pub(super) fn protocols(system: &System, out: &mut Families) -> Outcome {
    let mut add = |all: Vec<Counter<'_>>| {
        for counter in all {
            let (protocol, name) = (utf8(counter.protocol), utf8(counter.name));
            if is_shown(&protocol, &name) {
                let help = "A counter of a network protocol.";
                out.unknown(format!("node_netstat_{protocol}_{name}"), help, &[], counter.value);
            }
        }
    };
    add(net_counters::snmp(&system.kernel_file("/proc/net/netstat")?)?);
    add(net_counters::snmp(&system.kernel_file("/proc/net/snmp")?)?);
    if let Some(bytes) = file(system, "/proc/net/snmp6")? {
        add(net_counters::snmp6(&bytes)?);
    }
    Ok(())
}

pub(super) fn sockets(system: &System, out: &mut Families) -> Outcome {
    const HELP: &str = "A line of /proc/net/sockstat.";
    let page = i64::try_from(rustix::param::page_size()).unwrap_or(4096);
    let first = system.kernel_file("/proc/net/sockstat")?;
    let second = file(system, "/proc/net/sockstat6")?.unwrap_or_default();
    for bytes in [&first, &second] {
        for counter in net_counters::sockstat(bytes)? {
            let (protocol, key) = (utf8(counter.protocol), utf8(counter.name));
            out.gauge(format!("node_sockstat_{protocol}_{key}"), HELP, &[], counter.value);
            if key == "mem" && counter.protocol != b"FRAG" {
                let bytes = counter.value.saturating_mul(page);
                out.gauge(format!("node_sockstat_{protocol}_mem_bytes"), HELP, &[], bytes);
            }
        }
    }
    Ok(())
}

pub(super) fn softnet(system: &System, out: &mut Families) -> Outcome {
    for (line, cpu) in net_counters::softnet(&system.kernel_file("/proc/net/softnet_stat")?)?.iter().enumerate() {
        let number = cpu.cpu.map_or_else(|| line.to_string(), |cpu| cpu.to_string());
        let labels = [("cpu", &*number)];
        for (name, help, value) in [
            ("node_softnet_processed_total", "Packets processed.", Some(cpu.processed)),
            ("node_softnet_dropped_total", "Packets dropped because the backlog was full.", Some(cpu.dropped)),
            ("node_softnet_times_squeezed_total", "Times that the budget ended first.", Some(cpu.times_squeezed)),
            ("node_softnet_cpu_collision_total", "Collisions while sending.", Some(cpu.cpu_collision)),
            ("node_softnet_received_rps_total", "Wakeups by another CPU.", cpu.received_rps),
            ("node_softnet_flow_limit_count_total", "Packets over the flow limit.", cpu.flow_limit),
        ] {
            if let Some(value) = value {
                out.counter(name, help, &labels, value);
            }
        }
        if let Some(length) = cpu.backlog {
            out.gauge("node_softnet_backlog_len", "Packets in the backlog.", &labels, length);
        }
    }
    Ok(())
}

/// node_exporter's names for the states of TCP, by the kernel's numbers.
const STATES: [&str; 12] = [
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
    "new_syn_recv",
];

/// Reads the queues of a protocol and of its sibling for IPv6.
fn queues(system: &System, path: &str) -> Result<Option<net_queues::Queues>, psoxide::Error> {
    file(system, path)?.map(|bytes| Ok(net_queues::parse(&bytes)?)).transpose()
}

pub(super) fn tcp(system: &System, out: &mut Families) -> Outcome {
    const HELP: &str = "TCP sockets in each state, and bytes in their queues.";
    let mut all = net_queues::parse(&system.kernel_file("/proc/net/tcp")?)?;
    if let Some(more) = queues(system, "/proc/net/tcp6")? {
        all.states.iter_mut().zip(more.states).for_each(|(sum, part)| *sum += part);
        all.sent = all.sent.saturating_add(more.sent);
        all.received = all.received.saturating_add(more.received);
    }
    let mut add = |state: &str, value: Number| {
        out.gauge("node_tcp_connection_states", HELP, &[("state", state)], value);
    };
    for (state, count) in STATES.into_iter().zip(all.states.iter().skip(1)).filter(|(_, count)| **count > 0) {
        add(state, (*count).into());
    }
    add("rx_queued_bytes", all.received.into());
    add("tx_queued_bytes", all.sent.into());
    Ok(())
}

pub(super) fn udp(system: &System, out: &mut Families) -> Outcome {
    const HELP: &str = "Bytes in the queues of UDP sockets.";
    for (ip, path) in [("v4", "/proc/net/udp"), ("v6", "/proc/net/udp6")] {
        let Some(all) = queues(system, path)? else { continue };
        out.gauge("node_udp_queues", HELP, &[("ip", ip), ("queue", "rx")], all.received);
        out.gauge("node_udp_queues", HELP, &[("ip", ip), ("queue", "tx")], all.sent);
    }
    Ok(())
}
