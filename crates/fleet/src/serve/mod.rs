//! The exporter: HTTP on one thread.

mod respond;

use std::cell::RefCell;
use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{LocalSet, spawn_blocking, spawn_local};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::collect::{Collector, Sample};
use crate::runtime::runtime;
use crate::web::Watched;
use crate::web::auth::Authenticator;

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// The addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The web configuration of exporter-toolkit.
    pub web_config: Option<PathBuf>,
    /// Names that a request may call this server by, beside `localhost` and addresses.
    pub allow_hosts: Vec<String>,
    /// Whether to listen beyond loopback though nobody has to say who they are.
    pub insecure: bool,
}

/// Connections at the same time.
const CONNECTIONS: usize = 64;
/// Longest head of a request.
const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// The time for a TLS handshake, and for the head of a request. A connection between two requests waits as long.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection lives at most; a client then connects again.
const LIFETIME: Duration = Duration::from_secs(600);

/// A sample that is being taken: those who wait for it share it.
type Pending = watch::Receiver<Option<Arc<Sample>>>;

/// What all connections share.
struct Server {
    collector: Arc<Mutex<Collector>>,
    pending: RefCell<Option<Pending>>,
    web: RefCell<Watched>,
    auth: Arc<Authenticator>,
    /// One check of a password at a time: they cost CPU by design.
    checks: Semaphore,
    allow_hosts: Vec<String>,
    log: fn(&str),
}

/// Serves until the process ends. Calls `ready` with the addresses once it listens, and `log` with what somebody should
/// read.
///
/// # Errors
/// A sentence: the configuration is wrong, or an address cannot be listened on.
pub fn serve(
    collector: Collector,
    options: &Options,
    ready: impl FnOnce(&[SocketAddr], bool),
    log: fn(&str),
) -> Result<(), String> {
    let web = Watched::open(options.web_config.as_deref())?;
    let beyond = options.listen.iter().find(|address| !address.ip().to_canonical().is_loopback());
    if let Some(address) = beyond
        && !web.config.authenticates()
    {
        if !options.insecure {
            return Err(format!(
                "{address} can be reached from other machines, and nobody would have to say who they are; give users or \
                 client certificates with --web-config, or --insecure"
            ));
        }
        log(&format!("everybody who reaches {address} can read everything (--insecure)"));
    }
    let server = Rc::new(Server {
        collector: Arc::new(Mutex::new(collector)),
        pending: RefCell::new(None),
        web: RefCell::new(web),
        auth: Arc::new(Authenticator::new()?),
        checks: Semaphore::new(1),
        allow_hosts: options.allow_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        log,
    });
    let runtime = runtime()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let mut listeners = Vec::new();
        for address in &options.listen {
            let listener = TcpListener::bind(address).await;
            listeners.push(listener.map_err(|error| format!("cannot listen on {address}: {error}"))?);
        }
        let bound: io::Result<Vec<SocketAddr>> = listeners.iter().map(TcpListener::local_addr).collect();
        ready(&bound.map_err(|error| error.to_string())?, server.web.borrow().tls.is_some());
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        let mut loops: Vec<_> = listeners
            .into_iter()
            .map(|listener| spawn_local(accept(Rc::clone(&server), listener, Arc::clone(&slots))))
            .collect();
        // They do not end.
        std::future::poll_fn(move |context| {
            for task in &mut loops {
                if std::pin::Pin::new(task).poll(context).is_ready() {
                    return std::task::Poll::Ready(());
                }
            }
            std::task::Poll::Pending
        })
        .await;
        Err("a listener has ended".to_owned())
    })
}

async fn accept(server: Rc<Server>, listener: TcpListener, slots: Arc<Semaphore>) {
    loop {
        // Without a free slot, new connections wait in the kernel's queue.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = Rc::clone(&server);
                spawn_local(async move {
                    let _ = timeout(LIFETIME, connection(server, stream)).await;
                    drop(slot);
                });
            }
            // No descriptor is free, say.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn connection(server: Rc<Server>, stream: TcpStream) {
    let refreshed = server.web.borrow_mut().refresh();
    match refreshed {
        Ok(false) => {}
        Ok(true) => (server.log)("the web configuration was read again"),
        Err(error) => (server.log)(&format!("the web configuration stays as it was: {error}")),
    }
    let _ = stream.set_nodelay(true);
    let tls = server.web.borrow().tls.clone();
    match tls {
        None => requests(server, stream).await,
        Some(tls) => {
            let accepted = timeout(PATIENCE, TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream)).await;
            if let Ok(Ok(stream)) = accepted
                && tls.allows(stream.get_ref().1.peer_certificates())
            {
                requests(server, stream).await;
            }
        }
    }
}

async fn requests(server: Rc<Server>, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
    let service = service_fn(move |request| respond::respond(Rc::clone(&server), request));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .half_close(false);
    // An error here is the client's: it went away, or sent what is no HTTP.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

impl Server {
    /// Takes a sample, or waits for the one that is being taken; `None` if it is not there by the deadline.
    async fn sample(&self, deadline: Instant) -> Option<Arc<Sample>> {
        let mut pending = self.pending(deadline);
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = timeout(left, pending.wait_for(Option::is_some)).await;
        waited.ok()?.ok()?.clone()
    }

    fn pending(&self, deadline: Instant) -> Pending {
        let mut slot = self.pending.borrow_mut();
        // One that is there is somebody else's, and old.
        if let Some(pending) =
            slot.as_ref().filter(|pending| pending.borrow().is_none() && pending.has_changed().is_ok())
        {
            return pending.clone();
        }
        let (sender, receiver) = watch::channel(None);
        let (collector, log) = (Arc::clone(&self.collector), self.log);
        spawn_blocking(move || {
            // A panic in an earlier sample must not end all later ones.
            let mut collector = collector.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let sample = collector.sample(deadline);
            drop(collector);
            sample.news.iter().for_each(|sentence| log(sentence));
            let _ = sender.send(Some(Arc::new(sample)));
        });
        *slot = Some(receiver.clone());
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::Config;

    fn server() -> Server {
        let collector = Collector::new(psoxide::System::host(), Config::default());
        Server {
            collector: Arc::new(Mutex::new(collector)),
            pending: RefCell::new(None),
            web: RefCell::new(Watched::open(None).unwrap()),
            auth: Arc::new(Authenticator::new().unwrap()),
            checks: Semaphore::new(1),
            allow_hosts: Vec::new(),
            log: |_| {},
        }
    }

    #[test]
    fn scrapes_at_the_same_time_share_a_sample_and_keep_their_own_deadlines() {
        let server = server();
        let runtime = runtime().unwrap();
        let collector = Arc::clone(&server.collector);
        // Nothing is sampled as long as this is held.
        let held = collector.lock().unwrap();
        runtime.block_on(async {
            let far = Instant::now() + Duration::from_secs(600);
            let (first, second) = (server.pending(far), server.pending(far));
            assert!(first.same_channel(&second));
            assert!(server.sample(Instant::now() + Duration::from_millis(10)).await.is_none());
            drop(held);
            let sample = server.sample(far).await.unwrap();
            let mut first = first;
            let shared = first.wait_for(Option::is_some).await.unwrap().clone().unwrap();
            assert!(Arc::ptr_eq(&sample, &shared));
            // The next one is new.
            assert!(!server.pending(far).same_channel(&first));
        });
    }
}
