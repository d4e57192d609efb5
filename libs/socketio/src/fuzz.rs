//! Random input for what reads bytes of strangers: a moment of it with every run of the tests, and as long as one likes by
//! `scripts/fuzz MINUTES`. Input is what clients say, damaged; each case can be repeated from its seed, which a failure names.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_http::ws::{OpCode, Parser};
use bytes::{Bytes, BytesMut};
use kernel::{Random, SeededRandom};
use socketioxide_core::Str;
use socketioxide_core::parser::{Parse, ParseConfig, ParseError as TheirError, ParserState};
use socketioxide_parser_common::CommonParser;
use tokio::time::Instant;

use crate::codec::engine::{self, Part};
use crate::codec::packet::{self, Body};
use crate::frame::Frame;
use crate::frames::{Assembler, Message};
use crate::machine::heartbeat::{Due, Heartbeat};
use crate::machine::protocol::{Accepted, Protocol, Step};
use crate::machine::transport::{ProbeStep, Transport};
use crate::queue::{Polled, Queue};
use crate::{CloseReason, Config};

/// Cases of each kind with every run of the tests.
const CASES: u64 = 3_000;
/// Minutes of a long run, where it is asked for.
const MINUTES: &str = "FUZZ_MINUTES";

/// What clients say.
const CORPUS: [&str; 24] = [
    "0",
    r#"0{"token":"123","v":1}"#,
    "0/admin,{}",
    "1",
    "1/admin,",
    r#"2["hello",1,"two",{"three":[true,null]}]"#,
    r#"2/admin,12["hello"]"#,
    r#"3456["answer"]"#,
    "3/admin,0[]",
    r#"51-["file",{"_placeholder":true,"num":0}]"#,
    r#"52-/admin,7["files",[{"_placeholder":true,"num":0},{"num":1,"_placeholder":true}]]"#,
    r#"61-3[{"_placeholder":true,"num":0}]"#,
    r#"4{"message":"no"}"#,
    r#"2["disconnect"]"#,
    r#"2["😀","\ud83d\ude00","\u0000"]"#,
    "2probe",
    "3probe",
    "3",
    "5",
    "6",
    "4hello\u{1e}bAQIDBA==\u{1e}3",
    "99999999999999999999",
    r#"599999999999999999999-["a"]"#,
    r#"2/a?b=c,1["x",{"a":{"b":{"c":[[[[]]]]}}}]"#,
];

/// One source of chance and what is made with it.
struct Dice(SeededRandom);

impl Dice {
    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.0.below(bound as u64)).unwrap()
    }

    fn one_in(&self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Something that a client says, more or less.
    fn said(&self) -> Vec<u8> {
        let mut bytes = self.pick(&CORPUS).as_bytes().to_vec();
        while self.one_in(2) {
            self.damage(&mut bytes);
        }
        bytes
    }

    fn damage(&self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        match self.below(7) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, u8::try_from(self.below(256)).unwrap()),
            2 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            3 => drop(bytes.splice(at..at, self.pick(&CORPUS).bytes())),
            4 => {
                let noise = (0..self.below(40)).map(|_| *self.pick(b"[]{}\",:0b-/\\u\x1e"));
                drop(bytes.splice(at..at, noise));
            }
            5 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.extend(std::iter::repeat_n(*self.pick(b"[{\"9/,"), self.below(300))),
        }
    }
}

/// A body of a POST, and each packet of it.
fn codecs(dice: &Dice) {
    let body = Bytes::from(dice.said());
    for part in engine::parts(&body).flatten() {
        match part {
            Part::Text(text) => read(&text),
            Part::Binary(bytes) => assert!(bytes.len() <= body.len()),
        }
    }
}

