//! Redis's protocol, taken apart just as far as to know where a value ends and what it is called.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::frame::Frame;

/// What claims to be larger is not the protocol: Redis takes no longer texts.
const LARGEST: usize = 512 << 20;

/// The next value whole, named by the first text in it; none when the side has closed. The stream is read byte by byte, so it
/// had better be buffered.
pub(super) async fn value(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let (mut bytes, mut name) = (Vec::new(), None);
    let mut missing = 1_usize;
    while missing > 0 {
        let start = bytes.len();
        if !line(stream, &mut bytes).await? {
            return if start == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let (kind, length) = (bytes[start], number(&bytes[start + 1..]));
        missing -= 1;
        match kind {
            b'$' | b'=' | b'!' => {
                let text = bytes.len();
                if let Some(length) = length? {
                    bytes.resize(text + length + 2, 0);
                    stream.read_exact(&mut bytes[text..]).await?;
                    name.get_or_insert_with(|| bytes[text..text + length].to_vec());
                }
            }
            b'*' | b'~' | b'>' => missing += length?.unwrap_or(0),
            b'%' => missing += 2 * length?.unwrap_or(0),
            // Attributes stand before the value that they belong to.
            b'|' => missing += 2 * length?.unwrap_or(0) + 1,
            _ => {}
        }
    }
    let command = String::from_utf8_lossy(&name.unwrap_or_default()).to_lowercase();
    Ok(Some(Frame { bytes, number: 0, answers: 0, command }))
}

/// Adds a line, its end included. Says whether there was one.
async fn line(stream: &mut (impl AsyncRead + Unpin), to: &mut Vec<u8>) -> io::Result<bool> {
    let start = to.len();
    loop {
        match stream.read_u8().await {
            Ok(byte) => to.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && to.len() == start => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        if to.ends_with(b"\r\n") {
            return Ok(true);
        }
    }
}

/// A length; none if it is negative, which stands for nothing.
fn number(line: &[u8]) -> io::Result<Option<usize>> {
    let text = std::str::from_utf8(line).unwrap_or_default().trim_end();
    match text.parse::<i64>().map(usize::try_from) {
        Ok(Ok(length)) if length <= LARGEST => Ok(Some(length)),
        Ok(Err(_)) => Ok(None),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "not Redis's protocol")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn values_are_told_apart_and_named() {
        let values = [
            ("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n", "subscribe"),
            (">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\n\r\n>1\r\n", "message"),
            ("+PONG\r\n", ""),
            ("$-1\r\n", ""),
            ("*0\r\n", ""),
            ("*2\r\n*1\r\n:1\r\n%1\r\n+a\r\n$1\r\nx\r\n", "x"),
            ("|1\r\n+ttl\r\n:1\r\n-ERR no\r\n", ""),
            ("PING\r\n", ""),
        ];
        let all: String = values.iter().map(|(bytes, _)| *bytes).collect();
        let mut stream = all.as_bytes();
        for (bytes, command) in values {
            let frame = value(&mut stream).await.unwrap().unwrap();
            assert_eq!(
                (String::from_utf8(frame.bytes).unwrap().as_str(), &*frame.command),
                (bytes, command)
            );
        }
        assert_eq!(value(&mut stream).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_breaks_off_or_is_not_the_protocol_is_refused() {
        for bytes in ["$5\r\nab", "*2\r\n:1\r\n", "$x\r\n", "*99999999999\r\n", "+PO"] {
            let mut stream = bytes.as_bytes();
            assert!(value(&mut stream).await.is_err(), "{bytes}");
        }
    }
}
