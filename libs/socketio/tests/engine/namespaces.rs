//! Namespaces, what looks at clients before they are let in, attachments, and questions of the server.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::SinkExt;
use serde_json::json;
use serde_json::value::RawValue;
use socketio::{AskError, CloseReason, Config, Handshake, Middleware, Packet, Refusal, Socket};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Echo, Server, config, start, start_with, until};

const PLACE: &str = r#"{"_placeholder":true,"num":0}"#;

/// Lets nobody in who does not say a word that holds the letter.
struct Wants(char);

#[async_trait]
impl Middleware for Wants {
    async fn admit(
        &self,
        socket: &Socket,
        auth: Option<&RawValue>,
        _handshake: &Handshake,
    ) -> Result<(), Refusal> {
        if auth.is_some_and(|auth| auth.get().contains(self.0)) {
            return Ok(());
        }
        let data = json!({"wants": self.0, "namespace": socket.namespace()});
        Err(Refusal { message: "not you".to_owned(), data })
    }
}

fn with_admin(config: Config) -> Server {
    start_with(config, |builder, watch| {
        builder
            .namespace("/admin", Arc::new(Echo(Arc::clone(watch))))
            .middleware("/admin", Arc::new(Wants('x')))
            .middleware("/admin", Arc::new(Wants('y')))
    })
}

