//! The way out: a signed request to the chain's own messaging provider.
//!
//! Signed as Standard Webhooks have it: HMAC-SHA256 over `id.timestamp.body`, in base 64, as `v1,…`. The receiver checks it, refuses old
//! timestamps, and knows a repeated message by its id.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::ids::Timestamp;

use crate::config::ConfigError;
use crate::secret::Secret;

/// Time for one request, connecting included.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of a secret at least.
const SECRET_BYTES_MIN: usize = 24;

/// Where messages go.
#[derive(Debug, Clone)]
pub struct MessagesConfig {
    url: reqwest::Url,
    secret: Secret<Vec<u8>>,
    /// How often a message is tried before it counts as undeliverable.
    pub attempts_max: u32,
}

impl MessagesConfig {
    /// Messages go to this URL, signed with this secret (`whsec_` and base 64, or base 64 alone).
    ///
    /// # Errors
    /// [`ConfigError`] names the flag and what is expected.
    pub fn new(url: &str, secret: &str) -> Result<Self, ConfigError> {
        let wrong = |flag, found: &str, expected| ConfigError {
            flag,
            found: found.to_owned(),
            expected,
        };
        let expected = "https://host/path without a user name; plain http on this machine alone";
        let parsed = reqwest::Url::parse(url);
        let parsed = parsed.map_err(|_malformed| wrong("--messages-url", url, expected))?;
        let host = parsed.host_str().unwrap_or_default();
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let is_safe = parsed.scheme() == "https" || (parsed.scheme() == "http" && is_here);
        if !is_safe || !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("--messages-url", url, expected));
        }
        let text = secret.trim();
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = STANDARD.decode(text).unwrap_or_default();
        if bytes.len() < SECRET_BYTES_MIN {
            let expected =
                "a file with whsec_ and at least 24 bytes in base 64, as the provider shows it";
            // What was found may be a part of the secret.
            return Err(wrong("--messages-secret", "", expected));
        }
        Ok(Self {
            url: parsed,
            secret: Secret::new(bytes),
            attempts_max: 8,
        })
    }

    /// As [`Self::new`], with the secret from a file.
    ///
    /// # Errors
    /// As [`Self::new`], or when the file can't be read.
    pub fn from_file(url: &str, file: &Path) -> Result<Self, ConfigError> {
        let secret = std::fs::read_to_string(file).map_err(|_unreadable| ConfigError {
            flag: "--messages-secret",
            found: file.display().to_string(),
            expected: "a file that this program may read",
        })?;
        Self::new(url, &secret)
    }
}

/// Requests can't be prepared on this machine.
#[derive(Debug, thiserror::Error)]
#[error("can't prepare requests to the messaging provider")]
pub struct SendError(#[source] reqwest::Error);

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// The provider took it.
    Taken(u16),
    /// The provider will never take it.
    Refused(u16),
    /// Another time, perhaps.
    Failed(Option<u16>),
}

/// Sends to one place.
#[derive(Debug)]
pub(super) struct Webhook {
    config: MessagesConfig,
    http: reqwest::Client,
}

impl Webhook {
    pub(super) fn new(config: &MessagesConfig) -> Result<Self, SendError> {
        let http = reqwest::Client::builder()
            .timeout(REQUEST_TIME_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(SendError)?;
        Ok(Self {
            config: config.clone(),
            http,
        })
    }

    pub(super) fn attempts_max(&self) -> u32 {
        self.config.attempts_max
    }

    /// Sends a body once.
    pub(super) async fn send(&self, id: &str, body: String, now: Timestamp) -> Sent {
        let seconds = now.seconds();
        let request = self
            .http
            .post(self.config.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header(
                "webhook-signature",
                sign(self.config.secret.expose(), id, seconds, &body),
            )
            .body(body);
        match request.send().await {
            Ok(answer) => {
                let status = answer.status();
                let code = status.as_u16();
                if status.is_success() {
                    Sent::Taken(code)
                } else if status.is_client_error() && !matches!(code, 408 | 425 | 429) {
                    Sent::Refused(code)
                } else {
                    Sent::Failed(Some(code))
                }
            }
            Err(_) => Sent::Failed(None),
        }
    }
}

/// The signature of a body: `v1,` and base 64.
#[must_use]
pub fn sign(secret: &[u8], id: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification of Standard Webhooks gives for its libraries.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_place_that_can_not_be_trusted_is_refused_with_its_flag() {
        let secret = format!("whsec_{}", STANDARD.encode([7; 32]));
        let flag = |url: &str, secret: &str| {
            MessagesConfig::new(url, secret)
                .map_err(|error| error.flag)
                .err()
        };
        assert_eq!(flag("https://provider.example/in", &secret), None);
        assert_eq!(flag("http://127.0.0.1:9/in", &secret), None);
        for url in [
            "provider",
            "http://provider.example/in",
            "https://a:b@provider.example",
            "ftp://x",
        ] {
            assert_eq!(flag(url, &secret), Some("--messages-url"), "{url}");
        }
        for secret in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "not base 64 at all, but long enough to be",
        ] {
            let found = flag("https://provider.example/in", secret);
            assert_eq!(found, Some("--messages-secret"), "{secret}");
        }
    }
}
