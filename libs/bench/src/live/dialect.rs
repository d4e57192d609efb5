//! What is said at a socket, in the two dialects that the load speaks.

use std::borrow::Cow;

use anyhow::bail;
use serde::Deserialize;
use serde_json::{Value, json};

/// One hundred bytes, as people write.
const TEXT: &str = "The quick brown fox jumps over the lazy dog, and then it sits down to write a message of some length.";

/// Whom the load speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Restante, as `docs/client-rules.md` asks for: positions are acknowledged, the sender's own device included.
    Restante,
    /// The seeds' stack: ids are acknowledged, by recipients only.
    Seed,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) conversation: String,
    /// Empty where there are none.
    pub(crate) epoch: String,
}

/// What a device has stored and not acknowledged yet.
#[derive(Debug, Default)]
pub(crate) struct Untold {
    pub(crate) count: u32,
    /// The highest position; stays when it was told.
    pub(crate) seq: u64,
    pub(crate) ids: Vec<String>,
}

impl Dialect {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Restante => "Restante",
            Self::Seed => "seeds' stack",
        }
    }

    /// How the names of its processes begin.
    pub(crate) fn process(self) -> &'static str {
        match self {
            Self::Restante => "chat-",
            Self::Seed => "node-",
        }
    }

    /// How many acknowledgements a message needs until nobody waits for it, with so many recipients.
    pub(crate) fn tellers(self, recipients: u32) -> u32 {
        match self {
            Self::Restante => recipients + 1,
            Self::Seed => recipients,
        }
    }

    /// What a client says when it connects.
    pub(crate) fn auth(self, token: &str) -> Value {
        match self {
            Self::Restante => json!({ "token": token, "v": 1 }),
            Self::Seed => json!({ "token": token }),
        }
    }

    /// The packet that sends a message.
    pub(crate) fn send(number: u64, id: &str, place: &Place) -> String {
        let conversation = &place.conversation;
        format!(
            r#"42{number}["message:send",{{"id":"{id}","conversationId":"{conversation}","text":"{TEXT}"}}]"#
        )
    }

    /// The packet that says what is stored.
    pub(crate) fn stored(self, number: u64, untold: &Untold, place: &Place) -> String {
        let Place { conversation, epoch } = place;
        let payload = match self {
            Self::Restante => {
                let cursor =
                    json!({ "conversationId": conversation, "seq": untold.seq, "epoch": epoch });
                json!({ "cursors": [cursor] })
            }
            Self::Seed => json!({ "conversationId": conversation, "ids": untold.ids }),
        };
        format!(r#"42{number}["message:delivered",{payload}]"#)
    }
}

/// As much of a message as the load needs.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    /// Only Restante's have one.
    #[serde(default)]
    pub(crate) seq: u64,
}

#[derive(Debug, Deserialize)]
struct Answer {
    ok: bool,
}

/// What a server says.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    /// A message.
    New(Entry<'a>),
    /// The answer to the packet of this number, and whether it is a good one.
    Answer(u64, bool),
    /// A heartbeat, to be answered with `3`.
    Ping,
    /// Receipts, presence and the like.
    Other,
}

impl<'a> Heard<'a> {
    /// Takes a packet apart. Only what the load needs is decoded: it shares the machine with what it measures.
    pub(crate) fn read(packet: &'a str) -> anyhow::Result<Self> {
        if let Some(rest) = packet.strip_prefix(r#"42["message:new","#) {
            let entry = rest.strip_suffix(']').unwrap_or(rest);
            return Ok(Self::New(serde_json::from_str(entry)?));
        }
        if let Some(rest) = packet.strip_prefix("43") {
            let start = rest.find('[').unwrap_or(rest.len());
            let (number, body) = rest.split_at(start);
            let (answer,): (Answer,) = serde_json::from_str(body)?;
            return Ok(Self::Answer(number.parse()?, answer.ok));
        }
        match packet {
            "2" => Ok(Self::Ping),
            _ if packet.starts_with("41") || packet.starts_with("44") => {
                bail!("the server ended the session: {packet}")
            }
            _ => Ok(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { conversation: "c".to_owned(), epoch: "e".to_owned() }
    }

    #[test]
    fn packets_of_servers_are_taken_apart() {
        let packet =
            r#"42["message:new",{"conversationId":"c","id":"i","seq":7,"data":{"a":[1]}}]"#;
        let Heard::New(entry) = Heard::read(packet).unwrap() else { panic!("a message") };
        assert_eq!((&*entry.id, entry.seq), ("i", 7));
        let answer = Heard::read(r#"4317[{"ok":true,"entry":{}}]"#).unwrap();
        assert!(matches!(answer, Heard::Answer(17, true)));
        let refusal = Heard::read(r#"430[{"ok":false,"error":{}}]"#).unwrap();
        assert!(matches!(refusal, Heard::Answer(0, false)));
        assert!(matches!(Heard::read("2").unwrap(), Heard::Ping));
        assert!(matches!(Heard::read(r#"42["message:read",{}]"#).unwrap(), Heard::Other));
        assert!(Heard::read("41").is_err());
    }

    #[test]
    fn packets_of_clients_are_json_behind_their_number() {
        let sent = Dialect::send(3, "i", &place());
        let body: Value = serde_json::from_str(sent.strip_prefix("423").unwrap()).unwrap();
        assert_eq!(body[1]["id"], "i");
        let untold = Untold { count: 2, seq: 9, ids: vec!["i".to_owned()] };
        let told = |dialect: Dialect| -> Value {
            let packet = dialect.stored(4, &untold, &place());
            serde_json::from_str(packet.strip_prefix("424").unwrap()).unwrap()
        };
        assert_eq!(told(Dialect::Restante)[1]["cursors"][0]["seq"], 9);
        assert_eq!(told(Dialect::Seed)[1]["ids"][0], "i");
    }
}
