//! Readings of the running machine beside what its own tools say. Both move: they need to agree once.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;

use common::{output, until};
use psoxide::{ConnectionKind, ConnectionStatus, Endpoint, NicAddress, System};

/// A socket as both sides can say it: state, receive queue, local port, remote port (0 for none).
type Row = (String, u64, u16, u16);

fn port(endpoint: &Endpoint) -> u16 {
    match endpoint {
        Endpoint::Inet(address) => address.port(),
        _ => 0,
    }
}

/// What ss calls the state.
fn ss_state(status: ConnectionStatus) -> &'static str {
    match status {
        ConnectionStatus::Established => "ESTAB",
        ConnectionStatus::SynSent => "SYN-SENT",
        ConnectionStatus::SynRecv => "SYN-RECV",
        ConnectionStatus::FinWait1 => "FIN-WAIT-1",
        ConnectionStatus::FinWait2 => "FIN-WAIT-2",
        ConnectionStatus::TimeWait => "TIME-WAIT",
        ConnectionStatus::Close => "UNCONN",
        ConnectionStatus::CloseWait => "CLOSE-WAIT",
        ConnectionStatus::LastAck => "LAST-ACK",
        ConnectionStatus::Listen => "LISTEN",
        ConnectionStatus::Closing => "CLOSING",
        other => panic!("ss does not say {other}"),
    }
}

#[test]
fn sockets_agree_with_ss() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let (server, _) = tcp.accept().unwrap();
    let tcp6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0));
    let dual = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0));
    // Closed by one side alone: FIN-WAIT-2 here, CLOSE-WAIT there.
    let half = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let (other_half, _) = tcp.accept().unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut ports: BTreeSet<u16> = BTreeSet::new();
    ports.insert(tcp.local_addr().unwrap().port());
    ports.extend([&tcp6, &dual].into_iter().flatten().map(|socket| socket.local_addr().unwrap().port()));
    let last = |text: &str| text.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0);
    until("the sockets of ss", || {
        let Some(text) = output("ss", &["-tanH"]) else { return true };
        let mine = |row: &Row| ports.contains(&row.2) || ports.contains(&row.3);
        let ss: BTreeSet<Row> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .map(|words| (words[0].to_owned(), words[1].parse().unwrap(), last(words[3]), last(words[4])))
            .filter(mine)
            .collect();
        let ours: BTreeSet<Row> = System::host()
            .net_connections(ConnectionKind::Tcp)
            .unwrap()
            .iter()
            .map(|c| (ss_state(c.status).to_owned(), c.recv_queue.unwrap(), port(&c.laddr), port(&c.raddr)))
            .filter(mine)
            .collect();
        assert!(ours.len() >= 5, "{ours:?}");
        ours == ss
    });
    drop((client, server, half, other_half));
}

#[test]
fn datagram_sockets_agree_with_ss() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
    connected.connect(udp.local_addr().unwrap()).unwrap();
    until("the sockets of ss", || {
        let Some(text) = output("ss", &["-uanH"]) else { return true };
        let ours = System::host().net_connections(ConnectionKind::Udp).unwrap();
        [&udp, &connected].iter().all(|socket| {
            let address = socket.local_addr().unwrap();
            let mine = ours.iter().find(|c| c.laddr == Endpoint::Inet(address)).unwrap();
            let peer: Option<SocketAddr> = socket.peer_addr().ok();
            assert_eq!(mine.raddr, peer.map_or(Endpoint::None, Endpoint::Inet));
            let line = text.lines().find(|line| line.split_whitespace().nth(3) == Some(&address.to_string()));
            line.is_some_and(|line| (line.split_whitespace().nth(4).map(str::parse).and_then(Result::ok)) == peer)
        })
    });
}

