//! Steps that change what is there: other words, messages taken back, people who come and go, how long content is kept.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kernel::Clock;

use super::op::GROUP;
use super::oracle::{Device, Refusal, Sent, What, Who};
use super::world::{World, pick};
use crate::conversations::Retention;
use crate::conversations::blocks;
use crate::conversations::people::{add, leave, remove};
use crate::delivery::turn;
use crate::log::entry::Entry;
use crate::messages::write::WriteError;

/// The owner of the group, always there.
const OWNER: Who = 0;

impl World<'_> {
    pub(super) async fn edit(&mut self, which: u8, at: usize) -> Result<()> {
        let Some(message) = pick(&self.messages(), which) else { return Ok(()) };
        let Some(device) = self.device_for(message.from) else { return Ok(()) };
        let words = self.words();
        let edit = self.sent(message.talk, What::Edit(message.id), message.from, &words);
        let window = self.settings.limits.edit_window_s;
        self.change(edit, &message, (device, at), window).await
    }

    pub(super) async fn delete(&mut self, which: u8, by: u8, at: usize) -> Result<()> {
        let Some(message) = pick(&self.messages(), which) else { return Ok(()) };
        let Some(device) = pick(&self.inside(message.talk), by) else { return Ok(()) };
        let who = self.oracle.devices[device].who;
        let id = message.id.to_string();
        let delete = self.sent(message.talk, What::Delete(message.id), who, &id);
        let window = self.settings.limits.delete_window_s;
        self.change(delete, &message, (device, at), window).await
    }

    /// Does something to a message, if it may be done.
    async fn change(
        &mut self,
        change: Sent,
        message: &Sent,
        (device, at): (Device, usize),
        window: u64,
    ) -> Result<()> {
        let talk = &self.oracle.talks[message.talk];
        if !talk.members.contains(&change.from) {
            return Ok(());
        }
        let window = Duration::from_secs(window);
        let refusal = talk.refusal(change.from, message, self.clock.now(), window);
        let blocks = talk.blocks.contains(&change.from) && change.what == What::Edit(message.id);
        let looks_after = message.talk == GROUP && change.from == OWNER;
        let stranger = change.from != message.from && !looks_after;
        let refusal = match refusal {
            _ if blocks => Some(Refusal::NotAllowed),
            Some(Refusal::TooLate) | None if stranger => Some(Refusal::NotAllowed),
            refusal => refusal,
        };
        let answer = match self.take(&change, device, at).await {
            Ok(pending) => pending.written(&self.instances[at]).await,
            Err(error) => Err(error),
        };
        match (answer, refusal) {
            (Ok(answer), None) => self.settled(change, answer.entry.seq),
            (Err(WriteError::Gone), Some(Refusal::Gone))
            | (Err(WriteError::TooLate(_)), Some(Refusal::TooLate))
            | (Err(WriteError::NotAllowed(_)), Some(Refusal::NotAllowed))
            | (Err(WriteError::NoSuchMessage), Some(Refusal::Unknown)) => Ok(()),
            (answer, refusal) => bail!("{:?}: {answer:?}, should be {refusal:?}", change.what),
        }
    }

    /// As the user service tells it; every instance hears of it.
    pub(super) async fn block(
        &mut self,
        who: usize,
        talk: usize,
        stands: bool,
        at: usize,
    ) -> Result<()> {
        let both: Vec<Who> = self.oracle.talks[talk].members.iter().copied().collect();
        let [one, other] = both[..] else {
            bail!("a direct conversation of {} people", both.len())
        };
        let (by, other) = if who == 0 { (one, other) } else { (other, one) };
        self.clock.advance(Duration::from_millis(1));
        let (users, now) = ((self.people[by], self.people[other]), self.clock.now());
        blocks::set(&self.instances[at], users, stands, now).await?;
        for chat in &self.instances {
            chat.members.forget(self.talks[talk].0, users.0);
            chat.members.forget(self.talks[talk].0, users.1);
        }
        let blocks = &mut self.oracle.talks[talk].blocks;
        if stands {
            blocks.insert(by);
        } else {
            blocks.remove(&by);
        }
        Ok(())
    }

    pub(super) async fn join(&mut self, who: Who, at: usize) -> Result<()> {
        let devices = self.oracle.devices_of(who);
        if devices.is_empty() {
            return Ok(());
        }
        let there = self.oracle.talks[GROUP].members.contains(&who);
        let (id, user) = (self.talks[GROUP].0, self.people[who]);
        let join = self.sent(GROUP, What::Member, OWNER, "joined");
        let (chat, owner) = (&self.instances[at], &self.devices[OWNER]);
        let entries = add::add(chat, owner, id, &[user], join.id).await?;
        if there {
            ensure!(entries.is_empty(), "somebody came who was there");
            return Ok(());
        }
        let [entry] = &entries[..] else { bail!("{} came instead of one", entries.len()) };
        let talk = &mut self.oracle.talks[GROUP];
        for device in devices {
            talk.join(who, device);
        }
        talk.members.insert(who);
        let count = talk.count();
        talk.read(who, entry.seq, count);
        self.settled(join, entry.seq)
    }

    pub(super) async fn leave(&mut self, who: Who, sent_away: bool, at: usize) -> Result<()> {
        if who == OWNER || !self.oracle.talks[GROUP].members.contains(&who) {
            return Ok(());
        }
        let devices: Vec<Device> = (0..self.oracle.devices.len())
            .filter(|device| self.oracle.devices[*device].who == who)
            .collect();
        let (by, op) = if sent_away { (OWNER, "removed") } else { (who, "left") };
        let caller = self.oracle.devices.iter().position(|device| device.who == by);
        let caller = self.devices[caller.context("nobody to do it")?];
        let leave = self.sent(GROUP, What::Member, by, op);
        let (chat, id) = (&self.instances[at], self.talks[GROUP].0);
        let entry: Entry = if sent_away {
            remove::remove(chat, &caller, id, self.people[who], leave.id).await?
        } else {
            leave::leave(chat, &caller, id, leave.id).await?
        };
        self.settled(leave, entry.seq)?;
        self.oracle.talks[GROUP].go(who, &devices);
        self.oracle.strip(GROUP, self.clock.now());
        Ok(())
    }

    pub(super) async fn keep(&mut self, archive: bool, at: usize) -> Result<()> {
        let to = if archive { Retention::Archive } else { Retention::Relay };
        let change = self.sent(GROUP, What::Setting, OWNER, to.as_str());
        let (chat, owner) = (&self.instances[at], &self.devices[OWNER]);
        let entry = turn::turn(chat, owner, self.talks[GROUP].0, to, change.id).await?;
        if self.oracle.talks[GROUP].retention == to {
            ensure!(entry.is_none(), "it was so already");
            return Ok(());
        }
        let seq = entry.context("nothing changed")?.seq;
        self.settled(change, seq)?;
        self.oracle.talks[GROUP].turn(to, seq);
        Ok(())
    }
}
