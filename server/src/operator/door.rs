//! The way to a hub that serves, for its operator: a socket in the data folder.
//!
//! One order a connection: JSON in, until the asking side has said all; JSON out.
//!
//! # Invariants
//! - Only the owner of the data folder's files, and root, are answered: the socket's mode says so, and the kernel names the peer.
//! - The socket is made and removed under the folder's lock, so one that is found at a start belongs to nobody.
//!
//! # Failure
//! Where the socket can't be made (a path beyond some 100 bytes) the hub serves without it and says so in its log.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::{Answer, Order, carry_out};
use crate::http::AppState;
use crate::serve::accept::rest_after;

/// Name of the socket in the data folder.
pub const FILE_NAME: &str = "carnet.sock";
/// Bytes of an order or an answer.
const BYTES_MAX: u64 = 64 << 10;
/// Time for one order, hashing a password on a slow machine included.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The open door of a hub; the socket goes with it.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Door {
    /// Opens the door of `folder`, whose lock the caller holds.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&path)?.uid();
        Ok(Self {
            listener,
            path,
            owner,
        })
    }

    /// Carries out orders, one after the other, until the hub stops.
    pub async fn serve(self, state: AppState) {
        let mut stopping = state.stopping.clone();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                // An error says that nobody is left who could stop the hub.
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    rest_after(&error).await;
                    continue;
                }
            };
            let answered = tokio::time::timeout(TIME_MAX, self.answer(stream, &state)).await;
            if !matches!(answered, Ok(Ok(()))) {
                tracing::warn!("an operator's order was not answered");
            }
        }
    }

    async fn answer(&self, mut stream: UnixStream, state: &AppState) -> io::Result<()> {
        let peer = stream.peer_cred()?.uid();
        if peer != self.owner && peer != 0 {
            tracing::warn!(peer, "an order of somebody else was not heard");
            return Ok(());
        }
        let mut bytes = Vec::new();
        (&mut stream)
            .take(BYTES_MAX)
            .read_to_end(&mut bytes)
            .await?;
        let answer: Result<Answer, String> = match serde_json::from_slice::<Order>(&bytes) {
            Ok(order) => carry_out(state, order)
                .await
                .map_err(|error| error.to_string()),
            Err(_) => Err(
                "the running hub does not know this order: it is another version of Carnet"
                    .to_owned(),
            ),
        };
        let answer = serde_json::to_vec(&answer).expect("text can be written as JSON");
        stream.write_all(&answer).await?;
        stream.shutdown().await
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(error = %error, "the operator's socket stays");
        }
    }
}

/// Asks the hub that serves `folder`; the inner result is the hub's own answer. Blocks.
///
/// # Errors
/// When no hub opened its door there, or it ended meanwhile.
pub fn ask(folder: &Path, order: &Order) -> io::Result<Result<Answer, String>> {
    let mut stream = std::os::unix::net::UnixStream::connect(folder.join(FILE_NAME))?;
    stream.set_read_timeout(Some(TIME_MAX))?;
    serde_json::to_writer(&mut stream, order)?;
    stream.flush()?;
    stream.shutdown(Shutdown::Write)?;
    let mut bytes = Vec::new();
    stream.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_door_is_its_owner_s_alone_and_takes_the_place_of_a_dead_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        // What a hub that was killed left.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(
            ask(
                folder.path(),
                &Order::Enrol {
                    shop: None,
                    by: None
                }
            )
            .is_err()
        );
        let door = Door::open(folder.path()).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(door);
        assert!(!path.exists());
    }
}
