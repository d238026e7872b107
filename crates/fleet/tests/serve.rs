//! The exporter over real connections on this machine.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use psoxide::System;
use psoxide_fleet::serve::{Options, serve};
use psoxide_fleet::web::{Pem, tls};
use psoxide_fleet::{Collector, Config, GroupBy, Names};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::ServerName;

fn config(names: Names) -> Config {
    common::config(names, GroupBy::Name)
}

fn options(web_config: Option<&Path>) -> Options {
    Options {
        listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
        web_config: web_config.map(Path::to_owned),
        allow_hosts: vec!["monitoring.example".into()],
        insecure: false,
    }
}

/// Serves until the tests end, and returns the address.
fn start(options: Options) -> SocketAddr {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let collector = Collector::new(System::host(), config(Names::Both));
        let ready = |addresses: &[SocketAddr], _| sender.send(addresses[0]).unwrap();
        serve(collector, &options, ready, |sentence| eprintln!("{sentence}")).unwrap();
    });
    receiver.recv_timeout(Duration::from_secs(60)).unwrap()
}

/// Sends a request and returns status, head and body.
fn exchange(stream: &mut (impl Read + Write), request: &str) -> (u16, String, Vec<u8>) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A TLS connection that the server closes without saying so ends with an error.
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), answer[end + 4..].to_vec())
}

/// Machines that run tests may be slow.
const UNHURRIED: &str = "X-Prometheus-Scrape-Timeout-Seconds: 600\r\n";

fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{UNHURRIED}{headers}\r\n");
    let (status, head, body) = exchange(&mut stream, &request);
    (status, head, String::from_utf8(body).unwrap())
}

