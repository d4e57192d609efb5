use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A health answer takes milliseconds, or a dependency's deadline.
const ANSWER: Duration = Duration::from_secs(5);

/// Asks `url` (http, host and port given) and says whether the answer is 200.
pub(super) async fn is_ok(url: &str) -> bool {
    let ask = async {
        let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
        let mut stream = TcpStream::connect(host).await.ok()?;
        let words = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(words.as_bytes()).await.ok()?;
        let mut answer = [0_u8; 12];
        stream.read_exact(&mut answer).await.ok()?;
        answer.ends_with(b" 200").then_some(())
    };
    matches!(timeout(ANSWER, ask).await, Ok(Some(())))
}
