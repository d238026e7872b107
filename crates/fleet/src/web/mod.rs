//! The web configuration file of Prometheus' exporter-toolkit: TLS, client certificates, users.
//!
//! The same file works for node_exporter and for `psoxide serve`. An unknown key is an error, as it is there: a typing
//! error must not turn protection off.

#[cfg(feature = "export")]
pub mod auth;
#[cfg(feature = "export")]
pub mod tls;
#[cfg(feature = "export")]
mod watched;
mod yaml;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[cfg(feature = "export")]
pub use watched::Watched;
use yaml::Node;

/// Longest file that is read.
const LONGEST: u64 = 256 * 1024;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebConfig {
    /// TLS, if the server has a certificate.
    pub tls: Option<TlsConfig>,
    /// Users, each with the bcrypt hash of the password.
    pub users: BTreeMap<String, String>,
    /// Headers of every response.
    pub headers: Vec<(&'static str, String)>,
}

/// The section `tls_server_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate chain: a file, or the text itself.
    pub cert: Pem,
    /// The private key.
    pub key: Pem,
    /// The authorities of client certificates.
    pub client_ca: Option<Pem>,
    /// Whether a client must have a certificate.
    pub client_auth: ClientAuth,
    /// Names of which a client's certificate must have one; empty: any.
    pub client_names: Vec<String>,
    /// Whether only TLS 1.3 is spoken.
    pub only_tls13: bool,
    /// Whether only TLS 1.2 is spoken.
    pub only_tls12: bool,
    /// The cipher suites, by name; empty: those that are safe.
    pub cipher_suites: Vec<String>,
}

/// A text in PEM: a file, or the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// The path of a file.
    File(PathBuf),
    /// The text.
    Text(String),
}

impl Default for Pem {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Whether a client must have a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// No.
    #[default]
    None,
    /// One that a client has is verified.
    IfGiven,
    /// Yes.
    Required,
}

/// Headers that the file may set.
const HEADERS: [&str; 5] = [
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
];

impl WebConfig {
    /// Whether every request must show who sends it.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        let certificate = self.tls.as_ref().is_some_and(|tls| tls.client_auth == ClientAuth::Required);
        !self.users.is_empty() || certificate
    }

    /// Reads the file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// A sentence that names the file and the key.
    pub fn load(path: &Path) -> Result<Self, String> {
        let fail = |why: String| format!("{}: {why}", path.display());
        let size = fs::metadata(path).map_err(|error| fail(error.to_string()))?.len();
        if size > LONGEST {
            return Err(fail(format!("the file has {size} bytes; {LONGEST} are the most")));
        }
        let text = fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        let mut config = Self::parse(&text).map_err(fail)?;
        if let (Some(tls), Some(folder)) = (&mut config.tls, path.parent()) {
            for pem in [Some(&mut tls.cert), Some(&mut tls.key), tls.client_ca.as_mut()].into_iter().flatten() {
                if let Pem::File(file) = pem {
                    *file = folder.join(&*file);
                }
            }
        }
        Ok(config)
    }

    /// Parses the text of the file.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut config = Self::default();
        let Some(root) = yaml::parse(text)? else { return Ok(config) };
        for (key, node) in root.map("the file")? {
            match &**key {
                "tls_server_config" => config.tls = tls_section(node)?,
                "basic_auth_users" => {
                    for (user, hash) in node.map(key)? {
                        let hash = hash.text(user)?;
                        hash.parse::<bcrypt::HashParts>()
                            .map_err(|_| format!("basic_auth_users: the password of {user:?} is no bcrypt hash"))?;
                        config.users.insert(user.clone(), hash.to_owned());
                    }
                }
                "http_server_config" => {
                    for (key, node) in node.map(key)? {
                        match &**key {
                            // HTTP/1.1 is spoken either way.
                            "http2" => _ = node.flag(key)?,
                            "headers" => config.headers = headers(node)?,
                            _ => return Err(format!("http_server_config: unknown key {key:?}")),
                        }
                    }
                }
                _ => return Err(format!("unknown key {key:?}")),
            }
        }
        Ok(config)
    }
}

