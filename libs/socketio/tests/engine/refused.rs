//! Requests that never become a socket.

use serde_json::json;

use socketio::{Config, OriginPolicy};

use crate::support::{config, start};

const UPGRADE: &str = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[actix_web::test]
async fn requests_are_refused_in_the_protocols_words() {
    let server = start(config());
    let foreign = format!("{UPGRADE}Origin: https://evil.example\r\n");
    let cases = [
        ("GET", "EIO=4&transport=jsonp", "", 400, 0, "Transport unknown"),
        ("POST", "EIO=4&transport=polling&sid=x", "", 400, 1, "Session ID unknown"),
        (
            "GET",
            "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA",
            "",
            400,
            1,
            "Session ID unknown",
        ),
        ("POST", "EIO=4&transport=polling", "", 400, 2, "Bad handshake method"),
        ("PUT", "EIO=4&transport=polling", "", 400, 2, "Bad handshake method"),
        ("GET", "EIO=4&transport=polling", foreign.as_str(), 403, 4, "Forbidden"),
        ("GET", "EIO=3&transport=polling", "", 400, 5, "Unsupported protocol version"),
        ("GET", "EIO=abc&transport=polling", "", 400, 5, "Unsupported protocol version"),
        ("GET", "transport=polling", "", 400, 5, "Unsupported protocol version"),
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

#[actix_web::test]
async fn a_page_that_is_admitted_may_read_the_answers() {
    let list = OriginPolicy::List(vec!["https://chat.example".to_owned()]);
    let server = start(Config { allowed_origins: list, ..config() });
    let admitted = "Origin: https://chat.example\r\n";
    let answer = server.http("GET", "EIO=4&transport=polling", admitted, b"").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://chat.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let asks = format!(
        "{admitted}Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-a\r\n"
    );
    let answer = server.http("OPTIONS", "EIO=4&transport=polling", &asks, b"").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-a"));

    let foreign = "Origin: https://evil.example\r\n";
    for method in ["GET", "POST", "OPTIONS"] {
        let answer = server.http(method, "EIO=4&transport=polling", foreign, b"").await;
        assert_eq!(answer.status, 403, "{method}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}
