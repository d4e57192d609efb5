//! The database of a run: one primary, and what a majority has of it. Commands take their time, arrive late, lose their
//! replies; a fail-over takes back what no majority had.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlite::rusqlite::Connection;
use sqlite::rusqlite::backup::Backup;
use sqlite::rusqlite::config::DbConfig;
use sqlite::{Engine, Work};
use tokio::time::sleep;

use super::weather::{Broken, Weather};

/// How long a caller waits for a command.
pub const DEADLINE: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct State {
    primary: Connection,
    /// What a majority has, and up to which write; none while every write is at once on a majority.
    majority: Option<(Connection, u64)>,
    writes: u64,
    /// Rises with each fail-over.
    term: u64,
    /// Nobody is primary.
    electing: bool,
}

/// The database.
#[derive(Debug)]
pub struct Server {
    state: Mutex<State>,
    weather: Arc<Weather>,
    /// Replies that never come, until the run is over.
    lost: Mutex<Vec<Work>>,
}

impl Server {
    pub fn new(weather: Arc<Weather>) -> Arc<Self> {
        let state =
            State { primary: memory(), majority: None, writes: 0, term: 0, electing: false };
        Arc::new(Self { state: Mutex::new(state), weather, lost: Mutex::default() })
    }

    /// From now on writes reach a majority later than the primary.
    pub fn replicate(&self) {
        let mut state = self.state.lock().unwrap();
        let copy = copy(&state.primary);
        state.majority = Some((copy, state.writes));
    }

    /// The primary is lost, with what no majority had; for a while there is none.
    pub async fn fail_over(self: &Arc<Self>) {
        {
            let mut state = self.state.lock().unwrap();
            let Some((majority, writes)) = &state.majority else { return };
            let (primary, writes) = (copy(majority), *writes);
            self.weather.say(format_args!("fail-over: {} writes lost", state.writes - writes));
            state.primary = primary;
            state.writes = writes;
            state.term += 1;
            state.electing = true;
        }
        sleep(self.weather.between(100, 3_000)).await;
        self.state.lock().unwrap().electing = false;
        self.weather.say("a new primary");
    }

    /// Looks at the truth.
    pub fn look<T>(&self, look: impl FnOnce(&Connection) -> T) -> T {
        look(&self.state.lock().unwrap().primary)
    }

    async fn carry(&self, mut work: Work, cut: &AtomicBool) {
        let weather = &self.weather;
        sleep(weather.up_to(weather.rates.command_ms)).await;
        if weather.strikes(weather.rates.late_commands) {
            let [from, to] = weather.rates.late_ms;
            sleep(weather.between(from, to)).await;
        }
        if cut.load(Ordering::Relaxed) {
            self.lost.lock().unwrap().push(work);
            return;
        }
        if self.state.lock().unwrap().electing {
            return;
        }
        if work.writes() {
            if !self.write(&mut work).await {
                return;
            }
        } else {
            self.read(&mut work);
        }
        if cut.load(Ordering::Relaxed) || weather.strikes(weather.rates.lost_replies) {
            self.lost.lock().unwrap().push(work);
            return;
        }
        sleep(weather.up_to(weather.rates.command_ms)).await;
        work.answer();
    }

    fn read(&self, work: &mut Work) {
        let state = self.state.lock().unwrap();
        match &state.majority {
            Some((majority, _)) if !self.weather.is_broken(Broken::LocalReads) => {
                work.run(majority);
            }
            _ => work.run(&state.primary),
        }
    }

    /// Says whether it is on a majority.
    async fn write(&self, work: &mut Work) -> bool {
        let (snapshot, number, term) = {
            let mut state = self.state.lock().unwrap();
            work.run(&state.primary);
            if state.majority.is_none() {
                return true;
            }
            state.writes += 1;
            (copy(&state.primary), state.writes, state.term)
        };
        sleep(self.weather.up_to(self.weather.rates.behind_ms)).await;
        let mut state = self.state.lock().unwrap();
        if state.term != term {
            return false;
        }
        if state.majority.as_ref().is_some_and(|(_, majority)| *majority < number) {
            state.majority = Some((snapshot, number));
        }
        true
    }
}

/// One instance's connection to the database.
#[derive(Debug)]
pub struct Wire {
    pub server: Arc<Server>,
    /// The instance is dead, or cannot reach the database.
    pub cut: Arc<AtomicBool>,
}

impl Engine for Wire {
    fn take(&self, work: Work) {
        let (server, cut) = (Arc::clone(&self.server), Arc::clone(&self.cut));
        tokio::spawn(async move { server.carry(work, &cut).await });
    }
}

fn memory() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.set_prepared_statement_cache_capacity(256);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    connection
}

fn copy(from: &Connection) -> Connection {
    let mut to = memory();
    Backup::new(from, &mut to).unwrap().step(-1).unwrap();
    to
}