fn headers(node: &Node) -> Result<Vec<(&'static str, String)>, String> {
    let mut headers = Vec::new();
    for (name, value) in node.map("headers")? {
        let known = HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        let known =
            known.ok_or_else(|| format!("headers: {name:?} may not be set; it is one of {}", HEADERS.join(", ")))?;
        let value = value.text(name)?;
        if value.is_empty() {
            continue;
        }
        if !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(format!("headers: the value of {name} is not printable ASCII"));
        }
        headers.push((known, value.to_owned()));
    }
    Ok(headers)
}

fn tls_section(node: &Node) -> Result<Option<TlsConfig>, String> {
    const SECTION: &str = "tls_server_config";
    let mut tls = TlsConfig::default();
    let (mut cert, mut key_pem, mut min, mut max) = (None, None, 12, 13);
    let mut auth = None;
    let once = |slot: &mut Option<Pem>, pem: Pem, key: &str| match slot.replace(pem) {
        None => Ok(()),
        Some(_) => Err(format!("{SECTION}: {key} is there as a file and as text")),
    };
    for (key, node) in node.map(SECTION)? {
        let file = || Ok::<_, String>(Pem::File(node.text(key)?.into()));
        let text = || Ok::<_, String>(Pem::Text(node.text(key)?.to_owned()));
        let is_empty = node.text(key).is_ok_and(str::is_empty);
        match &**key {
            "cert_file" | "cert" | "key_file" | "key" | "client_ca_file" | "client_ca" if is_empty => {}
            "cert_file" => once(&mut cert, file()?, "the certificate")?,
            "cert" => once(&mut cert, text()?, "the certificate")?,
            "key_file" => once(&mut key_pem, file()?, "the key")?,
            "key" => once(&mut key_pem, text()?, "the key")?,
            "client_ca_file" => once(&mut tls.client_ca, file()?, "the client's authority")?,
            "client_ca" => once(&mut tls.client_ca, text()?, "the client's authority")?,
            "client_auth_type" => {
                auth = Some(match node.text(key)? {
                    "" | "NoClientCert" => ClientAuth::None,
                    "VerifyClientCertIfGiven" => ClientAuth::IfGiven,
                    "RequireAndVerifyClientCert" => ClientAuth::Required,
                    // They ask for certificates and believe anything in them.
                    other @ ("RequestClientCert" | "RequireAnyClientCert") => {
                        return Err(format!(
                            "{SECTION}: client_auth_type {other} verifies nothing; use RequireAndVerifyClientCert"
                        ));
                    }
                    other => return Err(format!("{SECTION}: unknown client_auth_type {other:?}")),
                });
            }
            "client_allowed_sans" => tls.client_names = node.list(key)?,
            "min_version" => min = version(node.text(key)?)?,
            "max_version" => max = version(node.text(key)?)?,
            "cipher_suites" => tls.cipher_suites = node.list(key)?,
            // What rustls does either way.
            "prefer_server_cipher_suites" => _ = node.flag(key)?,
            "curve_preferences" => _ = node.list(key)?,
            _ => return Err(format!("{SECTION}: unknown key {key:?}")),
        }
    }
    (tls.only_tls13, tls.only_tls12) = (min == 13, max == 12);
    if tls.only_tls13 && tls.only_tls12 {
        return Err(format!("{SECTION}: min_version is above max_version"));
    }
    tls.client_auth = auth.unwrap_or_default();
    if tls.client_ca.is_some() && tls.client_auth == ClientAuth::None {
        return Err(format!(
            "{SECTION}: there is an authority for clients, but client_auth_type does not ask for them"
        ));
    }
    if tls.client_ca.is_none() && tls.client_auth != ClientAuth::None {
        return Err(format!("{SECTION}: client_auth_type needs client_ca_file"));
    }
    if !tls.client_names.is_empty() && tls.client_auth == ClientAuth::None {
        return Err(format!("{SECTION}: client_allowed_sans needs client_auth_type"));
    }
    match (cert, key_pem) {
        (Some(cert), Some(key)) => {
            (tls.cert, tls.key) = (cert, key);
            Ok(Some(tls))
        }
        (None, None) if tls == TlsConfig::default() => Ok(None),
        (None, _) => Err(format!("{SECTION}: cert_file is missing")),
        (_, None) => Err(format!("{SECTION}: key_file is missing")),
    }
}

