//! A bad line between a client and a server, on the loopback address.
//!
//! Of a [`Proxy`], what a client asks is shown to a rule, which says what becomes of it: it passes, arrives late, loses its
//! answer, gets it late, or costs the connection. Rules with a seed make the same choices in the same order of questions.
//!
//! A [`Wire`] is harmed by hand instead, in either way, and knows no questions.

mod frame;
mod line;
mod resp;
mod rule;
mod wire;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::line::Line;

pub use rule::{Fate, Rule, Seeded};
pub use wire::{Harm, Way, Weather, Wire};

/// How bytes are taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Not at all. What arrives together is one question; what the server says next is its answer.
    Bytes,
    /// `MongoDB`'s wire protocol: one message is one question, named by its command; its answer is found by its number.
    Mongo,
    /// That of Redis, old and new: one value is one frame, named by its first word. Answers are not told apart.
    Redis,
}

/// How often something went wrong on purpose.
#[derive(Debug, Default)]
pub struct Counts {
    pub(crate) lost: AtomicU64,
    pub(crate) delayed: AtomicU64,
    pub(crate) late: AtomicU64,
    pub(crate) cut: AtomicU64,
}

impl Counts {
    /// Answers that never arrived.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::SeqCst)
    }

    /// Answers that arrived late.
    pub fn delayed(&self) -> u64 {
        self.delayed.load(Ordering::SeqCst)
    }

    /// Questions that reached the server late.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::SeqCst)
    }

    /// Connections that were cut.
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::SeqCst)
    }

    /// Everything that went wrong.
    pub fn all(&self) -> u64 {
        self.lost() + self.delayed() + self.late() + self.cut()
    }
}

/// A running proxy. Ends, with all its connections, when dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Takes connections for the server on this port of the loopback address.
    pub async fn before(server: u16, protocol: Protocol, rule: Arc<dyn Rule>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let counts = Arc::<Counts>::default();
        let line = Line { server, protocol, rule, counts: Arc::clone(&counts) };
        let accepting = tokio::spawn(line.accept(listener));
        Ok(Self { port, counts, accepting })
    }

    /// Where clients connect, on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What went wrong so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections' tasks belong to this one, and go with it.
        self.accepting.abort();
    }
}
