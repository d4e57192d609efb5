//! The connections of a proxy: what the rule decides for a question is done here.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::frame::Frame;
use super::{Counts, Fate, Protocol, Rule};

/// What all connections of a proxy share.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub server: u16,
    pub protocol: Protocol,
    pub rule: Arc<dyn Rule>,
    pub counts: Arc<Counts>,
}

/// What is to become of the answers to come, by the number of the question.
type Fates = Arc<Mutex<HashMap<i32, Fate>>>;

impl Line {
    pub(super) async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            connections.spawn(self.clone().connection(client));
        }
    }

    async fn connection(self, client: TcpStream) {
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server)).await else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let fates = Fates::default();
        // Each ends by dropping its way out; the side that sees its line closed closes the other way in turn.
        let asking = self.clone().ask(from_client, to_server, Arc::clone(&fates));
        let answering = self.answer(from_server, to_client, fates);
        tokio::join!(asking, answering);
    }

    /// Ends when the client has gone, after everything it asked has reached the server: leaving takes back nothing.
    async fn ask(self, mut client: OwnedReadHalf, mut server: OwnedWriteHalf, fates: Fates) {
        while let Ok(Some(frame)) = Frame::read(self.protocol, &mut client).await {
            let fate = self.rule.fate(&frame.command);
            match fate {
                Fate::Pass => {}
                Fate::Cut => {
                    count(&self.counts.cut);
                    return;
                }
                Fate::Late(by) => {
                    count(&self.counts.late);
                    sleep(by).await;
                }
                Fate::LoseAnswer | Fate::DelayAnswer(_) | Fate::CutAnswer => {
                    let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
                    fates.insert(frame.number, fate);
                }
            }
            if server.write_all(&frame.bytes).await.is_err() {
                return;
            }
        }
    }

    async fn answer(self, mut server: OwnedReadHalf, mut client: OwnedWriteHalf, fates: Fates) {
        while let Ok(Some(frame)) = Frame::read(self.protocol, &mut server).await {
            let fate = {
                let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
                fates.remove(&frame.answers)
            };
            match fate {
                Some(Fate::LoseAnswer) => {
                    count(&self.counts.lost);
                    continue;
                }
                Some(Fate::CutAnswer) => {
                    count(&self.counts.cut);
                    return;
                }
                Some(Fate::DelayAnswer(by)) => {
                    count(&self.counts.delayed);
                    sleep(by).await;
                }
                _ => {}
            }
            if client.write_all(&frame.bytes).await.is_err() {
                return;
            }
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}
