//! Whose certificates a command trusts. Beside the usual check, a server that shows exactly a certificate that it was
//! told to trust is trusted: what `openssl req -x509` makes is its own authority, which the usual check refuses.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Whom a command trusts.
#[derive(Clone, Debug)]
pub(super) struct Trust(Arc<Verifier>);

#[derive(Debug)]
struct Verifier {
    whom: Whom,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Whom {
    Anybody,
    Nobody,
    Those { certificates: Vec<CertificateDer<'static>>, usual: Arc<WebPkiServerVerifier> },
}

impl Trust {
    pub(super) fn anybody() -> Self {
        Self::new(Whom::Anybody)
    }

    /// Nobody is trusted: the machine's own authorities know nothing of a stand-in.
    pub(super) fn nobody() -> Self {
        Self::new(Whom::Nobody)
    }

    /// Those who have, or were given, a certificate in a PEM file.
    pub(super) fn those_in(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let text = read(path)?;
        let wrong = || format!("{name}: no certificate in it; expected certificates in PEM");
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let mut roots = RootCertStore::empty();
        let (taken, _) = roots.add_parsable_certificates(certificates.iter().cloned());
        if taken == 0 {
            return Err(wrong());
        }
        let provider = Arc::new(ring::default_provider());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| wrong())?;
        Ok(Self::new(Whom::Those { certificates, usual }))
    }

    fn new(whom: Whom) -> Self {
        Self(Arc::new(Verifier { whom, provider: Arc::new(ring::default_provider()) }))
    }

    pub(super) fn connector(&self) -> TlsConnector {
        let provider = Arc::clone(&self.0.provider);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows the usual versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.0) as _)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}

/// The longest file of certificates that is read, in bytes.
const LONGEST: u64 = 4 << 20;

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut text));
    read.map(|_| text).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => "no such file",
            ErrorKind::IsADirectory => "a directory",
            _ => "cannot be read",
        };
        format!("{}: {why}; expected certificates in PEM", path.display())
    })
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.whom {
            Whom::Anybody => Ok(ServerCertVerified::assertion()),
            Whom::Nobody => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
            Whom::Those { certificates, .. } if certificates.iter().any(|one| one == end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            Whom::Those { usual, .. } => {
                usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Why a handshake failed, in words, and what helps.
pub(super) fn in_words(error: &Error) -> String {
    use CertificateError as Bad;
    match error {
        Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            "its certificate comes from an authority that is not trusted here; expected `--ca FILE` with that \
             authority's certificate (the server's `trust` line, or its --tls-ca-file), or `--insecure`"
        }
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "its certificate is for other names; expected a URL with one of them, such as https://localhost:PORT, \
             or `--insecure`"
        }
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "its certificate has expired; expected one that is valid now, or `--insecure`"
        }
        Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "its certificate is not valid yet; expected one that is valid now, or `--insecure`"
        }
        Error::InvalidCertificate(_) => "its certificate is not accepted; expected another, or `--insecure`",
        Error::InvalidMessage(_) => "it does not answer in TLS; expected http:// in its place",
        _ => "the TLS handshake failed; expected http:// if it has no TLS",
    }
    .to_owned()
}
