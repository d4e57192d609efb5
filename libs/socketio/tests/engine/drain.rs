//! The end of an instance.

use std::time::Duration;

use serde_json::json;
use socketio::{CloseReason, Packet};
use tokio::time::timeout;

use crate::support::{PATIENCE, config, start, until};

#[actix_web::test]
async fn everyone_is_told_then_closed_and_nobody_comes_in() {
    let server = start(config());
    let mut clients = vec![];
    for _ in 0..5 {
        clients.push(server.connect().await);
    }
    clients[0].send(r#"429["hang",9]"#).await;
    until("it runs", || server.watch.running.load(std::sync::atomic::Ordering::SeqCst) == 1).await;

    let notice = Packet::event("server:draining", &json!({"reconnectIn": 3})).unwrap();
    let engine = server.engine.clone();
    let draining = tokio::spawn(async move {
        engine.drain(Some(notice), Duration::from_millis(100)).await;
    });
    for client in &mut clients {
        let (texts, code) = client.rest().await;
        assert_eq!(texts, [r#"42["server:draining",{"reconnectIn":3}]"#]);
        assert_eq!(code, Some(1001), "the client comes back elsewhere");
    }
    until("the idle ones are gone", || server.engine.connections() == 1).await;
    let late = server.request("GET", "EIO=4&transport=websocket", "").await;
    assert_eq!(late, (503, json!({"code": 3, "message": "Server is going away"})));

    assert!(!draining.is_finished(), "an event is still under way");
    server.watch.hangs.add_permits(1);
    timeout(PATIENCE, draining).await.unwrap().unwrap();
    assert_eq!(server.engine.connections(), 0);
    assert_eq!(server.gone(), [CloseReason::Draining; 5]);
}

#[actix_web::test]
async fn an_engine_without_sockets_is_drained_at_once() {
    let server = start(config());
    timeout(PATIENCE, server.engine.drain(None, Duration::from_mins(1))).await.unwrap();
}