#[test]
fn addresses_agree_with_ip() {
    let Some(text) = output("ip", &["-o", "addr"]) else { return };
    let all = System::host().net_if_addrs().unwrap();
    // 2: eth0    inet 10.0.0.2/24 brd 10.0.0.255 scope global eth0\       valid_lft forever preferred_lft forever
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (nic, family) = (words[1].split('@').next().unwrap(), words[2]);
        let (address, prefix) =
            words[3].split_once('/').unwrap_or((words[3], if family == "inet" { "32" } else { "128" }));
        let prefix: u32 = prefix.parse().unwrap();
        let label = if family == "inet" { words.last().unwrap().trim_end_matches('\\') } else { nic };
        let named = |known: &OsString| known == nic || known == label;
        let found: Vec<_> = all.iter().filter(|(known, _)| named(known)).flat_map(|(_, found)| found).collect();
        let ours = found
            .iter()
            .find(|found| found.address.to_string().split('%').next() == Some(address))
            .unwrap_or_else(|| panic!("{line}: {found:?}"));
        let ones = match ours.netmask.as_ref().unwrap() {
            NicAddress::Inet(mask) => mask.to_bits().count_ones(),
            NicAddress::Inet6(mask, _) => mask.to_bits().count_ones(),
            other => panic!("{other:?} is no netmask"),
        };
        assert_eq!(ones, prefix, "{line}");
        if let Some(at) = words.iter().position(|word| *word == "brd") {
            assert_eq!(ours.broadcast.as_ref().unwrap().to_string(), words[at + 1], "{line}");
        }
    }
}

#[test]
fn interfaces_agree_with_ip() {
    let Some(text) = output("ip", &["-o", "link"]) else { return };
    let system = System::host();
    let (stats, addrs) = (system.net_if_stats().unwrap(), system.net_if_addrs().unwrap());
    // 1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc … state UNKNOWN …\    link/loopback 00:00:… brd 00:00:…
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let nic = words[1].trim_end_matches(':').split('@').next().unwrap();
        let (_, ours) = stats.iter().find(|(name, _)| name == nic).unwrap();
        let after = |key: &str| words.iter().position(|word| *word == key).map(|at| words[at + 1]);
        assert_eq!(Some(ours.mtu.to_string().as_str()), after("mtu"), "{line}");
        let flags: Vec<String> =
            words[2].trim_matches(['<', '>']).split(',').map(str::to_lowercase).filter(|f| f != "lower_up").collect();
        for flag in ours.flags.iter().filter(|flag| **flag != "running") {
            assert!(flags.iter().any(|known| known == flag), "{flag} is not in {line}");
        }
        assert_eq!(ours.flags.contains(&"up"), flags.iter().any(|flag| flag == "up"), "{line}");
        if let Some(link) = words.iter().position(|word| word.starts_with("link/")).and_then(|at| words.get(at + 1)) {
            let mac = addrs
                .iter()
                .filter(|(name, _)| name == nic)
                .flat_map(|(_, found)| found)
                .find_map(|found| matches!(found.address, NicAddress::Link(_)).then(|| found.address.to_string()));
            assert!(mac.as_deref() == Some(link) || mac.is_none() && !link.contains(':'), "{line}: {mac:?}");
        }
    }
}

#[test]
fn open_files_agree_with_lsof() {
    let folder = tempfile::tempdir().unwrap();
    let plain = File::create(folder.path().join("plain")).unwrap();
    let odd = File::create(folder.path().join("two words ü")).unwrap();
    let me = System::host().current_process().unwrap();
    let Some(text) = output("lsof", &["-w", "-p", &me.pid().to_string(), "-F", "ftn"]) else { return };
    let open = me.open_files().unwrap();
    for file in [&plain, &odd] {
        let fd = file.as_raw_fd();
        let lines: Vec<&str> = text.lines().skip_while(|line| *line != format!("f{fd}")).take(3).collect();
        let ours = open.iter().find(|open| open.fd == Some(fd)).unwrap();
        assert_eq!(lines[1], "tREG");
        // lsof writes what is not ASCII as \xHH.
        let name: String = ours.path.to_str().unwrap().bytes().map(lsof_byte).collect();
        assert_eq!(lines[2], format!("n{name}"));
    }
    // What lsof calls regular and we list is the same set, but for what other tests open and close meanwhile.
    let said = |fd: i32| text.lines().any(|line| line == format!("f{fd}"));
    assert!(open.iter().filter(|file| file.path.starts_with(folder.path())).all(|file| said(file.fd.unwrap())));
}

fn lsof_byte(byte: u8) -> String {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte).to_string() } else { format!("\\x{byte:02x}") }
}