#[test]
fn it_answers_both_formats_and_refuses_the_rest() {
    let address = start(options(None));
    let (status, head, body) = get(address, "/metrics", "");
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    for name in [
        "system_cpu_time_seconds_total{cpu_mode=\"user\"}",
        "process_memory_usage_bytes{process_pid=\"",
        "psoxide_group_process_count{psoxide_group_name=\"",
        "node_load1 ",
        "namedprocess_namegroup_num_procs{groupname=\"",
        "psoxide_source_up{psoxide_source=\"cpu\"} 1",
        "target_info{",
    ] {
        assert!(body.contains(&format!("\n{name}")), "{name} is missing in\n{body}");
    }
    let (status, head, body) = get(address, "/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n");
    assert_eq!(status, 200);
    assert!(head.contains("application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(body.ends_with("# EOF\n") && body.contains("# UNIT system_cpu_time_seconds seconds\n"));

    assert_eq!(get(address, "/-/healthy", "").2, "healthy\n");
    assert!(get(address, "/", "").2.contains("href=\"metrics\""));
    assert_eq!(get(address, "/etc/passwd", "").0, 404);

    let send = |request: &str| exchange(&mut TcpStream::connect(address).unwrap(), request);
    let (status, head, body) =
        send(&format!("HEAD /metrics HTTP/1.1\r\nHost: [::1]:9750\r\nConnection: close\r\n{UNHURRIED}\r\n"));
    assert_eq!((status, body.len()), (200, 0));
    assert!(!head.contains("content-length: 0"), "{head}");
    let (status, head, _) =
        send("POST /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(status, 405);
    assert!(head.contains("allow: get, head"));
    // A page whose name leads here reads nothing.
    for (host, expected) in [("evil.example", 421), ("monitoring.example", 200), ("127.0.0.1:1", 200)] {
        let request = format!("GET /-/healthy HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(send(&request).0, expected, "{host}");
    }
    assert!(!head.contains("access-control"));
    // A head that does not end is cut off.
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(64 * 1024));
    let mut stream = TcpStream::connect(address).unwrap();
    let _ = stream.write_all(long.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[test]
fn many_scrapes_at_once_are_all_answered() {
    let address = start(options(None));
    let scrapes: Vec<_> = (0..100)
        .map(|_| {
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let request = format!(
                    "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n{UNHURRIED}\r\n"
                );
                exchange(&mut stream, &request)
            })
        })
        .collect();
    for scrape in scrapes {
        let (status, head, body) = scrape.join().unwrap();
        assert_eq!(status, 200);
        assert!(head.contains("content-encoding: gzip"));
        let mut text = String::new();
        flate2::read::GzDecoder::new(body.as_slice()).read_to_string(&mut text).unwrap();
        assert!(text.contains("\nnode_load1 "));
    }
}

/// Certificates for one server and two clients, in files.
fn certificates(folder: &Path) -> (String, String) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    write("ca.crt", ca.pem());
    for (file, name) in [("server", "localhost"), ("good", "prometheus.example"), ("bad", "stranger.example")] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
        write(&format!("{file}.crt"), certificate.pem());
        write(&format!("{file}.key"), key.serialize_pem());
    }
    ("server.crt".into(), "server.key".into())
}

/// A request over TLS; the error is the handshake's.
fn get_tls(address: SocketAddr, folder: &Path, client: Option<&str>, headers: &str) -> Option<u16> {
    let file = |name: String| Pem::File(folder.join(name));
    let identity = client.map(|name| (file(format!("{name}.crt")), file(format!("{name}.key"))));
    let identity = identity.as_ref().map(|(certificate, key)| (certificate, key));
    let config = tls::client(Some(&file("ca.crt".into())), identity).unwrap();
    let connection = rustls::ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    let request = format!("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap().split(' ').nth(1)?.parse().ok()
}

#[test]
fn users_must_know_their_password() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let web = folder.path().join("web.yml");
    let hash = bcrypt::hash("secret", 4).unwrap();
    let text = format!(
        "tls_server_config: {{cert_file: server.crt, key_file: server.key}}\nbasic_auth_users: {{anna: '{hash}'}}\n\
         http_server_config: {{headers: {{X-Frame-Options: deny}}}}\n"
    );
    std::fs::write(&web, text).unwrap();
    let address = start(Options { allow_hosts: Vec::new(), ..options(Some(&web)) });
    let ask = |headers: &str| get_tls(address, folder.path(), None, headers);
    assert_eq!(ask(""), Some(401));
    // anna:secret, anna:wrong, bert:secret
    for _ in 0..2 {
        assert_eq!(ask("Authorization: Basic YW5uYTpzZWNyZXQ=\r\n"), Some(200));
        assert_eq!(ask("Authorization: Basic YW5uYTp3cm9uZw==\r\n"), Some(401));
        assert_eq!(ask("Authorization: Basic YmVydDpzZWNyZXQ=\r\n"), Some(401));
    }
    // Plain HTTP is no way around.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[test]
fn clients_must_have_a_certificate_with_an_allowed_name() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let web = folder.path().join("web.yml");
    let text = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_ca_file: ca.crt\n  \
        client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [prometheus.example]\n  min_version: TLS13\n";
    std::fs::write(&web, text).unwrap();
    let address = start(Options { allow_hosts: Vec::new(), ..options(Some(&web)) });
    assert_eq!(get_tls(address, folder.path(), Some("good"), ""), Some(200));
    assert_eq!(get_tls(address, folder.path(), Some("bad"), ""), None);
    assert_eq!(get_tls(address, folder.path(), None, ""), None);
    // A changed file is read at the next connection.
    std::fs::write(&web, text.replace("prometheus.example", "stranger.example")).unwrap();
    std::fs::File::open(&web).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(get_tls(address, folder.path(), Some("bad"), ""), Some(200));
    assert_eq!(get_tls(address, folder.path(), Some("good"), ""), None);
}

#[test]
fn it_does_not_listen_beyond_this_machine_unprotected() {
    let listen = vec![(Ipv4Addr::UNSPECIFIED, 0).into()];
    let collector = Collector::new(System::host(), config(Names::Otel));
    let refused = serve(collector, &Options { listen, ..options(None) }, |_, _| panic!("it listens"), |_| {});
    assert!(refused.unwrap_err().contains("--web-config"));
}
