//! TLS of the server, and of a client that pushes.

use std::fs;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use super::{ClientAuth, Pem, TlsConfig};

/// What a server needs to speak TLS.
#[derive(Debug, Clone)]
pub struct Server {
    /// The configuration of rustls.
    pub config: Arc<ServerConfig>,
    names: Vec<ServerName<'static>>,
}

fn read(pem: &Pem) -> Result<Vec<u8>, String> {
    match pem {
        Pem::File(path) => fs::read(path).map_err(|error| format!("{}: {error}", path.display())),
        Pem::Text(text) => Ok(text.clone().into_bytes()),
    }
}

fn describe(pem: &Pem) -> String {
    match pem {
        Pem::File(path) => path.display().to_string(),
        Pem::Text(_) => "the text in the configuration".to_owned(),
    }
}

/// The certificates of a text in PEM.
fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = read(pem)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(format!("{}: no certificate in it", describe(pem))),
        Err(error) => Err(format!("{}: {error}", describe(pem))),
    }
}

fn key(pem: &Pem) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&read(pem)?).map_err(|error| format!("{}: {error}", describe(pem)))
}

fn roots(pem: &Pem) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| format!("{}: {error}", describe(pem)))?;
    }
    Ok(roots)
}

/// The algorithms, restricted to cipher suites by the names that Go has for them, which are those of the standard.
fn provider(suites: &[String]) -> Result<Arc<CryptoProvider>, String> {
    let mut provider = ring::default_provider();
    if !suites.is_empty() {
        // TLS 1.3's own suites are never turned off, as in Go.
        let is_wanted = |name: &str| name.starts_with("TLS13_") || suites.iter().any(|suite| suite == name);
        let names: Vec<String> = provider.cipher_suites.iter().map(|suite| format!("{:?}", suite.suite())).collect();
        if let Some(unknown) = suites.iter().find(|suite| !names.contains(suite) && !suite.starts_with("TLS_AES")) {
            return Err(format!(
                "tls_server_config: cipher suite {unknown:?} is not supported; it is one of {}",
                names.join(", ")
            ));
        }
        provider.cipher_suites.retain(|suite| is_wanted(&format!("{:?}", suite.suite())));
    }
    Ok(Arc::new(provider))
}

impl Server {
    /// Reads the certificates and keys of a section.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn new(tls: &TlsConfig) -> Result<Self, String> {
        const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
        let versions = match (tls.only_tls12, tls.only_tls13) {
            (true, _) => &[&version::TLS12],
            (_, true) => &[&version::TLS13],
            _ => BOTH,
        };
        let provider = provider(&tls.cipher_suites)?;
        let wrong = |error: rustls::Error| format!("{}: {error}", describe(&tls.cert));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(wrong)?;
        let builder = match (&tls.client_ca, tls.client_auth) {
            (Some(ca), ClientAuth::IfGiven | ClientAuth::Required) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(ca)?), provider);
                let verifier = match tls.client_auth {
                    ClientAuth::Required => verifier,
                    _ => verifier.allow_unauthenticated(),
                };
                let verifier = verifier.build().map_err(|error| format!("{}: {error}", describe(ca)))?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(certificates(&tls.cert)?, key(&tls.key)?).map_err(wrong)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = |text: &String| {
            let name = ServerName::try_from(text.clone());
            name.map_err(|_| format!("client_allowed_sans: {text:?} is neither a DNS name nor an address"))
        };
        let names = tls.client_names.iter().map(name).collect::<Result<_, _>>()?;
        Ok(Self { config: Arc::new(config), names })
    }

    /// Whether a client whose certificate was verified may connect: its certificate has one of the allowed names.
    #[must_use]
    pub fn allows(&self, certificates: Option<&[CertificateDer<'_>]>) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let Some([first, ..]) = certificates else { return false };
        let Ok(parsed) = ParsedCertificate::try_from(first) else { return false };
        self.names.iter().any(|name| rustls::client::verify_server_name(&parsed, name).is_ok())
    }
}

/// What a client needs to speak TLS.
///
/// `ca` are the authorities to trust, instead of the system's; `identity` is the client's own certificate and key.
///
/// # Errors
/// A sentence that names the file.
pub fn client(ca: Option<&Pem>, identity: Option<(&Pem, &Pem)>) -> Result<Arc<ClientConfig>, String> {
    let roots = match ca {
        Some(ca) => roots(ca)?,
        None => {
            let mut roots = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(
                    "the system has no certificates of authorities (Debian: package ca-certificates)".to_owned()
                );
            }
            roots
        }
    };
    let builder = ClientConfig::builder_with_provider(provider(&[])?)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let config = match identity {
        Some((certificate, private)) => builder
            .with_client_auth_cert(certificates(certificate)?, key(private)?)
            .map_err(|error| format!("{}: {error}", describe(certificate)))?,
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}
