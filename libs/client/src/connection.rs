//! One connection, from `ready` to its end: sync, then live.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{ConversationId, EntryId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use crate::protocol::{About, Entry, News, Page, Refusal, Sent, Stretch};
use crate::running::{Device, Order};
use crate::storage::{Mark, StorageError};
use crate::wire::{Lost, Said, Wire};

/// How long an answer may take before the connection counts as lost.
const ANSWER: Duration = Duration::from_secs(20);
/// Letters on the wire without their acknowledgement.
const WINDOW: usize = 64;
/// Conversations in one acknowledgement, so that it fits into a frame.
const CURSORS: usize = 400;

/// What an answer will be about.
#[derive(Debug)]
enum Asked {
    Sync,
    /// From this position on.
    Range(ConversationId, u64),
    Delivered(Vec<(ConversationId, u64)>),
    Letter(EntryId),
    Token,
}

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum End {
    #[error("nobody needs it any more")]
    Closed,
    #[error("cut")]
    Cut,
    /// It asks to be left alone for so long.
    #[error("the server goes away")]
    Draining(Duration),
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the server refused {0}: {1}")]
    Refused(&'static str, Refusal),
    #[error("the server has neither the entries nor a word on them")]
    NoAnswer,
}

pub(crate) struct Connection<'a> {
    wire: Wire,
    device: &'a mut Device,
    asked: BTreeMap<u64, (Instant, Asked)>,
    number: u64,
    /// Syncs under way; live only when there is none.
    syncs: u32,
    acknowledging: bool,
}

#[derive(Deserialize)]
struct Verdict {
    ok: bool,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Named {
    id: ConversationId,
}

/// The server goes away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Draining {
    /// Seconds until another answers, or it is back.
    #[serde(default)]
    reconnect_in: u64,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(wire: Wire, device: &'a mut Device) -> Self {
        let asked = BTreeMap::new();
        Self { wire, device, asked, number: 0, syncs: 0, acknowledging: false }
    }

