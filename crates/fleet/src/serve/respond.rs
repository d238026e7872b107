//! Answers one request.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::task::spawn_blocking;

use super::Server;
use crate::exposition::Format;
use crate::web::auth::basic;

/// What a scraper without a deadline is given: Prometheus' own default.
const DEADLINE: Duration = Duration::from_secs(10);
/// Kept back for writing the answer.
const MARGIN: Duration = Duration::from_millis(250);
/// Shorter texts are not compressed.
const WORTH_COMPRESSING: usize = 1400;

const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>psoxide</title></head>\
    <body><h1>psoxide</h1><p>The series of this machine: <a href=\"metrics\">metrics</a>.</p></body></html>\n";

type Answer = Response<Full<Bytes>>;

pub(super) async fn respond(server: Rc<Server>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let is_head = request.method() == Method::HEAD;
    let mut answer = route(&server, &request).await;
    for (name, value) in &server.web.borrow().config.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value)) {
            answer.headers_mut().insert(name, value);
        }
    }
    if is_head {
        let length = hyper::body::Body::size_hint(answer.body()).exact().unwrap_or(0);
        answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        *answer.body_mut() = Full::default();
    }
    Ok(answer)
}

async fn route(server: &Server, request: &Request<Incoming>) -> Answer {
    if !is_host_allowed(server, request) {
        return plain(StatusCode::MISDIRECTED_REQUEST, "this server does not go by that name (--allow-host)\n");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    if !is_authorized(server, request.headers()).await {
        let mut answer = plain(StatusCode::UNAUTHORIZED, "unauthorized\n");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"psoxide\""));
        return answer;
    }
    match request.uri().path() {
        "/metrics" => metrics(server, request.headers()).await,
        "/-/healthy" => plain(StatusCode::OK, "healthy\n"),
        "/" => text(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        _ => plain(StatusCode::NOT_FOUND, "there are / and /metrics and /-/healthy\n"),
    }
}

fn plain(status: StatusCode, body: &'static str) -> Answer {
    text(status, "text/plain; charset=utf-8", body)
}

fn text(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Whether a request calls this server by a name that it goes by.
///
/// A page in a browser can make its own name lead to 127.0.0.1, and read what answers there. A password protects from
/// that too, as the browser does not send one.
fn is_host_allowed(server: &Server, request: &Request<Incoming>) -> bool {
    let authenticates = server.web.borrow().config.authenticates();
    if authenticates && server.allow_hosts.is_empty() {
        return true;
    }
    let host = request.uri().host().map(str::to_owned).or_else(|| {
        let header = request.headers().get(header::HOST)?.to_str().ok()?;
        Some(without_port(header).to_owned())
    });
    match host {
        Some(host) => is_local(&host) || server.allow_hosts.contains(&host.to_ascii_lowercase()),
        // HTTP/1.0 has no such header, and no browser speaks it.
        None => request.version() == Version::HTTP_10,
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

/// Whether a name is `localhost` or an address, neither of which a stranger's name server can give out.
fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

async fn is_authorized(server: &Server, headers: &HeaderMap) -> bool {
    let users = {
        let web = server.web.borrow();
        if web.config.users.is_empty() {
            return true;
        }
        web.config.users.clone()
    };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic);
    let Some((user, password)) = given else { return false };
    if server.auth.remembers(&users, &user, &password) {
        return true;
    }
    let Ok(_one) = server.checks.acquire().await else { return false };
    let auth = Arc::clone(&server.auth);
    spawn_blocking(move || auth.check(&users, &user, &password)).await.unwrap_or(false)
}

async fn metrics(server: &Server, headers: &HeaderMap) -> Answer {
    let header = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let seconds = headers.get("x-prometheus-scrape-timeout-seconds").and_then(|value| value.to_str().ok());
    let seconds = seconds.and_then(|text| text.parse::<f64>().ok());
    let given = seconds.filter(|seconds| (0.01..=3600.0).contains(seconds)).map(Duration::from_secs_f64);
    let time = given.unwrap_or(DEADLINE);
    let time = time.saturating_sub(MARGIN.min(time / 2));
    let Some(sample) = server.sample(Instant::now() + time).await else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "the sample was not taken before the deadline of the scrape\n");
    };
    let format = Format::negotiate(header(&header::ACCEPT));
    let body = format.write(&sample.families).into_bytes();
    let mut answer = match compressed(&body, header(&header::ACCEPT_ENCODING)) {
        Some(small) => {
            let mut answer = text(StatusCode::OK, format.content_type(), small);
            answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            answer
        }
        None => text(StatusCode::OK, format.content_type(), body),
    };
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The body compressed, if the client takes that.
fn compressed(body: &[u8], accept: Option<&str>) -> Option<Vec<u8>> {
    let takes = accept?.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f64)));
        (name.eq_ignore_ascii_case("gzip") || name == "*") && !refused
    });
    if !takes || body.len() < WORTH_COMPRESSING {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_stranger_cannot_give_out() {
        for host in ["localhost", "LOCALHOST:9750", "127.0.0.1:9750", "[::1]:9750", "[::1]", "10.0.0.7"] {
            assert!(is_local(without_port(host)), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:9750", "127.0.0.1.evil.example", ""] {
            assert!(!is_local(without_port(host)), "{host}");
        }
    }

    #[test]
    fn compression_is_the_clients_choice() {
        let body = vec![b'a'; 10_000];
        assert!(compressed(&body, Some("deflate, gzip;q=0.5")).is_some());
        assert!(compressed(&body, Some("*")).is_some());
        for refused in [None, Some(""), Some("gzip;q=0"), Some("br")] {
            assert!(compressed(&body, refused).is_none(), "{refused:?}");
        }
        assert!(compressed(b"short", Some("gzip")).is_none());
    }
}
