use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Random, SystemRandom};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, PushInfo, PushKind, RedisError,
    RedisResult, Value,
};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::{DEADLINE, Directory, Node, within};

/// How long a call waits for a server that is known to be away: it may come back this moment.
const WHILE_AWAY: Duration = Duration::from_millis(100);
/// Milliseconds between two attempts to connect: the first, and the most. Half of it is by chance.
const BACKOFF: (u64, u64) = (50, 500);

/// The connection to one server, shared by all calls. It mends itself until it is dropped.
pub(crate) struct Connection {
    state: watch::Receiver<State>,
    trouble: Arc<Notify>,
    task: AbortHandle,
}

#[derive(Clone)]
enum State {
    /// Nobody knows yet whether the server is there.
    Opening,
    Up(MultiplexedConnection),
    Away(String),
}

impl Connection {
    /// Starts to connect, on `runtime`. Commands above `pipeline` wait to be written.
    pub(crate) fn start(
        directory: Arc<Directory>,
        node: Node,
        pipeline: usize,
        runtime: &Handle,
    ) -> RedisResult<Self> {
        let client = directory.servers().client(&node)?;
        let (state, seen) = watch::channel(State::Opening);
        let trouble = Arc::new(Notify::new());
        let mender =
            Mender { directory, node, client, pipeline, state, trouble: Arc::clone(&trouble) };
        let task = runtime.spawn(mender.run()).abort_handle();
        Ok(Self { state: seen, trouble, task })
    }

    /// Sends a command and gives its answer; `asking` for a slot that is just coming to this server. Whoever calls it sees to the
    /// deadline.
    pub(crate) async fn send(&self, command: &Cmd, asking: bool) -> RedisResult<Value> {
        let mut waiting = Waiting { trouble: &self.trouble, answered: false };
        let answer = self.exchange(command, asking).await;
        waiting.answered = answer.as_ref().map_or_else(is_answer, |_| true);
        answer
    }

    async fn exchange(&self, command: &Cmd, asking: bool) -> RedisResult<Value> {
        let mut connection = self.up().await?;
        if !asking {
            return connection.send_packed_command(command).await?.extract_error();
        }
        // In one piece, because it holds for the next command on the connection.
        let mut both = Pipeline::with_capacity(2);
        both.cmd("ASKING").add_command(command.clone());
        let answers = connection.send_packed_commands(&both, 0, 2).await?;
        answers.into_iter().next_back().unwrap_or(Value::Nil).extract_error()
    }

    async fn up(&self) -> RedisResult<MultiplexedConnection> {
        let mut state = self.state.clone();
        let first = matches!(&*state.borrow(), State::Opening);
        // While nobody knows yet, a first attempt that fails is waited for, and the next is not.
        let decided = |now: &State| match now {
            State::Up(_) => true,
            State::Opening => false,
            State::Away(_) => first,
        };
        let patience = if first { DEADLINE } else { WHILE_AWAY };
        let _ = timeout(patience, state.wait_for(decided)).await;
        match &*state.borrow() {
            State::Up(connection) => Ok(connection.clone()),
            State::Away(reason) => Err(is_away(reason)),
            State::Opening => Err(late(patience)),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A call. Unanswered, also because whoever made it has given up, it lets the connection be looked at.
struct Waiting<'a> {
    trouble: &'a Notify,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.trouble.notify_one();
        }
    }
}

/// What connects, again and again, and looks at a connection that somebody had trouble with.
struct Mender {
    directory: Arc<Directory>,
    node: Node,
    client: Client,
    pipeline: usize,
    state: watch::Sender<State>,
    trouble: Arc<Notify>,
}

impl Mender {
    async fn run(self) {
        let mut pause = BACKOFF.0;
        loop {
            let reason = match self.connect().await {
                Ok((connection, broken)) => {
                    pause = BACKOFF.0;
                    self.say(State::Up(connection.clone()));
                    self.look_after(connection, &broken).await
                }
                Err(reason) => reason,
            };
            self.say(State::Away(reason));
            // Another may have its slots now.
            self.directory.doubt();
            sleep(Duration::from_millis(pause / 2 + SystemRandom.below(pause / 2))).await;
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, Arc<Notify>), String> {
        let broken = Arc::new(Notify::new());
        let tell = Arc::clone(&broken);
        let push = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                tell.notify_one();
            }
            Ok::<_, Infallible>(())
        };
        // Deadlines are seen to where it is used.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(self.pipeline)
            .set_push_sender(push);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        Ok((within(DEADLINE, connecting).await?, broken))
    }

    /// Until the connection is lost, and says why. A call that was not answered does not mean that it is: it may have been a
    /// long command. So the server is asked.
    async fn look_after(&self, mut connection: MultiplexedConnection, broken: &Notify) -> String {
        loop {
            tokio::select! {
                () = broken.notified() => return "the server closed the connection".to_owned(),
                () = self.trouble.notified() => {}
            }
            let ping = redis::cmd("PING");
            if let Err(reason) = within(DEADLINE, ping.query_async::<Value>(&mut connection)).await
            {
                return reason;
            }
        }
    }

    fn say(&self, state: State) {
        let node = &self.node;
        match (&*self.state.borrow(), &state) {
            (State::Away(_), State::Up(_)) => tracing::info!(%node, "redis is back"),
            (State::Away(_), _) => {}
            (_, State::Away(reason)) => {
                tracing::warn!(%node, %reason, "redis is away; reconnecting");
            }
            _ => {}
        }
        self.state.send_replace(state);
    }
}

/// Whether the server has said this, and not the way to it.
pub(crate) fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

pub(crate) fn late(patience: Duration) -> RedisError {
    let message = format!("no answer within {} ms", patience.as_millis());
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}

fn is_away(reason: &str) -> RedisError {
    io::Error::new(io::ErrorKind::NotConnected, format!("reconnecting: {reason}")).into()
}