async fn admin(server: &Server) -> Client {
    let mut client = server.connect().await;
    client.send(r#"40/admin,{"word":"xy"}"#).await;
    assert!(client.text().await.starts_with("40/admin,{\"sid\":"));
    assert_eq!(client.text().await, r#"42/admin,["hello",{"word":"xy"}]"#);
    client
}

#[actix_web::test]
async fn namespaces_are_joined_and_left_one_by_one() {
    let server = with_admin(config());
    let mut client = admin(&server).await;
    assert_ne!(server.socket(0).id(), server.socket(1).id());
    assert_eq!(server.socket(1).namespace(), "/admin");
    client.send(r#"42/admin,1["echo","a"]"#).await;
    assert_eq!(client.text().await, r#"43/admin,1["a"]"#);
    client.send("41/admin").await;
    client.send(r#"421["echo","b"]"#).await;
    assert_eq!(client.text().await, r#"431["b"]"#);
    assert_eq!(server.gone(), [CloseReason::ClientDisconnect]);
    assert!(server.socket(1).is_closed() && !server.socket(0).is_closed());
}

#[actix_web::test]
async fn middleware_looks_in_order_and_refuses_with_data() {
    let server = with_admin(config());
    let mut client = server.connect().await;
    for (word, wants) in [("a", 'x'), ("x", 'y')] {
        client.send(&format!(r#"40/admin,{{"word":"{word}"}}"#)).await;
        let told = client.text().await;
        let told = told.strip_prefix("44/admin,").unwrap();
        let told: serde_json::Value = serde_json::from_str(told).unwrap();
        let data = json!({"wants": wants, "namespace": "/admin"});
        assert_eq!(told, json!({"message": "not you", "data": data}));
    }
    client.send("40/nowhere").await;
    assert_eq!(client.text().await, r#"44/nowhere,{"message":"Invalid namespace"}"#);
}

#[actix_web::test]
async fn the_server_ends_a_namespace_and_passes_over_what_comes_behind() {
    let server = with_admin(config());
    let mut client = admin(&server).await;
    client.send(r#"42/admin,["leave"]"#).await;
    assert_eq!(client.text().await, "41/admin,");
    client.send(r#"42/admin,["say","late"]"#).await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.text().await, "431[1]");
    assert_eq!(server.gone(), [CloseReason::ServerDisconnect]);
    assert_eq!(*server.watch.said.lock().unwrap(), ["leave", "echo"]);
}

#[actix_web::test]
async fn a_client_without_a_namespace_is_closed_in_time() {
    let server = start(Config { connect_timeout: Duration::from_millis(50), ..config() });
    let mut client = server.connect().await;
    client.send("41").await;
    assert_eq!(client.rest().await, (vec![], Some(1000)));
    until("the place is freed", || server.engine.connections() == 0).await;
    assert_eq!(server.gone(), [CloseReason::ClientDisconnect]);
}

#[actix_web::test]
async fn one_encoding_reaches_sockets_of_every_namespace() {
    let server = with_admin(config());
    let mut client = admin(&server).await;
    let ids: Vec<_> = (0..2).map(|index| server.socket(index).id()).collect();
    let packet = Packet::event("n", &1).unwrap();
    assert_eq!(server.engine.broadcast(&ids, &packet), 2);
    assert_eq!(client.text().await, r#"42["n",1]"#);
    assert_eq!(client.text().await, r#"42/admin,["n",1]"#);
    client.send("41/admin").await;
    until("it has left", || !server.gone().is_empty()).await;
    assert_eq!(server.engine.broadcast(&ids, &packet), 1);
}

#[actix_web::test]
async fn attachments_go_both_ways() {
    let server = start(config());
    let mut client = server.connect().await;
    client.send(&format!(r#"451-9["echo",{PLACE}]"#)).await;
    client.stream.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(client.text().await, format!("461-9[{PLACE}]"));
    assert_eq!(client.binary().await, [1, 2, 3]);
    let two = format!(r#"{PLACE},{{"_placeholder":true,"num":1}}"#);
    client.send(&format!(r#"452-["say-back",{two}]"#)).await;
    client.send("3").await;
    client.stream.send(Message::binary(vec![1])).await.unwrap();
    client.stream.send(Message::binary(vec![])).await.unwrap();
    assert_eq!(client.text().await, format!(r#"452-["said-back",{two}]"#));
    assert_eq!(client.binary().await, [1]);
    assert!(client.binary().await.is_empty());
}

#[actix_web::test]
async fn attachments_that_do_not_come_end_the_connection() {
    let short = Config { attachments_timeout: Duration::from_millis(50), ..config() };
    let server = start(short);
    let mut client = server.connect().await;
    client.send(&format!(r#"451-["echo",{PLACE}]"#)).await;
    assert_eq!(client.rest().await, (vec![], Some(1002)));
    server.expect_gone(CloseReason::ProtocolError).await;
}

#[actix_web::test]
async fn the_server_asks_and_is_answered() {
    let server = start(config());
    let mut client = server.connect().await;
    client.send(r#"421["ask","how many"]"#).await;
    assert_eq!(client.text().await, r#"420["question","how many"]"#);
    client.send("430[42]").await;
    assert_eq!(client.text().await, "431[42]");
    client.send("430[43]").await;
    client.send("43999[1]").await;
    client.send(&format!(r#"451-2["ask",{PLACE}]"#)).await;
    client.stream.send(Message::binary(vec![7])).await.unwrap();
    assert_eq!(client.text().await, format!(r#"451-1["question",{PLACE}]"#));
    assert_eq!(client.binary().await, [7]);
    client.send(&format!("461-1[{PLACE}]")).await;
    client.stream.send(Message::binary(vec![8])).await.unwrap();
    assert_eq!(client.text().await, format!("461-2[{PLACE}]"));
    assert_eq!(client.binary().await, [8]);
}

#[actix_web::test]
async fn a_question_has_an_end() {
    let server = start(Config { max_asked: 1, ..config() });
    let mut client = server.connect().await;
    let socket = server.socket(0);
    let question = Packet::event("question", &1).unwrap();
    let asked = socket.ask(&question, Duration::from_millis(20)).await;
    assert_eq!(asked.err(), Some(AskError::Timeout));
    assert_eq!(client.text().await, r#"420["question",1]"#);
    client.send(r#"421["ask",1]"#).await;
    assert_eq!(client.text().await, r#"421["question",1]"#);
    let asked = socket.ask(&question, Duration::from_secs(1)).await;
    assert_eq!(asked.err(), Some(AskError::TooMany));
    drop(client);
    until("whoever waits hears", || !server.watch.unanswered.lock().unwrap().is_empty()).await;
    assert_eq!(*server.watch.unanswered.lock().unwrap(), [AskError::Gone]);
    until("the place is freed", || server.engine.connections() == 0).await;
    let asked = socket.ask(&question, Duration::from_secs(1)).await;
    assert!(matches!(asked.err(), Some(AskError::Send(_))));
}

#[actix_web::test]
async fn events_pass_a_limit_before_they_are_handled() {
    let server = start(config());
    let mut client = server.connect().await;
    client.send(r#"421["too often"]"#).await;
    assert_eq!(client.text().await, r#"431["slow down"]"#);
    client.send(r#"42["too often"]"#).await;
    client.send(r#"422["echo",1]"#).await;
    assert_eq!(client.text().await, "432[1]");
    client.send(r#"42["never"]"#).await;
    assert_eq!(client.rest().await, (vec!["41".to_owned()], Some(1000)));
    assert_eq!(*server.watch.said.lock().unwrap(), ["echo"]);
}
