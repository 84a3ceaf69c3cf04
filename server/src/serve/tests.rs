//! The accept loop on a real socket of loopback, and what stops a start.

use std::time::Duration;

use sync_core::store::memory::MemoryStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::config::TlsConfig;

/// A hub that serves in the background.
struct Served {
    address: SocketAddr,
    state: AppState,
    shutdown: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
    _folder: tempfile::TempDir,
}

async fn served(change: impl FnOnce(&mut Config)) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::for_testing(folder.path().join("data"));
    change(&mut config);
    let (ready, is_ready) = oneshot::channel();
    let (shutdown, asked) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let tell = |it: &Ready<'_>| ready.send((it.address, it.state.clone())).unwrap();
        let asked = async { asked.await.unwrap() };
        serve(&config, Arc::new(MemoryStore::default()), tell, asked).await
    });
    let (address, state) = is_ready.await.expect("the hub starts");
    Served {
        address,
        state,
        shutdown,
        served,
        _folder: folder,
    }
}

async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Waits until the other side closes, however it does.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the hub closes the connection");
}

#[tokio::test]
async fn the_hub_serves_and_stops_when_it_is_told() {
    let hub = served(|_| ()).await;
    let mut stream = TcpStream::connect(hub.address).await.unwrap();
    let answer = ask(&mut stream, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut resting = TcpStream::connect(hub.address).await.unwrap();
    resting
        .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    resting.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200", "the second connection is kept");
    hub.shutdown.send(()).unwrap();
    closed(&mut resting).await;
    hub.served.await.unwrap().unwrap();
    assert!(*hub.state.stopping.borrow());
    assert!(
        TcpStream::connect(hub.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_slow_client_loses_its_connection() {
    let hub = served(|config| {
        config.listen.connections.header_read = Duration::from_millis(50);
    })
    .await;
    let mut slow = TcpStream::connect(hub.address).await.unwrap();
    slow.write_all(b"GET /livez HT").await.unwrap();
    closed(&mut slow).await;
    let mut silent = TcpStream::connect(hub.address).await.unwrap();
    closed(&mut silent).await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_moves_is_closed() {
    let hub = served(|config| {
        config.listen.connections.idle = Duration::from_millis(50);
        config.listen.connections.header_read = Duration::from_secs(3_600);
    })
    .await;
    let mut silent = TcpStream::connect(hub.address).await.unwrap();
    closed(&mut silent).await;
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let hub = served(|config| config.listen.connections.per_address_max = 2).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(hub.address).await.unwrap();
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        kept.push(stream);
    }
    let mut third = TcpStream::connect(hub.address).await.unwrap();
    closed(&mut third).await;
    let refused = r#"carnet_connections_refused_total{bound="address"} 1"#;
    assert!(hub.state.metrics.to_text().contains(refused));
    drop(kept);
    // The places come back as soon as the hub has seen the connections end.
    loop {
        let mut again = TcpStream::connect(hub.address).await.unwrap();
        let request = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
        if again.write_all(request).await.is_ok() && again.read_exact(&mut [0; 12]).await.is_ok() {
            break;
        }
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_with_a_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = ListenConfig::for_testing();
    config.address = taken.local_addr().unwrap();
    let error = bind(&config).await.unwrap_err();
    assert!(matches!(error, ServeError::AddressInUse { .. }));
    assert!(error.to_string().contains("--listen"), "{error}");
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/serve/fixtures")
        .join(name)
}

fn fixture_tls() -> TlsConfig {
    TlsConfig {
        certificates: fixture("localhost.cert.pem"),
        key: fixture("localhost.key.pem"),
    }
}

#[tokio::test]
async fn the_hub_speaks_tls_with_its_certificate() {
    use rustls::pki_types::pem::PemObject as _;
    let hub = served(|config| config.listen.tls = Some(fixture_tls())).await;
    let mut roots = rustls::RootCertStore::empty();
    let certificate =
        rustls::pki_types::CertificateDer::from_pem_file(fixture("localhost.cert.pem"));
    roots.add(certificate.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let stream = TcpStream::connect(hub.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let answer = ask(&mut stream, "/livez").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut plain = TcpStream::connect(hub.address).await.unwrap();
    plain
        .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let read = plain.read_to_end(&mut answer).await;
    assert!(
        read.is_err() || !answer.starts_with(b"HTTP"),
        "plain HTTP is not answered"
    );
}

#[test]
fn a_certificate_that_is_none_is_named_by_its_flag() {
    let swapped = TlsConfig {
        certificates: fixture("localhost.key.pem"),
        key: fixture("localhost.key.pem"),
    };
    let missing = TlsConfig {
        certificates: fixture("localhost.cert.pem"),
        key: fixture("nowhere.pem"),
    };
    for (files, flag) in [(swapped, "--tls-cert"), (missing, "--tls-key")] {
        let error = tls::acceptor(&files)
            .err()
            .expect("the files can't be used");
        assert!(error.to_string().starts_with(flag), "{error}");
    }
}

#[tokio::test]
async fn only_the_first_run_shows_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::for_testing(folder.path().to_owned());
    let store = Arc::new(MemoryStore::default());
    let first = Started::open(&config, store.clone(), Vec::new())
        .await
        .unwrap();
    let shown = first.first_run.as_ref().expect("this is the first run");
    assert!(!format!("{shown:?}").contains(shown.password.expose()));
    first.finish().await;
    let second = Started::open(&config, store, Vec::new()).await.unwrap();
    assert!(second.first_run.is_none());
    second.finish().await;
}
