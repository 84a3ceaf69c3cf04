//! Somebody who holds an enrolled handheld's key and a good password, and speaks to the hub without the SDK: byte by byte, as they like.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use server::identity::dpop::token_hash;
use server::identity::enrolment::enrolment_message;
use sync_core::card::schema::Role;
use sync_core::card::terms::NamePart;
use sync_core::card::{Edit, Source};
use sync_core::crypto::{DeviceSigner as _, SoftwareDeviceKey};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::envelope::{Sealed, sign_push};
use sync_core::ids::{AssociateId, CustomerId, DeviceId, SessionId, Timestamp, to_base32};
use sync_core::outbox;
use sync_core::protocol::frame::{Frame, Push, Ruling, StopCode};
use sync_core::protocol::handheld::HandheldSession;
use sync_core::replica::{Author, EditRequest, Replica};
use sync_core::store::Store as _;
use sync_core::store::memory::MemoryStore;

use crate::house::{Hub, Person};

const SYNC: &str = "/v1/sync";
/// How long an answer may take before the hub counts as dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// The enemy.
pub(crate) struct Attacker {
    url: String,
    /// Host and port.
    address: String,
    key: SoftwareDeviceKey,
    author: Author,
    /// A good access token.
    pub(crate) token: String,
    replica: Replica,
    store: MemoryStore,
    /// What is drawn along the way.
    pub(crate) chance: SeededEntropy,
}

/// How the hub took something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It ruled on a push.
    Ruled(Vec<Ruling>),
    /// It ended the session and said why.
    Stopped(StopCode),
    /// It hung up.
    HungUp,
}

impl Attacker {
    /// Enrols a handheld and signs `person` in on it.
    pub(crate) fn enrol(hub: &Hub, person: &Person, code: &str) -> Self {
        let mut chance = SeededEntropy::new(66);
        let key = SoftwareDeviceKey::generate(&mut chance);
        let mut attacker = Self {
            url: hub.url.clone(),
            address: hub.address().to_owned(),
            key,
            author: Author {
                associate: AssociateId([0; 8]),
                session: SessionId([0; 8]),
                shop: sync_core::ids::ShopId([0; 8]),
                role: Role::Associate,
            },
            token: String::new(),
            replica: Replica::open(DeviceId([0; 8]), &mut chance),
            store: MemoryStore::default(),
            chance,
        };
        let nonce = attacker.nonce();
        let public = attacker.key.public_key();
        let message = enrolment_message(code, &public, &nonce);
        let signature = attacker.key.sign(&message).unwrap();
        let enrolled = attacker.post(
            "/v1/auth/enrol",
            "",
            &json!({
                "code": code, "key": BASE64.encode(public.to_sec1()), "nonce": nonce,
                "signature": BASE64.encode(signature.0), "label": "mallory",
            }),
        );
        let device: DeviceId = word(&enrolled, "device").parse().unwrap();
        attacker.replica = Replica::open(device, &mut attacker.chance);
        attacker.author.shop = word(&enrolled, "shop").parse().unwrap();
        let path = "/v1/auth/sign-in";
        let nonce = attacker.nonce();
        let proof = attacker.proof(("POST", path), (&nonce, None));
        let signed_in = attacker.post(
            path,
            &format!("DPoP: {proof}\r\n"),
            &json!({ "device": device, "login": person.login, "password": person.password }),
        );
        attacker.author.associate = word(&signed_in, "associate").parse().unwrap();
        attacker.author.session = word(&signed_in, "session").parse().unwrap();
        attacker.token = word(&signed_in, "access_token").to_owned();
        attacker
    }

