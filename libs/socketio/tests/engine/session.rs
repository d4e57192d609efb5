//! The life of a session.

use serde_json::json;
use socketio::{CloseReason, Config, Packet, SendError};

use crate::support::{config, start, until};

#[actix_web::test]
async fn a_client_connects_and_is_answered() {
    let server = start(config());
    let mut client = server.open().await;
    client.send(r#"40{"token":"good"}"#).await;
    let answer = client.text().await;
    assert_eq!(answer, format!(r#"40{{"sid":"{}"}}"#, server.socket(0).id()));
    assert_eq!(client.text().await, r#"42["hello",{"token":"good"}]"#);
    client.send(r#"427["echo",{"a": [1, "é"]}]"#).await;
    assert_eq!(client.text().await, r#"437[{"a": [1, "é"]}]"#);
    client.send(r#"42["say",1,"two"]"#).await;
    assert_eq!(client.text().await, r#"42["said",[1,"two"]]"#);
    assert_eq!(server.engine.connections(), 1);
    client.send("41").await;
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    assert_eq!(server.gone(), [CloseReason::ClientDisconnect]);
    assert_eq!(
        server.engine.connections(),
        1,
        "the connection stays: the client may connect again"
    );
    client.send("40").await;
    assert!(client.text().await.starts_with("40{"));
    let late = server.socket(0).send(&Packet::event("late", &0).unwrap());
    assert_eq!(late, Err(SendError::Closed));
}

#[actix_web::test]
async fn the_transports_id_is_not_the_sockets() {
    let server = start(config());
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.address);
    let (mut stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let open = futures::StreamExt::next(&mut stream).await.unwrap().unwrap().into_text().unwrap();
    let terms: serde_json::Value = serde_json::from_str(&open[1..]).unwrap();
    futures::SinkExt::send(&mut stream, "40".into()).await.unwrap();
    until("the client is connected", || !server.watch.sockets.lock().unwrap().is_empty()).await;
    assert_ne!(terms["sid"], json!(server.socket(0).id().to_string()));
}

#[actix_web::test]
async fn a_refused_client_is_told_why_and_may_ask_again() {
    let server = start(config());
    let mut client = server.open().await;
    client.send(r#"40{"token":"bad"}"#).await;
    let told = client.text().await;
    let told: serde_json::Value = serde_json::from_str(told.strip_prefix("44").unwrap()).unwrap();
    assert_eq!(told, json!({"message": "who are you", "data": {"code": "UNAUTHORIZED"}}));
    client.send(r#"40{"token":"good"}"#).await;
    assert!(client.text().await.starts_with("40{"));
    assert_eq!(
        client.text().await,
        r#"42["hello",{"token":"good"}]"#,
        "only what the second was sent"
    );
}

#[actix_web::test]
async fn what_is_said_before_the_answer_waits_for_it() {
    let server = start(config());
    let mut client = server.open().await;
    client.send(r#"40{"token":"slow"}"#).await;
    for id in 0..5 {
        client.send(&format!(r#"42{id}["echo",{id}]"#)).await;
    }
    server.watch.connects.add_permits(1);
    assert!(client.text().await.starts_with("40{"));
    assert_eq!(client.text().await, r#"42["hello",{"token":"slow"}]"#);
    for id in 0..5 {
        assert_eq!(client.text().await, format!("43{id}[{id}]"));
    }
}

#[actix_web::test]
async fn what_follows_an_answer_arrives_after_it() {
    let server = start(config());
    let mut client = server.connect().await;
    client.send(r#"421["echo-then","x"]"#).await;
    assert_eq!(client.text().await, r#"431["x"]"#);
    assert_eq!(client.text().await, r#"42["after",1]"#);
    client.send(r#"42["echo-then","x"]"#).await;
    assert_eq!(client.text().await, r#"42["after",1]"#, "also when no answer was asked for");
}

#[actix_web::test]
async fn packets_from_any_thread_arrive_in_order() {
    let server = start(config());
    let mut client = server.connect().await;
    let socket = server.socket(0);
    let sender = std::thread::spawn(move || {
        for number in 0..2_000 {
            socket.send(&Packet::event("n", &number).unwrap()).unwrap();
        }
    });
    for number in 0..2_000 {
        assert_eq!(client.text().await, format!(r#"42["n",{number}]"#));
    }
    sender.join().unwrap();
}

#[actix_web::test]
async fn events_run_side_by_side_but_not_without_limit() {
    let server = start(Config { max_in_flight: 2, ..config() });
    let mut client = server.connect().await;
    for id in 0..4 {
        client.send(&format!(r#"42{id}["hang",{id}]"#)).await;
    }
    until("two run", || server.watch.running.load(std::sync::atomic::Ordering::SeqCst) == 2).await;
    server.watch.hangs.add_permits(4);
    let mut answers = vec![];
    for _ in 0..4 {
        answers.push(client.text().await);
    }
    answers.sort();
    assert_eq!(answers, ["430[0]", "431[1]", "432[2]", "433[3]"]);
    assert_eq!(server.watch.most_running.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[actix_web::test]
async fn what_was_begun_is_finished_after_the_client_went() {
    let server = start(config());
    let mut client = server.connect().await;
    client.send(r#"421["hang",1]"#).await;
    until("it runs", || server.watch.running.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
    drop(client);
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    assert_eq!(server.engine.connections(), 1, "its event is still under way");
    server.watch.hangs.add_permits(1);
    server.expect_gone(CloseReason::TransportClosed).await;
    assert_eq!(server.watch.finished.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_session_that_begins_after_the_client_went_ends_at_once() {
    let server = start(config());
    let mut client = server.open().await;
    client.send(r#"40{"token":"slow"}"#).await;
    drop(client);
    server.watch.connects.add_permits(1);
    server.expect_gone(CloseReason::TransportClosed).await;
}

#[actix_web::test]
async fn whoever_is_logged_out_is_told_not_to_come_back() {
    let server = start(config());
    let mut client = server.connect().await;
    let socket = server.socket(0);
    socket.send(&Packet::event("session:revoked", &json!({})).unwrap()).unwrap();
    socket.close(CloseReason::SessionRevoked);
    assert!(socket.is_closed());
    let (texts, code) = client.rest().await;
    assert_eq!(texts, [r#"42["session:revoked",{}]"#, "41"]);
    assert_eq!(code, Some(1000));
    server.expect_gone(CloseReason::SessionRevoked).await;
}

#[actix_web::test]
async fn a_handler_that_fails_costs_its_own_socket_only() {
    let server = start(config());
    let mut other = server.connect().await;
    let mut client = server.connect().await;
    client.send(r#"421["no such event"]"#).await;
    client.rest().await;
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    assert_eq!(server.gone(), [CloseReason::Internal]);
    until("the place is freed", || server.engine.connections() == 1).await;
    other.send(r#"421["echo",1]"#).await;
    assert_eq!(other.text().await, "431[1]");
}

#[actix_web::test]
async fn the_handshake_tells_where_a_client_comes_from() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    let server = start(config());
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.address);
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", format!("http://{}", server.address).parse().unwrap());
    headers.append("x-forwarded-for", "203.0.113.7".parse().unwrap());
    headers.append("x-forwarded-for", "10.0.0.1".parse().unwrap());
    headers.insert("x-request-id", "r-1".parse().unwrap());
    headers.insert(
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap(),
    );
    headers.insert("user-agent", "test".parse().unwrap());
    let (mut stream, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    futures::SinkExt::send(&mut stream, "40".into()).await.unwrap();
    until("the client is connected", || !server.watch.handshakes.lock().unwrap().is_empty()).await;
    let handshake = server.watch.handshakes.lock().unwrap()[0].clone();
    assert!(handshake.peer.unwrap().ip().is_loopback());
    assert_eq!(handshake.origin.unwrap(), format!("http://{}", server.address));
    assert_eq!(handshake.forwarded_for.unwrap(), "203.0.113.7, 10.0.0.1");
    assert_eq!(handshake.request_id.unwrap(), "r-1");
    assert!(handshake.traceparent.unwrap().starts_with("00-0af7"));
    assert_eq!(handshake.user_agent.unwrap(), "test");
}
