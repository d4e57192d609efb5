//! From polling to a websocket.

use std::time::Duration;

use futures::future::join_all;
use socketio::{CloseReason, Config, Packet};

use crate::support::{Poller, answer_of, config, parked, start, until};

#[actix_web::test]
async fn a_client_changes_over_and_loses_nothing() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let waiting = parked(&poller).await;
    let mut client = poller.websocket().await;
    client.send("2probe").await;
    assert_eq!(client.text().await, "3probe");
    assert_eq!(answer_of(waiting).await.body, "6", "the GET comes back");
    server.socket(0).send(&Packet::event("n", &1).unwrap()).unwrap();
    assert_eq!(poller.poll().await, r#"42["n",1]"#, "until the change polling goes on");
    assert_eq!(poller.poll().await, "6", "and does not hold the client up");
    server.socket(0).send(&Packet::event("n", &2).unwrap()).unwrap();
    client.send("5").await;
    assert_eq!(client.text().await, r#"42["n",2]"#);
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.text().await, "431[1]");
    assert_eq!(poller.get().await.status, 400);
    assert_eq!(poller.post(b"3").await.status, 400);
    client.send(r#"422["echo",2]"#).await;
    assert_eq!(client.text().await, "432[2]", "requests that come behind change nothing");
    assert_eq!(server.engine.connections(), 1);
    drop(client);
    server.expect_gone(CloseReason::TransportClosed).await;
}

#[actix_web::test]
async fn a_get_that_waits_through_the_change_is_told() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let mut client = poller.websocket().await;
    client.send("2probe").await;
    assert_eq!(client.text().await, "3probe");
    let waiting = server.begin("GET", &poller.query, "", b"").await;
    client.send("5").await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.text().await, "431[1]");
    let answer = answer_of(waiting).await;
    assert!(answer.status == 400 || answer.body == "6", "{answer:?}");
}

#[actix_web::test]
async fn a_second_websocket_is_shown_the_door() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let mut client = poller.websocket().await;
    client.send("2probe").await;
    assert_eq!(client.text().await, "3probe");
    assert_eq!(poller.websocket().await.rest().await, (vec![], Some(1002)));
    client.send("5").await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.text().await, "431[1]");
    assert_eq!(poller.websocket().await.rest().await, (vec![], Some(1002)));
    client.send(r#"422["echo",2]"#).await;
    assert_eq!(client.text().await, "432[2]");
}

#[actix_web::test]
async fn a_probe_that_fails_leaves_polling_alone() {
    let server = start(Config { upgrade_timeout: Duration::from_millis(50), ..config() });
    let poller = Poller::connect(&server).await;
    let wrong = [&["5"][..], &["4hello"], &["2"], &["2probe", "2probe"], &["2probe"], &[]];
    for texts in wrong {
        let waiting = parked(&poller).await;
        let mut client = poller.websocket().await;
        for text in texts {
            client.send(text).await;
        }
        client.rest().await;
        server.socket(0).send(&Packet::event("n", &1).unwrap()).unwrap();
        let mut heard = answer_of(waiting).await.body;
        if heard == "6" {
            heard = poller.poll().await;
        }
        assert_eq!(heard, r#"42["n",1]"#, "{texts:?}");
    }
    let mut client = poller.websocket().await;
    client.send("2probe").await;
    assert_eq!(client.text().await, "3probe");
    drop(client);
    poller.say(r#"421["echo",1]"#).await;
    let mut heard = poller.poll().await;
    while heard == "6" {
        heard = poller.poll().await;
    }
    assert_eq!(heard, "431[1]", "nor does one that goes away");
    assert!(server.gone().is_empty());
}

#[actix_web::test]
async fn clients_that_speak_while_they_change_lose_nothing() {
    let server = start(config());
    let each = (0..20).map(async |_| {
        let poller = Poller::connect(&server).await;
        for id in 0..5 {
            poller.say(&format!(r#"42{id}["echo",{id}]"#)).await;
        }
        let mut client = poller.websocket().await;
        client.send("2probe").await;
        assert_eq!(client.text().await, "3probe");
        let mut heard = poller.poll().await;
        client.send("5").await;
        for id in 5..10 {
            client.send(&format!(r#"42{id}["echo",{id}]"#)).await;
        }
        while heard.matches("43").count() < 10 {
            heard.push('\u{1e}');
            heard.push_str(&client.text().await);
        }
        let expected: Vec<_> = (0..10).map(|id| format!("43{id}[{id}]")).collect();
        assert_eq!(heard, expected.join("\u{1e}"));
    });
    join_all(each).await;
}

#[actix_web::test]
async fn the_session_lives_and_dies_with_its_websocket() {
    let server = start(Config {
        ping_interval: Duration::from_millis(20),
        ping_timeout: Duration::from_secs(5),
        ..config()
    });
    let poller = Poller::connect(&server).await;
    let mut client = poller.websocket().await;
    client.send("2probe").await;
    assert_eq!(client.text().await, "3probe");
    client.send("5").await;
    for _ in 0..3 {
        assert_eq!(client.text().await, "2");
        client.send("3").await;
    }
    server.socket(0).close(CloseReason::SessionRevoked);
    let (texts, code) = client.rest().await;
    assert_eq!(texts.last().map(String::as_str), Some("41"));
    assert_eq!(code, Some(1000));
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    server.expect_gone(CloseReason::SessionRevoked).await;
}

#[actix_web::test]
async fn what_is_said_last_is_heard_even_in_the_middle_of_the_change() {
    let server = start(config());
    let poller = Poller::connect(&server).await;
    let mut client = poller.websocket().await;
    client.send("2probe").await;
    assert_eq!(client.text().await, "3probe");
    server.socket(0).send(&Packet::event("last", &1).unwrap()).unwrap();
    server.socket(0).close(CloseReason::SessionRevoked);
    until("the session hears that it ended", || !server.gone().is_empty()).await;
    client.send("5").await;
    let heard = client.rest().await;
    assert_eq!(heard, (vec![r#"42["last",1]"#.to_owned(), "41".to_owned()], Some(1000)));
    server.expect_gone(CloseReason::SessionRevoked).await;
}
