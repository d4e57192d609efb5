//! Websockets that stay with the web server, where connections were not prepared.

use socketio::{CloseReason, Packet};

use crate::support::{Poller, config, start_plain};

#[actix_web::test]
async fn a_client_connects_is_answered_and_is_closed() {
    let server = start_plain(config());
    let mut client = server.connect().await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.text().await, "431[1]");
    server.socket(0).send(&Packet::event("n", &1).unwrap()).unwrap();
    assert_eq!(client.text().await, r#"42["n",1]"#);
    server.socket(0).close(CloseReason::SessionRevoked);
    assert_eq!(client.rest().await, (vec!["41".to_owned()], Some(1000)));
    server.expect_gone(CloseReason::SessionRevoked).await;
}

#[actix_web::test]
async fn a_client_changes_over() {
    let server = start_plain(config());
    let poller = Poller::connect(&server).await;
    let mut client = poller.websocket().await;
    client.send("2probe").await;
    assert_eq!(client.text().await, "3probe");
    client.send("5").await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.text().await, "431[1]");
    drop(client);
    server.expect_gone(CloseReason::TransportClosed).await;
}
