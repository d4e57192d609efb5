//! Steps that write messages: new ones, again, under a taken id, several at once.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use futures::future::join_all;
use kernel::Clock;

use super::op::INSTANCES;
use super::oracle::{Device, Sent, What};
use super::world::{World, pick};
use crate::conversations::error::ConversationError;
use crate::messages::write::WriteError;

impl World<'_> {
    pub(super) async fn send(
        &mut self,
        from: u8,
        talk: usize,
        at: usize,
        heard: bool,
    ) -> Result<()> {
        let Some(device) = pick(&self.writers(talk), from) else { return Ok(()) };
        let sent = self.message(talk, device);
        let answer = self.take(&sent, device, at).await?.written(&self.instances[at]).await?;
        let seq = self.oracle.talks[talk].append(&sent, self.clock.now());
        ensure!(answer.entry.seq == seq, "stored at {}, should be at {seq}", answer.entry.seq);
        ensure!(!answer.repeated, "a new message was there already");
        self.oracle.sent.push(sent);
        self.hear(&[(talk, seq)], heard)
    }

    /// Devices of those who may write there: who blocks the other may not.
    fn writers(&self, talk: usize) -> Vec<Device> {
        let blocks = &self.oracle.talks[talk].blocks;
        let free = |device: &Device| !blocks.contains(&self.oracle.devices[*device].who);
        self.inside(talk).into_iter().filter(free).collect()
    }

    /// One who may use it, among the devices that are there.
    pub(super) fn device_for(&self, who: usize) -> Option<Device> {
        self.oracle.devices_of(who).first().copied()
    }

    /// What can be sent again the same way.
    fn submitted(&self) -> Vec<Sent> {
        let other = |sent: &&Sent| !matches!(sent.what, What::Member | What::Setting);
        self.oracle.sent.iter().filter(other).cloned().collect()
    }

    pub(super) fn messages(&self) -> Vec<Sent> {
        let message = |sent: &&Sent| sent.what == What::Message;
        self.oracle.sent.iter().filter(message).cloned().collect()
    }

    pub(super) async fn retry(&mut self, which: u8, at: usize) -> Result<()> {
        let Some(sent) = pick(&self.submitted(), which) else { return Ok(()) };
        let Some(device) = self.device_for(sent.from) else { return Ok(()) };
        self.offer(sent, device, at).await
    }

    pub(super) async fn steal(&mut self, which: u8, by: u8, at: usize) -> Result<()> {
        let Some(sent) = pick(&self.oracle.sent, which) else { return Ok(()) };
        let Some(device) = pick(&self.inside(sent.talk), by) else { return Ok(()) };
        let other = Sent { id: sent.id, ..self.message(sent.talk, device) };
        self.offer(other, device, at).await
    }

    /// Sends what may be there already, or not be allowed.
    async fn offer(&mut self, sent: Sent, device: Device, at: usize) -> Result<()> {
        let answer = match self.take(&sent, device, at).await {
            Ok(pending) => pending.written(&self.instances[at]).await,
            Err(error) => Err(error),
        };
        let talk = &self.oracle.talks[sent.talk];
        let found = talk.find(sent.id).map(|(seq, line)| (seq, line.clone()));
        let inside = talk.members.contains(&sent.from);
        let blocks = talk.blocks.contains(&sent.from) && !matches!(sent.what, What::Delete(_));
        match (found, answer) {
            (Some((seq, line)), Ok(answer)) => {
                let same = (line.from, line.what) == (sent.from, sent.what);
                ensure!(same && line.text == sent.text, "took a taken id");
                ensure!(answer.repeated && answer.entry.seq == seq, "stored again at {seq}");
                self.hear(&[(sent.talk, seq)], false)
            }
            (_, Err(WriteError::Conversation(ConversationError::NotFound))) if !inside => Ok(()),
            (Some((_, line)), Err(WriteError::Conflict)) => {
                let other = line.from != sent.from || line.text != sent.text;
                ensure!(other || line.what != sent.what, "refused its own retry");
                Ok(())
            }
            (None, Err(WriteError::NotAllowed(_))) if blocks => Ok(()),
            // Nothing of it is left that could tell.
            (None, Ok(answer)) => {
                ensure!(inside && !blocks && !answer.repeated, "somebody wrote who is not there");
                self.settled(sent, answer.entry.seq)
            }
            (None, Err(error)) if sent.what != What::Message => {
                let old = matches!(error, WriteError::Gone | WriteError::TooLate(_));
                ensure!(old, "offered again: {error:?}");
                Ok(())
            }
            (_, Err(error)) => bail!("offered again: {error:?}"),
        }
    }

    pub(super) async fn race(
        &mut self,
        talk: usize,
        sends: &[(u8, u8)],
        twice: bool,
    ) -> Result<()> {
        let mut taken = Vec::new();
        for (from, at) in sends {
            let Some(device) = pick(&self.writers(talk), *from) else { return Ok(()) };
            let sent = self.message(talk, device);
            let at = usize::from(*at);
            taken.push((sent.clone(), at, self.take(&sent, device, at).await?));
            if twice {
                let elsewhere = (at + 1) % usize::from(INSTANCES);
                let again = self.take(&sent, device, elsewhere).await?;
                taken.push((sent, elsewhere, again));
            }
        }
        let instances = &self.instances;
        let waiting = taken.into_iter().map(|(sent, at, pending)| async move {
            let written = pending.written(&instances[at]).await?;
            Ok::<_, WriteError>((written.entry.seq, sent, at))
        });
        let mut stored = BTreeMap::new();
        let mut last = BTreeMap::new();
        for answer in join_all(waiting).await {
            let (seq, sent, at) = answer?;
            if !twice {
                let before = last.insert((sent.from, at), seq).unwrap_or(0);
                ensure!(before < seq, "one person's {seq} came after {before}");
            }
            let other = stored.insert(seq, sent.clone());
            ensure!(other.is_none_or(|other| other.id == sent.id), "two were told {seq}");
        }
        let mut places = Vec::new();
        for (seq, sent) in stored {
            let expected = self.oracle.talks[talk].append(&sent, self.clock.now());
            ensure!(seq == expected, "stored at {seq}, should be at {expected}");
            places.push((talk, seq));
            self.oracle.sent.push(sent);
        }
        self.hear(&places, false)
    }
}