    /// Sends a request and reads the answer to its end: the status and the body.
    pub(crate) fn request(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = self.connect();
        let (address, length) = (&self.address, body.len());
        let request = format!(
            "{head}Host: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split_whitespace().nth(1).unwrap().parse().unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status, body.to_owned())
    }

    fn post(&self, path: &str, headers: &str, body: &Value) -> Value {
        let head = format!("POST {path} HTTP/1.1\r\n{headers}");
        let (status, answer) = self.request(&head, &body.to_string());
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    fn nonce(&self) -> String {
        let (status, answer) = self.request("GET /v1/auth/nonce HTTP/1.1\r\n", "");
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        word(&answer, "nonce").to_owned()
    }

    fn proof(
        &mut self,
        (method, path): (&str, &str),
        (nonce, token): (&str, Option<&str>),
    ) -> String {
        let point = self.key.public_key().to_sec1();
        let part = |from: usize| BASE64.encode(&point[from..from + 32]);
        let header = json!({
            "typ": "dpop+jwt", "alg": "ES256",
            "jwk": { "kty": "EC", "crv": "P-256", "x": part(1), "y": part(33) },
        });
        let mut id = [0; 10];
        self.chance.fill(&mut id);
        let mut claims = json!({
            "jti": to_base32(&id), "htm": method, "htu": format!("{}{path}", self.url),
            "iat": 0, "nonce": nonce,
        });
        if let Some(token) = token {
            claims["ath"] = json!(token_hash(token));
        }
        let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
        let message = format!("{header}.{claims}");
        let signature = self.key.sign(message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64.encode(signature.0))
    }

    /// A connection that says nothing yet.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Asks for a sync socket with a token of any kind and a proof that fits it; the socket, or the refusal.
    pub(crate) fn upgrade(&mut self, token: &str) -> Result<Socket, (u16, String)> {
        let nonce = self.nonce();
        let proof = self.proof(("GET", SYNC), (&nonce, Some(token)));
        self.upgrade_with(&format!("Authorization: DPoP {token}\r\nDPoP: {proof}\r\n"))
    }

    /// Asks for a sync socket with these headers.
    pub(crate) fn upgrade_with(&self, headers: &str) -> Result<Socket, (u16, String)> {
        let mut stream = self.connect();
        let address = &self.address;
        let request = format!(
            "GET {SYNC} HTTP/1.1\r\nHost: {address}\r\n{headers}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        if status == 101 {
            return Ok(Socket(stream));
        }
        let length = head.lines().find_map(|line| {
            let line = line.to_ascii_lowercase();
            line.strip_prefix("content-length:")?.trim().parse().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).unwrap();
        Err((status, String::from_utf8(body).unwrap()))
    }

    /// A sync socket that says nothing yet.
    pub(crate) fn socket(&mut self) -> Socket {
        let token = self.token.clone();
        self.upgrade(&token).unwrap()
    }

    /// A sync socket whose meeting has begun.
    pub(crate) fn greeted(&mut self) -> Socket {
        let mut socket = self.socket();
        socket.send(&self.hello());
        socket
    }

    /// The hello of a handheld that holds nothing.
    pub(crate) fn hello(&self) -> Vec<u8> {
        let store = MemoryStore::default();
        let hello = HandheldSession::default().hello(&*store.read().unwrap());
        hello.unwrap().pack()
    }

    /// A card that it begins as an honest handheld would, with its name as long as asked.
    pub(crate) fn begin_card(&mut self, name: &str) -> Vec<Sealed> {
        let customer = CustomerId::random(&mut self.chance);
        let edit = Edit::CreateCustomer {
            name: std::iter::once((NamePart::Given, name.to_owned())).collect(),
            language: None,
            endpoints: Vec::new(),
            since: None,
        };
        let request = EditRequest {
            customer,
            edit: &edit,
            source: Source::Typed,
            now: Timestamp(1_790_000_000_000),
        };
        let mut tx = self.store.write().unwrap();
        let author = self.author;
        let recorded = self
            .replica
            .record(&mut *tx, &author, &request, &mut self.chance)
            .unwrap();
        let row = outbox::get(tx.as_read(), recorded.number).unwrap();
        tx.commit().unwrap();
        row.unwrap().members
    }

    /// A push of these entries, well made and signed, whatever they say.
    pub(crate) fn push(&self, entries: Vec<Sealed>) -> Push {
        let leaves: Vec<_> = entries
            .iter()
            .map(|sealed| sealed.envelope.leaf())
            .collect();
        let signature = sign_push(&self.key, self.replica.device(), &leaves).unwrap();
        Push { entries, signature }
    }
}

fn word<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}

/// An open sync socket.
pub(crate) struct Socket(TcpStream);

impl Socket {
    /// Sends bytes as they are. That the hub has hung up shows when its answer is read.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let _hung_up = self.0.write_all(bytes);
    }

    /// Sends a whole binary message.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        self.send_raw(&message(0x82, frame));
    }

    /// Says that nothing more comes.
    pub(crate) fn end(&mut self) {
        let _hung_up = self.0.shutdown(Shutdown::Write);
    }

    /// Reads until the hub rules, stops or hangs up, whatever else it sends.
    pub(crate) fn answer(&mut self) -> Answer {
        loop {
            let Some((opcode, payload)) = self.next().filter(|(opcode, _)| *opcode != 8) else {
                return Answer::HungUp;
            };
            if opcode != 2 {
                continue;
            }
            let frame = Frame::unpack(&payload).unwrap();
            if let Frame::Stop(stop) = frame {
                return Answer::Stopped(stop.code);
            }
            if let Frame::Verdicts(verdicts) = frame {
                let rulings = verdicts.verdicts.into_iter();
                return Answer::Ruled(rulings.map(|verdict| verdict.ruling).collect());
            }
        }
    }

    /// The next message: its opcode and what it carries; none when the connection is over.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.read(&mut head)?;
        let length = match head[1] {
            126 => {
                let mut long = [0; 2];
                self.read(&mut long)?;
                u64::from(u16::from_be_bytes(long))
            }
            127 => {
                let mut long = [0; 8];
                self.read(&mut long)?;
                u64::from_be_bytes(long)
            }
            short => u64::from(short),
        };
        let mut payload = vec![0; length.try_into().unwrap()];
        self.read(&mut payload)?;
        Some((head[0] & 0x0f, payload))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Option<()> {
        match self.0.read_exact(bytes) {
            Ok(()) => Some(()),
            Err(error) => {
                let is_late = error.kind() == std::io::ErrorKind::WouldBlock;
                assert!(!is_late, "the hub neither answers nor hangs up");
                None
            }
        }
    }
}

/// A WebSocket message as a client sends it, under a mask of zeros.
pub(crate) fn message(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = message_head(head, payload.len().try_into().unwrap());
    bytes.extend(payload);
    bytes
}

/// The head of a message that says it has this many bytes.
pub(crate) fn message_head(head: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![head, 0x80 | 127];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}
