//! Calls that go on while something is broken: what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kv::{Field, Kv, Limit, RedisKv};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::LONGEST;

const MINUTE: Duration = Duration::from_mins(1);

/// One person for each key, who writes it and reads it back, again and again.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    people: JoinSet<Person>,
}

/// What one of them has met.
pub(crate) struct Person {
    pub(crate) key: String,
    pub(crate) calls: usize,
    pub(crate) failed: usize,
    pub(crate) last_failed: Option<Instant>,
    pub(crate) slowest: Duration,
    pub(crate) reason: String,
}

impl Load {
    pub(crate) fn start(kv: &RedisKv, keys: impl IntoIterator<Item = String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut people = JoinSet::new();
        for key in keys {
            people.spawn(Person::new(key).go_on(kv.clone(), Arc::clone(&stop)));
        }
        Self { stop, people }
    }

    /// Nobody may have waited for longer than a deadline.
    pub(crate) async fn end(self) -> Vec<Person> {
        self.stop.store(true, Ordering::Relaxed);
        let people = self.people.join_all().await;
        let slowest = people.iter().map(|person| person.slowest).max().unwrap();
        let calls: usize = people.iter().map(|person| person.calls).sum();
        let failed: usize = people.iter().map(|person| person.failed).sum();
        println!("{calls} calls, {failed} failed, the slowest took {slowest:?}");
        assert!(slowest < LONGEST, "{slowest:?}");
        people
    }
}

impl Person {
    fn new(key: String) -> Self {
        let (calls, failed, last_failed) = (0, 0, None);
        Self { key, calls, failed, last_failed, slowest: Duration::ZERO, reason: String::new() }
    }

    async fn go_on(mut self, kv: RedisKv, stop: Arc<AtomicBool>) -> Self {
        let limits = [Limit { count: u32::MAX, window: MINUTE }];
        let keys = [self.key.clone()];
        for round in 0_u64.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let value = round.to_be_bytes();
            let written = self.call(kv.set(&self.key.clone(), &value, MINUTE)).await;
            let read = self.call(kv.get(&self.key.clone())).await;
            if let (Some(()), Some(read)) = (written, read) {
                assert_eq!(read.as_deref(), Some(&value[..]), "{}", self.key);
            }
            let field = Field { key: self.key.clone(), name: "n".into(), value: value.to_vec() };
            let written = self.call(kv.set_fields(std::slice::from_ref(&field), MINUTE)).await;
            let read = self.call(kv.fields(&keys)).await;
            if let (Some(()), Some(read)) = (written, read) {
                assert_eq!(read, [vec![field]], "{}", self.key);
            }
            self.call(kv.hit(&keys[0], &limits)).await;
            sleep(Duration::from_millis(2)).await;
        }
        self
    }

    async fn call<T>(&mut self, answer: impl Future<Output = Result<T, kv::KvError>>) -> Option<T> {
        let begin = Instant::now();
        let answer = answer.await;
        self.slowest = self.slowest.max(begin.elapsed());
        self.calls += 1;
        if let Err(error) = &answer {
            self.failed += 1;
            self.last_failed = Some(Instant::now());
            self.reason = error.to_string();
        }
        answer.ok()
    }
}
