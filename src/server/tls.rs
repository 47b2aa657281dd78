//! TLS: certificates from files, or generated at start. HTTP/1.1 and HTTP/2 are chosen by ALPN.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The server's TLS identity.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// Names that a generated certificate is for: this machine's, and tenants' under the usual domains.
const NAMES: [&str; 5] = ["localhost", "*.localhost", "*.api.identitynow.com", "127.0.0.1", "::1"];

impl Tls {
    /// A certificate chain and its key, both PEM files.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, String> {
        let wrong = |path: &Path, what: &str, why: &dyn std::fmt::Display| {
            format!("{}: {why}; expected {what} in PEM", path.display())
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| wrong(certificate, "a certificate chain", &error))?;
        if chain.is_empty() {
            return Err(wrong(certificate, "a certificate chain", &"no certificate found"));
        }
        let private =
            PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, "a private key", &error))?;
        Self::new(chain, private).map_err(|error| wrong(key, "the certificate's key", &error))
    }

    /// A certificate generated for this machine and its tenants (`domains` beside the usual ones), and the
    /// certificate of the authority that signed it, in PEM, for clients to trust.
    pub fn self_signed(domains: &[String]) -> Result<(Self, String), String> {
        Self::made_up(domains).map_err(|error| format!("no certificate could be generated: {error}"))
    }

    fn made_up(domains: &[String]) -> Result<(Self, String), Box<dyn std::error::Error>> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        authority.distinguished_name.push(DnType::CommonName, "sync-group-sim generated CA");
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);
        let names = NAMES.iter().map(|name| (*name).to_owned());
        let names = names.chain(domains.iter().map(|domain| format!("*.{domain}")));
        let mut ours = CertificateParams::new(names.collect::<Vec<_>>())?;
        ours.distinguished_name.push(DnType::CommonName, "sync-group-sim");
        let key = KeyPair::generate()?;
        let certificate = ours.signed_by(&key, &issuer)?;
        let private = PrivateKeyDer::try_from(key.serialize_der())?;
        Ok((Self::new(vec![certificate.der().clone()], private)?, authority_certificate.pem()))
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, tokio_rustls::rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.0
    }
}
