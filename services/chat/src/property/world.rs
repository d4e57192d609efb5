//! The real service of a case, and each step held against the oracle.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use auth::Identity;
use contracts::UserDirectory;
use fanout::{Fanout, Happening, Listener, MemoryFanout};
use futures::FutureExt;
use futures::future::join_all;
use kernel::{
    Ascending, Clock, ConversationId, DeviceId, EntryId, ManualClock, SeededRandom, SessionId,
    UserId,
};
use settings::Chat as ChatSettings;

use super::op::{GROUP, INSTANCES, Op, PEOPLE};
use super::oracle::{Device, Known, Oracle, Sent, Talk, What, Who};
use super::stores::{HEADER, Store};
use crate::chat::Chat;
use crate::conversations::create_group::{NewGroup, create_group};
use crate::conversations::{Retention, create};
use crate::delivery::acknowledge::{self, AcknowledgeError, Cursor};
use crate::delivery::devices;
use crate::delivery::retention;
use crate::delivery::store::Owner;
use crate::live::announce::about;
use crate::live::frame::{Frame, FrameKind};
use crate::messages::body::MessageBody;
use crate::messages::delete::{self, Delete, For};
use crate::messages::edit::{self, Edit};
use crate::messages::send::{self, Send};
use crate::messages::write::Arrived;
use crate::messages::write::{Pending, WriteError};
use crate::reading::read::{self, Read};
use crate::tests::place::Town;
use crate::wiring::{Outside, assemble};

/// The service and what is expected of it.
pub struct World<'a> {
    store: &'a Store,
    pub(super) settings: &'a ChatSettings,
    pub(super) clock: Arc<ManualClock>,
    pub(super) random: Arc<SeededRandom>,
    ids: Mutex<Ascending>,
    town: Arc<Town>,
    fanout: Arc<MemoryFanout>,
    listener: Box<dyn Listener>,
    pub(super) instances: Vec<Arc<Chat>>,
    pub(super) talks: Vec<(ConversationId, String)>,
    pub(super) people: Vec<UserId>,
    pub(super) devices: Vec<Identity>,
    pub(super) oracle: Oracle,
    texts: u32,
}

impl<'a> World<'a> {
    /// Three people with a device each; the first has a conversation with each of the others.
    pub async fn new(
        store: &'a Store,
        settings: &'a ChatSettings,
        random: Arc<SeededRandom>,
    ) -> Result<Self> {
        let fanout = Arc::new(MemoryFanout::new(1_024));
        let listener = fanout.listen().await?;
        let header = store.goes_by_our_clock().then_some(HEADER);
        let oracle = Oracle { talks: Vec::new(), devices: Vec::new(), sent: Vec::new(), header };
        let mut world = Self {
            store,
            settings,
            clock: Arc::new(store.clock()),
            random,
            ids: Mutex::default(),
            town: Arc::default(),
            fanout,
            listener,
            instances: Vec::new(),
            talks: Vec::new(),
            people: Vec::new(),
            devices: Vec::new(),
            oracle,
            texts: 0,
        };
        world.instances = (0..INSTANCES).map(|_| world.instance()).collect();
        for who in 0..usize::from(PEOPLE) {
            world.people.push(UserId::new_v7(world.clock.now(), &*world.random));
            world.log_in(who);
        }
        for other in 1..usize::from(PEOPLE) {
            world.open(other).await?;
        }
        world.open_group().await?;
        Ok(world)
    }

    fn instance(&self) -> Arc<Chat> {
        let outside = Outside {
            settings: self.settings.clone(),
            digest_key: [9; 32],
            directory: Arc::clone(&self.town) as Arc<dyn UserDirectory>,
            fanout: Arc::clone(&self.fanout) as Arc<dyn Fanout>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::clone(&self.random) as _,
        };
        Arc::new(assemble(outside, self.store.stores(&self.clock)))
    }

