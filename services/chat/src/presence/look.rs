//! Looking at people: who is on screen, and what of them is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use fanout::Subject;
use kernel::{ConversationId, UserId, WireError};

use super::here::{Presence, body};
use super::status::{Known, Shown};
use super::watchers::EVENT;
use crate::conversations::create::direct_id;
use crate::live::announce::presence_of;
use crate::live::socket::seat::{Seat, packet};
use crate::people::directory::PeopleError;
use crate::store::StoreError;

/// People whose conversations are read at a time.
const AT_ONCE: usize = 8;

/// Why nobody can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// More people than one may look at.
    #[error("at most {0} people can be watched")]
    TooMany(usize),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user service.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The fan-out.
    #[error(transparent)]
    Fanout(#[from] fanout::FanoutError),
}

impl From<WatchError> for WireError {
    fn from(error: WatchError) -> Self {
        match error {
            WatchError::TooMany(most) => {
                Self::invalid("userIds", format!("at most {most} people can be watched at a time"))
            }
            WatchError::Store(error) => error.into(),
            WatchError::People(error) => error.into(),
            WatchError::Fanout(error) => {
                tracing::warn!(%error, "presence cannot be subscribed to");
                Self::unavailable()
            }
        }
    }
}

impl Presence {
    /// The socket looks at these people from now on, and at no others: those of them whom it may see. Answers them; what is
    /// known of them is told by [`Presence::tell_all`].
    #[tracing::instrument(skip_all, fields(user_id = %seat.identity.user, people = users.len()))]
    pub async fn watch(
        &self,
        seat: &Arc<Seat>,
        users: &[UserId],
    ) -> Result<Vec<UserId>, WatchError> {
        let most = self.chat.settings.presence.watched;
        let users: BTreeSet<UserId> = users.iter().copied().collect();
        if users.len() > most {
            return Err(WatchError::TooMany(most));
        }
        let users = self.visible(seat.identity.user, users).await?;
        for user in &users {
            self.watchers.add(*user, seat);
        }
        let Some(before) = seat.presence.watch(users.clone()) else {
            self.forget(seat, users);
            return Ok(Vec::new());
        };
        self.forget(seat, before.into_iter().filter(|user| !users.contains(user)).collect());
        let subjects: Vec<Subject> = users.iter().map(|user| presence_of(*user)).collect();
        self.hub.subscribe(&subjects).await?;
        self.read(&users).await;
        Ok(users)
    }

    fn forget(&self, seat: &Arc<Seat>, users: Vec<UserId>) {
        for user in &users {
            self.watchers.remove(*user, seat);
        }
        self.tidy(users);
    }

    /// Hears no more of those at whom nobody looks.
    pub(super) fn tidy(&self, users: Vec<UserId>) {
        if users.is_empty() {
            return;
        }
        let watchers = Arc::clone(&self.watchers);
        self.hub.unsubscribe(users, move |user| watchers.tidy(*user).then(|| presence_of(*user)));
    }

    /// Tells one socket what is known of the people that it looks at.
    pub fn tell_all(&self, seat: &Seat, users: &[UserId]) {
        for user in users {
            self.watchers.repeat(*user, seat);
        }
    }

    /// Reads what is known of these people, and tells those who look what is news to them. An instance that died tells
    /// nobody that its people are gone, and what is published may be lost.
    pub(super) async fn read(&self, users: &[UserId]) {
        for part in users.chunks(self.chat.settings.presence.batch.max(1)) {
            let marks: Vec<u64> = part.iter().map(|user| self.watchers.mark(*user)).collect();
            match self.leases.read(part).await {
                Ok(known) => {
                    let known = self.discreet(part, known).await;
                    for ((user, mark), known) in part.iter().zip(marks).zip(known) {
                        self.watchers.read(*user, mark, body(*user, known));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "presence cannot be read");
                    metrics::counter!("presence_failed_total").increment(1);
                    return;
                }
            }
        }
    }

    /// Sees to it that the watcher looks at the person only if they still may. To whoever may not, the person is gone.
    pub async fn look_again(&self, watcher: UserId, user: UserId) {
        let seats = self.watchers.of(watcher, user);
        if seats.is_empty() {
            return;
        }
        match self.visible(watcher, BTreeSet::from([user])).await {
            Ok(visible) if !visible.is_empty() => return,
            Ok(_) => {}
            // Better not seen than seen by who must not.
            Err(error) => tracing::warn!(%error, "who may see whom is not known"),
        }
        let gone = Known { shown: Shown::Offline, last_seen: None };
        let packet = packet(EVENT, &body(user, gone));
        for seat in &seats {
            self.watchers.remove(user, seat);
            seat.deliver(&packet);
        }
        self.tidy(vec![user]);
    }

    /// Those of the people whom the person may see: contacts, who shares a conversation with them, and they themself; nobody
    /// who blocks the other.
    async fn visible(
        &self,
        user: UserId,
        others: BTreeSet<UserId>,
    ) -> Result<Vec<UserId>, WatchError> {
        let relations = self.chat.people.relations(user).await?;
        let hidden = |other: &UserId| {
            relations.blocked.contains(other) || relations.blocked_by.contains(other)
        };
        let others = others.into_iter().filter(|other| !hidden(other));
        let most = self.chat.most_conversations();
        let own = self.chat.conversations.conversations_of(user, most).await?;
        let own: BTreeSet<_> = own.into_iter().collect();
        let known = |other: &UserId| {
            *other == user
                || relations.contacts.contains(other)
                || own.contains(&direct_id(user, *other))
        };
        let (mut visible, others): (Vec<UserId>, Vec<UserId>) = others.partition(known);
        for part in others.chunks(AT_ONCE) {
            let theirs = self.chat.conversations.conversations_of_each(part).await?;
            let shares = |ids: &Vec<ConversationId>| ids.iter().any(|id| own.contains(id));
            visible.extend(theirs.iter().filter(|(_, ids)| shares(ids)).map(|(other, _)| *other));
        }
        Ok(visible)
    }
}
