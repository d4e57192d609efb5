//! What stands on the line, taken apart just as far as a rule needs it.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Protocol, resp};

/// Numbers before the body of a `MongoDB` message: length, own number, number it answers, kind.
const HEAD: usize = 16;
/// The kind of all messages since `MongoDB` 5.1, but for the first of a connection.
const OP_MSG: i32 = 2_013;
/// A message as large as the server takes (48 MB) and some more; what claims to be larger is not the protocol.
const LARGEST: usize = 64 << 20;
const CHUNK: usize = 64 << 10;

/// What one side said at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub bytes: Vec<u8>,
    /// 0 where the protocol has none.
    pub number: i32,
    /// The number of the question that this answers; 0 where the protocol has none.
    pub answers: i32,
    /// Empty where there is none.
    pub command: String,
}

impl Frame {
    /// The next frame; none when the side has closed.
    pub(super) async fn read(
        protocol: Protocol,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<Option<Self>> {
        match protocol {
            Protocol::Bytes => chunk(stream).await,
            Protocol::Mongo => message(stream).await,
            Protocol::Redis => resp::value(stream).await,
        }
    }
}

async fn chunk(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let mut bytes = vec![0; CHUNK];
    let length = stream.read(&mut bytes).await?;
    bytes.truncate(length);
    let frame = Frame { bytes, number: 0, answers: 0, command: String::new() };
    Ok((length > 0).then_some(frame))
}

async fn message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let mut bytes = vec![0; HEAD];
    match stream.read_exact(&mut bytes).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let length = usize::try_from(int(&bytes, 0).unwrap_or(0)).unwrap_or(0);
    if !(HEAD..=LARGEST).contains(&length) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not MongoDB's protocol"));
    }
    bytes.resize(length, 0);
    stream.read_exact(&mut bytes[HEAD..]).await?;
    let command = command(&bytes).unwrap_or_default();
    let (number, answers) = (int(&bytes, 4).unwrap_or(0), int(&bytes, 8).unwrap_or(0));
    Ok(Some(Frame { bytes, number, answers, command }))
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The first name in the body, if the message is of the kind that has one.
fn command(bytes: &[u8]) -> Option<String> {
    if int(bytes, 12)? != OP_MSG {
        return None;
    }
    // After the flags come sections: a body (0), and lists of documents (1) that may stand before it.
    let mut at = HEAD + 4;
    while *bytes.get(at)? == 1 {
        at += 1 + usize::try_from(int(bytes, at + 1)?).ok()?;
    }
    // The body: its length, then for each field a byte for the type and a name that a zero ends.
    let name = bytes.get(at + 6..)?;
    let end = name.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&name[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op_msg(sections: &[u8]) -> Vec<u8> {
        let length = i32::try_from(HEAD + 4 + sections.len()).unwrap();
        let head = [length, 7, 5, OP_MSG, 0].map(i32::to_le_bytes).concat();
        [&head, sections].concat()
    }

    /// A section with `{insert: "x"}`.
    fn body() -> Vec<u8> {
        let field = [&[2][..], b"insert\0", &2_i32.to_le_bytes(), b"x\0"].concat();
        let length = i32::try_from(field.len() + 5).unwrap().to_le_bytes();
        [&[0], &length[..], &field, &[0]].concat()
    }

    #[tokio::test]
    async fn a_message_is_known_by_its_command_wherever_its_body_stands() {
        let list = [&[1][..], &9_i32.to_le_bytes(), b"docs\0"].concat();
        for sections in [body(), [list.clone(), body()].concat(), [body(), list].concat()] {
            let bytes = op_msg(&sections);
            let two = [bytes.clone(), bytes.clone()].concat();
            let mut stream = two.as_slice();
            for _ in 0..2 {
                let frame = Frame::read(Protocol::Mongo, &mut stream).await.unwrap().unwrap();
                let numbers = (frame.number, frame.answers);
                assert_eq!((numbers, frame.command.as_str()), ((7, 5), "insert"));
                assert_eq!(frame.bytes, bytes);
            }
            assert_eq!(Frame::read(Protocol::Mongo, &mut stream).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn what_is_not_the_protocol_is_refused() {
        for bytes in [&[0_u8; 20][..], &[0xff; 20]] {
            let mut stream = bytes;
            assert!(Frame::read(Protocol::Mongo, &mut stream).await.is_err());
        }
    }
}
