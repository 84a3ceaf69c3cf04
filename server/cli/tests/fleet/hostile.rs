//! An enrolled enemy at the sync socket, while a colleague works: the hub goes on, within its memory, and nobody loses anything.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use carnet_ffi::{Book, NamePartText};
use sync_core::card::terms::{NamePart, Place};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::CustomerId;
use sync_core::limits;
use sync_core::protocol::frame::{Frame, Push, Ruling, StopCode};

use crate::attacker::{Answer, Attacker, Socket, message, message_head};
use crate::forge::{SPOILS, cbor_bombs, reseal, zstd_boast, zstd_bomb};
use crate::house::{House, Hub, settle};

/// Offsets at which a push is cut, and bytes of a change that are changed.
const CUTS: usize = 48;
/// Frames of random bytes.
const GARBAGE: u64 = 32;
/// What all this may add to the most that the hub ever held, in MiB: some frames of the largest size in the air at once.
const GROWTH_MIB_MAX: u64 = 96;

/// That the hub is there and answers.
fn check_alive(attacker: &Attacker) {
    let (status, answer) = attacker.request("GET /livez HTTP/1.1\r\n", "");
    assert_eq!(status, 200, "{answer}");
}

/// That the session ended, and for the right reason when one was given.
fn check_ended(mut socket: Socket, what: &str) {
    let answer = socket.answer();
    let expected = [Answer::Stopped(StopCode::Protocol), Answer::HungUp];
    assert!(expected.contains(&answer), "{what}: {answer:?}");
}

/// That the session ended with a word on why.
fn check_stopped(mut socket: Socket, what: &str) {
    assert_eq!(
        socket.answer(),
        Answer::Stopped(StopCode::Protocol),
        "{what}"
    );
}

/// That a push of one change was refused for this reason, or ended the session where there is none.
fn check_refused(mut socket: Socket, (what, code): (&str, &str)) {
    let expected = if code.is_empty() {
        Answer::Stopped(StopCode::Protocol)
    } else {
        let code = code.to_owned();
        Answer::Ruled(vec![Ruling::Refused { code }])
    };
    assert_eq!(socket.answer(), expected, "{what}");
}

/// `count` offsets within `length`, all of them where there are fewer, without the first and the end.
fn offsets(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (1..length).step_by(length.div_ceil(count).max(1))
}

fn forged_tokens(attacker: &mut Attacker) {
    let good = attacker.token.clone();
    let at = good.len() - 10;
    let other = if good.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    let flipped = format!("{}{other}{}", &good[..at], &good[at + 1..]);
    let unsigned = good.rsplit_once('.').map_or("", |(signed, _)| signed);
    for token in [
        flipped.as_str(),
        &format!("{unsigned}."),
        &good[..good.len() / 2],
        "garbage",
        &"x".repeat(6_000),
    ] {
        let (status, body) = attacker.upgrade(token).err().expect("it is refused");
        assert_eq!(status, 401, "{body}");
        assert!(body.contains("\"code\""), "it says what to do: {body}");
    }
    let bare = [
        String::new(),
        format!("Authorization: DPoP {good}\r\n"),
        format!("Authorization: Bearer {good}\r\n"),
        format!("Authorization: DPoP {good}\r\nDPoP: {good}\r\n"),
    ];
    for headers in bare {
        let (status, body) = attacker.upgrade_with(&headers).err().unwrap();
        assert_eq!(status, 401, "{body}");
    }
}

fn cut_frames(attacker: &mut Attacker) {
    let hello = attacker.hello();
    for at in 1..hello.len() {
        let mut socket = attacker.socket();
        socket.send(&hello[..at]);
        check_stopped(socket, &format!("a hello cut at {at} of {}", hello.len()));
    }
    let name = "a name that is long enough for the frame to be compressed ".repeat(6);
    let entries = attacker.begin_card(&name);
    let push = Frame::Push(attacker.push(entries)).pack();
    assert_eq!(push[0], 1, "it is compressed");
    for at in offsets(push.len(), CUTS) {
        let mut socket = attacker.greeted();
        socket.send(&push[..at]);
        check_stopped(socket, &format!("a push cut at {at} of {}", push.len()));
    }
    // Cut by the network: the message says more than comes.
    let whole = message(0x82, &hello);
    for at in 1..whole.len() {
        let mut socket = attacker.socket();
        socket.send_raw(&whole[..at]);
        socket.end();
        check_ended(socket, &format!("a message cut at {at} of {}", whole.len()));
    }
}

