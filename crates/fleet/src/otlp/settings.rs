//! Where to push and how: options, and the environment variables of OpenTelemetry.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};

use crate::metric::Label;
use crate::web::Pem;

/// What the user gave as options. What is `None` comes from the environment, or is the default.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The endpoint.
    pub endpoint: Option<String>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The time between samples.
    pub interval: Option<Duration>,
    /// The time for one request.
    pub timeout: Option<Duration>,
    /// Whether requests are compressed.
    pub gzip: Option<bool>,
    /// The authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// The client's certificate.
    pub certificate: Option<PathBuf>,
    /// The key of the client's certificate.
    pub key: Option<PathBuf>,
}

/// Where to push and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address that requests are sent to.
    pub endpoint: Uri,
    /// Headers of each request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The time between samples.
    pub interval: Duration,
    /// The time for one request.
    pub timeout: Duration,
    /// Whether requests are compressed.
    pub gzip: bool,
    /// The authorities to trust instead of the system's.
    pub ca: Option<Pem>,
    /// The client's certificate and its key.
    pub identity: Option<(Pem, Pem)>,
    /// Attributes of the resource.
    pub resource: Vec<Label>,
}

/// Where a collector listens that was not configured otherwise.
const ENDPOINT: &str = "http://localhost:4318";
const METRICS: &str = "v1/metrics";

