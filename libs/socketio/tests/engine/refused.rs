//! Requests that never become a socket.

use serde_json::json;

use crate::support::{config, start};

const UPGRADE: &str = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[actix_web::test]
async fn requests_are_refused_in_the_protocols_words() {
    let server = start(config());
    let foreign = format!("{UPGRADE}Origin: https://evil.example\r\n");
    let cases = [
        ("GET", "EIO=4&transport=polling", "", 400, 0, "Transport unknown"),
        ("POST", "EIO=4&transport=polling&sid=x", "", 400, 0, "Transport unknown"),
        ("GET", "", "", 400, 0, "Transport unknown"),
        ("GET", "EIO=4&transport=websocket&sid=x", UPGRADE, 400, 1, "Session ID unknown"),
        ("POST", "EIO=4&transport=websocket", "", 400, 2, "Bad handshake method"),
        ("GET", "EIO=4&transport=websocket", "", 400, 3, "Bad request"),
        ("GET", "EIO=4&EIO=3&transport=websocket", UPGRADE, 400, 3, "Bad request"),
        ("GET", "EIO=4&transport=websocket", foreign.as_str(), 403, 4, "Forbidden"),
        ("GET", "EIO=3&transport=websocket", UPGRADE, 400, 5, "Unsupported protocol version"),
        ("GET", "transport=websocket", UPGRADE, 400, 5, "Unsupported protocol version"),
    ];
    let each = cases.map(async |(method, query, headers, status, code, message)| {
        let answer = server.request(method, query, headers).await;
        assert_eq!(answer, (status, json!({"code": code, "message": message})), "{method} {query}");
    });
    futures::future::join_all(each).await;
    assert_eq!(server.engine.connections(), 0);
}