fn garbage(attacker: &mut Attacker) {
    let mut chance = SeededEntropy::new(13);
    for number in 0..GARBAGE {
        let mut bytes = vec![0; usize::try_from(1 + chance.below(4_000)).unwrap()];
        chance.fill(&mut bytes);
        if number % 4 != 0 {
            // Plain, compressed, and packed in no known way.
            bytes[0] = u8::try_from(number % 4 - 1).unwrap();
        }
        let mut socket = if number % 2 == 0 {
            attacker.socket()
        } else {
            attacker.greeted()
        };
        socket.send(&bytes);
        check_stopped(socket, &format!("garbage {number}"));
    }
    for (what, bytes) in [
        ("a text", message(0x81, b"hello")),
        ("an opcode that is none", message(0x8b, b"hello")),
        ("a message without its mask", vec![0x82, 1, 0]),
        ("a reserved bit", message(0xf2, b"hello")),
        ("an endless ping", message(0x89, &[0; 4_000])),
        ("a continuation of nothing", message(0x80, b"hello")),
    ] {
        let mut socket = attacker.socket();
        socket.send_raw(&bytes);
        check_ended(socket, what);
    }
    let mut stream = attacker.connect();
    let mut noise = vec![0; 4_096];
    chance.fill(&mut noise);
    // The hub may hang up before it has read all.
    let _hung_up = stream.write_all(&noise);
    let _hung_up = stream.shutdown(std::net::Shutdown::Write);
    let _hung_up = stream.read_to_end(&mut Vec::new());
}

fn oversized(attacker: &mut Attacker) {
    let mut socket = attacker.socket();
    socket.send(&vec![0; limits::FRAME_BYTES_MAX + 1]);
    check_ended(socket, "a frame a byte too large");
    for length in [1 << 32, 1 << 62, u64::MAX] {
        let mut socket = attacker.greeted();
        socket.send_raw(&message_head(0x82, length));
        socket.send_raw(&[0; 4_096]);
        check_ended(socket, "a frame that says it is huge");
    }
    let mut socket = attacker.greeted();
    socket.send_raw(&message(0x02, &[0; 4_096]));
    for _ in 0..limits::FRAME_BYTES_MAX / 4_096 + 1 {
        socket.send_raw(&message(0x00, &[0; 4_096]));
    }
    check_ended(socket, "a frame in pieces without end");
}

fn bombs(attacker: &mut Attacker) {
    let mut frames = cbor_bombs();
    frames.extend([zstd_bomb(), zstd_boast()]);
    for (number, frame) in frames.iter().enumerate() {
        let mut socket = attacker.greeted();
        socket.send(frame);
        check_stopped(socket, &format!("bomb {number}"));
    }
    // Several at once, each at the bound.
    let mut sockets: Vec<_> = (0..8).map(|_| attacker.greeted()).collect();
    let bomb = zstd_bomb();
    for socket in &mut sockets {
        socket.send(&bomb);
    }
    for socket in sockets {
        check_stopped(socket, "one of eight bombs");
    }
}

fn hostile_changes(attacker: &mut Attacker) {
    for (what, code, spoil) in SPOILS {
        let mut entries = attacker.begin_card("Mallory");
        spoil(&mut entries[0], &mut attacker.chance);
        let push = attacker.push(entries);
        send_push(attacker, push, (what, code));
    }
    let entries = attacker.begin_card("Mallory");
    let mut push = attacker.push(entries.clone());
    push.signature.0[7] ^= 1;
    send_push(attacker, push, ("a signature that does not hold", ""));
    let push = attacker.push(Vec::new());
    send_nothing(attacker, push);
    let many = entries.into_iter().cycle();
    let push = attacker.push(many.take(limits::PUSH_ENTRIES_MAX + 1).collect());
    send_push(attacker, push, ("more than a push holds", ""));
    // Changed bytes under checksums and signatures that hold: what is still a change of their own may be taken.
    let length = attacker.begin_card("Mallory")[0].change.len();
    for at in offsets(length, CUTS).filter(|at| *at >= 8) {
        let mut entries = attacker.begin_card("Mallory");
        entries[0].change[at] ^= 1;
        reseal(&mut entries[0]);
        let push = Frame::Push(attacker.push(entries)).pack();
        let mut socket = attacker.greeted();
        socket.send(&push);
        let answer = socket.answer();
        assert_ne!(answer, Answer::HungUp, "byte {at} of {length}");
    }
}