impl Settings {
    /// Combines options and environment: options come first, then variables for metrics, then variables for all signals.
    ///
    /// # Errors
    /// A sentence that names the option or variable.
    pub fn new(given: &Given, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        // An empty variable counts as unset.
        let env = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let of = |name: &str| {
            let specific = format!("OTEL_EXPORTER_OTLP_METRICS_{name}");
            let general = format!("OTEL_EXPORTER_OTLP_{name}");
            env(&specific).map(|value| (specific, value)).or_else(|| env(&general).map(|value| (general, value)))
        };
        if let Some((name, protocol)) = of("PROTOCOL")
            && protocol != "http/protobuf"
        {
            return Err(format!("{name}: {protocol:?} is not supported; it is http/protobuf"));
        }
        const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        if let Some(temporality) = env(TEMPORALITY)
            && !temporality.eq_ignore_ascii_case("cumulative")
        {
            return Err(format!("{TEMPORALITY}: {temporality:?} is not supported; it is cumulative"));
        }
        let milliseconds = |name: String, text: &str| {
            let time = text.parse().ok().filter(|time| *time > 0).map(Duration::from_millis);
            time.ok_or_else(|| format!("{name}: expected milliseconds, not {text:?}"))
        };
        let timeout = of("TIMEOUT").map(|(name, text)| milliseconds(name, &text)).transpose()?;
        const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
        let interval = env(INTERVAL).map(|text| milliseconds(INTERVAL.to_owned(), &text)).transpose()?;
        let gzip = match of("COMPRESSION") {
            None => None,
            Some((_, coding)) if coding == "gzip" => Some(true),
            Some((_, coding)) if coding == "none" => Some(false),
            Some((name, coding)) => return Err(format!("{name}: {coding:?} is not supported; it is gzip or none")),
        };
        let mut headers = Vec::new();
        if let Some((name, text)) = of("HEADERS") {
            headers = pairs(&text).ok_or_else(|| format!("{name}: expected NAME=VALUE,…"))?;
        }
        // An option replaces the variable's header of that name.
        headers.retain(|(name, _)| !given.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        headers.extend(given.headers.iter().cloned());
        let headers = headers.iter().map(|(name, value)| header(name, value)).collect::<Result<_, _>>()?;
        let file = |path: &Option<PathBuf>, name| path.clone().or_else(|| of(name).map(|(_, path)| path.into()));
        let identity = match (file(&given.certificate, "CLIENT_CERTIFICATE"), file(&given.key, "CLIENT_KEY")) {
            (Some(certificate), Some(key)) => Some((Pem::File(certificate), Pem::File(key))),
            (None, None) => None,
            _ => return Err("a client certificate and its key go together".to_owned()),
        };
        let mut resource: Vec<Label> = Vec::new();
        if let Some(text) = env("OTEL_RESOURCE_ATTRIBUTES") {
            let pairs = pairs(&text).ok_or("OTEL_RESOURCE_ATTRIBUTES: expected NAME=VALUE,…")?;
            resource.extend(pairs.into_iter().map(|(name, value)| (name.into(), value)));
        }
        if let Some(name) = env("OTEL_SERVICE_NAME") {
            resource.retain(|(key, _)| key != "service.name");
            resource.push(("service.name".into(), name));
        }
        Ok(Self {
            endpoint: endpoint(given.endpoint.as_deref(), &env)?,
            headers,
            interval: given.interval.or(interval).unwrap_or(Duration::from_secs(60)),
            timeout: given.timeout.or(timeout).unwrap_or(Duration::from_secs(10)),
            gzip: given.gzip.or(gzip).unwrap_or(true),
            ca: file(&given.ca, "CERTIFICATE").map(Pem::File),
            identity,
            resource,
        })
    }
}

/// The endpoint. The variable for metrics is taken as it is; to the one for all signals the path is added. An option is
/// taken as it is if it has a path.
fn endpoint(given: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Uri, String> {
    let base = |text: &str| format!("{}/{METRICS}", text.trim_end_matches('/'));
    let text = match (given, env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"), env("OTEL_EXPORTER_OTLP_ENDPOINT")) {
        (Some(text), ..) => {
            let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
            if rest.trim_end_matches('/').contains('/') { text.to_owned() } else { base(text) }
        }
        (None, Some(text), _) => text,
        (None, None, Some(text)) => base(&text),
        (None, None, None) => base(ENDPOINT),
    };
    let uri: Uri = text.parse().map_err(|error| format!("the endpoint {text:?}: {error}"))?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => Err(format!("the endpoint {text:?} is no URL of http or https")),
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
    let (name, mut value) = parsed.ok_or_else(|| format!("{name:?} is no header"))?;
    // Tokens are not to be shown where requests are.
    value.set_sensitive(true);
    Ok((name, value))
}

/// Pairs as W3C Baggage writes them: `name=value,name=value`, values percent-encoded.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_owned(), decoded(value.trim())?))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(pair).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(given: &Given, env: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::new(given, &|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn defaults_are_those_of_opentelemetry() {
        let settings = settings(&Given::default(), &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap();
        assert_eq!(settings.endpoint, "http://localhost:4318/v1/metrics");
        assert_eq!((settings.interval, settings.timeout), (Duration::from_secs(60), Duration::from_secs(10)));
        assert!(settings.gzip && settings.headers.is_empty() && settings.resource.is_empty());
    }

    #[test]
    fn options_come_before_specific_and_general_variables() {
        let endpoint = |given: Option<&str>, env: &[(&str, &str)]| {
            let given = Given { endpoint: given.map(str::to_owned), ..Given::default() };
            settings(&given, env).map(|settings| settings.endpoint.to_string())
        };
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://all.example/otlp/");
        let specific = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://metrics.example/as/is");
        assert_eq!(endpoint(None, &[general]).unwrap(), "https://all.example/otlp/v1/metrics");
        assert_eq!(endpoint(None, &[general, specific]).unwrap(), "https://metrics.example/as/is");
        assert_eq!(endpoint(Some("http://h:1"), &[specific]).unwrap(), "http://h:1/v1/metrics");
        assert_eq!(
            endpoint(Some("http://h:1/opentelemetry/v1/metrics"), &[]).unwrap(),
            "http://h:1/opentelemetry/v1/metrics"
        );
        assert!(endpoint(Some("h:4317"), &[]).is_err() && endpoint(Some("ftp://h/"), &[]).is_err());
    }

    #[test]
    fn headers_and_attributes() {
        let env = [
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, X-Tenant=one"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=x"),
            ("OTEL_SERVICE_NAME", "mine"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "5000"),
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
        ];
        let given = Given { headers: vec![("x-tenant".into(), "two".into())], ..Given::default() };
        let settings = settings(&given, &env).unwrap();
        let headers: Vec<_> =
            settings.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(headers, [("api-key", "a b"), ("x-tenant", "two")]);
        let resource: Vec<_> = settings.resource.iter().map(|(key, value)| (&**key, value.as_str())).collect();
        assert_eq!(resource, [("deployment.environment.name", "test"), ("service.name", "mine")]);
        assert_eq!((settings.timeout, settings.interval), (Duration::from_millis(2500), Duration::from_secs(5)));
        assert!(!settings.gzip);
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a"),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "k.pem"),
        ] {
            let error = settings(&Given::default(), &[(name, value)]).unwrap_err();
            assert!(error.contains(name) || error.contains("go together"), "{error}");
        }
    }
}
