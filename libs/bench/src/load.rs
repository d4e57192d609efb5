//! The load: one of each pair sends, the other receives, both acknowledge.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use kernel::{Clock, EntryId, SystemClock, SystemRandom};
use serde_json::json;
use tokio::time::Instant;

use crate::people::{Pair, Person};
use crate::report::Figures;
use crate::wire::{self, Outgoing, Said};

/// One hundred bytes, as people write.
const TEXT: &str = "The quick brown fox jumps over the lazy dog, and then it sits down to write a message of some length.";

/// When each message was sent.
type Sent = Arc<Mutex<HashMap<String, Instant>>>;

/// Lets every pair exchange that many messages.
pub(crate) async fn run(pairs: Vec<Pair>, messages: usize, window: usize) -> anyhow::Result<Figures> {
    let started = Instant::now();
    let mut tasks = Vec::new();
    for pair in pairs {
        tasks.push(tokio::spawn(exchange(pair, messages, window)));
    }
    let (mut end_to_end, mut acknowledged) = (Vec::new(), Vec::new());
    for task in tasks {
        let (received, acked) = task.await??;
        end_to_end.extend(received);
        acknowledged.extend(acked);
    }
    let elapsed = started.elapsed();
    end_to_end.sort_unstable();
    acknowledged.sort_unstable();
    let messages = u32::try_from(end_to_end.len())?;
    Ok(Figures { messages, elapsed, end_to_end, acknowledged })
}

async fn exchange(
    pair: Pair,
    messages: usize,
    window: usize,
) -> anyhow::Result<(Vec<Duration>, Vec<Duration>)> {
    let Pair { sender, recipient, conversation, epoch } = pair;
    let sent = Sent::default();
    let place = Arc::new((conversation, epoch));
    let receiving = tokio::spawn(receive(recipient, Arc::clone(&place), Arc::clone(&sent), messages));
    let acked = send(sender, &place, &sent, messages, window).await?;
    Ok((receiving.await??, acked))
}

async fn send(
    sender: Person,
    place: &(String, String),
    sent: &Sent,
    messages: usize,
    window: usize,
) -> anyhow::Result<Vec<Duration>> {
    let (mut outgoing, mut incoming) = wire::connect(&sender.base, &sender.token).await?;
    let (clock, random) = (SystemClock::default(), SystemRandom);
    let (mut next, mut under_way) = (0_u64, HashMap::new());
    let mut acked = Vec::with_capacity(messages);
    let mut highest = 0;
    while acked.len() < messages {
        while under_way.len() < window && usize::try_from(next)? < messages {
            let id = EntryId::new_v7(clock.now(), &random).to_string();
            let message = json!({ "id": id, "conversationId": place.0, "text": TEXT });
            let now = Instant::now();
            sent.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
            wire::emit(&mut outgoing, next, "message:send", &message).await?;
            under_way.insert(next, now);
            next += 1;
        }
        match wire::next(&mut incoming).await?.context("the server closed the sender's socket")? {
            Said::Answer(number, answer) => {
                // Answers to acknowledgements carry numbers that are not under way.
                let Some(at) = under_way.remove(&number) else { continue };
                ensure!(answer["ok"] == true, "not sent: {answer}");
                acked.push(at.elapsed());
                highest = highest.max(answer["entry"]["seq"].as_u64().unwrap_or(0));
                if acked.len() == messages || under_way.is_empty() {
                    acknowledge(&mut outgoing, place, highest, u64::MAX).await?;
                }
            }
            Said::Ping => wire::pong(&mut outgoing).await?,
            _ => {}
        }
    }
    finish(&mut outgoing, &mut incoming, place, highest).await?;
    Ok(acked)
}

async fn receive(
    recipient: Person,
    place: Arc<(String, String)>,
    sent: Sent,
    messages: usize,
) -> anyhow::Result<Vec<Duration>> {
    let (mut outgoing, mut incoming) = wire::connect(&recipient.base, &recipient.token).await?;
    let mut received = Vec::with_capacity(messages);
    let (mut highest, mut told, mut waiting) = (0, 0, false);
    while received.len() < messages {
        match wire::next(&mut incoming).await?.context("the server closed the recipient's socket")? {
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
            Said::Ping => wire::pong(&mut outgoing).await?,
            _ => {}
        }
        // One acknowledgement at a time, of everything stored so far, as clients are asked to.
        if !waiting && highest > told {
            acknowledge(&mut outgoing, &place, highest, 1).await?;
            (told, waiting) = (highest, true);
        }
    }
    finish(&mut outgoing, &mut incoming, &place, highest).await?;
    Ok(received)
}

async fn acknowledge(
    outgoing: &mut Outgoing,
    place: &(String, String),
    seq: u64,
    number: u64,
) -> anyhow::Result<()> {
    let cursor = json!({ "conversationId": place.0, "seq": seq, "epoch": place.1 });
    wire::emit(outgoing, number, "message:delivered", &json!({ "cursors": [cursor] })).await
}

/// The last acknowledgement, and its answer.
async fn finish(
    outgoing: &mut Outgoing,
    incoming: &mut wire::Incoming,
    place: &(String, String),
    seq: u64,
) -> anyhow::Result<()> {
    const LAST: u64 = 1 << 40;
    acknowledge(outgoing, place, seq, LAST).await?;
    loop {
        match wire::next(incoming).await?.context("closed before the last acknowledgement")? {
            Said::Answer(LAST, answer) if answer["ok"] == true => return Ok(()),
            Said::Answer(LAST, answer) => bail!("not acknowledged: {answer}"),
            _ => {}
        }
    }
}
