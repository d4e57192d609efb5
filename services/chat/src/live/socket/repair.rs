//! Reads from the store what the fan-out lost, once for the instance, and passes it on in order.

use std::sync::Arc;
use std::time::Duration;

use kernel::ConversationId;
use tracing::Instrument;

use super::hub::Hub;
use crate::log::entry::Entry;

/// Entries in one read.
const PAGE: u32 = 200;
/// Before the next try of a read that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// Repairs a conversation's lane, which is marked as under repair, from above `from`. Ends when the lane is whole, or the
/// room of that generation is closed.
pub fn start(hub: &Arc<Hub>, id: ConversationId, from: u64, generation: u64) {
    metrics::counter!("live_repairs_total").increment(1);
    let span = tracing::info_span!("repair", conversation_id = %id, from);
    let repairing = Arc::clone(hub);
    hub.spawn(async move { run(&repairing, id, from, generation).await }.instrument(span));
}

async fn run(hub: &Arc<Hub>, id: ConversationId, from: u64, generation: u64) {
    let mut after = from;
    loop {
        let entries = match hub.log.entries(id, after, PAGE).await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "missed entries could not be read yet");
                tokio::time::sleep(AGAIN).await;
                if hub.rooms.get(&id).is_none_or(|room| room.generation != generation) {
                    return;
                }
                continue;
            }
        };
        after = entries.last().map_or(after, |entry| entry.seq);
        if !pass_on(hub, id, generation, &entries) {
            return;
        }
    }
}

/// Passes on what was read. Says whether there is more to read.
fn pass_on(hub: &Arc<Hub>, id: ConversationId, generation: u64, entries: &[Entry]) -> bool {
    // Nobody listens any more, or others do: their room read the head anew.
    let Some(mut room) = hub.rooms.get_mut(&id) else { return false };
    if room.generation != generation {
        return false;
    }
    for entry in entries {
        if !room.lane.repaired(entry.seq) {
            continue;
        }
        room.deliver_entry(entry);
        if let Some(gone) = entry.gone() {
            room.put_out(id, gone);
        }
    }
    let whole_page = entries.len() >= PAGE as usize;
    let more = whole_page || room.lane.finish_repair(entries.is_empty());
    drop(room);
    hub.tidy(id);
    more
}
