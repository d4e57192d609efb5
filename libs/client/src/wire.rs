//! As much of Engine.IO and Socket.IO as a client needs, over one websocket.

use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use kernel::{DeviceId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::protocol::Refusal;

/// Connecting, until the server says `ready`.
const CONNECT: Duration = Duration::from_secs(20);
/// Silence after which the connection counts as lost. The server's heartbeat comes every 25 s.
const SILENCE: Duration = Duration::from_secs(45);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection that the server has declared ready.
pub(crate) struct Wire {
    outgoing: SplitSink<Socket, Message>,
    incoming: SplitStream<Socket>,
}

/// What the server says.
#[derive(Debug)]
pub(crate) enum Said {
    /// An event with its payload.
    Event(String, Box<RawValue>),
    /// The answer to the event sent under this number.
    Answer(u64, Box<RawValue>),
    /// A heartbeat, or something that this client does not know.
    Other,
}

/// Whom the server takes this client for.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready {
    pub(crate) user_id: UserId,
    pub(crate) device_id: DeviceId,
}

/// Why there is no connection, or no longer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("refused: {0}")]
    Refused(Refusal),
    #[error("closed by the server")]
    Closed,
    #[error("no word from the server")]
    Silent,
    #[error("an answer that makes no sense: {0}")]
    Nonsense(#[from] serde_json::Error),
    #[error("{0}")]
    Socket(#[from] tokio_tungstenite::tungstenite::Error),
}

impl Wire {
    /// Connects and waits until the person is subscribed to everything.
    pub(crate) async fn connect(base: &str, token: &str) -> Result<(Self, Ready), Lost> {
        timeout(CONNECT, Self::open(base, token)).await.map_err(|_| Lost::Silent)?
    }

    async fn open(base: &str, token: &str) -> Result<(Self, Ready), Lost> {
        let url = base.replacen("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket";
        // As browsers do: small frames go out at once.
        let connecting = tokio_tungstenite::connect_async_with_config(&url, None, true);
        let (outgoing, incoming) = connecting.await?.0.split();
        let mut wire = Self { outgoing, incoming };
        wire.write(format!("40{}", json!({ "token": token, "v": 1 }))).await?;
        loop {
            if let Said::Event(name, payload) = wire.next().await?
                && name == "ready"
            {
                return Ok((wire, serde_json::from_str(payload.get())?));
            }
        }
    }

    /// Sends an event that wants an answer under that number.
    pub(crate) async fn ask(
        &mut self,
        number: u64,
        event: &str,
        payload: &impl Serialize,
    ) -> Result<(), Lost> {
        let body = serde_json::to_string(&(event, payload))?;
        self.write(format!("42{number}{body}")).await
    }

    /// The next thing that the server says. Heartbeats are answered. May be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Said, Lost> {
        let message = timeout(SILENCE, self.incoming.next()).await.map_err(|_| Lost::Silent)?;
        let Message::Text(text) = message.ok_or(Lost::Closed)?? else { return Ok(Said::Other) };
        if text.as_str() == "2" {
            self.write("3".to_owned()).await?;
            return Ok(Said::Other);
        }
        read(&text)
    }

    async fn write(&mut self, text: String) -> Result<(), Lost> {
        Ok(self.outgoing.send(Message::text(text)).await?)
    }
}

fn read(text: &str) -> Result<Said, Lost> {
    if let Some(refused) = text.strip_prefix("44") {
        #[derive(Deserialize)]
        struct Refused {
            data: Refusal,
        }
        return Err(Lost::Refused(serde_json::from_str::<Refused>(refused)?.data));
    }
    if text.starts_with("41") || text == "1" {
        return Err(Lost::Closed);
    }
    if let Some(event) = text.strip_prefix("42") {
        let body = event.trim_start_matches(|c: char| c.is_ascii_digit());
        let (name, payload): (String, Box<RawValue>) = serde_json::from_str(body)?;
        return Ok(Said::Event(name, payload));
    }
    if let Some(answer) = text.strip_prefix("43") {
        let body = answer.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = answer[..answer.len() - body.len()].parse().unwrap_or(u64::MAX);
        let (payload,): (Box<RawValue>,) = serde_json::from_str(body)?;
        return Ok(Said::Answer(number, payload));
    }
    Ok(Said::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_events_answers_and_refusals() {
        assert!(matches!(read("0{}").unwrap(), Said::Other));
        assert!(read("43").is_err());
        assert!(matches!(read(r#"4317[{"ok":true}]"#).unwrap(), Said::Answer(17, _)));
        let Said::Event(name, payload) = read(r#"42["message:new",{"seq":1}]"#).unwrap() else {
            panic!("an event")
        };
        assert_eq!((name.as_str(), payload.get()), ("message:new", r#"{"seq":1}"#));
        let refused = read(r#"44{"message":"no","data":{"code":"UNAUTHORIZED"}}"#).unwrap_err();
        assert!(matches!(refused, Lost::Refused(refusal) if refusal.code == "UNAUTHORIZED"));
        assert!(matches!(read("41"), Err(Lost::Closed)));
    }
}