fn send_push(attacker: &mut Attacker, push: Push, expected: (&str, &str)) {
    let mut socket = attacker.greeted();
    socket.send(&Frame::Push(push).pack());
    check_refused(socket, expected);
}

/// A push of nothing is answered by nothing or by a stop, never by a ruling on something.
fn send_nothing(attacker: &mut Attacker, push: Push) {
    let mut socket = attacker.greeted();
    socket.send(&Frame::Push(push).pack());
    let answer = socket.answer();
    let expected = [
        Answer::Ruled(Vec::new()),
        Answer::Stopped(StopCode::Protocol),
    ];
    assert!(expected.contains(&answer), "{answer:?}");
}

/// The most memory that the hub ever held, in MiB.
fn peak_mib(hub: &Hub) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.process()));
    let status = status.unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    // Elsewhere than on Linux nothing is known of another process.
    kib.unwrap_or(0) / 1_024
}

fn create(book: &Book, given: &str) -> CustomerId {
    let part = NamePart::Given;
    let text = given.to_owned();
    book.create_customer(vec![NamePartText { part, text }], Vec::new(), None)
        .unwrap()
}

fn note(number: usize) -> String {
    format!("note {number} of a day like any other")
}

/// Works until told to stop: a note, a sync, and so on; how many notes it were. Every sync has to go well.
fn work(book: &Book, customers: &[CustomerId], is_over: &AtomicBool) -> usize {
    let mut count = 0;
    for customer in customers.iter().cycle() {
        book.add_note(*customer, Place::Card, note(count)).unwrap();
        count += 1;
        settle(book);
        if is_over.load(Ordering::SeqCst) {
            break;
        }
    }
    count
}

/// Sets the flag however the enemy's part ends: a failure must not leave the colleague at work.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn an_enemy_at_the_sync_socket_ends_their_own_sessions_and_nothing_else() {
    let house = House::new();
    let people = ["ana", "ben", "mallory"].map(|login| (house.associate(login), house.code()));
    let hub = house.serve();
    let [ana, ben, mallory] = people;
    let mut attacker = Attacker::enrol(&hub, &mallory.0, &mallory.1);
    let ben = house.handheld(&hub, &ben.0, ben.1);
    let customers: Vec<_> = (0..20)
        .map(|number| create(&ben, &format!("Customer {number}")))
        .collect();
    settle(&ben);
    let peak = peak_mib(&hub);
    let is_over = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let working = scope.spawn(|| work(&ben, &customers, &is_over));
        let over = Over(&is_over);
        for attack in [
            forged_tokens,
            cut_frames,
            garbage,
            oversized,
            bombs,
            hostile_changes,
        ] {
            attack(&mut attacker);
            check_alive(&attacker);
        }
        drop(over);
        working.join().unwrap()
    });
    assert!(written > 5, "the colleague worked meanwhile");
    let growth = peak_mib(&hub) - peak;
    assert!(growth <= GROWTH_MIB_MAX, "the hub grew by {growth} MiB");
    let mut socket = attacker.greeted();
    let honest = attacker.begin_card("Honest");
    socket.send(&Frame::Push(attacker.push(honest)).pack());
    let answer = socket.answer();
    let is_taken = matches!(&answer, Answer::Ruled(rulings) if matches!(rulings[..], [Ruling::Accepted { .. }]));
    assert!(is_taken, "sessions ended, not the handheld: {answer:?}");
    let ana = house.handheld(&hub, &ana.0, ana.1);
    settle(&ana);
    let notes = customers
        .iter()
        .flat_map(|customer| ana.customer(*customer).unwrap().notes);
    let found: BTreeSet<_> = notes
        .flat_map(|note| note.versions)
        .map(|version| version.body)
        .collect();
    let expected: BTreeSet<_> = (0..written).map(note).collect();
    assert_eq!(found, expected, "nothing that the colleague wrote is lost");
    assert_eq!(ana.search("Honest".to_owned(), 5).unwrap().hits.len(), 1);
    hub.stop();
    assert!(house.admin(&["verify"]).contains("The database is whole."));
}