fn read(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let _ = engine::split(text);
    let Ok(read) = packet::decode(text) else { return };
    assert!(read.namespace.starts_with('/'));
    let rest = match &read.body {
        Body::Event { name, args, ack } => {
            let args = args.iter().map(|arg| arg.get().as_bytes());
            let json = packet::event_json(name, args);
            let header = packet::Header {
                is_ack: false,
                attachments: read.attachments,
                namespace: &read.namespace,
                id: *ack,
            };
            header.with(&json)
        }
        Body::Ack { id, args } => {
            let header = packet::Header {
                is_ack: true,
                attachments: read.attachments,
                namespace: &read.namespace,
                id: Some(*id),
            };
            header.with(&packet::ack_json(args))
        }
        Body::Connect(_) | Body::Disconnect => return,
    };
    // What was read is written, and read again, as the same.
    let written = std::str::from_utf8(&rest).unwrap();
    let again = packet::decode(&written[1..]).unwrap();
    assert_eq!(format!("{read:?}"), format!("{again:?}"));
    // And the published parser reads it too.
    let state = ParserState::default();
    let theirs = CommonParser.decode_str(
        &ParseConfig::default(),
        &state,
        Str::from(written[1..].to_owned()),
    );
    // (How many attachments are too many is for the state machine to say, here.)
    let other = matches!(
        theirs,
        Err(TheirError::NeedsMoreBinaryData | TheirError::TooManyAttachments { .. })
    );
    assert!(theirs.is_ok() || other, "{theirs:?} of {written}");
}

fn known(name: &str) -> Option<Arc<str>> {
    ["/", "/admin"].contains(&name).then(|| Arc::from(name))
}

/// One client's life in Socket.IO.
fn protocol(dice: &Dice) {
    let config = Config { max_attachments: 3, max_attachment_bytes: 64, ..Config::default() };
    let mut protocol = Protocol::new(&config);
    let (mut places, mut taken) = (0_usize, 0_usize);
    for _ in 0..dice.below(60) {
        let name = *dice.pick(&["/", "/admin", "/x"]);
        let step = match dice.below(8) {
            0 => {
                match protocol.accept(name) {
                    Accepted::Waited(_) => taken += 1,
                    Accepted::Connected => assert!(protocol.connected().any(|other| other == name)),
                    Accepted::Gone => {}
                }
                continue;
            }
            1 => {
                taken += protocol.refuse(name);
                continue;
            }
            2 => {
                protocol.end(name);
                continue;
            }
            3 => protocol.binary(Bytes::from(dice.said()), known),
            _ => {
                let said = dice.said();
                let text = String::from_utf8_lossy(&said).into_owned();
                let Ok(packet) = packet::decode(&text) else { continue };
                places += usize::from(packet.is_event());
                protocol.packet(packet, known, Instant::now())
            }
        };
        match step {
            Step::Close(reason) => {
                assert!(matches!(reason, CloseReason::ProtocolError | CloseReason::TooLarge));
                return;
            }
            Step::Event { .. } | Step::Passed => taken += 1,
            Step::Leave { waited, .. } => taken += waited,
            Step::Send(bytes) => assert!(bytes.starts_with(b"44/")),
            Step::Nothing | Step::Waits | Step::Connect { .. } | Step::Answer { .. } => {}
        }
        assert!(taken <= places, "no more is given back than was taken");
        assert!(protocol.connected().count() <= 2);
    }
}

/// What carries a session, and its queue, in any order of requests, frames and sockets that come and go.
fn carriers(dice: &Dice) {
    let config = Config { queue_bytes: 600, queue_packets: 20, ..Config::default() };
    let queue = Queue::new(
        &config,
        if dice.one_in(4) { Transport::Websocket } else { Transport::polling() },
    );
    let context = &Context::from_waker(Waker::noop());
    let (mut number, mut polls, mut moved) = (0, 0_i32, false);
    let (mut sent, mut heard) = (0_u32, 0_u32);
    let mut count = |bytes: &[u8]| {
        for word in bytes.split(|byte| *byte == b'#').skip(1) {
            let next: u32 = std::str::from_utf8(&word[..6]).unwrap().parse().unwrap();
            assert_eq!(next, heard, "in order, and nothing is lost");
            heard += 1;
        }
    };
    for _ in 0..dice.below(80) {
        match dice.below(9) {
            0 | 1 => {
                let text = Bytes::from(format!("4#{sent:06}"));
                sent += u32::from(queue.send([Frame::Text(text)], || None).is_ok());
            }
            2 => polls += i32::from(queue.begin_poll().is_ok()),
            3 if polls > 0 => {
                match queue.poll_packets(context) {
                    Poll::Ready(Polled::Packets(bytes)) => {
                        assert!(!moved, "nothing goes onto polling after the change");
                        count(&bytes);
                    }
                    Poll::Ready(Polled::Moved) => assert!(moved),
                    Poll::Ready(Polled::Gone) | Poll::Pending => {}
                }
                queue.end_poll();
                polls = 0;
            }
            4 => number = queue.open_probe().unwrap_or(number),
            5 => {
                let texts: [&[u8]; 3] = [b"2probe", b"5", b"x"];
                moved |= queue.probed(texts[dice.below(3)]) == ProbeStep::Switch;
            }
            6 => {
                if let Poll::Ready(Some(bytes)) = queue.poll_chunk(number, context) {
                    count(&bytes);
                }
            }
            7 if dice.one_in(10) => queue.lost(number),
            8 if dice.one_in(20) => {
                queue.end(CloseReason::Draining, [Frame::Close(CloseReason::Draining)]);
            }
            _ => {}
        }
        assert!(polls <= 1);
        if queue.is_closing() {
            return;
        }
    }
}

