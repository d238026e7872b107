//! Sockets as sock_diag(7) and as /proc/net tell of them: the same, over a zoo of them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::any::Any;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net as unix;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use psoxide::{Backend, Connection, ConnectionKind, ConnectionStatus as Status, Endpoint, Process, SocketType, System};
use rustix::net::{AddressFamily, SocketType as Transport};

const KINDS: [&str; 11] = ["inet", "inet4", "inet6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "all"];

/// Sockets, and what would be lost with them.
struct Zoo {
    kept: Vec<Box<dyn Any>>,
    folder: tempfile::TempDir,
}

impl Zoo {
    fn new() -> Self {
        let mut zoo = Self { kept: Vec::new(), folder: tempfile::tempdir().unwrap() };
        zoo.tcp(&|| TcpListener::bind("127.0.0.1:0"));
        if TcpListener::bind("[::1]:0").is_ok() {
            zoo.tcp(&|| TcpListener::bind("[::1]:0"));
            zoo.dual_stack();
        }
        zoo.udp();
        zoo.unix();
        zoo
    }

    fn keep(&mut self, socket: impl Any) {
        self.kept.push(Box::new(socket));
    }

    /// One connection for each state that lasts.
    fn tcp(&mut self, listen: &dyn Fn() -> std::io::Result<TcpListener>) {
        let pair = || {
            let listener = listen().unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            (client, listener.accept().unwrap().0, listener)
        };
        let established = pair();
        self.keep(established.0.try_clone().unwrap()); // a second number for the same socket
        self.keep(established);
        let half_closed = pair();
        half_closed.0.shutdown(Shutdown::Write).unwrap(); // FIN_WAIT2 and CLOSE_WAIT
        self.keep(half_closed);
        let closed = pair();
        drop(closed.0);
        drop(closed.1); // TIME_WAIT
        self.keep(closed.2);
        let stuffed = pair();
        stuff(&stuffed.0);
        stuffed.0.shutdown(Shutdown::Write).unwrap(); // FIN_WAIT1: the end waits behind what is not read
        self.keep(stuffed);
        let last = pair();
        stuff(&last.1);
        last.0.shutdown(Shutdown::Write).unwrap();
        until("CLOSE_WAIT", || last.1.take_error().is_ok() && at_end(&last.1));
        last.1.shutdown(Shutdown::Write).unwrap(); // LAST_ACK
        self.keep(last);
        // SYN_RECV: a listener that waits for data.
        let deferred = listen().unwrap();
        let address = deferred.local_addr().unwrap();
        ffi::defer_accept(&deferred);
        self.keep(TcpStream::connect(address).unwrap());
        self.keep(deferred);
        // SYN_SENT: a listener whose queue is full.
        let full = listen().unwrap();
        rustix::net::listen(&full, 0).unwrap();
        for _ in 0..4 {
            self.keep(connecting(full.local_addr().unwrap()));
        }
        self.keep(full);
        // In no table: never bound, and bound but not listening.
        self.keep(rustix::net::socket(AddressFamily::INET, Transport::STREAM, None).unwrap());
        let bound = rustix::net::socket(AddressFamily::INET, Transport::STREAM, None).unwrap();
        rustix::net::bind(&bound, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
        self.keep(bound);
    }

    fn dual_stack(&mut self) {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        self.keep(TcpStream::connect(("127.0.0.1", port)).unwrap());
        self.keep(listener.accept().unwrap());
        let mapped = SocketAddr::from(("::ffff:127.0.0.1".parse::<Ipv6Addr>().unwrap(), port));
        self.keep(TcpStream::connect(mapped).unwrap());
        self.keep(listener.accept().unwrap());
        self.keep(listener);
    }

    fn udp(&mut self) {
        let bound = UdpSocket::bind("127.0.0.1:0").unwrap();
        let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
        connected.connect(bound.local_addr().unwrap()).unwrap();
        self.keep(bound);
        self.keep(connected);
        self.keep(rustix::net::socket(AddressFamily::INET, Transport::DGRAM, None).unwrap());
        for address in ["[::1]:0", "[::]:0"] {
            if let Ok(socket) = UdpSocket::bind(address) {
                self.keep(socket);
            }
        }
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        self.folder.path().join(OsStr::from_bytes(name))
    }

    fn unix(&mut self) {
        for name in [&b"plain"[..], b"with  spaces ", b"not-\xff\xfeUTF-8", b"new\nline", b"@at"] {
            let listener = unix::UnixListener::bind(self.path(name)).unwrap();
            self.keep(unix::UnixStream::connect(self.path(name)).unwrap()); // it waits to be accepted
            self.keep(listener);
        }
        let datagram = unix::UnixDatagram::bind(self.path(b"datagram")).unwrap();
        let connected = unix::UnixDatagram::unbound().unwrap();
        connected.connect(self.path(b"datagram")).unwrap();
        self.keep(connected);
        self.keep(datagram);
        let abstracts = [format!("psoxide-{}", std::process::id()), format!("psoxide-{}\0a b\0", std::process::id())];
        for name in abstracts {
            let address = unix::SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
            let listener = unix::UnixListener::bind_addr(&address).unwrap();
            self.keep(unix::UnixStream::connect_addr(&address).unwrap());
            self.keep(listener.accept().unwrap());
            self.keep(listener);
        }
        self.keep(unix::UnixStream::pair().unwrap());
        for kind in [Transport::SEQPACKET, Transport::DGRAM] {
            let pair: (OwnedFd, OwnedFd) =
                rustix::net::socketpair(AddressFamily::UNIX, kind, rustix::net::SocketFlags::CLOEXEC, None).unwrap();
            self.keep(pair);
        }
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends until nothing more fits.
fn stuff(mut stream: &TcpStream) {
    stream.set_nonblocking(true).unwrap();
    while stream.write(&[0; 65536]).is_ok() {}
}

fn at_end(mut stream: &TcpStream) -> bool {
    stream.read(&mut [0]).is_ok_and(|n| n == 0)
}

fn connecting(address: SocketAddr) -> OwnedFd {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = rustix::net::SocketFlags::NONBLOCK | rustix::net::SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, Transport::STREAM, flags, None).unwrap();
    let _ = rustix::net::connect(&socket, &address); // EINPROGRESS
    socket
}

mod ffi {
    #![allow(unsafe_code)]
    use std::os::fd::AsRawFd as _;

    /// Connections to this listener are complete when data comes: tcp(7).
    pub(super) fn defer_accept(listener: &std::net::TcpListener) {
        let seconds: libc::c_int = 60;
        let size = libc::socklen_t::try_from(size_of_val(&seconds)).unwrap();
        let option = (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT);
        // SAFETY: the pointer is to an integer that outlives the call, and the size is the integer's.
        let code =
            unsafe { libc::setsockopt(listener.as_raw_fd(), option.0, option.1, (&raw const seconds).cast(), size) };
        assert_eq!(code, 0, "{}", std::io::Error::last_os_error());
    }
}

fn sorted(mut connections: Vec<Connection>) -> Vec<Connection> {
    connections.sort_by_key(|connection| format!("{connection:?}"));
    connections
}

/// The first line of a path is all that /proc/net/unix can tell.
fn first_line(mut connection: Connection) -> Connection {
    if let Endpoint::Unix(path) = &connection.laddr {
        let line = path.as_bytes().split(|byte| *byte == b'\n').next().unwrap();
        connection.laddr = Endpoint::Unix(OsStr::from_bytes(line).to_owned());
    }
    connection
}

/// What of a whole system's sockets belongs to this process, held or not.
fn ours(connections: Vec<Connection>, own: &[Connection]) -> Vec<Connection> {
    let addresses: HashSet<&Endpoint> =
        own.iter().map(|own| &own.laddr).filter(|laddr| **laddr != Endpoint::Unix(OsString::new())).collect();
    let me = Some(std::process::id());
    let is_ours = |c: &Connection| c.pid == me || addresses.contains(&c.laddr) || addresses.contains(&c.raddr);
    sorted(connections.into_iter().filter(is_ours).collect())
}

#[test]
fn both_backends_tell_the_same_of_a_zoo() {
    let zoo = Zoo::new();
    let [auto, files] = [Backend::Auto, Backend::Proc].map(|backend| System::host().with_backend(backend));
    let me = |system: &System| system.current_process().unwrap();
    let kinds: Vec<ConnectionKind> = KINDS.iter().map(|kind| kind.parse().unwrap()).collect();
    // Timers may move a socket on between two readings: they need to meet once.
    for kind in kinds {
        until(&format!("agreement on this process, {kind:?}"), || {
            let [auto, files] = [&auto, &files].map(|system| sorted(me(system).net_connections(kind).unwrap()));
            auto.into_iter().map(first_line).collect::<Vec<_>>() == files
        });
        until(&format!("agreement on the system, {kind:?}"), || {
            let [auto, files] = [&auto, &files].map(|system| {
                let own = me(system).net_connections(kind).unwrap();
                ours(system.net_connections(kind).unwrap(), &own)
            });
            let auto: HashSet<_> = auto.into_iter().map(first_line).collect();
            auto == files.into_iter().collect()
        });
    }
    let own = me(&auto).net_connections(ConnectionKind::All).unwrap();
    let all = ours(auto.net_connections(ConnectionKind::All).unwrap(), &own);
    let states: HashSet<Status> = all.iter().map(|connection| connection.status).collect();
    for state in [
        Status::Listen,
        Status::Established,
        Status::FinWait2,
        Status::CloseWait,
        Status::TimeWait,
        Status::FinWait1,
        Status::LastAck,
        Status::SynRecv,
        Status::SynSent,
        Status::None,
    ] {
        assert!(states.contains(&state), "{state} is not in the zoo: {all:#?}");
    }
    let kinds: HashSet<SocketType> = all.iter().map(|connection| connection.kind).collect();
    assert!([SocketType::Stream, SocketType::Datagram, SocketType::SeqPacket].iter().all(|kind| kinds.contains(kind)));
    let held = |c: &&Connection| c.pid.is_some() && c.fd.is_some();
    assert!(own.iter().all(|connection| held(&connection)));
    assert!(all.iter().any(|c| c.status == Status::TimeWait && !held(&c)));
    let whole = Endpoint::Unix(zoo.path(b"new\nline").into());
    if own.iter().any(|connection| connection.laddr == whole) {
        assert_eq!(own.iter().filter(|connection| connection.laddr == whole).count(), 1);
        let waiting = |c: &&Connection| c.laddr == whole && c.pid.is_none();
        assert_eq!(all.iter().filter(waiting).count(), 1, "a connection that waits to be accepted");
    } else {
        eprintln!("skipped: a path with a newline needs sock_diag, which this kernel or user does not have");
    }
    drop(zoo);
}

#[test]
fn another_network_namespace_is_read_through_its_process() {
    let mut unshare = Command::new("unshare");
    unshare.arg(if rustix::process::geteuid().is_root() { "--net" } else { "--map-root-user" }).arg("--net");
    unshare.arg(std::env::current_exe().unwrap()).args(["--exact", "listen_until_told", "--ignored", "--nocapture"]);
    let Ok(mut child) = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
        return eprintln!("skipped: unshare (package util-linux) is not installed");
    };
    let address = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().strip_prefix("listening at ").map(|address| address.parse().unwrap()));
    if let Some(address) = address {
        let address = Endpoint::Inet(address);
        for system in [Backend::Auto, Backend::Proc].map(|backend| System::host().with_backend(backend)) {
            let process: Process = system.process(child.id()).unwrap();
            let sockets = process.net_connections(ConnectionKind::All).unwrap();
            assert!(sockets.iter().any(|c| c.laddr == address && c.status == Status::Listen), "{sockets:?}");
            assert!(sockets.iter().any(|c| c.kind == SocketType::Datagram && c.laddr == Endpoint::Unix("".into())));
        }
    } else {
        eprintln!("skipped: this user may not make a network namespace");
    }
    drop(child.stdin.take());
    child.wait().unwrap();
}

/// No test of its own: what another test runs in another network namespace.
#[test]
#[ignore = "another test starts it"]
fn listen_until_told() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let datagram = unix::UnixDatagram::unbound().unwrap();
    println!("\nlistening at {}", listener.local_addr().unwrap());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(datagram);
}
