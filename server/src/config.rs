//! What an operator can set, checked once before anything starts.
//!
//! One struct per concern, each with defaults that are safe for a shop, and `for_testing` values that make tests quick.
//! A wrong setting stops the start with the name of its flag and the form that is expected.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use sync_core::limits;

/// A setting that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flag}: {found:?} can't be used; expected {expected}")]
pub struct ConfigError {
    /// The flag as typed on the command line.
    pub flag: &'static str,
    /// What was given.
    pub found: String,
    /// The form that would be accepted, or what to do instead.
    pub expected: &'static str,
}

/// The longest lease of a handheld, in hours.
pub const LEASE_HOURS_MAX: u32 = 168;

/// Everything the hub is told at its start.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where the hub keeps its files.
    pub data: DataConfig,
    /// How it is reached.
    pub listen: ListenConfig,
    /// How long sign-ins last and what guards them.
    pub identity: IdentityConfig,
    /// Where messages go; nowhere without it.
    pub messages: Option<crate::desk::MessagesConfig>,
}

/// Where the hub keeps its files.
#[derive(Debug, Clone)]
pub struct DataConfig {
    /// The data folder: database and keystore. Created on the first run.
    pub folder: PathBuf,
}

/// How the hub is reached.
#[derive(Debug, Clone)]
pub struct ListenConfig {
    /// Address and port; port 0 takes any free one.
    pub address: SocketAddr,
    /// Certificate and key; without them the hub speaks plain HTTP, which is only allowed on loopback.
    pub tls: Option<TlsConfig>,
    /// The URL under which handhelds know the hub (`https://hub.example`). Without it, the address itself.
    pub public_url: Option<String>,
    /// Why plain HTTP beyond loopback is acceptable here (a TLS proxy in front, say). Logged at every start.
    pub insecure_reason: Option<String>,
    /// Bounds on connections.
    pub connections: ConnectionConfig,
}

/// Files of the certificate chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The chain, the hub's own certificate first.
    pub certificates: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Bounds on connections, against clients that are slow, many or gone.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// Open connections; more are closed at once.
    pub total_max: usize,
    /// Open connections from one address: a shop behind one router has some forty handhelds.
    pub per_address_max: usize,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time for the head of a request, from its first awaited byte.
    pub header_read: Duration,
    /// Time without a single byte either way after which a connection is closed. Long-lived sockets must ping within it.
    pub idle: Duration,
    /// Time that requests under way get when the hub stops.
    pub drain: Duration,
}

/// How long sign-ins last and what guards them.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// Life of an access token, seconds.
    pub access_seconds: i64,
    /// A session ends when its refresh token was not used for this long, milliseconds.
    pub refresh_idle_ms: i64,
    /// A session ends this long after its sign-in, milliseconds: one shift.
    pub session_ms: i64,
    /// How long the token before the present one still gets the same answer, milliseconds: a reply lost in a bad network.
    pub refresh_grace_ms: i64,
    /// Life of an enrolment code, milliseconds.
    pub enrolment_ms: i64,
    /// Hours that a handheld may show its book without having met the hub.
    pub lease_hours: u32,
    /// Minutes without a touch after which a handheld locks.
    pub idle_lock_minutes: u32,
    /// Cost of a password check.
    pub password: PasswordConfig,
}

/// Cost of a password check (argon2id).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordConfig {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Checks that may run at once; the memory they take together is this many times `memory_kib`.
    pub concurrent_max: usize,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("carnet-data"),
        }
    }
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7878),
            tls: None,
            public_url: None,
            insecure_reason: None,
            connections: ConnectionConfig::default(),
        }
    }
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            total_max: 4_096,
            per_address_max: 64,
            handshake: Duration::from_secs(10),
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            drain: Duration::from_secs(25),
        }
    }
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            access_seconds: 600,
            refresh_idle_ms: 30 * 60_000,
            session_ms: 12 * 3_600_000,
            refresh_grace_ms: 60_000,
            enrolment_ms: 10 * 60_000,
            lease_hours: 72,
            idle_lock_minutes: 5,
            password: PasswordConfig::default(),
        }
    }
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            memory_kib: 19 << 10,
            passes: 2,
            concurrent_max: std::thread::available_parallelism()
                .map_or(1, std::num::NonZeroUsize::get),
        }
    }
}

impl IdentityConfig {
    /// The defaults with password checks that cost next to nothing.
    #[must_use]
    pub fn for_testing() -> Self {
        Self {
            password: PasswordConfig {
                memory_kib: 8,
                passes: 1,
                concurrent_max: 2,
            },
            ..Self::default()
        }
    }
}

