//! TLS: certificates from files, or generated at start. HTTP/1.1 and HTTP/2 are chosen by ALPN.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};

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

/// What the two files must be.
const CHAIN: &str = "a certificate chain in PEM";
const KEY: &str = "a private key in PEM";

/// Why a PEM file has no such thing in it.
fn unreadable(error: &PemError, what: &str) -> String {
    match error {
        PemError::NoItemsFound => format!("no {what} found"),
        PemError::Io(error) if error.kind() == ErrorKind::NotFound => "no such file".to_owned(),
        PemError::Io(error) if error.kind() == ErrorKind::PermissionDenied => {
            "a file that may not be read".to_owned()
        }
        PemError::Io(_) => "a file that cannot be read".to_owned(),
        _ => format!("a {what} that is not whole"),
    }
}

impl Tls {
    /// A certificate chain and its key, both PEM files.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, String> {
        let wrong =
            |path: &Path, why: &str, what: &str| format!("{}: {why}; expected {what}", path.display());
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| wrong(certificate, &unreadable(&error, "certificate"), CHAIN))?;
        if chain.is_empty() {
            return Err(wrong(certificate, "no certificate found", CHAIN));
        }
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| wrong(key, &unreadable(&error, "private key"), KEY))?;
        Self::new(chain, private).map_err(|error| match error {
            TlsError::InvalidCertificate(_) => {
                wrong(certificate, "a certificate that cannot be read", "a valid X.509 certificate chain")
            }
            TlsError::InconsistentKeys(_) => {
                let expected = format!("the key of the certificate in {}", certificate.display());
                wrong(key, "the key of another certificate", &expected)
            }
            _ => wrong(key, "a key of a kind that is not supported", "an RSA, ECDSA or Ed25519 key in PEM"),
        })
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

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
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
