use actix_http::h1;
use actix_http::ws::{OpCode, Parser};
use actix_web::FromRequest;
use actix_web::dev;
use actix_web::test::TestRequest;

use super::*;

const LIMIT: usize = 100;

fn masked(payload: &[u8], kind: OpCode, last: bool) -> BytesMut {
    let mut out = BytesMut::new();
    Parser::write_message(&mut out, payload, kind, last, true);
    out
}

/// Reads a stream that arrives in those pieces, then ends.
async fn read(pieces: Vec<Bytes>) -> (Vec<Message>, CloseReason) {
    let (mut sender, payload) = h1::Payload::create(false);
    for piece in pieces {
        sender.feed_data(piece);
    }
    sender.feed_eof();
    let request = TestRequest::default().to_http_request();
    let payload = Payload::from_request(&request, &mut dev::Payload::from(payload)).await.unwrap();
    let mut frames = Frames::new(Source::Http(payload), LIMIT);
    let mut messages = Vec::new();
    loop {
        match frames.next().await {
            Ok(message) => messages.push(message),
            Err(reason) => return (messages, reason),
        }
    }
}

#[actix_web::test]
async fn messages_are_read_however_the_bytes_arrive() {
    let mut stream = masked(b"4one", OpCode::Text, true);
    stream.extend_from_slice(&masked(b"ping", OpCode::Ping, true));
    stream.extend_from_slice(&masked(b"4t", OpCode::Text, false));
    stream.extend_from_slice(&masked(b"", OpCode::Pong, true));
    stream.extend_from_slice(&masked(b"w", OpCode::Continue, false));
    stream.extend_from_slice(&masked(b"o", OpCode::Continue, true));
    stream.extend_from_slice(&masked(&[7; LIMIT], OpCode::Binary, true));
    stream.extend_from_slice(&masked(b"", OpCode::Close, true));
    let expected = [
        Message::Text(Bytes::from_static(b"4one")),
        Message::Ping(Bytes::from_static(b"ping")),
        Message::Text(Bytes::from_static(b"4two")),
        Message::Binary(Bytes::from_static(&[7; LIMIT])),
        Message::Close,
    ];
    let stream = stream.freeze();
    for size in [1, 2, 3, 7, stream.len()] {
        let pieces = stream.chunks(size).map(Bytes::copy_from_slice).collect();
        let (messages, reason) = read(pieces).await;
        assert_eq!(messages, expected);
        assert_eq!(reason, CloseReason::TransportClosed);
    }
}

#[actix_web::test]
async fn a_frame_that_announces_too_much_is_refused_by_its_header() {
    let headers: [&[u8]; 4] = [
        &[0x81, 0x80 + 101],
        &[0x81, 0x80 + 126, 0x01, 0x00],
        &[0x82, 0x80 + 127, 0, 0, 0, 0, 0x40, 0, 0, 0],
        &[0x80, 0x80 + 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    for header in headers {
        let (messages, reason) = read(vec![Bytes::from_static(header)]).await;
        assert!(messages.is_empty());
        assert_eq!(reason, CloseReason::TooLarge);
    }
}

#[actix_web::test]
async fn fragments_do_not_get_around_the_limit() {
    let mut stream = masked(&[b'x'; 60], OpCode::Text, false);
    stream.extend_from_slice(&masked(&[b'x'; 41], OpCode::Continue, true));
    assert_eq!(read(vec![stream.freeze()]).await, (Vec::new(), CloseReason::TooLarge));
}

#[actix_web::test]
async fn what_breaks_the_websocket_protocol_closes() {
    let mut unmasked = BytesMut::new();
    Parser::write_message(&mut unmasked, b"4x", OpCode::Text, true, false);
    let mut twice = masked(b"4", OpCode::Text, false);
    twice.extend_from_slice(&masked(b"4", OpCode::Text, true));
    let broken = [
        unmasked,
        twice,
        masked(b"x", OpCode::Continue, true),
        BytesMut::from(&[0xc1, 0x80, 0, 0, 0, 0][..]),
        BytesMut::from(&[0x83, 0x80, 0, 0, 0, 0][..]),
        BytesMut::from(&[0x09, 0x80, 0, 0, 0, 0][..]),
        masked(&[0x03], OpCode::Close, true),
    ];
    for stream in broken {
        let (messages, reason) = read(vec![stream.freeze()]).await;
        assert!(messages.is_empty());
        assert_eq!(reason, CloseReason::ProtocolError);
    }
}
