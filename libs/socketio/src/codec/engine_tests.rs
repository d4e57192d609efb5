use engineioxide_core::{Packet as TheirPacket, ProtocolVersion};
use proptest::prelude::*;

use super::*;

#[test]
fn a_packet_is_a_digit_and_a_payload() {
    assert_eq!(split("4hello"), Some((Kind::Message, "hello")));
    assert_eq!(split("3"), Some((Kind::Pong, "")));
    assert_eq!(split("3probe"), Some((Kind::Pong, "probe")));
    for bad in ["", "7", "abc", "é", "-4", " 4"] {
        assert_eq!(split(bad), None, "{bad:?}");
    }
}

#[test]
fn opening_states_the_terms_in_milliseconds() {
    let open = open("a-name", &["websocket"], &Config::default());
    assert_eq!(open[0], b'0');
    let terms: serde_json::Value = serde_json::from_slice(&open[1..]).unwrap();
    assert_eq!(terms["sid"], "a-name");
    assert_eq!(terms["pingInterval"], 25_000);
    assert_eq!(terms["pingTimeout"], 20_000);
    assert_eq!(terms["maxPayload"], 65_536);
    assert_eq!(terms["upgrades"], json!(["websocket"]));
}

#[test]
fn a_body_is_packets_with_a_separator_between() {
    let body = Bytes::from_static(b"4hello\x1ebAQIDBA==\x1e3");
    let read: Vec<_> = parts(&body).map(Option::unwrap).collect();
    let expected = [
        Part::Text(Bytes::from_static(b"4hello")),
        Part::Binary(Bytes::from_static(&[1, 2, 3, 4])),
        Part::Text(Bytes::from_static(b"3")),
    ];
    assert_eq!(read, expected);
    for bad in [&b"bAQID BA=="[..], b"b*", b"4x\x1ebA"] {
        let body = Bytes::from_static(bad);
        assert!(parts(&body).any(|part| part.is_none()), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn a_body_is_read_as_it_was_written(
        packets in prop::collection::vec(
            prop_oneof![
                // No packet begins with the letter that stands for bytes.
                "[0-6][^\u{1e}]{0,20}".prop_map(|text| Part::Text(Bytes::from(text))),
                prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Part::Binary(Bytes::from(bytes))),
            ],
            1..8,
        ),
    ) {
        let mut body = Vec::new();
        for packet in &packets {
            match packet {
                Part::Text(text) => join_text(&mut body, text),
                Part::Binary(bytes) => join_binary(&mut body, bytes),
            }
        }
        let read: Option<Vec<_>> = parts(&Bytes::from(body)).collect();
        prop_assert_eq!(read, Some(packets));
    }

    #[test]
    fn whatever_comes_is_split_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for part in parts(&Bytes::from(body)).flatten() {
            if let Part::Text(text) = part {
                let _ = std::str::from_utf8(&text).map(split);
            }
        }
    }
}

/// What the published codec makes of a packet; `None`: nothing.
fn theirs(packet: &str) -> Option<(Kind, Option<Part>)> {
    let text = |payload: &str| Some(Part::Text(Bytes::copy_from_slice(payload.as_bytes())));
    Some(match TheirPacket::parse(ProtocolVersion::V4, packet.to_owned()).ok()? {
        TheirPacket::Open(_) => (Kind::Open, None),
        TheirPacket::Close => (Kind::Close, None),
        TheirPacket::Ping | TheirPacket::PingUpgrade => (Kind::Ping, None),
        TheirPacket::Pong | TheirPacket::PongUpgrade => (Kind::Pong, None),
        TheirPacket::Message(payload) => (Kind::Message, text(&payload)),
        TheirPacket::Upgrade => (Kind::Upgrade, None),
        TheirPacket::Noop => (Kind::Noop, None),
        TheirPacket::Binary(bytes) | TheirPacket::BinaryV3(bytes) => {
            (Kind::Message, Some(Part::Binary(bytes)))
        }
    })
}

proptest! {
    // It reads no opening, which no client sends, and bytes in the same breath.
    #[test]
    fn a_packet_is_read_as_the_published_codec_reads_it(packet in "[^0b].{0,8}|[23]probe|[1-7].{0,8}|") {
        let ours = split(&packet);
        let theirs = theirs(&packet);
        prop_assert_eq!(ours.map(|(kind, _)| kind), theirs.as_ref().map(|(kind, _)| *kind));
        if let (Some((Kind::Message, ours)), Some((_, Some(Part::Text(theirs))))) = (ours, theirs) {
            prop_assert_eq!(ours.as_bytes(), &theirs[..]);
        }
    }

    #[test]
    fn bytes_are_read_as_the_published_codec_reads_them(coded in "[0-9A-Za-z+/=-]{0,12}") {
        let packet = format!("b{coded}");
        let body = Bytes::from(packet.clone());
        let ours: Vec<Option<Part>> = parts(&body).collect();
        prop_assert_eq!(ours, vec![theirs(&packet).and_then(|(_, part)| part)]);
    }

    #[test]
    fn a_packet_is_written_as_the_published_codec_writes_it(text in "\\PC{0,20}", bytes: Vec<u8>) {
        let mut body = Vec::new();
        join_text(&mut body, format!("4{text}").as_bytes());
        prop_assert_eq!(body, String::from(TheirPacket::Message(text.into())).into_bytes());
        let mut body = Vec::new();
        join_binary(&mut body, &bytes);
        prop_assert_eq!(body, String::from(TheirPacket::Binary(bytes.into())).into_bytes());
    }
}
