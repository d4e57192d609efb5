//! A session over requests.

use std::time::Duration;

use serde_json::{Value, json};
use socketio::{CloseReason, Config, Packet};

use crate::support::{Poller, answer_of, config, parked, start, until};

#[actix_web::test]
async fn a_session_opens_with_the_terms() {
    let server = start(Config { instance: "chat-1".to_owned(), ..config() });
    let answer = server.http("GET", "EIO=4&transport=polling", "", b"").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
    let terms: Value = serde_json::from_str(answer.body.strip_prefix('0').unwrap()).unwrap();
    let sid = terms["sid"].as_str().unwrap();
    assert!(sid.ends_with(".chat-1"), "the id names its instance: {sid}");
    assert_eq!(terms["upgrades"], json!(["websocket"]));
    assert_eq!(terms["maxPayload"], 65_536);
    assert_eq!(terms.as_object().unwrap().len(), 5);
}

#[actix_web::test]
async fn a_client_connects_and_is_answered() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    poller.say(r#"421["echo",{"a":"é"}]"#).await;
    assert_eq!(poller.poll().await, r#"431[{"a":"é"}]"#);
    assert_eq!(server.engine.connections(), 1);
}

#[actix_web::test]
async fn packets_travel_together() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    poller.say("421[\"echo\",1]\u{1e}422[\"echo\",2]\u{1e}423[\"echo\",3]").await;
    assert_eq!(poller.poll().await, "431[1]\u{1e}432[2]\u{1e}433[3]");
}

#[actix_web::test]
async fn bytes_travel_as_base64() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let place = r#"{"_placeholder":true,"num":0}"#;
    poller.say(&format!("451-7[\"echo\",{place}]\u{1e}bAQIDBA==")).await;
    assert_eq!(poller.poll().await, format!("461-7[{place}]\u{1e}bAQIDBA=="));
}

#[actix_web::test]
async fn a_get_waits_for_the_next_packet() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let waiting = parked(&poller).await;
    server.socket(0).send(&Packet::event("n", &1).unwrap()).unwrap();
    assert_eq!(answer_of(waiting).await.body, r#"42["n",1]"#);
}

#[actix_web::test]
async fn packets_keep_their_order_over_many_requests() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let socket = server.socket(0);
    let sender = std::thread::spawn(move || {
        for number in 0..1_000 {
            socket.send(&Packet::event("n", &number).unwrap()).unwrap();
        }
    });
    let mut heard = Vec::new();
    while heard.len() < 1_000 {
        heard.extend(poller.poll().await.split('\u{1e}').map(str::to_owned));
    }
    for (number, packet) in heard.iter().enumerate() {
        assert_eq!(packet, &format!(r#"42["n",{number}]"#));
    }
    sender.join().unwrap();
}

#[actix_web::test]
async fn a_second_get_ends_the_session() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let first = parked(&poller).await;
    let second = poller.get().await;
    assert_eq!(second.status, 400);
    let first = answer_of(first).await;
    assert_eq!((first.status, first.body.as_str()), (200, "1"));
    poller.expect_unknown().await;
    server.expect_gone(CloseReason::ProtocolError).await;
}

#[actix_web::test]
async fn a_second_post_ends_the_session() {
    let server = start(Config { max_in_flight: 1, ..config() });
    let poller = Poller::connect(&server).await;
    poller.say(r#"421["hang",1]"#).await;
    // Waits for room, so it is under way.
    let first = server.begin("POST", &poller.query, "", br#"422["hang",2]"#).await;
    until("the first is refused or the second", || true).await;
    let mut second = poller.post(br#"423["hang",3]"#).await;
    if second.status == 200 {
        second = answer_of(first).await;
    } else {
        drop(first);
    }
    assert_eq!(second.status, 400);
    poller.expect_unknown().await;
    server.watch.hangs.add_permits(3);
    server.expect_gone(CloseReason::ProtocolError).await;
}

#[actix_web::test]
async fn a_client_that_gives_its_get_up_loses_nothing_silently() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    drop(parked(&poller).await);
    server.expect_gone(CloseReason::TransportClosed).await;
    poller.expect_unknown().await;
}

#[actix_web::test]
async fn a_client_closes_and_its_get_comes_back() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let waiting = parked(&poller).await;
    poller.say("1").await;
    let answer = answer_of(waiting).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "6"));
    poller.expect_unknown().await;
    server.expect_gone(CloseReason::ClientClosed).await;
}

#[actix_web::test]
async fn a_get_that_comes_behind_the_goodbye_comes_back_too() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    poller.say("1").await;
    assert_eq!(poller.poll().await, "6");
    poller.expect_unknown().await;
    server.expect_gone(CloseReason::ClientClosed).await;
}

