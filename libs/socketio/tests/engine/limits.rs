//! Clients that do too much or too little.

use std::time::Duration;

use futures::SinkExt;
use socketio::{CloseReason, Config, Packet};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Server, config, open_files, start, until};

/// Sends to the first socket, which does not read, until it is closed; and to the second, which does, at its pace: so it is
/// the system's buffers that are full in the end. Answers how many packets were sent.
async fn stall(server: &Server, quick: &mut Client) -> usize {
    let (slow_socket, quick_socket) = (server.socket(0), server.socket(1));
    let mut sent = 0;
    while !slow_socket.is_closed() {
        assert!(sent < 20_000, "more was queued than any buffer holds");
        let packet = Packet::event("n", &(sent, "x".repeat(64 * 1024))).unwrap();
        // Its result is what the loop's condition looks at.
        let _ = slow_socket.send(&packet);
        quick_socket.send(&packet).unwrap();
        assert!(quick.text().await.starts_with(&format!(r#"42["n",[{sent},"#)));
        sent += 1;
    }
    sent
}

#[actix_web::test]
async fn a_client_that_does_not_read_is_closed_and_nobody_else_notices() {
    let server = start(config());
    let mut slow = server.connect().await;
    let mut quick = server.connect().await;
    let sent = stall(&server, &mut quick).await;
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    assert_eq!(server.gone(), [CloseReason::SlowReader]);
    until("the place is freed", || server.engine.connections() == 1).await;
    quick.send(r#"421["echo",1]"#).await;
    assert_eq!(quick.text().await, "431[1]");
    // What reached the system's buffers is whole and in order; then the connection ends.
    let (texts, _) = slow.rest().await;
    assert!(!texts.is_empty() && texts.len() < sent);
    for (number, text) in texts.iter().enumerate() {
        assert!(text.starts_with(&format!(r#"42["n",[{number},"#)));
    }
}

#[actix_web::test]
async fn a_client_that_never_reads_does_not_hold_its_connection() {
    let server = start(config());
    let mut quick = server.connect().await;
    let one = open_files();
    let slow = server.connect().await;
    // The client's end and the server's.
    until("the web server's handle is gone", || open_files() == one + 2).await;
    server.watch.sockets.lock().unwrap().swap(0, 1);
    stall(&server, &mut quick).await;
    until("the place is freed", || server.engine.connections() == 1).await;
    until("the connection is given up", || open_files() == one + 1).await;
    drop(slow);
}

#[actix_web::test]
async fn a_client_that_does_not_answer_pings_is_closed() {
    let server = start(Config {
        ping_interval: Duration::from_millis(50),
        ping_timeout: Duration::from_millis(50),
        ..config()
    });
    let mut client = server.connect().await;
    let (texts, code) = client.rest().await;
    assert_eq!(texts, ["2"]);
    assert_eq!(code, Some(1000));
    server.expect_gone(CloseReason::HeartbeatTimeout).await;
}

#[actix_web::test]
async fn a_client_that_answers_pings_stays() {
    let server = start(Config {
        ping_interval: Duration::from_millis(20),
        ping_timeout: Duration::from_secs(5),
        ..config()
    });
    let mut client = server.connect().await;
    for _ in 0..10 {
        assert_eq!(client.text().await, "2");
        client.send("3").await;
    }
    client.send(r#"421["echo",1]"#).await;
    let mut heard = client.text().await;
    while heard == "2" {
        client.send("3").await;
        heard = client.text().await;
    }
    assert_eq!(heard, "431[1]");
}

#[actix_web::test]
async fn a_client_that_does_not_connect_is_closed() {
    let short = Config { connect_timeout: Duration::from_millis(50), ..config() };
    let server = start(short);
    let mut silent = server.open().await;
    assert_eq!(silent.rest().await, (vec![], Some(1000)));
    let mut held = server.open().await;
    held.send(r#"40{"token":"slow"}"#).await;
    assert_eq!(held.rest().await, (vec![], Some(1000)));
    server.watch.connects.add_permits(1);
    server.expect_gone(CloseReason::ConnectTimeout).await;
}

#[actix_web::test]
async fn a_message_over_the_limit_closes() {
    let server = start(Config { max_payload_bytes: 1_000, ..config() });
    let mut client = server.connect().await;
    let fits = format!(r#"421["echo","{}"]"#, "x".repeat(1_000 - 14));
    assert_eq!(fits.len(), 1_000);
    client.send(&fits).await;
    assert_eq!(client.text().await.len(), 1_000 - 7);
    let over = format!(r#"421["echo","{}"]"#, "x".repeat(1_000 - 13));
    // The server may be gone before all of it is written.
    let _ = client.stream.send(Message::text(over)).await;
    client.rest().await;
    server.expect_gone(CloseReason::TooLarge).await;
}

#[actix_web::test]
async fn frames_that_break_the_protocol_close_their_own_socket() {
    let server = start(config());
    let mut other = server.connect().await;
    let broken = [
        Message::text("abc"),
        Message::text("4"),
        Message::text("2probe"),
        Message::text("40"),
        Message::text("42{}"),
        Message::text("42[\"disconnect\"]"),
        Message::text("451-[\"a\",{\"_placeholder\":true,\"num\":1}]"),
        Message::binary(vec![1, 2, 3]),
    ];
    let count = broken.len();
    let each = broken.into_iter().map(async |message| {
        let mut client = server.connect().await;
        client.stream.send(message.clone()).await.unwrap();
        assert_eq!(client.rest().await, (vec![], Some(1002)), "{message:?}");
    });
    futures::future::join_all(each).await;
    until("the sessions hear that they ended", || server.gone().len() == count).await;
    assert!(server.gone().iter().all(|reason| *reason == CloseReason::ProtocolError));
    let mut early = server.open().await;
    early.send(r#"42["echo",1]"#).await;
    assert_eq!(early.rest().await, (vec![], Some(1002)));
    until("the places are freed", || server.engine.connections() == 1).await;
    other.send(r#"421["echo",1]"#).await;
    assert_eq!(other.text().await, "431[1]");
}
