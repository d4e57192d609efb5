//! What an instance looks after from time to time, in case it missed the news: heads, new conversations, ended sessions,
//! tokens that run out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kernel::{ConversationId, UserId};
use serde_json::json;
use socketio::{CloseReason, Packet};
use tokio_util::sync::CancellationToken;

use super::listen::Live;
use crate::store::StoreError;

/// How long before its end a person hears that the token is running out, in seconds.
const WARNING_S: u64 = 60;
/// How often tokens are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often it is looked for who has stopped writing without saying so.
const TYPING: Duration = Duration::from_millis(250);
/// Before the next try of a reading that failed.
const AGAIN: Duration = Duration::from_secs(1);
/// Conversations whose heads are read in one go.
const HEADS: usize = 500;
/// People whose conversations are read in one go.
const PEOPLE: usize = 50;

impl Live {
    /// Makes good what may have been lost: from time to time, and at once after a gap in what was heard.
    pub async fn make_good(self: Arc<Self>, stop: CancellationToken) {
        let period = self.chat.settings.live.reread_s.max(1) * 1_000;
        loop {
            // Instances that started together do not read together.
            let wait = Duration::from_millis(period / 2 + self.chat.random.below(period));
            let gap = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => false,
                () = self.gap.notified() => true,
            };
            if gap {
                self.forget_what_may_have_changed();
            }
            self.look_for_ended_sessions(gap).await;
            if let Err(error) = self.read_again().await {
                tracing::warn!(%error, "the stores could not be read again yet");
                tokio::time::sleep(AGAIN).await;
                self.gap.notify_one();
            }
        }
    }

    /// News of what is remembered may have been lost.
    fn forget_what_may_have_changed(&self) {
        self.chat.members.forget_all();
        self.chat.people.forget_all_relations();
        self.chat.ticks.forget_all();
    }

    /// Warns of tokens that run out, and closes the sockets of those that did.
    pub async fn watch_tokens(self: Arc<Self>, stop: CancellationToken) {
        let warning = Packet::event("auth:expiring", &json!({ "expiresIn": WARNING_S }));
        let Ok(warning) = warning else { return };
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            let now = self.chat.clock.now();
            for seat in self.hub.seats() {
                let left = seat.expires().since(now);
                if left.is_zero() {
                    seat.close(CloseReason::ServerDisconnect);
                } else if left.as_secs() < WARNING_S && seat.warn_once() {
                    seat.send(&warning);
                }
            }
        }
    }

    /// Ends what people write who have not said it again, until told to stop.
    pub async fn end_typing(self: Arc<Self>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(TYPING);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            self.tell_ended();
        }
    }

    /// Tells of those who have not said again that they write.
    pub(crate) fn tell_ended(&self) {
        for (id, user) in self.typists.ended(self.chat.clock.monotonic()) {
            self.tell_typing(id, user, false);
        }
    }

    async fn read_again(self: &Arc<Self>) -> Result<(), StoreError> {
        for ids in self.hub.conversations().chunks(HEADS) {
            self.hub.read_heads(ids).await?;
        }
        for users in self.hub.users().chunks(PEOPLE) {
            // What they heard before the rows were read is in the rows, unless they are out of it.
            let heard: Vec<_> = users.iter().map(|user| self.heard_by(*user)).collect();
            let mut rows = self.chat.conversations.conversations_of_each(users).await?;
            for (user, heard) in users.iter().zip(heard) {
                let rows = rows.remove(user).unwrap_or_default();
                self.find_conversations(*user, &heard, rows).await?;
            }
        }
        Ok(())
    }

    fn heard_by(&self, user: UserId) -> HashSet<ConversationId> {
        self.hub.seats_of(user).iter().flat_map(|seat| seat.joined()).collect()
    }

    /// Conversations that the person is in and a socket of theirs does not hear, and those that they are not in any more.
    async fn find_conversations(
        self: &Arc<Self>,
        user: UserId,
        heard: &HashSet<ConversationId>,
        rows: Vec<ConversationId>,
    ) -> Result<(), StoreError> {
        let rows: HashSet<_> = rows.into_iter().collect();
        for id in heard.difference(&rows) {
            if self.chat.conversations.membership(user, *id).await?.is_none() {
                self.shut(user, *id);
            }
        }
        let seats = self.hub.seats_of(user);
        let unheard = |id: &ConversationId| seats.iter().any(|seat| !seat.has_joined(*id));
        for id in rows.into_iter().filter(unheard) {
            self.open(user, id);
        }
        Ok(())
    }

    /// Ends the sessions whose end passed unheard. Without a gap that is rare, and is left for the next time when there is so
    /// much to do already: their tokens end by themselves.
    pub(crate) async fn look_for_ended_sessions(&self, gap: bool) {
        if !gap && self.is_busy() {
            metrics::counter!("sessions_shed_total").increment(1);
            return;
        }
        let seats = self.hub.seats();
        let owners: HashMap<_, _> =
            seats.iter().map(|seat| (seat.identity.session, seat.identity.user)).collect();
        let sessions: Vec<_> = owners.keys().copied().collect();
        match self.revocations.revoked_among(&sessions).await {
            Ok(ended) => {
                for (session, user) in ended.iter().filter_map(|id| owners.get_key_value(id)) {
                    tracing::info!(session_id = %session, user_id = %user, "the end of a session had passed unheard");
                    self.end(*user, *session);
                }
            }
            Err(error) => tracing::warn!(%error, "ended sessions cannot be read"),
        }
    }
}
