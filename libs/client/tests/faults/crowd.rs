//! People on devices, each connected, who have conversations with each other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use client::rest::Session;
use client::{Client, Settings, Storage};
use futures::future::{join_all, try_join_all};
use futures::{StreamExt, stream};
use kernel::{Clock, ConversationId, Random, SeededRandom, SystemClock, SystemRandom};
use tokio::time::timeout;

use crate::tally::Tally;
use crate::timed::Timed;
use crate::town::Town;
use crate::traffic::Said;

/// Log-ins at once.
const AT_ONCE: usize = 8;
/// So many connect for the first time at once.
const TOGETHER: usize = 50;
/// Until they are, on a machine that does other things as well.
const CONNECTED: Duration = Duration::from_mins(2);

/// One person's device.
pub(crate) struct Member {
    pub(crate) session: Session,
    pub(crate) storage: Arc<Timed>,
    pub(crate) client: Arc<Client>,
}

/// A conversation.
pub(crate) struct Talk {
    pub(crate) id: ConversationId,
    /// By their numbers in the crowd.
    pub(crate) members: Vec<usize>,
    /// Those of them who write.
    pub(crate) writers: Vec<usize>,
}

pub(crate) struct Crowd {
    pub(crate) members: Vec<Member>,
    /// The pairs, and then the groups.
    pub(crate) talks: Vec<Talk>,
}

/// How a crowd is made.
pub(crate) struct Layout<'a> {
    pub(crate) people: usize,
    /// So many pairs, of those with the lowest numbers.
    pub(crate) pairs: usize,
    /// Everybody is in a group, of at most so many people.
    pub(crate) group: usize,
    /// Those of a group, with the lowest numbers, who write in it.
    pub(crate) speakers: usize,
    /// Where somebody connects, and where next.
    pub(crate) bases: &'a (dyn Fn(usize) -> Vec<String> + Sync),
}

impl Crowd {
    /// So many people, an even number: each is in a pair, whose two connect to different ones of `bases` first, and in one
    /// group of everybody, in which `speakers` of them write.
    pub(crate) async fn gather(
        town: &Town,
        people: usize,
        bases: &[String],
        speakers: usize,
        seed: u64,
    ) -> Self {
        let bases = |number: usize| {
            let mut bases = bases.to_vec();
            let first = number % bases.len();
            bases.rotate_left(first);
            bases
        };
        let pairs = people / 2;
        Self::of(town, Layout { people, pairs, group: people, speakers, bases: &bases }, seed).await
    }

    /// As the layout says; everybody is connected.
    pub(crate) async fn of(town: &Town, layout: Layout<'_>, seed: u64) -> Self {
        let names = (0..layout.people).map(|number| format!("person{number}"));
        let logins = names.map(|name| async move { town.login(&name).await });
        let sessions: Vec<Session> = stream::iter(logins).buffered(AT_ONCE).collect().await;
        let talks = talks(town, &sessions, &layout).await;
        let clock = Arc::new(SystemClock::default());
        let start = |(number, session): (usize, Session)| {
            let bases = (layout.bases)(number);
            let settings = Settings { bases, token: session.token.clone() };
            let storage = Arc::<Timed>::default();
            let random = Arc::new(SeededRandom::new(seed.wrapping_add(number as u64)));
            let kept = Arc::clone(&storage) as Arc<dyn Storage>;
            let client =
                Client::start(settings, kept, Arc::clone(&clock) as Arc<dyn Clock>, random);
            Member { session, storage, client: Arc::new(client.unwrap()) }
        };
        let mut crowd = Self { members: Vec::new(), talks };
        let mut people = sessions.into_iter().enumerate().map(start).peekable();
        // Nobody is kept waiting so long that they give up and begin again.
        while people.peek().is_some() {
            crowd.members.extend(people.by_ref().take(TOGETHER));
            crowd.online(CONNECTED).await;
        }
        crowd
    }

    /// Waits until everybody is connected and has read what they missed.
    pub(crate) async fn online(&self, within: Duration) {
        let online = self.members.iter().map(async |member| {
            member.client.state().wait_for(|state| state.online).await.unwrap();
        });
        assert!(timeout(within, join_all(online)).await.is_ok(), "somebody did not connect");
    }

    /// How many connections it has taken each of them.
    pub(crate) fn connections(&self) -> Vec<u64> {
        self.members.iter().map(|member| member.client.state().borrow().connections).collect()
    }

    /// Fails, with the reasons, if anybody had to connect a second time.
    pub(crate) fn assert_connected_throughout(&self) {
        let states = self.members.iter().map(|member| member.client.state().borrow().clone());
        let again: Vec<_> = states.filter(|state| state.connections != 1).collect();
        assert!(again.is_empty(), "somebody had to reconnect: {again:?}");
    }

    /// Waits until everybody has stored all of it.
    pub(crate) async fn have(&self, said: &[Said], within: Duration) {
        let mut ends: HashMap<usize, u64> = HashMap::new();
        for said in said {
            let end = ends.entry(said.talk).or_default();
            *end = said.seq.max(*end);
        }
        let waiting = ends.iter().flat_map(|(talk, end)| {
            let talk = &self.talks[*talk];
            talk.members.iter().map(move |member| {
                let mut stored = self.members[*member].storage.memory.follow(talk.id);
                async move { stored.wait_for(|whole| whole >= end).await.map(|_| ()) }
            })
        });
        if timeout(within, try_join_all(waiting)).await.is_err() {
            let missing = ends.iter().flat_map(|(talk, end)| {
                let id = self.talks[*talk].id;
                let members = self.talks[*talk].members.iter();
                members.filter_map(move |member| {
                    let whole = self.members[*member].storage.memory.whole(id);
                    (whole < *end).then(|| format!("{member} of {id} has {whole} of {end}"))
                })
            });
            let missing: Vec<_> = missing.take(20).collect();
            panic!("not everything reached everybody within {within:?}: {missing:?}");
        }
    }

    /// Waits until everybody has all that was said, and counts what is wrong with it.
    pub(crate) async fn settle(&self, said: &[Said], within: Duration) -> Tally {
        self.have(said, within).await;
        Tally::of(self, said)
    }
}

async fn talks(town: &Town, sessions: &[Session], layout: &Layout<'_>) -> Vec<Talk> {
    let pairs = sessions.chunks_exact(2).take(layout.pairs).enumerate();
    let pairs = pairs.map(async |(number, pair)| {
        let id = town.rest.talk_to(&pair[0], pair[1].user).await.unwrap();
        let members = vec![2 * number, 2 * number + 1];
        Talk { id, writers: members.clone(), members }
    });
    let mut talks: Vec<Talk> = stream::iter(pairs).buffered(AT_ONCE).collect().await;
    for (number, group) in sessions.chunks(layout.group).enumerate() {
        let now = SystemClock::default().now();
        let id = ConversationId::new_v7(now, &SystemRandom as &dyn Random);
        let (owner, others) = group.split_first().unwrap();
        let others: Vec<_> = others.iter().map(|session| session.user).collect();
        town.rest.gather(owner, id, &others).await.unwrap();
        let first = number * layout.group;
        let members: Vec<usize> = (first..first + group.len()).collect();
        let writers = members.iter().copied().take(layout.speakers).collect();
        talks.push(Talk { id, members, writers });
    }
    talks
}
