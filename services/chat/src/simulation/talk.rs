//! One connection of a client, from `ready` to its end: sync, then live.

use std::collections::BTreeMap;

use kernel::{ConversationId, EntryId};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use socketio::Line;
use tokio::time::{Instant, sleep_until};

use super::client::{Client, PATIENCE};
use super::disk::{Put, Shelf, Told, Unsent};
use super::instance::Instance;
use crate::live::announce::about;

/// What was asked, until it is answered.
#[derive(Debug)]
enum Asked {
    Send(EntryId),
    Sync,
    Range(ConversationId),
    Stored(Vec<(ConversationId, u64)>),
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    entry: Option<Told>,
    #[serde(default)]
    entries: Vec<Told>,
    #[serde(default)]
    gone: Vec<(u64, u64)>,
    #[serde(default)]
    more: bool,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    conversations: Vec<News>,
}

#[derive(Deserialize)]
struct News {
    conversation: View,
    entries: Vec<Told>,
    gone: Vec<(u64, u64)>,
    #[serde(default)]
    reset: bool,
}

#[derive(Deserialize)]
struct View {
    id: ConversationId,
    epoch: String,
}

/// One connection of a client.
pub(super) struct Talk<'a> {
    client: &'a Client,
    line: Line,
    instance: &'a Instance,
    next: u64,
    asked: BTreeMap<u64, (Asked, Instant)>,
    /// The server said so.
    ready: bool,
    /// `sync` is through: what comes is live.
    live: bool,
    /// Entries that wait for what is before them.
    waiting: BTreeMap<ConversationId, BTreeMap<u64, Told>>,
    /// A send failed: once nothing is under way the whole outbox goes again.
    failed: bool,
    resend_at: Option<Instant>,
    acknowledge_at: Option<Instant>,
}

/// The connection is over.
pub(super) struct Over;

impl<'a> Talk<'a> {
    pub(super) const fn new(client: &'a Client, line: Line, instance: &'a Instance) -> Self {
        Self {
            client,
            line,
            instance,
            next: 0,
            asked: BTreeMap::new(),
            ready: false,
            live: false,
            waiting: BTreeMap::new(),
            failed: false,
            resend_at: None,
            acknowledge_at: None,
        }
    }

    pub(super) async fn go_on(&mut self) -> Over {
        loop {
            match self.once().await {
                Ok(()) => {}
                Err(over) => return over,
            }
        }
    }

    async fn once(&mut self) -> Result<(), Over> {
        let answers = self.asked.values().map(|(_, until)| *until).min();
        let wake = [answers, self.resend_at, self.acknowledge_at].into_iter().flatten().min();
        let wake = wake.unwrap_or_else(|| Instant::now() + PATIENCE);
        tokio::select! {
            biased;
            () = self.instance.ended.cancelled() => Err(Over),
            () = self.client.unplugged.notified() => Err(Over),
            packet = self.line.next() => self.packet(&packet.ok_or(Over)?).await,
            () = self.client.wrote.notified() => { self.send_all(); Ok(()) }
            () = sleep_until(wake) => self.wake(),
        }
    }

    fn wake(&mut self) -> Result<(), Over> {
        let now = Instant::now();
        if self.asked.values().any(|(_, until)| *until <= now) {
            return Err(Over);
        }
        if self.resend_at.is_some_and(|at| at <= now) {
            self.resend_at = None;
            self.failed = false;
            self.client.disk().reconcile();
            self.send_all();
        }
        if self.acknowledge_at.is_some_and(|at| at <= now) {
            self.acknowledge_at = None;
            self.acknowledge();
        }
        Ok(())
    }

    fn ask(&mut self, name: &str, payload: &Value, asked: Asked) {
        self.next += 1;
        let payload: Box<RawValue> = to_raw_value(payload).unwrap();
        tokio::spawn(self.line.event(self.next, name, payload));
        self.asked.insert(self.next, (asked, Instant::now() + PATIENCE));
    }

    async fn packet(&mut self, text: &str) -> Result<(), Over> {
        if let Some(rest) = text.strip_prefix("43") {
            let (id, answer) = rest.split_at(rest.find('[').ok_or(Over)?);
            let [answer]: [Answer; 1] = serde_json::from_str(answer).map_err(|_| Over)?;
            let asked = self.asked.remove(&id.parse().map_err(|_| Over)?);
            return asked.map_or(Ok(()), |(asked, _)| self.answer(asked, answer));
        }
        let Some(event) = text.strip_prefix("42") else { return Ok(()) };
        let (name, payload): (String, Value) = serde_json::from_str(event).map_err(|_| Over)?;
        if !self.ready && name != "ready" {
            let (client, weather) = (&self.client.disk().name, &self.client.common.weather);
            weather.wrong(format_args!("{client} heard {name} before it was ready"));
        }
        match name.as_str() {
            "ready" => {
                self.ready = true;
                self.client.look_around(self.instance).await?;
                self.ask("sync", &json!({}), Asked::Sync);
            }
            _ if payload.get("seq").is_some() && payload.get("count").is_some() => {
                let entry: Told = serde_json::from_value(payload).map_err(|_| Over)?;
                self.waiting.entry(entry.conversation_id).or_default().insert(entry.seq, entry);
                self.store_waiting();
            }
            _ => {}
        }
        Ok(())
    }

