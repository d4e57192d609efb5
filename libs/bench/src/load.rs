//! The load: one of each pair sends, the other receives, both acknowledge.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use kernel::{Ascending, Clock, SystemClock, SystemRandom};
use serde_json::json;
use tokio::time::Instant;

use crate::people::{Pair, Person};
use crate::report::Figures;
use crate::wire::{self, Incoming, Outgoing, Said};

/// One hundred bytes, as people write.
const TEXT: &str = "The quick brown fox jumps over the lazy dog, and then it sits down to write a message of some length.";

/// When each message was sent.
type Sent = Mutex<HashMap<String, Instant>>;

/// One end of a connection, with the conversation to use it for.
struct End {
    outgoing: Outgoing,
    incoming: Incoming,
    place: Arc<Place>,
}

/// The conversation of a pair.
struct Place {
    conversation: String,
    epoch: String,
}

/// Lets every pair exchange that many messages. The clock starts when everybody is connected.
pub(crate) async fn run(
    pairs: Vec<Pair>,
    messages: usize,
    window: usize,
) -> anyhow::Result<Figures> {
    let mut ends = Vec::new();
    for Pair { sender, recipient, conversation, epoch } in pairs {
        let place = Arc::new(Place { conversation, epoch });
        ends.push((connect(&sender, &place).await?, connect(&recipient, &place).await?));
    }
    let started = Instant::now();
    let exchanges = ends
        .into_iter()
        .map(|(sender, recipient)| tokio::spawn(exchange(sender, recipient, messages, window)));
    let (mut end_to_end, mut acknowledged) = (Vec::new(), Vec::new());
    for exchange in exchanges.collect::<Vec<_>>() {
        let (received, acked) = exchange.await??;
        end_to_end.extend(received);
        acknowledged.extend(acked);
    }
    let elapsed = started.elapsed();
    end_to_end.sort_unstable();
    acknowledged.sort_unstable();
    let messages = u32::try_from(end_to_end.len())?;
    Ok(Figures { messages, elapsed, end_to_end, acknowledged })
}

async fn connect(person: &Person, place: &Arc<Place>) -> anyhow::Result<End> {
    let (outgoing, incoming) = wire::connect(&person.base, &person.token).await?;
    Ok(End { outgoing, incoming, place: Arc::clone(place) })
}

async fn exchange(
    sender: End,
    recipient: End,
    messages: usize,
    window: usize,
) -> anyhow::Result<(Vec<Duration>, Vec<Duration>)> {
    let sent = Sent::default();
    let receiving = receive(recipient, &sent, messages);
    let sending = send(sender, &sent, messages, window);
    futures::try_join!(receiving, sending)
}

async fn send(
    mut end: End,
    sent: &Sent,
    messages: usize,
    window: usize,
) -> anyhow::Result<Vec<Duration>> {
    let (clock, random) = (SystemClock::default(), SystemRandom);
    let mut ids = Ascending::default();
    let (mut next, mut under_way) = (0_u64, HashMap::new());
    let mut acked = Vec::with_capacity(messages);
    let mut highest = 0;
    while acked.len() < messages {
        while under_way.len() < window && usize::try_from(next)? < messages {
            let id = ids.next(clock.now(), &random).to_string();
            let message =
                json!({ "id": id, "conversationId": end.place.conversation, "text": TEXT });
            let now = Instant::now();
            sent.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
            wire::emit(&mut end.outgoing, next, "message:send", &message).await?;
            under_way.insert(next, now);
            next += 1;
        }
        match end.next().await? {
            Said::Answer(number, answer) => {
                let Some(at) = under_way.remove(&number) else { continue };
                ensure!(answer["ok"] == true, "not sent: {answer}");
                acked.push(at.elapsed());
                highest = highest.max(answer["entry"]["seq"].as_u64().unwrap_or(0));
            }
            Said::Ping => wire::pong(&mut end.outgoing).await?,
            _ => {}
        }
    }
    // The sender's own device has to have stored them, too.
    finish(&mut end, highest).await?;
    Ok(acked)
}

async fn receive(mut end: End, sent: &Sent, messages: usize) -> anyhow::Result<Vec<Duration>> {
    let mut received = Vec::with_capacity(messages);
    let (mut highest, mut told, mut waiting) = (0, 0, false);
    while received.len() < messages {
        match end.next().await? {
            Said::Event(name, entry) if name == "message:new" => {
                let id = entry["id"].as_str().unwrap_or_default();
                let at = sent.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
                let Some(at) = at else { continue };
                received.push(at.elapsed());
                let seq = entry["seq"].as_u64().unwrap_or(0);
                ensure!(seq == highest + 1, "position {seq} after {highest}");
                highest = seq;
            }
            Said::Answer(_, answer) => {
                ensure!(answer["ok"] == true, "not acknowledged: {answer}");
                waiting = false;
            }
            Said::Ping => wire::pong(&mut end.outgoing).await?,
            _ => {}
        }
        // One acknowledgement at a time, of everything stored so far, as clients are asked to.
        if !waiting && highest > told {
            acknowledge(&mut end, highest, 1).await?;
            (told, waiting) = (highest, true);
        }
    }
    finish(&mut end, highest).await?;
    Ok(received)
}

impl End {
    async fn next(&mut self) -> anyhow::Result<Said> {
        wire::next(&mut self.incoming).await?.context("the server closed the connection")
    }
}

async fn acknowledge(end: &mut End, seq: u64, number: u64) -> anyhow::Result<()> {
    let Place { conversation, epoch } = &*end.place;
    let cursor = json!({ "conversationId": conversation, "seq": seq, "epoch": epoch });
    let payload = json!({ "cursors": [cursor] });
    wire::emit(&mut end.outgoing, number, "message:delivered", &payload).await
}

/// The last acknowledgement, and its answer.
async fn finish(end: &mut End, seq: u64) -> anyhow::Result<()> {
    const LAST: u64 = 1 << 40;
    acknowledge(end, seq, LAST).await?;
    loop {
        match end.next().await? {
            Said::Answer(LAST, answer) if answer["ok"] == true => return Ok(()),
            Said::Answer(LAST, answer) => bail!("not acknowledged: {answer}"),
            Said::Ping => wire::pong(&mut end.outgoing).await?,
            _ => {}
        }
    }
}