#[actix_web::test]
async fn bodies_that_break_the_protocol_end_their_own_session() {
    let server = start(config());
    let other = Poller::connect(&server).await;
    let broken: [&[u8]; 9] = [
        b"abc",
        b"",
        b"4",
        b"2",
        b"4\xff",
        b"b*",
        b"3\x1e\x1e3",
        br#"42["echo"]"#.split_at(5).0,
        b"bAQID",
    ];
    for body in broken {
        let poller = Poller::connect(&server).await;
        let answer = poller.post(body).await;
        assert_eq!(answer.status, 400, "{body:?}");
        poller.expect_unknown().await;
    }
    until("the places are freed", || server.engine.connections() == 1).await;
    other.say(r#"421["echo",1]"#).await;
    assert_eq!(other.poll().await, "431[1]");
}

#[actix_web::test]
async fn a_body_over_the_limit_ends_the_session() {
    let server = start(Config { max_payload_bytes: 1_000, ..config() });
    let poller = Poller::connect(&server).await;
    let fits = format!(r#"421["echo","{}"]"#, "x".repeat(1_000 - 14));
    poller.say(&fits).await;
    assert_eq!(poller.poll().await.len(), 1_000 - 7);
    let over = format!(r#"421["echo","{}"]"#, "x".repeat(1_000 - 13));
    let answer = poller.post(over.as_bytes()).await;
    assert_eq!(answer.status, 413);
    poller.expect_unknown().await;
    server.expect_gone(CloseReason::TooLarge).await;
}

#[actix_web::test]
async fn a_body_that_does_not_come_ends_the_session() {
    let server = start(Config { body_timeout: Duration::from_millis(50), ..config() });
    let poller = Poller::connect(&server).await;
    let half = "Content-Length: 100\r\n";
    let answer = answer_of(server.begin("POST", &poller.query, half, b"").await).await;
    assert_eq!(answer.status, 400);
    server.expect_gone(CloseReason::ProtocolError).await;
}

#[actix_web::test]
async fn a_client_that_answers_pings_stays_and_one_that_does_not_is_closed() {
    let server = start(Config {
        ping_interval: Duration::from_millis(20),
        ping_timeout: Duration::from_secs(1),
        ..config()
    });
    let poller = Poller::connect(&server).await;
    for _ in 0..3 {
        assert_eq!(poller.poll().await, "2");
        poller.say("3").await;
    }
    server.expect_gone(CloseReason::HeartbeatTimeout).await;
    poller.expect_unknown().await;
}

#[actix_web::test]
async fn a_client_that_fetches_nothing_is_closed_and_nobody_else_notices() {
    let server = start(Config { queue_bytes: 1_000, ..config() });
    let other = Poller::connect(&server).await;
    let slow = Poller::connect(&server).await;
    let socket = server.socket(1);
    let packet = Packet::event("n", &"x".repeat(100)).unwrap();
    while !socket.is_closed() {
        // The condition sees what came of it.
        let _ = socket.send(&packet);
    }
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    assert_eq!(server.gone(), [CloseReason::SlowReader]);
    slow.expect_unknown().await;
    other.say(r#"421["echo",1]"#).await;
    assert_eq!(other.poll().await, "431[1]");
}

#[actix_web::test]
async fn what_is_queued_when_the_server_closes_can_still_be_fetched() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    server.socket(0).send(&Packet::event("last", &1).unwrap()).unwrap();
    server.socket(0).close(CloseReason::SessionRevoked);
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    assert_eq!(poller.poll().await, "42[\"last\",1]\u{1e}41");
    assert_eq!(poller.poll().await, "1");
    poller.expect_unknown().await;
    server.expect_gone(CloseReason::SessionRevoked).await;
}

#[actix_web::test]
async fn a_goodbye_that_nobody_fetches_is_given_up() {
    let server = start(Config { farewell_timeout: Duration::from_millis(20), ..config() });
    let poller = Poller::connect(&server).await;
    server.socket(0).close(CloseReason::Draining);
    server.expect_gone(CloseReason::Draining).await;
    poller.expect_unknown().await;
}

#[actix_web::test]
async fn a_session_is_known_to_its_own_instance_only() {
    let first = start(Config { instance: "1".to_owned(), ..config() });
    let second = start(Config { instance: "2".to_owned(), ..config() });
    let poller = Poller::connect(&first).await;
    let elsewhere = Poller { server: &second, query: poller.query.clone() };
    elsewhere.expect_unknown().await;
    poller.say(r#"421["echo",1]"#).await;
    assert_eq!(poller.poll().await, "431[1]", "nothing happened to it");
}

#[actix_web::test]
async fn a_client_that_does_not_connect_is_closed() {
    let server = start(Config { connect_timeout: Duration::from_millis(50), ..config() });
    let poller = Poller::open(&server).await;
    until("the place is freed", || server.engine.connections() == 0).await;
    poller.expect_unknown().await;
}