    fn answer(&mut self, asked: Asked, answer: Answer) -> Result<(), Over> {
        match asked {
            Asked::Send(id) => self.sent(id, &answer),
            Asked::Sync if answer.ok => self.synced(answer),
            Asked::Range(id) if answer.ok => self.read(id, &answer),
            Asked::Sync | Asked::Range(_) => return Err(Over),
            Asked::Stored(cursors) if answer.ok => {
                let mut disk = self.client.disk();
                for (id, seq) in cursors {
                    let Some(kept) = disk.shelves.get_mut(&id) else { continue };
                    kept.acknowledged = kept.acknowledged.max(seq);
                }
            }
            Asked::Stored(_) => self.acknowledge_soon(),
        }
        Ok(())
    }

    fn sent(&mut self, id: EntryId, answer: &Answer) {
        let weather = &self.client.common.weather;
        if let Some(entry) = answer.entry.as_ref().filter(|_| answer.ok) {
            weather.say(format_args!("{} has {} at {}", self.client.disk().name, id, entry.seq));
            if !self.client.common.air.was_told(about(entry.conversation_id), entry.seq) {
                weather.wrong(format_args!("{} was acknowledged and not published", entry.seq));
            }
            self.client.disk().taken(entry, weather);
        } else {
            let code = answer.error.as_ref().and_then(|error| error.get("code")).cloned();
            if code != Some(json!("SERVICE_UNAVAILABLE")) {
                weather.wrong(format_args!("{id} was refused: {code:?}"));
            }
            self.failed = true;
        }
        let under_way = self.asked.values().any(|(asked, _)| matches!(asked, Asked::Send(_)));
        if self.failed && !under_way {
            self.resend_at = Some(Instant::now() + weather.between(200, 1_000));
        }
    }

    fn synced(&mut self, answer: Answer) {
        let weather = &self.client.common.weather;
        let mut disk = self.client.disk();
        for news in answer.conversations {
            let id = news.conversation.id;
            let first = news.entries.first().map(|entry| entry.seq);
            let first = first.into_iter().chain(news.gone.iter().map(|(first, _)| *first)).min();
            let kept = disk
                .shelves
                .entry(id)
                .or_insert_with(|| Shelf { start: u64::MAX, ..Shelf::default() });
            kept.epoch.clone_from(&news.conversation.epoch);
            if let Some(first) = first.filter(|_| kept.start == u64::MAX) {
                kept.start = first - 1;
                kept.cursor = first - 1;
            }
            if news.reset {
                weather.wrong(format_args!("{}: a reset out of nothing", disk.name));
            }
            for entry in &news.entries {
                disk.put(entry, weather);
            }
            disk.gone(id, &news.gone, weather);
        }
        for kept in disk.shelves.values_mut().filter(|kept| kept.start == u64::MAX) {
            kept.start = kept.cursor;
        }
        drop(disk);
        if answer.more {
            self.ask("sync", &json!({ "since": answer.since }), Asked::Sync);
        } else {
            self.live = true;
            self.client.disk().reconcile();
            self.send_all();
        }
        self.store_waiting();
        self.acknowledge_soon();
    }

    fn read(&mut self, id: ConversationId, answer: &Answer) {
        let weather = &self.client.common.weather;
        let mut disk = self.client.disk();
        for entry in &answer.entries {
            disk.put(entry, weather);
        }
        disk.gone(id, &answer.gone, weather);
        drop(disk);
        self.store_waiting();
    }

    /// Stores what came, as far as it follows on; reads what is missing before the rest.
    fn store_waiting(&mut self) {
        if !self.live {
            return;
        }
        let mut gaps = Vec::new();
        {
            let mut disk = self.client.disk();
            for (id, entries) in &mut self.waiting {
                while let Some(entry) = entries.first_entry() {
                    if disk.put(entry.get(), &self.client.common.weather) == Put::Gap {
                        let cursor = disk.shelves[id].cursor;
                        gaps.push((*id, cursor + 1, *entry.key()));
                        break;
                    }
                    entry.remove();
                }
            }
            disk.forget_stored();
        }
        for (id, from, to) in gaps {
            let reads =
                |(asked, _): &(Asked, Instant)| matches!(asked, Asked::Range(of) if *of == id);
            if !self.asked.values().any(reads) {
                let range = json!({ "conversationId": id, "from": from, "to": to });
                self.ask("range", &range, Asked::Range(id));
            }
        }
        self.acknowledge_soon();
    }

    /// Everything that is not under way, in order.
    fn send_all(&mut self) {
        if !self.live || self.failed || self.resend_at.is_some() {
            return;
        }
        let mut all = Vec::new();
        for unsent in self.client.disk().outbox.iter_mut().filter(|unsent| !unsent.asked) {
            unsent.asked = true;
            all.push(unsent.clone());
        }
        for Unsent { id, conversation, text, .. } in all {
            let message = json!({ "id": id, "conversationId": conversation, "text": text });
            self.ask("message:send", &message, Asked::Send(id));
        }
    }

    fn acknowledge_soon(&mut self) {
        if !self.client.disk().is_settled() && self.acknowledge_at.is_none() {
            let wait = self.client.common.weather.between(50, 400);
            self.acknowledge_at = Some(Instant::now() + wait);
        }
    }

    fn acknowledge(&mut self) {
        let mut cursors = Vec::new();
        let mut said = Vec::new();
        for (id, kept) in &self.client.disk().shelves {
            if kept.acknowledged < kept.cursor {
                let cursor =
                    json!({ "conversationId": id, "seq": kept.cursor, "epoch": kept.epoch });
                cursors.push(cursor);
                said.push((*id, kept.cursor));
            }
        }
        if !cursors.is_empty() {
            self.ask("message:delivered", &json!({ "cursors": cursors }), Asked::Stored(said));
        }
    }
}
