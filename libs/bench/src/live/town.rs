//! People and their conversations on one of the two systems, each with any number of instances behind the same gateway.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use kernel::{Clock, ConversationId, SystemClock, SystemRandom};
use serde_json::json;
use testkit::servers::{Kind, Services};
use testkit::stack::{Options, Stack};

use super::dialect::{Dialect, Place};
use super::member::Seat;
use super::peer::Peer;
use super::usage::Named;
use crate::people;

/// Requests at once.
const AT_ONCE: usize = 16;

/// What serves the people.
#[derive(Debug)]
enum Servers {
    Stack { dir: PathBuf, stack: Box<Stack> },
    Peer(Peer),
}

/// Somebody who is logged in.
#[derive(Debug)]
struct Person {
    id: String,
    token: String,
}

/// People, two by two in a direct conversation, and what serves them.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) dialect: Dialect,
    people: Vec<Person>,
    places: Vec<Arc<Place>>,
    servers: Servers,
    /// Those that still run.
    pub(crate) instances: usize,
    http: reqwest::Client,
}

impl Town {
    /// Restante as separate services, with so many pairs of people.
    pub(crate) async fn restante(options: Options, pairs: usize) -> anyhow::Result<Self> {
        let (dir, instances) = (options.dir.clone(), options.chats);
        let stack = Box::new(Stack::up(options).await?);
        eprintln!("bench: logging {} people in", pairs * 2);
        let (mut everybody, mut places) = (Vec::new(), Vec::new());
        for pair in people::pairs(&stack, pairs).await? {
            for person in [pair.sender, pair.recipient] {
                everybody.push(Person { id: person.id, token: person.token });
            }
            places.push(Arc::new(Place { conversation: pair.conversation, epoch: pair.epoch }));
        }
        let servers = Servers::Stack { dir, stack };
        let http = reqwest::Client::new();
        Ok(Self { dialect: Dialect::Restante, people: everybody, places, servers, instances, http })
    }

    /// The seeds' stack, likewise.
    pub(crate) async fn seed(peer: Peer, pairs: usize) -> anyhow::Result<Self> {
        let (http, instances) = (reqwest::Client::new(), peer.instances().len());
        let base = peer.base().to_owned();
        let (mut everybody, mut places) = (Vec::new(), Vec::new());
        for _ in 0..pairs {
            let mut two = Vec::new();
            for _ in 0..2 {
                let request = http.post(format!("{base}/api/v1/auth/login")).json(&json!({}));
                let answer = people::answer(request).await?;
                let id = people::field(&answer["user"], "id")?;
                two.push(Person { id, token: people::field(&answer, "accessToken")? });
            }
            let asked = json!({ "memberIds": [two[1].id] });
            let opened = people::open(&http, &base, &two[0].token, &asked).await?;
            let conversation = people::field(&opened, "id")?;
            places.push(Arc::new(Place { conversation, epoch: String::new() }));
            everybody.extend(two);
        }
        let servers = Servers::Peer(peer);
        Ok(Self { dialect: Dialect::Seed, people: everybody, places, servers, instances, http })
    }

    /// Everybody in the conversation with their other, the two of a pair at different instances if there are some.
    pub(crate) fn pairs(&self) -> anyhow::Result<Vec<Seat>> {
        let seats = self.people.iter().enumerate().map(|(number, person)| {
            let place = Arc::clone(&self.places[number / 2]);
            self.seat(number, person, place, number / 2 + number % 2)
        });
        seats.collect()
    }

