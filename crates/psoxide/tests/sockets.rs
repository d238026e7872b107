//! Sockets as sock_diag(7) and as /proc/net tell of them: the same, over a zoo of them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::any::Any;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net as unix;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use psoxide::{
    Backend, Connection, ConnectionKind, ConnectionStatus as Status, Endpoint, Holder, Process, SocketType, System,
};
use rustix::net::{AddressFamily, SocketType as Transport};

const BACKENDS: [Backend; 3] = [Backend::Auto, Backend::Bpf, Backend::Proc];
const KINDS: [&str; 11] = ["inet", "inet4", "inet6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "all"];

/// Sockets, and what would be lost with them.
struct Zoo {
    kept: Vec<Box<dyn Any>>,
    /// Addresses that are bound, and in no table.
    unlisted: Vec<SocketAddr>,
    /// Whether some connection is CLOSING: newer kernels let only those filter TCP who have rights over the network.
    closing: bool,
    folder: tempfile::TempDir,
}

impl Zoo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut zoo = Self { kept: Vec::new(), unlisted: Vec::new(), closing: false, folder };
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
        // CLOSING: both have closed, and this one has heard of it while nothing comes to the other.
        let closing = pair();
        closing.0.set_nonblocking(true).unwrap();
        self.closing = [&closing.0, &closing.1].into_iter().all(ffi::drop_all_that_comes);
        if self.closing {
            closing.0.shutdown(Shutdown::Write).unwrap();
            closing.1.shutdown(Shutdown::Write).unwrap();
            ffi::drop_nothing_more(&closing.0);
            until("the other's end", || at_end(&closing.0)); // it is sent again
            self.keep(closing);
        }
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
        self.keep(socket(AddressFamily::INET, Transport::STREAM, None).unwrap());
        let bound = socket(AddressFamily::INET, Transport::STREAM, None).unwrap();
        rustix::net::bind(&bound, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
        self.unlisted.push(SocketAddr::try_from(rustix::net::getsockname(&bound).unwrap()).unwrap());
        self.keep(bound);
    }

    /// A connection that is accepted before it is complete: tcp(7), TCP_FASTOPEN. Its state is SYN_RECV, and it is held.
    fn fast_open(&mut self) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        ffi::accept_early(&listener);
        let client = socket(AddressFamily::INET, Transport::STREAM, None).unwrap();
        assert!(ffi::drop_all_that_comes(&client));
        rustix::io::ioctl_fionbio(&client, true).unwrap();
        ffi::connect_with_data(&client, &address);
        self.keep((listener.accept().unwrap(), client, listener));
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
        self.keep(socket(AddressFamily::INET, Transport::DGRAM, None).unwrap());
        self.keep(UdpSocket::bind("0.0.0.0:0").unwrap());
        for address in ["[::1]:0", "[::]:0"] {
            if let Ok(socket) = UdpSocket::bind(address) {
                let peer = UdpSocket::bind(address).unwrap();
                peer.connect((Ipv6Addr::LOCALHOST, socket.local_addr().unwrap().port())).unwrap();
                self.keep((socket, peer));
            }
        }
        // Of these psutil knows nothing.
        let lite = rustix::net::Protocol::from_raw(136.try_into().unwrap());
        if let Ok(lite) = socket(AddressFamily::INET, Transport::DGRAM, Some(lite)) {
            rustix::net::bind(&lite, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
            self.unlisted.push(SocketAddr::try_from(rustix::net::getsockname(&lite).unwrap()).unwrap());
            self.keep(lite);
        }
        if let Ok(raw) = socket(AddressFamily::INET, Transport::RAW, Some(rustix::net::ipproto::ICMP)) {
            self.keep(raw);
        }
        self.keep(socket(AddressFamily::NETLINK, Transport::RAW, None).unwrap());
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
        let gone = unix::UnixListener::bind(self.path(b"gone")).unwrap();
        std::fs::remove_file(self.path(b"gone")).unwrap();
        self.keep(gone);
        let packets = socket(AddressFamily::UNIX, Transport::SEQPACKET, None).unwrap();
        rustix::net::bind(&packets, &rustix::net::SocketAddrUnix::new(self.path(b"packets")).unwrap()).unwrap();
        self.keep(packets);
        for end in [&b""[..], b"\0a b\0", b"\xff\xfe"] {
            let name = [format!("psoxide-{}", std::process::id()).as_bytes(), end].concat();
            let address = unix::SocketAddr::from_abstract_name(&name).unwrap();
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

/// One that no program inherits that another test starts.
fn socket(
    family: AddressFamily,
    kind: Transport,
    protocol: Option<rustix::net::Protocol>,
) -> rustix::io::Result<OwnedFd> {
    rustix::net::socket_with(family, kind, rustix::net::SocketFlags::CLOEXEC, protocol)
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
    use std::net::SocketAddr;
    use std::os::fd::{AsFd, AsRawFd as _};

    fn set<T>(socket: impl AsFd, (level, option): (libc::c_int, libc::c_int), value: &T) -> std::io::Result<()> {
        let size = libc::socklen_t::try_from(size_of::<T>()).unwrap();
        let socket = socket.as_fd().as_raw_fd();
        // SAFETY: the pointer is to a value that outlives the call, and the size is the value's.
        let code = unsafe { libc::setsockopt(socket, level, option, std::ptr::from_ref(value).cast(), size) };
        if code == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }

    /// Connections to this listener are complete when data comes: tcp(7).
    pub(super) fn defer_accept(listener: &std::net::TcpListener) {
        let seconds: libc::c_int = 60;
        set(listener, (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT), &seconds).unwrap();
    }

    /// Connections with data are accepted at once.
    pub(super) fn accept_early(listener: &std::net::TcpListener) {
        let most: libc::c_int = 5;
        set(listener, (libc::IPPROTO_TCP, libc::TCP_FASTOPEN), &most).unwrap();
    }

    /// The first data goes with the first segment.
    pub(super) fn connect_with_data(socket: impl AsFd, address: &SocketAddr) {
        let SocketAddr::V4(address) = address else { panic!("{address}") };
        let to = libc::sockaddr_in {
            sin_family: libc::AF_INET.try_into().unwrap(),
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
            sin_zero: [0; 8],
        };
        let size = libc::socklen_t::try_from(size_of_val(&to)).unwrap();
        let data = b"data";
        let (socket, to) = (socket.as_fd().as_raw_fd(), (&raw const to).cast());
        // SAFETY: the pointers are to values that outlive the call, and the sizes are theirs.
        let sent = unsafe { libc::sendto(socket, data.as_ptr().cast(), data.len(), libc::MSG_FASTOPEN, to, size) };
        assert!(sent > 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EINPROGRESS));
    }

    /// A filter that keeps nothing: the other end has to send again, and is not told that anything came. Whether that is
    /// allowed.
    pub(super) fn drop_all_that_comes(socket: impl AsFd) -> bool {
        let mut filter = libc::sock_filter { code: libc::BPF_RET.try_into().unwrap(), jt: 0, jf: 0, k: 0 };
        let program = libc::sock_fprog { len: 1, filter: &raw mut filter };
        match set(socket, (libc::SOL_SOCKET, libc::SO_ATTACH_FILTER), &program) {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => false,
            set => {
                set.unwrap();
                true
            }
        }
    }

    pub(super) fn drop_nothing_more(socket: impl AsFd) {
        set(socket, (libc::SOL_SOCKET, libc::SO_DETACH_FILTER), &0).unwrap();
    }
}

fn sorted(mut connections: Vec<Connection>) -> Vec<Connection> {
    connections.sort_by_key(|connection| format!("{connection:?}"));
    connections
}

/// Leaves out what /proc/net/unix does not show: the queues, and all but the first line of a path.
fn as_in_the_file(mut connection: Connection) -> Connection {
    if connection.family == psoxide::AddressFamily::Unix {
        (connection.recv_queue, connection.send_queue) = (None, None);
    }
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
    let [auto, walk, files] = BACKENDS.map(|backend| System::host().with_backend(backend));
    if walk.backend() != Backend::Bpf {
        psoxide_testing::skip("sockets by the descriptors that hold them, which needs the rights of task iterators");
    }
    let me = |system: &System| system.current_process().unwrap();
    let kinds: Vec<ConnectionKind> = KINDS.iter().map(|kind| kind.parse().unwrap()).collect();
    // Timers may move a socket on between two readings: they need to meet once.
    for kind in kinds {
        for system in [&auto, &walk] {
            until(&format!("agreement on this process, {kind:?}"), || {
                let [told, files] = [system, &files].map(|system| sorted(me(system).net_connections(kind).unwrap()));
                told.into_iter().map(as_in_the_file).collect::<Vec<_>>() == files
            });
            until(&format!("agreement on the system, {kind:?}"), || {
                let [told, files] = [system, &files].map(|system| {
                    let own = me(system).net_connections(kind).unwrap();
                    ours(system.net_connections(kind).unwrap(), &own)
                });
                let told: HashSet<_> = told.into_iter().map(as_in_the_file).collect();
                told == files.into_iter().collect()
            });
        }
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
    if zoo.closing {
        assert!(states.contains(&Status::Closing), "{all:#?}");
    } else {
        psoxide_testing::skip("the state CLOSING, as this user may not filter what comes over TCP");
    }
    let kinds: HashSet<SocketType> = all.iter().map(|connection| connection.kind).collect();
    assert!([SocketType::Stream, SocketType::Datagram, SocketType::SeqPacket].iter().all(|kind| kinds.contains(kind)));
    let held = |c: &&Connection| c.pid.is_some() && c.fd.is_some();
    assert!(own.iter().all(|connection| held(&connection)));
    assert!(all.iter().any(|c| c.status == Status::TimeWait && !held(&c)));
    for address in &zoo.unlisted {
        assert!(!all.iter().any(|connection| connection.laddr == Endpoint::Inet(*address)), "{address}");
    }
    let whole = Endpoint::Unix(zoo.path(b"new\nline").into());
    if own.iter().any(|connection| connection.laddr == whole) {
        assert_eq!(own.iter().filter(|connection| connection.laddr == whole).count(), 1);
        let waiting = |c: &&Connection| c.laddr == whole && c.pid.is_none();
        assert_eq!(all.iter().filter(waiting).count(), 1, "a connection that waits to be accepted");
    } else {
        psoxide_testing::skip("a path with a newline needs sock_diag, which this kernel or user does not have");
    }
    drop(zoo);
}

/// Whether all backends list the same sockets of this process, and how many descriptors hold those that pass `only`.
#[track_caller]
fn are_the_same(what: &str, count: usize, only: impl Fn(&Connection) -> bool) {
    let found = BACKENDS.map(|backend| {
        let me = System::host().with_backend(backend).current_process().unwrap();
        let sockets = me.net_connections(ConnectionKind::All).unwrap().into_iter().filter(&only);
        sorted(sockets.map(as_in_the_file).collect())
    });
    assert_eq!(found[0], found[2], "{what}");
    assert_eq!(found[1], found[2], "{what}");
    assert_eq!(descriptors(&found[2]), count, "{what}: {found:#?}");
}

/// How many descriptors hold these sockets.
fn descriptors(sockets: &[Connection]) -> usize {
    sockets.iter().map(|socket| socket.holders.len()).sum()
}

#[test]
fn queues_count_what_waits() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let waits = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("listener");
    let local = UnixListener::bind(&path).unwrap();
    let kept = [(); 2].map(|()| UnixStream::connect(&path).unwrap());
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(other.local_addr().unwrap()).unwrap();
    let (server, _) = other.accept().unwrap();
    client.write_all(b"seven b").unwrap();
    let (mut left, right) = UnixStream::pair().unwrap();
    left.write_all(&[0; 300]).unwrap();
    let to = UdpSocket::bind("127.0.0.1:0").unwrap();
    let from = UdpSocket::bind("127.0.0.1:0").unwrap();
    from.send_to(&[0; 100], to.local_addr().unwrap()).unwrap();
    for backend in BACKENDS {
        let me = System::host().with_backend(backend).current_process().unwrap();
        let socket = |fd: i32, kind| {
            let sockets = me.net_connections(kind).unwrap();
            let found = sockets.into_iter().find(|socket| socket.holders.contains(&Holder::new(me.pid(), Some(fd))));
            let found = found.unwrap();
            (found.status, found.recv_queue, found.send_queue)
        };
        let tcp = |fd| socket(fd, ConnectionKind::Tcp);
        // The connection is complete on this side before it is on that of the listener.
        until("a connection that waits", || tcp(listener.as_raw_fd()) == (Status::Listen, Some(1), Some(0)));
        until("seven bytes", || tcp(server.as_raw_fd()) == (Status::Established, Some(7), Some(0)));
        let udp = || socket(to.as_raw_fd(), ConnectionKind::Udp);
        until("a datagram", || udp().1.is_some_and(|memory| memory >= 100));
        // The file does not show them.
        let unix = |fd| socket(fd, ConnectionKind::Unix);
        let shown = |bytes: u64| (backend != Backend::Proc).then_some(bytes);
        assert_eq!(unix(local.as_raw_fd()), (Status::Listen, shown(2), shown(0)), "{backend:?}");
        assert_eq!(unix(right.as_raw_fd()).1, shown(300), "{backend:?}");
        assert_eq!(unix(right.as_raw_fd()).0, Status::Established, "{backend:?}");
        assert_eq!(unix(kept[0].as_raw_fd()).0, Status::Established, "{backend:?}");
    }
    drop(waits);
}

#[test]
fn a_socket_that_several_processes_hold_has_one_row() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let again = listener.try_clone().unwrap();
    let (unix, _other) = unix::UnixStream::pair().unwrap();
    let stdin = OwnedFd::from(listener.try_clone().unwrap());
    let mut command = Command::new("sleep");
    command.arg("60").stdin(stdin).stdout(OwnedFd::from(unix.try_clone().unwrap()));
    let mut child = command.spawn().unwrap();
    drop(command);
    // The child has no other copies once it runs its program.
    let name = format!("/proc/{}/comm", child.id());
    until("the program", || std::fs::read(&name).unwrap() == b"sleep\n");
    let mut holders = vec![
        Holder::new(std::process::id(), Some(listener.as_raw_fd())),
        Holder::new(std::process::id(), Some(again.as_raw_fd())),
        Holder::new(child.id(), Some(0)),
    ];
    holders.sort_unstable();
    let last = *holders.iter().find(|holder| Some(holder.pid) == holders.last().map(|last| last.pid)).unwrap();
    let address = Endpoint::Inet(listener.local_addr().unwrap());
    for system in BACKENDS.map(|backend| System::host().with_backend(backend)) {
        // What another test has forked holds the sockets too, until it executes its program.
        until("one row", || {
            let mut found = system.net_connections(ConnectionKind::Tcp).unwrap();
            found.retain(|connection| connection.laddr == address);
            found.len() == 1 && found[0].holders == holders && (found[0].pid, found[0].fd) == (Some(last.pid), last.fd)
        });
        let own = system.current_process().unwrap().net_connections(ConnectionKind::Tcp).unwrap();
        let own: Vec<_> = own.iter().filter(|connection| connection.laddr == address).collect();
        assert_eq!(own.len(), 1, "{own:#?}");
        assert!(own[0].holders.len() == 2 && own[0].pid == Some(std::process::id()));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn descriptors_that_only_name_a_socket_are_told_of_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Endpoint::Inet(listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("name");
    let bound = unix::UnixListener::bind(&name).unwrap();
    let by_path = |path: &std::path::Path| {
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
        rustix::fs::open(path, flags, rustix::fs::Mode::empty()).unwrap()
    };
    let link = format!("/proc/self/fd/{}", listener.as_raw_fd());
    // The first has the socket itself, the second its name in a file system.
    let _kept = (by_path(link.as_ref()), by_path(&name));
    are_the_same("TCP", 2, |c| c.laddr == address);
    are_the_same("UNIX", 1, |c| c.laddr == Endpoint::Unix(name.clone().into()));
    drop(bound);
}

#[test]
fn parts_of_a_multipath_connection_are_told_under_its_descriptor() {
    const MPTCP: u32 = 262;
    let protocol = rustix::net::Protocol::from_raw(MPTCP.try_into().unwrap());
    let Ok(listener) = socket(AddressFamily::INET, Transport::STREAM, Some(protocol)) else {
        return psoxide_testing::skip("this kernel has no MPTCP");
    };
    rustix::net::bind(&listener, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
    rustix::net::listen(&listener, 4).unwrap();
    let address = SocketAddr::try_from(rustix::net::getsockname(&listener).unwrap()).unwrap();
    let client = socket(AddressFamily::INET, Transport::STREAM, Some(protocol)).unwrap();
    rustix::net::connect(&client, &address).unwrap();
    let accepted = rustix::net::accept_with(&listener, rustix::net::SocketFlags::CLOEXEC).unwrap();
    let of_three = |c: &Connection| [&c.laddr, &c.raddr].contains(&&Endpoint::Inet(address));
    are_the_same("MPTCP", 3, of_three);
    drop((listener, client, accepted));
}

#[test]
fn sockets_of_a_namespace_that_was_left_are_in_no_table() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (kept, brought) = unix::UnixDatagram::pair().unwrap();
    let holds = |command: &mut Command| {
        let (tcp, unix) = (OwnedFd::from(listener.try_clone().unwrap()), OwnedFd::from(brought.try_clone().unwrap()));
        let mut child = command.stdin(tcp).stdout(unix).spawn().unwrap();
        let name = format!("/proc/{}/comm", child.id());
        until("the program", || std::fs::read(&name).unwrap() == b"sleep\n");
        let found = BACKENDS.map(|backend| {
            let process = System::host().with_backend(backend).process(child.id()).unwrap();
            let sockets = process.net_connections(ConnectionKind::All).unwrap();
            sockets.into_iter().filter(|socket| matches!(socket.fd, Some(0 | 1))).count()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        found
    };
    assert_eq!(holds(Command::new("sleep").arg("60")), [2; 3]);
    if rustix::process::geteuid().is_root() {
        assert_eq!(holds(Command::new("unshare").args(["--net", "sleep", "60"])), [0; 3]);
    } else {
        psoxide_testing::skip("only root may leave a network namespace and no other");
    }
    drop(kept);
}

#[test]
fn few_sockets_of_this_program_are_the_same_for_all_backends() {
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "has_few_sockets", "--ignored", "--nocapture"]);
    assert!(alone.stdin(Stdio::null()).status().unwrap().success());
}

/// No test of its own: a program that has few sockets at a time, of which each is asked for.
#[test]
#[ignore = "another test starts it"]
fn has_few_sockets() {
    let [auto, walk, files] = BACKENDS.map(|backend| System::host().with_backend(backend));
    let compare = |what: &str, listed: usize| {
        for kind in KINDS.map(|kind| kind.parse().unwrap()) {
            until(&format!("agreement on {what}, {kind:?}"), || {
                let read = |system: &System| {
                    let sockets = system.current_process().unwrap().net_connections(kind).unwrap();
                    sorted(sockets.into_iter().map(as_in_the_file).collect())
                };
                let files = read(&files);
                assert!(kind != ConnectionKind::All || descriptors(&files) == listed, "{what}: {files:#?}");
                [&auto, &walk].into_iter().all(|system| read(system) == files)
            });
        }
    };
    let from = |address: &str| -> Option<(TcpListener, TcpStream, TcpStream)> {
        let listener = TcpListener::bind((address, 0)).ok()?;
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let accepted = listener.accept().unwrap().0;
        Some((listener, client, accepted))
    };
    let v4 = from("127.0.0.1").unwrap();
    compare("a connection", 3);
    let again = v4.1.try_clone().unwrap();
    v4.1.shutdown(Shutdown::Write).unwrap();
    compare("a connection that is half closed, and a second number", 4);
    drop((again, v4));
    if let (Some(v6), Some(any)) = (from("::1"), from("::")) {
        compare("IPv6", 6);
        let mapped = TcpStream::connect(("127.0.0.1", any.0.local_addr().unwrap().port())).unwrap();
        let accepted = any.0.accept().unwrap();
        compare("both versions", 8);
        drop((v6, any, mapped, accepted));
    }
    let new = |family, kind| socket(family, kind, None).unwrap();
    let unbound = (new(AddressFamily::INET, Transport::STREAM), new(AddressFamily::INET, Transport::DGRAM));
    let bound = new(AddressFamily::INET, Transport::STREAM);
    rustix::net::bind(&bound, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
    let netlink = new(AddressFamily::NETLINK, Transport::RAW);
    compare("what is in no table", 0);
    drop((unbound, bound, netlink));
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp = ["127.0.0.1:0", "0.0.0.0:0"].map(|address| UdpSocket::bind(address).unwrap());
    let connected = UdpSocket::bind("0.0.0.0:0").unwrap();
    connected.connect(peer.local_addr().unwrap()).unwrap();
    compare("UDP", 4);
    drop((peer, udp, connected));
    if let Ok(peer) = UdpSocket::bind("[::1]:0") {
        let connected = UdpSocket::bind("[::]:0").unwrap();
        let any = UdpSocket::bind("[::]:0").unwrap();
        connected.connect(peer.local_addr().unwrap()).unwrap();
        compare("UDP over IPv6", 3);
        drop((peer, connected, any));
    }
    let shared = [(); 2].map(|()| new(AddressFamily::INET, Transport::DGRAM));
    let mut address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    for socket in &shared {
        rustix::net::sockopt::set_socket_reuseport(socket, true).unwrap();
        rustix::net::bind(socket, &address).unwrap();
        address = rustix::net::getsockname(socket).unwrap().try_into().unwrap();
    }
    compare("an address that two share", 2);
    drop(shared);
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let waiting = [(); 3].map(|()| connecting(full.local_addr().unwrap()));
    compare("connections that wait", 4);
    drop((full, waiting));
    let (listener, client, accepted) = from("127.0.0.1").unwrap();
    rustix::net::sockopt::set_socket_linger(&accepted, Some(Duration::ZERO)).unwrap();
    drop(accepted); // the other is reset
    let pair = unix::UnixStream::pair().unwrap();
    until("the reset", || client.take_error().unwrap().is_some());
    compare("a connection that was reset, and UNIX", 3);
    drop((listener, client, pair));
}

/// This program, to run one of its tests in a network namespace of its own; `None`, with the reason, where that may not be.
fn elsewhere(test: &str) -> Option<Command> {
    let owner = if rustix::process::geteuid().is_root() { "--net" } else { "--map-root-user" };
    let unshared = || {
        let mut unshare = Command::new("unshare");
        unshare.args([owner, "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
        unshare
    };
    match unshared().arg("true").stderr(Stdio::null()).status() {
        Ok(status) if status.success() => {}
        Ok(_) => {
            psoxide_testing::skip(
                "this user may not make a network namespace, or ip (package iproute2) is not installed",
            );
            return None;
        }
        Err(error) => {
            psoxide_testing::skip(format_args!("unshare (package util-linux): {error}"));
            return None;
        }
    }
    let mut command = unshared();
    command.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--include-ignored", "--nocapture"]);
    Some(command)
}

#[test]
fn another_network_namespace_is_read_through_its_process() {
    let Some(mut there) = elsewhere("a_zoo_that_tells_of_itself") else { return };
    let mut child = there.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut ask, mut lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut inside = || {
        ask.write_all(b"\n").unwrap();
        lines.find_map(|line| line.unwrap().strip_prefix("sockets: ").map(str::to_owned)).unwrap()
    };
    for system in BACKENDS.map(|backend| System::host().with_backend(backend)) {
        let process: Process = system.process(child.id()).unwrap();
        until("agreement from inside and outside", || {
            let inside = inside();
            let sockets = sorted(process.net_connections(ConnectionKind::All).unwrap());
            assert!(sockets.len() > 40, "{sockets:#?}");
            inside == format!("{sockets:?}")
        });
        let here = system.net_connections(ConnectionKind::All).unwrap();
        assert!(here.iter().all(|connection| connection.pid != Some(child.id())), "they are in no table of this one");
    }
    drop(ask);
    assert!(child.wait().unwrap().success());
}

/// No test of its own: what another test runs in another network namespace. It says what sockets it has, each time it
/// is asked.
#[test]
#[ignore = "another test starts it"]
fn a_zoo_that_tells_of_itself() {
    /// Both ends may, and without a cookie: Documentation/networking/ip-sysctl.rst
    const FAST_OPEN: &str = "519";
    let mut zoo = Zoo::new();
    // This namespace's alone.
    std::fs::write("/proc/sys/net/ipv4/tcp_fastopen", FAST_OPEN).unwrap();
    zoo.fast_open();
    let system = System::host().with_backend(Backend::Auto);
    let me = system.current_process().unwrap();
    println!();
    for _ in std::io::stdin().lines() {
        let sockets =
            sorted(me.net_connections(ConnectionKind::All).unwrap().into_iter().map(as_in_the_file).collect());
        println!("sockets: {sockets:?}");
    }
    let held = me.net_connections(ConnectionKind::Tcp).unwrap();
    assert!(held.iter().any(|connection| connection.status == Status::SynRecv), "{held:#?}");
}

#[test]
fn a_zoo_in_a_namespace_of_its_own_is_the_same_for_both_backends() {
    let Some(mut there) = elsewhere("both_backends_tell_the_same_of_a_zoo") else { return };
    assert!(there.stdin(Stdio::null()).status().unwrap().success());
}