    fn log_in(&mut self, who: usize) -> Device {
        let (user, now) = (self.people[who], self.clock.now());
        let device = DeviceId::new_v7(now, &*self.random);
        let session = SessionId::new_v7(now, &*self.random);
        self.town.log_in(Owner { user, device });
        let expires_at = now.plus(Duration::from_hours(24 * 365));
        self.devices.push(Identity { user, session, device, expires_at });
        self.oracle.devices.push(Known { who, live: true, registered: false });
        self.devices.len() - 1
    }

    async fn open(&mut self, other: usize) -> Result<()> {
        let chat = &self.instances[0];
        let opened = create::open_direct(chat, &self.devices[0], self.people[other]).await?;
        self.listener.watch(&[about(opened.conversation.id)]).await?;
        self.talks.push((opened.conversation.id, opened.conversation.epoch));
        let mut talk = Talk::of([0, other]);
        for device in [0, other] {
            talk.join(device, device);
        }
        self.oracle.talks.push(talk);
        Ok(())
    }

    /// The first person's group, with the second in it.
    async fn open_group(&mut self) -> Result<()> {
        let id = self.ids.lock().unwrap().next(self.clock.now(), &*self.random).uuid();
        let group = NewGroup {
            id: ConversationId::from_uuid(id),
            title: "Choir".to_owned(),
            members: vec![self.people[1]],
            retention: Retention::Relay,
        };
        let id = group.id;
        self.listener.watch(&[about(id)]).await?;
        let opened = create_group(&self.instances[0], &self.devices[0], group).await?;
        self.talks.push((id, opened.conversation.epoch));
        let mut talk = Talk::of([0, 1]);
        for device in [0, 1] {
            talk.join(device, device);
        }
        self.oracle.talks.push(talk);
        let title = self.sent(GROUP, What::Setting, 0, "Choir");
        self.settled(Sent { id: EntryId::from_uuid(id.uuid()), ..title }, 1)
    }

    /// Does one thing, and compares.
    pub async fn step(&mut self, op: &Op) -> Result<()> {
        self.apply(op).await?;
        let (talk, at) = match op {
            Op::Send { talk, at, .. }
            | Op::Ack { talk, at, .. }
            | Op::AckAll { talk, at }
            | Op::Range { talk, at, .. } => (*talk, *at),
            Op::Race { talk, .. } => (*talk, 0),
            _ => return self.compare_all(0).await,
        };
        self.compare(talk.into(), at.into()).await
    }

    async fn apply(&mut self, op: &Op) -> Result<()> {
        match op {
            Op::Send { from, talk, at, heard } => {
                self.send(*from, (*talk).into(), (*at).into(), *heard).await
            }
            Op::Retry { which, at } => self.retry(*which, (*at).into()).await,
            Op::Steal { which, by, at } => self.steal(*which, *by, (*at).into()).await,
            Op::Race { talk, sends, twice } => self.race((*talk).into(), sends, *twice).await,
            Op::Ack { device, talk, seq, at } => {
                self.ack(*device, (*talk).into(), *seq, (*at).into()).await
            }
            Op::Block { who, talk, stands, at } => {
                self.block((*who).into(), (*talk).into(), *stands, (*at).into()).await
            }
            Op::Edit { which, at } => self.edit(*which, (*at).into()).await,
            Op::Delete { which, by, at } => self.delete(*which, *by, (*at).into()).await,
            Op::Join { who, at } => self.join((*who).into(), (*at).into()).await,
            Op::Leave { who, sent_away, at } => {
                self.leave((*who).into(), *sent_away, (*at).into()).await
            }
            Op::Keep { archive, at } => self.keep(*archive, (*at).into()).await,
            Op::AckAll { talk, at } => self.ack_all((*talk).into(), (*at).into()).await,
            Op::Read { who, talk, seq, at } => {
                self.read((*who).into(), (*talk).into(), *seq, (*at).into()).await
            }
            Op::Sync { device, at } => match pick(&self.oracle.live(), *device) {
                Some(device) => self.check_sync(device, (*at).into()).await,
                None => Ok(()),
            },
            Op::Range { device, talk, from, at } => {
                self.check_range(*device, (*talk).into(), *from, (*at).into()).await
            }
            Op::LogIn { who, at, connects } => {
                let device = self.log_in((*who).into());
                if *connects { self.check_sync(device, (*at).into()).await } else { Ok(()) }
            }
            Op::LogOut { device, at } => self.log_out(*device, (*at).into()).await,
            Op::Restart { at } => {
                self.instances[usize::from(*at)] = self.instance();
                Ok(())
            }
            Op::Wait { minutes } => {
                self.clock.advance(Duration::from_mins((*minutes).into()));
                Ok(())
            }
            Op::Sweep { at } => self.sweep((*at).into()).await,
        }
    }

