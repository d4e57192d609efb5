//! As much of a Socket.IO client as the load needs, over one websocket.

use anyhow::{Context, bail};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A connection.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
/// Where packets go out.
pub(crate) type Outgoing = SplitSink<Socket, Message>;
/// Where packets come in.
pub(crate) type Incoming = SplitStream<Socket>;

/// What the server says.
#[derive(Debug)]
pub(crate) enum Said {
    /// An event with its payload.
    Event(String, Value),
    /// The answer to the event sent under this number.
    Answer(u64, Value),
    /// A heartbeat, to be answered with `3`.
    Ping,
    /// Anything else.
    Other,
}

/// Connects as whom `auth` says and waits for `ready`.
pub(crate) async fn open(base: &str, auth: &Value) -> anyhow::Result<Socket> {
    let url = base.replacen("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket";
    // Frames are short. By default a thousand connections would hold 128 KB each.
    let config = WebSocketConfig::default().read_buffer_size(2 * 1024).write_buffer_size(0);
    // As browsers do: small frames go out at once.
    let connecting = tokio_tungstenite::connect_async_with_config(&url, Some(config), true);
    let (mut socket, _) = connecting.await.context("websocket")?;
    socket.send(Message::text(format!("40{auth}"))).await?;
    loop {
        let message = socket.next().await.context("closed before `ready`")??;
        let Message::Text(text) = &message else { continue };
        match read(text)? {
            Said::Event(name, _) if name == "ready" => return Ok(socket),
            Said::Ping => socket.send(Message::text("3")).await?,
            _ => {}
        }
    }
}

/// The same for Restante, in two halves.
pub(crate) async fn connect(base: &str, token: &str) -> anyhow::Result<(Outgoing, Incoming)> {
    Ok(open(base, &json!({ "token": token, "v": 1 })).await?.split())
}

/// Answers a heartbeat.
pub(crate) async fn pong(outgoing: &mut Outgoing) -> anyhow::Result<()> {
    Ok(outgoing.send(Message::text("3")).await?)
}

/// Sends an event that wants an answer.
pub(crate) async fn emit(
    outgoing: &mut Outgoing,
    number: u64,
    event: &str,
    payload: &Value,
) -> anyhow::Result<()> {
    let body = json!([event, payload]);
    Ok(outgoing.send(Message::text(format!("42{number}{body}"))).await?)
}

/// The next thing that the server says; `None` at the end.
pub(crate) async fn next(incoming: &mut Incoming) -> anyhow::Result<Option<Said>> {
    let Some(message) = incoming.next().await else { return Ok(None) };
    let message = message?;
    let Message::Text(text) = &message else { return Ok(Some(Said::Other)) };
    read(text).map(Some)
}

fn read(text: &str) -> anyhow::Result<Said> {
    if text == "2" {
        return Ok(Said::Ping);
    }
    if text.starts_with("44") {
        bail!("connection refused: {text}");
    }
    let Some(rest) = text.strip_prefix("42").or_else(|| text.strip_prefix("43")) else {
        return Ok(Said::Other);
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut arguments: Vec<Value> = serde_json::from_str(&rest[digits..])?;
    if text.starts_with("43") {
        return Ok(Said::Answer(rest[..digits].parse()?, arguments.pop().unwrap_or_default()));
    }
    let payload = arguments.pop().unwrap_or_default();
    let name = arguments.pop().and_then(|name| name.as_str().map(str::to_owned));
    Ok(name.map_or(Said::Other, |name| Said::Event(name, payload)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_events_answers_and_heartbeats() {
        assert!(matches!(read("2").unwrap(), Said::Ping));
        assert!(read("43").is_err());
        assert!(matches!(read(r#"4317[{"ok":true}]"#).unwrap(), Said::Answer(17, _)));
        let Said::Event(name, payload) = read(r#"42["message:new",{"seq":1}]"#).unwrap() else {
            panic!("an event")
        };
        assert_eq!((name.as_str(), &payload["seq"]), ("message:new", &json!(1)));
        assert!(read(r#"44{"message":"no"}"#).is_err());
    }
}