    /// Lives until the connection ends, and says why it did.
    pub(crate) async fn live(mut self, orders: &mut Receiver<Order>) -> End {
        if let Err(end) = self.sync(json!({})).await {
            return end;
        }
        loop {
            let patience = self.asked.first_key_value().map(|(_, (until, _))| *until);
            let patience = patience.unwrap_or_else(|| Instant::now() + ANSWER);
            let step = tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.order(order).await,
                    None => Err(End::Closed),
                },
                said = self.wire.next() => match said {
                    Ok(said) => self.hear(said).await,
                    Err(lost) => Err(lost.into()),
                },
                () = sleep_until(patience) => {
                    if self.asked.is_empty() { Ok(()) } else { Err(Lost::Silent.into()) }
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn order(&mut self, order: Order) -> Result<(), End> {
        match order {
            Order::Send(letter, answer) => {
                self.device.write(letter, answer);
                self.post().await
            }
            Order::Cut => Err(End::Cut),
            Order::Renew(token) => {
                self.device.token.clone_from(&token);
                self.ask("auth:refresh", &json!({ "token": token }), Asked::Token).await
            }
        }
    }

    async fn hear(&mut self, said: Said) -> Result<(), End> {
        let (name, payload) = match said {
            Said::Other => return Ok(()),
            Said::Answer(number, payload) => return self.answered(number, &payload).await,
            Said::Event(name, payload) => (name, payload),
        };
        match name.as_str() {
            "server:draining" => {
                let Draining { reconnect_in } = parse(&payload)?;
                Err(End::Draining(Duration::from_secs(reconnect_in)))
            }
            "conversation:added" => {
                let about: About = parse(&payload)?;
                self.device.meet(about, false)?;
                Ok(())
            }
            "conversation:removed" => {
                let Named { id } = parse(&payload)?;
                Ok(self.device.leave(id)?)
            }
            // Ticks; they have positions too.
            "message:delivered" | "message:read" => Ok(()),
            // What is an entry is stored, whatever its type.
            _ => match serde_json::from_str::<Entry>(payload.get()) {
                Ok(entry) => self.take(entry.conversation_id, vec![entry], &[]).await,
                Err(_) => Ok(()),
            },
        }
    }

    async fn answered(&mut self, number: u64, payload: &RawValue) -> Result<(), End> {
        let Some((_, asked)) = self.asked.remove(&number) else { return Ok(()) };
        let verdict: Verdict = parse(payload)?;
        let refusal = verdict.error.filter(|_| !verdict.ok);
        match (asked, refusal) {
            (Asked::Sync, None) => self.synced(parse(payload)?).await,
            (Asked::Sync, Some(refusal)) => Err(End::Refused("sync", refusal)),
            (Asked::Range(id, from), None) => self.fetched(id, from, parse(payload)?).await,
            (Asked::Range(..), Some(refusal)) => Err(End::Refused("range", refusal)),
            (Asked::Delivered(cursors), None) => {
                self.acknowledging = false;
                for (id, seq) in cursors {
                    if let Some(history) = self.device.histories.get_mut(&id) {
                        history.told = history.told.max(seq);
                    }
                }
                self.acknowledge().await
            }
            (Asked::Delivered(cursors), Some(refusal)) => self.doubted(cursors, refusal).await,
            (Asked::Letter(id), None) => {
                let Sent { entry } = parse(payload)?;
                self.device.settle(id, Ok(entry.clone()))?;
                self.take(entry.conversation_id, vec![entry], &[]).await?;
                self.post().await
            }
            // From the first one on everything is sent again, so that the order stays.
            (Asked::Letter(_), Some(refusal)) if refusal.is_passing() => {
                Err(End::Refused("a message", refusal))
            }
            (Asked::Letter(id), Some(refusal)) => {
                self.device.settle(id, Err(refusal))?;
                self.post().await
            }
            (Asked::Token, None) => Ok(()),
            (Asked::Token, Some(refusal)) => Err(End::Refused("the token", refusal)),
        }
    }

    async fn sync(&mut self, request: serde_json::Value) -> Result<(), End> {
        self.syncs += 1;
        self.ask("sync", &request, Asked::Sync).await
    }

    async fn synced(&mut self, page: Page) -> Result<(), End> {
        for News { conversation, entries, gone, reset } in page.conversations {
            let id = conversation.id;
            self.device.meet(conversation, reset)?;
            self.device.take(id, entries, &gone)?;
        }
        for id in page.removed {
            self.device.leave(id)?;
        }
        self.syncs -= 1;
        if page.more {
            return self.sync(json!({ "since": page.since })).await;
        }
        if self.syncs > 0 {
            return Ok(());
        }
        self.device.caught_up();
        let ids: Vec<ConversationId> = self.device.histories.keys().copied().collect();
        for id in ids {
            self.fill(id).await?;
        }
        self.acknowledge().await?;
        self.post().await
    }

    /// Stores what follows on, asks for what is missing, and tells how far it got.
    async fn take(
        &mut self,
        id: ConversationId,
        entries: Vec<Entry>,
        gone: &[(u64, u64)],
    ) -> Result<(), End> {
        if !self.device.histories.contains_key(&id) {
            // Nothing has told of this conversation yet; the entry comes again with it.
            return if self.syncs == 0 { self.sync(json!({})).await } else { Ok(()) };
        }
        self.device.take(id, entries, gone)?;
        if self.syncs > 0 {
            return Ok(());
        }
        self.fill(id).await?;
        self.acknowledge().await
    }

    async fn fill(&mut self, id: ConversationId) -> Result<(), End> {
        let Some(history) = self.device.histories.get_mut(&id) else { return Ok(()) };
        let Some((from, to)) = history.missing().filter(|_| !history.fetching) else {
            return Ok(());
        };
        history.fetching = true;
        let request = json!({ "conversationId": id, "from": from, "to": to });
        self.ask("range", &request, Asked::Range(id, from)).await
    }

    async fn fetched(
        &mut self,
        id: ConversationId,
        from: u64,
        stretch: Stretch,
    ) -> Result<(), End> {
        let Some(history) = self.device.histories.get_mut(&id) else { return Ok(()) };
        history.fetching = false;
        self.device.take(id, stretch.entries, &stretch.gone)?;
        // What was missing may have come by itself meanwhile.
        if self.device.histories.get(&id).is_some_and(|history| history.mark.whole < from) {
            return Err(End::NoAnswer);
        }
        self.fill(id).await?;
        self.acknowledge().await
    }

    /// Tells what is stored; what is stored meanwhile goes with the next.
    async fn acknowledge(&mut self) -> Result<(), End> {
        if self.acknowledging || self.syncs > 0 {
            return Ok(());
        }
        let news = self.device.histories.iter();
        let news = news.filter(|(_, history)| history.mark.whole > history.told).take(CURSORS);
        let news: Vec<(ConversationId, Mark)> =
            news.map(|(id, history)| (*id, history.mark.clone())).collect();
        if news.is_empty() {
            return Ok(());
        }
        self.acknowledging = true;
        let cursors = cursors(&news);
        let told = news.into_iter().map(|(id, mark)| (id, mark.whole)).collect();
        self.ask("message:delivered", &json!({ "cursors": cursors }), Asked::Delivered(told)).await
    }

    /// A conversation among them has another epoch, or is not ours any more: `sync` tells which.
    async fn doubted(
        &mut self,
        cursors: Vec<(ConversationId, u64)>,
        refusal: Refusal,
    ) -> Result<(), End> {
        self.acknowledging = false;
        if refusal.is_passing() || refusal.code == "VALIDATION_ERROR" {
            return Err(End::Refused("an acknowledgement", refusal));
        }
        let marks = cursors.into_iter().filter_map(|(id, _)| {
            let history = self.device.histories.get(&id)?;
            Some((id, history.mark.clone()))
        });
        let marks: Vec<(ConversationId, Mark)> = marks.collect();
        self.sync(json!({ "cursors": self::cursors(&marks) })).await
    }

    /// Puts letters on the wire, in the order of writing.
    async fn post(&mut self) -> Result<(), End> {
        while self.syncs == 0 && self.device.posted < WINDOW {
            let Some(letter) = self.device.next_letter() else { break };
            let crate::Letter { id, conversation, text } = letter;
            let payload = json!({ "id": id, "conversationId": conversation, "text": text });
            self.ask("message:send", &payload, Asked::Letter(id)).await?;
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        event: &'static str,
        payload: &serde_json::Value,
        asked: Asked,
    ) -> Result<(), End> {
        self.number += 1;
        self.asked.insert(self.number, (Instant::now() + ANSWER, asked));
        Ok(self.wire.ask(self.number, event, payload).await?)
    }
}

fn cursors(marks: &[(ConversationId, Mark)]) -> Vec<serde_json::Value> {
    let cursor = |(id, mark): &(ConversationId, Mark)| json!({ "conversationId": id, "seq": mark.whole, "epoch": mark.epoch });
    marks.iter().map(cursor).collect()
}

fn parse<T: DeserializeOwned>(payload: &RawValue) -> Result<T, End> {
    Ok(serde_json::from_str(payload.get()).map_err(Lost::from)?)
}