impl ListenConfig {
    /// Any free port of loopback.
    #[must_use]
    pub fn for_testing() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            ..Self::default()
        }
    }

    /// Reads an address as typed after `--listen`.
    ///
    /// # Errors
    /// When it is not an address with a port.
    pub fn parse_address(text: &str) -> Result<SocketAddr, ConfigError> {
        text.parse().map_err(|_unparsed| ConfigError {
            flag: "--listen",
            found: text.to_owned(),
            expected: "an IP address and a port, such as 127.0.0.1:7878 or [::1]:7878",
        })
    }

    fn check(&self) -> Result<(), ConfigError> {
        let plain_abroad = self.tls.is_none() && !self.address.ip().is_loopback();
        if plain_abroad && !has_text(self.insecure_reason.as_deref()) {
            return Err(ConfigError {
                flag: "--listen",
                found: self.address.to_string(),
                expected: "a loopback address, or --tls-cert and --tls-key, or --insecure with the reason why plain HTTP is safe here",
            });
        }
        if self.address.ip().is_unspecified() && self.public_url.is_none() {
            return Err(ConfigError {
                flag: "--public-url",
                found: String::new(),
                expected: "the URL under which handhelds reach the hub, because it listens on every address of this machine",
            });
        }
        match &self.public_url {
            Some(url) if !is_origin(url) => Err(ConfigError {
                flag: "--public-url",
                found: url.clone(),
                expected: "https://host or https://host:port, without a path",
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The origins (`scheme://host:port`) that clients may name as this hub, the one to print first, once it is bound to `bound`.
    #[must_use]
    pub fn origins(&self, bound: SocketAddr) -> Vec<String> {
        if let Some(url) = &self.public_url {
            return vec![url.clone()];
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut origins = vec![format!("{scheme}://{bound}")];
        if bound.ip().is_loopback() {
            origins.push(format!("{scheme}://localhost:{}", bound.port()));
        }
        origins
    }
}

impl Config {
    /// Quick values in `folder`, on any free port of loopback.
    #[must_use]
    pub fn for_testing(folder: PathBuf) -> Self {
        Self {
            data: DataConfig { folder },
            listen: ListenConfig::for_testing(),
            identity: IdentityConfig::for_testing(),
            messages: None,
        }
    }

    /// Checks what one setting means for another.
    ///
    /// # Errors
    /// The first setting that can't be used, with the form that is expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.listen.check()?;
        if !(1..=LEASE_HOURS_MAX).contains(&self.identity.lease_hours) {
            return Err(ConfigError {
                flag: "--lease-hours",
                found: self.identity.lease_hours.to_string(),
                expected: "1 to 168 hours",
            });
        }
        Ok(())
    }
}

fn has_text(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

/// Whether `url` is a bare origin: scheme and authority, nothing behind.
fn is_origin(url: &str) -> bool {
    let Ok(uri) = url.parse::<axum::http::Uri>() else {
        return false;
    };
    matches!(uri.scheme_str(), Some("https" | "http"))
        && uri.authority().is_some_and(|it| !it.as_str().contains('@'))
        && !url.ends_with('/')
        && uri.path() == "/"
        && uri.query().is_none()
}

/// The bounds that clients should know, as `GET /v1/limits` shows them.
#[must_use]
pub fn public_limits() -> Vec<(&'static str, u64)> {
    let wide = |bound: usize| u64::try_from(bound).expect("a bound fits 64 bits");
    vec![
        ("body_bytes_max", wide(BODY_BYTES_MAX)),
        ("frame_bytes_max", wide(limits::FRAME_BYTES_MAX)),
        (
            "frame_inflated_bytes_max",
            wide(limits::FRAME_INFLATED_BYTES_MAX),
        ),
        ("push_entries_max", wide(limits::PUSH_ENTRIES_MAX)),
        ("change_bytes_max", wide(limits::CHANGE_BYTES_MAX)),
        ("change_ops_max", limits::CHANGE_OPS_MAX),
        ("value_bytes_max", wide(limits::VALUE_BYTES_MAX)),
        ("note_bytes_max", wide(limits::NOTE_BYTES_MAX)),
        ("notes_max", wide(limits::NOTES_MAX)),
        ("document_bytes_max", wide(limits::DOCUMENT_BYTES_MAX)),
        ("outbox_entries_max", limits::OUTBOX_ENTRIES_MAX),
        ("book_customers_max", limits::BOOK_CUSTOMERS_MAX),
        ("search_results_max", wide(limits::SEARCH_RESULTS_MAX)),
        ("token_bytes_max", wide(crate::tokens::TOKEN_BYTES_MAX)),
    ]
}

/// Bytes of a JSON body. The largest honest one is a card's edit with a long note.
pub const BODY_BYTES_MAX: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Config)) -> &'static str {
        let mut config = Config::for_testing(PathBuf::from("data"));
        config.check().expect("the testing values are usable");
        change(&mut config);
        config
            .check()
            .expect_err("the change makes it unusable")
            .flag
    }

    #[test]
    fn plain_http_is_for_loopback_or_a_stated_reason() {
        let abroad = SocketAddr::from(([10, 0, 0, 1], 80));
        assert_eq!(refused(|config| config.listen.address = abroad), "--listen");
        let blank = |config: &mut Config| {
            config.listen.address = abroad;
            config.listen.insecure_reason = Some("  ".to_owned());
        };
        assert_eq!(refused(blank), "--listen");
        let mut config = Config::default();
        config.listen.address = abroad;
        config.listen.insecure_reason = Some("a TLS proxy is in front".to_owned());
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn an_unusable_setting_is_named_with_its_expected_form() {
        assert_eq!(
            refused(|config| config.identity.lease_hours = 0),
            "--lease-hours"
        );
        for url in [
            "hub.example",
            "https://hub.example/",
            "https://a@hub.example",
            "ftp://hub",
            "https://hub/x?y",
        ] {
            assert_eq!(
                refused(|config| config.listen.public_url = Some(url.to_owned())),
                "--public-url",
                "{url}"
            );
        }
        let error = ListenConfig::parse_address("7878").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("--listen: \"7878\" can't be used; expected an IP")
        );
    }

    #[test]
    fn listening_everywhere_needs_the_name_that_handhelds_use() {
        let everywhere = |config: &mut Config| {
            config.listen.address = SocketAddr::from(([0, 0, 0, 0], 443));
            config.listen.insecure_reason = Some("a TLS proxy is in front".to_owned());
        };
        assert_eq!(refused(everywhere), "--public-url");
    }
}