    /// Everybody in one conversation, which is made for it.
    pub(crate) async fn group(&self, members: usize, tells: bool) -> anyhow::Result<Vec<Seat>> {
        let members = &self.people[..members.min(self.people.len())];
        let (first, others) = members.split_first().context("nobody there")?;
        let ids: Vec<&str> = others.iter().map(|person| person.id.as_str()).collect();
        let asked = match self.dialect {
            Dialect::Restante => {
                let id = ConversationId::new_v7(SystemClock::default().now(), &SystemRandom);
                json!({ "id": id, "kind": "group", "title": "Everybody", "memberIds": ids })
            }
            Dialect::Seed => json!({ "memberIds": ids }),
        };
        let opened = people::open(&self.http, self.base(), &first.token, &asked).await?;
        let conversation = people::field(&opened, "id")?;
        let epoch = match self.dialect {
            Dialect::Restante => people::field(&opened, "epoch")?,
            Dialect::Seed => String::new(),
        };
        let place = Arc::new(Place { conversation, epoch });
        let seats = members.iter().enumerate().map(|(number, person)| {
            let seat = self.seat(number, person, Arc::clone(&place), number)?;
            Ok(Seat { tells, ..seat })
        });
        seats.collect()
    }

    fn seat(
        &self,
        number: usize,
        person: &Person,
        place: Arc<Place>,
        instance: usize,
    ) -> anyhow::Result<Seat> {
        let bases = match &self.servers {
            Servers::Stack { stack, .. } => &stack.instances,
            Servers::Peer(peer) => peer.instances(),
        };
        Ok(Seat {
            dialect: self.dialect,
            number: u32::try_from(number)?,
            token: person.token.clone(),
            base: bases[instance % self.instances].clone(),
            place,
            tells: true,
        })
    }

    /// Stops instances until only so many are left.
    pub(crate) async fn reduce_to(&mut self, instances: usize) -> anyhow::Result<()> {
        while self.instances > instances {
            match &mut self.servers {
                Servers::Stack { dir, .. } => {
                    Stack::stop(dir, &format!("chat-{}", self.instances)).await?;
                }
                Servers::Peer(peer) => peer.stop_last().await?,
            }
            self.instances -= 1;
        }
        Ok(())
    }

    /// Everything that works for the people, by its name and number.
    pub(crate) fn processes(&self) -> anyhow::Result<Vec<Named>> {
        let wanted: &[Kind] = match self.dialect {
            Dialect::Restante => &[Kind::Mongo, Kind::Redis, Kind::Rabbit],
            Dialect::Seed => &[Kind::Mongo, Kind::Redis],
        };
        let services = Services::default().status()?;
        let shared = services.iter().filter(|(kind, _)| wanted.contains(kind));
        let shared = shared.map(|(kind, one)| (kind.name().to_owned(), one.process.pid));
        let own: Vec<Named> = match &self.servers {
            Servers::Stack { stack, .. } => {
                let alive = stack.processes.iter().filter(|(_, part)| part.is_alive());
                alive.map(|(name, part)| (name.clone(), part.process.pid)).collect()
            }
            Servers::Peer(peer) => peer.processes(),
        };
        Ok(own.into_iter().chain(shared).collect())
    }

    /// How many of the pairs' conversations still hold what was said last (Restante), or how many messages there are.
    pub(crate) async fn kept(&self) -> anyhow::Result<u64> {
        if self.dialect == Dialect::Seed {
            let url = format!("{}/api/v1/conversations/messages", self.base());
            let answer = people::answer(self.http.get(url)).await?;
            return answer["kept"].as_u64().context("no count");
        }
        let looks = self.places.iter().enumerate().map(|(number, place)| {
            let url = format!("{}/api/v1/conversations/{}", self.base(), place.conversation);
            let request = self.http.get(url).bearer_auth(&self.people[number * 2].token);
            async move {
                let answer = people::answer(request).await?;
                let last = &answer["conversation"]["lastEntry"];
                Ok::<_, anyhow::Error>(u64::from(!last["data"].is_null()))
            }
        });
        let kept: Vec<u64> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(kept.iter().sum())
    }

    /// Stops what is its own, and drops what was stored.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        match self.servers {
            Servers::Stack { dir, .. } => Stack::down(&dir).await,
            Servers::Peer(peer) => {
                let url = format!("{}/api/v1/conversations", peer.base());
                self.http.delete(url).send().await?.error_for_status()?;
                Ok(())
            }
        }
    }

    fn base(&self) -> &str {
        match &self.servers {
            Servers::Stack { stack, .. } => &stack.base,
            Servers::Peer(peer) => peer.base(),
        }
    }
}
