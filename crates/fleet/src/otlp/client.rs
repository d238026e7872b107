//! Sends one request of OTLP over HTTP.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use prost::Message as _;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::message::Answer;
use super::settings::Settings;
use crate::web::tls;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// Everything was taken.
    Whole,
    /// Some points were not taken, and why. Sending them again would not help.
    Partly(i64, String),
    /// The endpoint may take it later; the time is the one that it named.
    Later(String, Option<Duration>),
    /// The endpoint will never take it.
    Refused(String),
}

/// What an endpoint may send back.
const LONGEST_ANSWER: usize = 64 * 1024;

pub(super) struct Client {
    endpoint: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    gzip: bool,
    tls: Option<Arc<ClientConfig>>,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let tls = match settings.endpoint.scheme_str() {
            Some("https") => {
                let identity = settings.identity.as_ref().map(|(certificate, key)| (certificate, key));
                Some(tls::client(settings.ca.as_ref(), identity)?)
            }
            _ => None,
        };
        let Settings { endpoint, headers, timeout, gzip, .. } = settings.clone();
        Ok(Self { endpoint, headers, timeout, gzip, tls })
    }

    /// Sends an encoded request.
    pub(super) async fn send(&self, request: &[u8]) -> Sent {
        let compressed = self.gzip.then(|| gzip(request)).flatten();
        let coding = compressed.is_some().then_some("gzip");
        let body = compressed.unwrap_or_else(|| request.to_vec());
        match timeout(self.timeout, self.attempt(body, coding)).await {
            Ok(sent) => sent,
            Err(_) => Sent::Later(format!("no answer within {:?}", self.timeout), None),
        }
    }

    async fn attempt(&self, body: Vec<u8>, coding: Option<&'static str>) -> Sent {
        let host = self.endpoint.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = self.endpoint.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let stream = match TcpStream::connect((bare, port)).await {
            Ok(stream) => stream,
            Err(error) => return Sent::Later(format!("cannot connect to {host}:{port}: {error}"), None),
        };
        match &self.tls {
            None => self.exchange(stream, body, coding).await,
            Some(config) => {
                let Ok(name) = ServerName::try_from(bare.to_owned()) else {
                    return Sent::Refused(format!("{host}: neither a name nor an address"));
                };
                match TlsConnector::from(Arc::clone(config)).connect(name, stream).await {
                    Ok(stream) => self.exchange(stream, body, coding).await,
                    // A certificate may be renewed.
                    Err(error) => Sent::Later(format!("TLS with {host}:{port}: {error}"), None),
                }
            }
        }
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        body: Vec<u8>,
        coding: Option<&'static str>,
    ) -> Sent {
        let failed = |error: hyper::Error| Sent::Later(error.to_string(), None);
        let (mut sender, connection) = match http1::handshake(TokioIo::new(stream)).await {
            Ok(both) => both,
            Err(error) => return failed(error),
        };
        // It ends with the connection.
        spawn_local(connection);
        let path = self.endpoint.path_and_query().map_or("/", |path| path.as_str());
        let host = self.endpoint.authority().map_or("", |authority| authority.as_str());
        // A user in the URL is no part of the name.
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let mut request = Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .header(header::USER_AGENT, concat!("psoxide/", env!("CARGO_PKG_VERSION")));
        if let Some(coding) = coding {
            request = request.header(header::CONTENT_ENCODING, coding);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(Bytes::from(body))) {
            Ok(request) => request,
            Err(error) => return Sent::Refused(error.to_string()),
        };
        let answer = match sender.send_request(request).await {
            Ok(answer) => answer,
            Err(error) => return failed(error),
        };
        let (head, body) = answer.into_parts();
        let body = match Limited::new(body, LONGEST_ANSWER).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => Bytes::new(),
        };
        let after = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        outcome(head.status, &body, after)
    }
}

/// Compresses a request.
fn gzip(request: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(request.len() / 8), Compression::fast());
    // Writing to memory does not fail.
    encoder.write_all(request).and_then(|()| encoder.finish()).ok()
}

/// What a status means, by OTLP's specification.
fn outcome(status: StatusCode, body: &[u8], retry_after: Option<&str>) -> Sent {
    if status.is_success() {
        let partial = Answer::decode(body).ok().and_then(|answer| answer.partial_success);
        return match partial {
            Some(partial) if partial.rejected_data_points > 0 => {
                Sent::Partly(partial.rejected_data_points, partial.error_message)
            }
            _ => Sent::Whole,
        };
    }
    let said: String = String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(200).collect();
    let why = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
    match status.as_u16() {
        429 | 502..=504 => {
            let seconds = retry_after.and_then(|text| text.trim().parse().ok());
            Sent::Later(why, seconds.map(Duration::from_secs))
        }
        _ => Sent::Refused(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::message::PartialSuccess;

    #[test]
    fn what_a_status_means() {
        let of = |status: u16, after| outcome(StatusCode::from_u16(status).unwrap(), b"", after);
        assert_eq!(of(200, None), Sent::Whole);
        assert_eq!(of(503, Some("7")), Sent::Later("503 Service Unavailable".into(), Some(Duration::from_secs(7))));
        for status in [429, 502, 504] {
            assert!(matches!(of(status, None), Sent::Later(_, None)), "{status}");
        }
        for status in [301, 400, 401, 404, 413, 500] {
            assert!(matches!(of(status, None), Sent::Refused(_)), "{status}");
        }
        let partial_success = Some(PartialSuccess { rejected_data_points: 3, error_message: "too old".into() });
        let body = Answer { partial_success }.encode_to_vec();
        assert_eq!(outcome(StatusCode::OK, &body, None), Sent::Partly(3, "too old".into()));
    }
}