fn version(text: &str) -> Result<u8, String> {
    match text {
        "TLS12" => Ok(12),
        "TLS13" => Ok(13),
        other => Err(format!("tls_server_config: version {other:?} is not supported; it is TLS12 or TLS13")),
    }
}

impl TlsConfig {
    /// The files of the section.
    #[cfg(feature = "export")]
    fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()].into_iter().flatten().filter_map(|pem| match pem {
            Pem::File(path) => Some(&**path),
            Pem::Text(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuKj2vRvEnNf5jKCeWb0vHdXuSgBDmYJm";

    #[test]
    fn a_whole_file() {
        let text = format!(
            "# comment\ntls_server_config:\n  cert_file: server.crt\n  key_file: 'server.key'\n  client_auth_type: \
             RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  client_allowed_sans: [prometheus.example, 10.0.0.1]\n  \
             min_version: TLS13\nhttp_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n\
             basic_auth_users:\n  alice: {HASH}\n"
        );
        let config = WebConfig::parse(&text).unwrap();
        assert!(config.authenticates());
        assert_eq!(config.users.get("alice").map(String::as_str), Some(HASH));
        assert_eq!(config.headers, [("X-Frame-Options", "deny".to_owned())]);
        let tls = config.tls.unwrap();
        assert_eq!((tls.client_auth, tls.only_tls13, tls.only_tls12), (ClientAuth::Required, true, false));
        assert_eq!(tls.client_names, ["prometheus.example", "10.0.0.1"]);
        assert_eq!(tls.cert, Pem::File("server.crt".into()));
    }

    #[test]
    fn an_empty_file_protects_nothing() {
        for text in ["", "# only a comment\n", "tls_server_config:\n", "basic_auth_users: {}\n"] {
            assert_eq!(WebConfig::parse(text), Ok(WebConfig::default()), "{text}");
        }
    }

    #[test]
    fn mistakes_name_the_key() {
        for (text, expected) in [
            ("tls_config: {}", "unknown key \"tls_config\""),
            ("tls_server_config: {cert_file: a}", "tls_server_config: key_file is missing"),
            ("tls_server_config: {key_file: a}", "tls_server_config: cert_file is missing"),
            ("tls_server_config: {cert_fil: a}", "tls_server_config: unknown key \"cert_fil\""),
            ("tls_server_config: [a]", "tls_server_config: expected keys and values"),
            (
                "tls_server_config: {min_version: TLS10}",
                "tls_server_config: version \"TLS10\" is not supported; it is TLS12 or TLS13",
            ),
            ("basic_auth_users: {a: secret}", "basic_auth_users: the password of \"a\" is no bcrypt hash"),
            ("basic_auth_users: {a: [b]}", "a: expected a text"),
            ("http_server_config: {http2: maybe}", "http2: expected true or false"),
            ("a: &x 1\nb: *x\n", "aliases are not supported"),
            ("a: 1\na: 2\n", "the key \"a\" is there twice"),
            ("a: 1\n---\nb: 1\n", "the file holds more than one document"),
        ] {
            assert_eq!(WebConfig::parse(text), Err(expected.to_owned()), "{text}");
        }
        assert!(WebConfig::parse("a: [").is_err());
        let any = "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAnyClientCert}";
        assert!(WebConfig::parse(any).unwrap_err().contains("verifies nothing"));
        let unused = "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}";
        assert!(WebConfig::parse(unused).unwrap_err().contains("does not ask for them"));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-z_:{}\\[\\], \n'\"&*|>-]{0,120}") {
            let _ = WebConfig::parse(&text);
        }
    }
}
