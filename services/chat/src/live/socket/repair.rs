//! Reads from the store what the fan-out lost, once for the instance, and passes it on in order.

use std::sync::Arc;

use kernel::ConversationId;
use socketio::Packet;
use tracing::Instrument;

use super::hub::Hub;
use crate::log::entry::Entry;

/// Entries in one read.
const PAGE: u32 = 200;

/// Repairs a conversation's lane, which is marked as under repair, from above `from`.
pub fn start(hub: &Arc<Hub>, id: ConversationId, from: u64) {
    metrics::counter!("live_repairs_total").increment(1);
    let span = tracing::info_span!("repair", conversation_id = %id, from);
    let hub_of_task = Arc::clone(hub);
    hub.spawn(run(hub_of_task, id, from).instrument(span));
}

async fn run(hub: Arc<Hub>, id: ConversationId, from: u64) {
    let mut after = from;
    loop {
        let entries = match hub.log.entries(id, after, PAGE).await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "missed entries could not be read yet");
                if let Some(mut room) = hub.rooms.get_mut(&id) {
                    room.lane.give_up_repair();
                }
                return;
            }
        };
        after = entries.last().map_or(after, |entry| entry.seq);
        if !pass_on(&hub, id, &entries) {
            return;
        }
    }
}

/// Passes on what was read. Says whether there is more to read.
fn pass_on(hub: &Hub, id: ConversationId, entries: &[Entry]) -> bool {
    // Nobody listens any more: whoever comes next reads the head anew.
    let Some(mut room) = hub.rooms.get_mut(&id) else { return false };
    for entry in entries {
        if !room.lane.repaired(entry.seq) {
            continue;
        }
        if let Ok(packet) = Packet::event(entry.kind.event(), entry) {
            room.deliver(&packet);
        }
    }
    let whole_page = entries.len() >= PAGE as usize;
    whole_page || room.lane.finish_repair(entries.is_empty())
}