    /// Devices of those who are in the conversation.
    pub(super) fn inside(&self, talk: usize) -> Vec<Device> {
        let members = &self.oracle.talks[talk].members;
        let inside = |device: &Device| members.contains(&self.oracle.devices[*device].who);
        self.oracle.live().into_iter().filter(inside).collect()
    }

    pub(super) fn sent(&self, talk: usize, what: What, from: Who, text: &str) -> Sent {
        let made = self.clock.now();
        let id = self.ids.lock().unwrap().next(made, &*self.random);
        Sent { talk, id, what, made, from, text: text.to_owned() }
    }

    /// Words that nobody has used.
    pub(super) fn words(&mut self) -> String {
        self.texts += 1;
        format!("<{}>", self.texts)
    }

    pub(super) fn message(&mut self, talk: usize, device: Device) -> Sent {
        let words = self.words();
        self.sent(talk, What::Message, self.oracle.devices[device].who, &words)
    }

    pub(super) async fn take(
        &self,
        sent: &Sent,
        device: Device,
        at: usize,
    ) -> Result<Pending, WriteError> {
        let Sent { id, what, .. } = *sent;
        let (conversation, text) = (self.talks[sent.talk].0, sent.text.clone());
        let (chat, caller) = (&self.instances[at], &self.devices[device]);
        match what {
            What::Edit(message) => {
                let edit = Edit { id, conversation, message, text, formatting: Vec::new() };
                edit::take(chat, caller, Arrived::now(chat), edit).await
            }
            What::Delete(message) => {
                let delete = Delete { id, conversation, message, whom: For::Everyone };
                delete::take(chat, caller, Arrived::now(chat), delete).await
            }
            _ => {
                let body = MessageBody { text, ..MessageBody::default() };
                send::take(chat, caller, Arrived::now(chat), Send { id, conversation, body }).await
            }
        }
    }

    /// It is in the log now, at the position that it should have.
    pub(super) fn settled(&mut self, sent: Sent, seq: u64) -> Result<()> {
        let expected = self.oracle.talks[sent.talk].append(&sent, self.clock.now());
        ensure!(seq == expected, "stored at {seq}, should be at {expected}");
        self.hear(&[(sent.talk, seq)], false)?;
        self.oracle.sent.push(sent);
        Ok(())
    }

    /// What the fan-out was told: everything that was acknowledged, and nothing that is not so. `told`: instances hear it.
    pub(super) fn hear(&self, places: &[(usize, u64)], told: bool) -> Result<()> {
        let mut heard = Vec::new();
        while let Some(Some(happening)) = self.listener.next().now_or_never() {
            let Happening::Event { subject, payload } = happening else { bail!("a gap") };
            let frame = Frame::decode(&payload).context("a frame that cannot be read")?;
            let talk = self.talks.iter().position(|(id, _)| about(*id) == subject);
            let talk = talk.context("told about nobody")?;
            let seq = frame.place.seq;
            let line = usize::try_from(seq).ok().and_then(|at| at.checked_sub(1));
            let line = line.and_then(|at| self.oracle.talks[talk].log.get(at));
            if frame.kind == FrameKind::Head && line.is_some_and(|line| line.withheld.is_some()) {
                // Of what is withheld from somebody only the place is told.
                heard.push((talk, seq));
            }
            if frame.kind != FrameKind::Entry {
                continue;
            }
            let line = line.with_context(|| format!("told of {seq}, which is not there"))?;
            ensure!(line.count == frame.place.count, "told a wrong count of {seq}");
            let body = std::str::from_utf8(&frame.body)?;
            ensure!(body.contains(&line.id.to_string()), "told another message as {seq}");
            heard.push((talk, seq));
            for chat in self.instances.iter().filter(|_| told) {
                chat.heard(self.talks[talk].0, frame.place);
            }
        }
        let missing = places.iter().find(|place| !heard.contains(place));
        ensure!(missing.is_none(), "acknowledged and not told: {missing:?}");
        Ok(())
    }

