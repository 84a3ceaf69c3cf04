//! TLS 1.3 from PEM files.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::ServeError;
use crate::config::TlsConfig;

const CERTIFICATE_FLAG: &str = "--tls-cert";
const KEY_FLAG: &str = "--tls-key";

/// Reads the certificate chain and its key.
pub(super) fn acceptor(files: &TlsConfig) -> Result<TlsAcceptor, ServeError> {
    let chain = CertificateDer::pem_file_iter(&files.certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(CERTIFICATE_FLAG, &files.certificates, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| refuse(KEY_FLAG, &files.key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| refuse(CERTIFICATE_FLAG, &files.certificates, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn refuse(flag: &'static str, path: &Path, error: &dyn std::error::Error) -> ServeError {
    ServeError::Tls {
        flag,
        path: path.to_owned(),
        reason: format!(
            "{error}; expected a PEM file with the certificate chain, or the key of its first certificate"
        ),
    }
}
