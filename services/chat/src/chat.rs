//! What every use case of this service works with.

use std::sync::Arc;

use kernel::{Clock, ConversationId, Random};
use settings::Chat as ChatSettings;

use crate::conversations::changes::store::ChangeStore;
use crate::conversations::members::Members;
use crate::conversations::store::ConversationStore;
use crate::delivery::fold::Fold;
use crate::delivery::known::Ends;
use crate::delivery::store::DeliveryStore;
use crate::live::announce::Announcer;
use crate::log::append::Appender;
use crate::log::store::{EntryStore, Head, LogStore};
use crate::messages::digest::Digester;
use crate::messages::pace::Pace;
use crate::own::notes::Notes;
use crate::people::directory::People;
use crate::receipts::ticks::Ticks;

/// The stores and helpers of one instance. Use cases are functions that take it.
#[derive(Debug)]
pub struct Chat {
    /// Conversations and who is in them.
    pub conversations: Arc<dyn ConversationStore>,
    /// Who comes and goes.
    pub changes: Arc<dyn ChangeStore>,
    /// The logs.
    pub log: Arc<dyn LogStore>,
    /// Single entries of them.
    pub entries: Arc<dyn EntryStore>,
    /// Delivery cursors.
    pub delivery: Arc<dyn DeliveryStore>,
    /// The way into the logs.
    pub appender: Arc<Appender>,
    /// The way of acknowledgements into the delivery cursors.
    pub fold: Arc<Fold>,
    /// Ends of logs, remembered for acknowledgements.
    pub ends: Ends,
    /// Who is in which conversation, remembered.
    pub members: Arc<Members>,
    /// Names and devices of people, from the user service.
    pub people: Arc<People>,
    /// Notes for people's own conversations that may be lost.
    pub notes: Notes,
    /// Tells every instance.
    pub announcer: Announcer,
    /// Tells how far people have come.
    pub ticks: Arc<Ticks>,
    /// Digests of what clients send.
    pub digester: Digester,
    /// How fast one person may write.
    pub pace: Pace,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for epochs.
    pub random: Arc<dyn Random>,
    /// Limits and intervals.
    pub settings: ChatSettings,
}

impl Chat {
    /// The most conversations a person can be in, their own included.
    pub const fn most_conversations(&self) -> u32 {
        self.settings.limits.conversations_per_person.saturating_add(1)
    }

    /// An entry was heard through the fan-out: its conversation's log ends there, or later.
    pub fn heard(&self, id: ConversationId, place: Head) {
        self.appender.seen(id, place);
        self.ends.heard(id, place.seq, place.mseq == place.seq);
    }
}