    async fn acknowledge(
        &self,
        device: Device,
        talk: usize,
        seq: u64,
        at: usize,
    ) -> Result<(), AcknowledgeError> {
        let (id, epoch) = self.talks[talk].clone();
        let cursor = Cursor { conversation_id: id, seq, epoch };
        let (chat, caller) = (&self.instances[at], &self.devices[device]);
        acknowledge::acknowledge_at_the_door(chat, caller, &[cursor]).await
    }

    async fn ack(&mut self, device: u8, talk: usize, seq: u8, at: usize) -> Result<()> {
        let Some(device) = pick(&self.inside(talk), device) else { return Ok(()) };
        let head = self.oracle.talks[talk].head();
        let seq = u64::from(seq) % (head + 2);
        let answer = self.acknowledge(device, talk, seq, at).await;
        self.oracle.register(device);
        match answer {
            Err(AcknowledgeError::AboveEnd(_)) if seq > head => return Ok(()),
            Ok(()) if seq <= head => {}
            other => bail!("acknowledged {seq} of {head}: {other:?}"),
        }
        self.oracle.talks[talk].ack(device, seq);
        self.oracle.strip(talk, self.clock.now());
        self.hear(&[], false)
    }

    async fn ack_all(&mut self, talk: usize, at: usize) -> Result<()> {
        let (devices, head) = (self.inside(talk), self.oracle.talks[talk].head());
        let acks = devices.iter().enumerate().map(|(number, device)| {
            self.acknowledge(*device, talk, head, (at + number) % usize::from(INSTANCES))
        });
        for answer in join_all(acks).await {
            answer?;
        }
        for device in devices {
            self.oracle.register(device);
            self.oracle.talks[talk].ack(device, head);
        }
        self.oracle.strip(talk, self.clock.now());
        self.hear(&[], false)
    }

    async fn read(&mut self, who: usize, talk: usize, seq: u8, at: usize) -> Result<()> {
        let members = &self.oracle.talks[talk].members;
        let Some(device) = self.device_for(who).filter(|_| members.contains(&who)) else {
            return Ok(());
        };
        let log = &self.oracle.talks[talk].log;
        let seq = u64::from(seq) % (self.oracle.talks[talk].head() + 1);
        let line = usize::try_from(seq).ok().and_then(|seq| log.get(seq.checked_sub(1)?));
        let count = line.map_or(0, |line| line.count);
        let request = Read { conversation: self.talks[talk].0, seq, count };
        read::read(&self.instances[at], &self.devices[device], request).await?;
        self.oracle.talks[talk].read(who, seq, count);
        self.hear(&[], false)
    }

    async fn log_out(&mut self, device: u8, at: usize) -> Result<()> {
        let Some(device) = pick(&self.oracle.live(), device) else { return Ok(()) };
        let Identity { user, device: id, .. } = self.devices[device];
        let owner = Owner { user, device: id };
        self.town.log_out(owner);
        devices::forget_unless_live(&self.instances[at], owner).await?;
        retention::sweep(&self.instances[at]).await?;
        self.oracle.log_out(device, self.clock.now());
        Ok(())
    }

    async fn sweep(&mut self, at: usize) -> Result<()> {
        retention::sweep(&self.instances[at]).await?;
        self.oracle.sweep(self.clock.now());
        Ok(())
    }
}

/// The one that the number names, counted round.
pub fn pick<T: Clone>(among: &[T], number: u8) -> Option<T> {
    among.get(usize::from(number).checked_rem(among.len())?).cloned()
}
