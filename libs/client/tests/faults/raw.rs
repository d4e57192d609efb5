//! A socket that does what it is told and nothing by itself, but answer heartbeats while it reads.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Longer than the system waits at most before it tries again to send to somebody who has not read for a while.
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) struct Raw {
    socket: WebSocketStream<TcpStream>,
    /// Events that came while an answer was waited for.
    early: Vec<(String, Value)>,
}

impl Raw {
    /// Connects to an instance itself and waits until it is ready. At most `buffer` bytes that nobody reads are taken in.
    pub(crate) async fn connect(base: &str, token: &str, buffer: Option<u32>) -> Self {
        let address = base.trim_start_matches("http://");
        let tcp = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = buffer {
            tcp.set_recv_buffer_size(bytes).unwrap();
        }
        let tcp = tcp.connect(address.parse().unwrap()).await.unwrap();
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = tokio_tungstenite::client_async(url, tcp).await.unwrap();
        let mut raw = Self { socket, early: Vec::new() };
        raw.write(format!("40{}", json!({ "token": token, "v": 1 }))).await;
        let ready = raw.hears(|name, _| name == "ready").await;
        assert!(ready.is_some(), "not let in");
        raw
    }

    /// Asks something and gives the answer.
    pub(crate) async fn ask(&mut self, event: &str, payload: &Value) -> Value {
        self.write(format!("421{}", json!([event, payload]))).await;
        loop {
            let text = self.next().await.unwrap();
            if let Some(answer) = text.strip_prefix("431") {
                return serde_json::from_str::<Value>(answer).unwrap()[0].clone();
            }
            self.early.extend(event_of(&text));
        }
    }

    /// The first event that is meant; none when the connection has ended.
    pub(crate) async fn hears(&mut self, meant: impl Fn(&str, &Value) -> bool) -> Option<Value> {
        loop {
            let (name, payload) = self.event().await?;
            if meant(&name, &payload) {
                return Some(payload);
            }
        }
    }

    /// The next event; none when the connection has ended.
    pub(crate) async fn event(&mut self) -> Option<(String, Value)> {
        if !self.early.is_empty() {
            return Some(self.early.remove(0));
        }
        loop {
            if let Some(event) = event_of(&self.next().await?) {
                return Some(event);
            }
        }
    }

    /// What comes next on the line; none when it has ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.unwrap()? {
                Ok(Message::Text(text)) if text.as_str() == "2" => self.write("3".to_owned()).await,
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn write(&mut self, text: String) {
        // What cannot be written ends the reading too.
        let _ = self.socket.send(Message::text(text)).await;
    }
}

fn event_of(text: &str) -> Option<(String, Value)> {
    serde_json::from_str(text.strip_prefix("42")?).ok()
}