/// Bytes of a websocket.
fn websocket(dice: &Dice) {
    let mut stream = BytesMut::new();
    for _ in 0..=dice.below(6) {
        let kind = *dice.pick(&[
            OpCode::Text,
            OpCode::Binary,
            OpCode::Continue,
            OpCode::Ping,
            OpCode::Pong,
            OpCode::Close,
        ]);
        Parser::write_message(&mut stream, dice.said(), kind, !dice.one_in(3), !dice.one_in(20));
    }
    let mut stream = stream.to_vec();
    while dice.one_in(2) {
        dice.damage(&mut stream);
    }
    let limit = 200;
    let mut assembler = Assembler::new(limit);
    for piece in stream.chunks(1 + dice.below(64)) {
        assembler.feed(Bytes::copy_from_slice(piece));
        loop {
            match assembler.next() {
                Ok(Some(Message::Text(bytes) | Message::Binary(bytes) | Message::Ping(bytes))) => {
                    assert!(bytes.len() <= limit);
                }
                Ok(Some(Message::Close)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

/// A clock that runs as it likes, and a client that answers as it likes.
fn heartbeat(dice: &Dice) {
    let (interval, timeout) = (Duration::from_millis(50), Duration::from_millis(30));
    let mut now = Instant::now();
    let mut heart = Heartbeat::new(interval, timeout, now);
    let mut asked = None;
    for _ in 0..60 {
        now += Duration::from_millis(dice.below(40) as u64);
        if dice.one_in(3) {
            heart.answered(now);
            asked = None;
        }
        match heart.due(now, !dice.one_in(5)) {
            Due::Nothing => {}
            Due::Ping => asked = Some(now),
            Due::Dead => {
                let asked = asked.expect("nobody dies unasked");
                assert!(now - asked + timeout / 10 >= timeout, "everybody has time to answer");
                return;
            }
        }
        assert!(heart.next() <= now + interval.max(timeout));
    }
}

/// Something to do with chance.
type Case = fn(&Dice);

const KINDS: [(&str, Case); 5] = [
    ("codecs", codecs),
    ("protocol", protocol),
    ("carriers", carriers),
    ("websocket", websocket),
    ("heartbeat", heartbeat),
];

fn case(name: &str, run: Case, seed: u64) {
    let dice = Dice(SeededRandom::new(seed));
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&dice))) {
        eprintln!("the case was {name}, seed {seed}");
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_moment_of_random_input() {
    for (name, run) in KINDS {
        (0..CASES).for_each(|seed| case(name, run, seed));
    }
}

#[test]
#[ignore = "as long as one likes: scripts/fuzz"]
fn much_random_input() {
    if let Some(seed) = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok()) {
        return KINDS.iter().for_each(|(name, run)| case(name, *run, seed));
    }
    let minutes: u64 = std::env::var(MINUTES).ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut bytes = [0; 8];
    kernel::SystemRandom.fill(&mut bytes);
    let first = u64::from_le_bytes(bytes) >> 1;
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut cases = 0_u64;
    while Instant::now() < end {
        for (name, run) in KINDS {
            (0..1_000).for_each(|next| case(name, run, first + cases + next));
        }
        cases += 1_000;
    }
    println!(
        "{cases} cases of each of {} kinds in {minutes} minutes, from seed {first}",
        KINDS.len()
    );
}
