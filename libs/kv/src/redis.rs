use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind, from_redis_value};
use redis_nodes::{Calls, DEADLINE, Directory, Keeper, slot_of, within};

use crate::millis::{check_namespace, ttl};
use crate::{Field, Hit, Kv, KvError, Limit};

/// Commands waiting to be written to a connection; further ones wait, up to the deadline.
const PIPELINE: usize = 1_024;

/// Short-lived keys in Redis: one node, or a cluster. Time is the server's. No command touches more than one key.
#[derive(Clone)]
pub struct RedisKv {
    calls: Calls,
    _keeper: Arc<Keeper>,
    namespace: String,
    hit: Script,
    remove_if: Script,
    set_field: Script,
    fields: Script,
}

#[derive(Clone)]
struct Script {
    text: &'static str,
    hash: String,
}

impl RedisKv {
    /// Connects to `redis://host:port/db`, or to a cluster if the URL lists several of its nodes, separated by commas:
    /// `redis://a:6379,b:6379`. Later losses of the connection are mended by itself.
    pub async fn connect(url: &str, namespace: &str) -> Result<Self, KvError> {
        check_namespace(namespace)?;
        let directory = Directory::open(url).await.map_err(KvError)?;
        Ok(Self {
            _keeper: Arc::new(directory.keep()),
            calls: Calls::new(directory, PIPELINE),
            namespace: namespace.to_owned(),
            hit: Script::new(include_str!("hit.lua")),
            remove_if: Script::new(include_str!("remove_if.lua")),
            set_field: Script::new(include_str!("set_field.lua")),
            fields: Script::new(include_str!("fields.lua")),
        })
    }

    /// Values, hits and fields are kept apart: the same key may be used for all.
    fn key(&self, kind: char, key: &str) -> String {
        format!("{}:{kind}:{key}", self.namespace)
    }

    async fn ask<T: FromRedisValue>(&self, key: &str, command: &Cmd) -> Result<T, KvError> {
        self.query(key, command).await.map_err(|error| KvError(error.to_string()))
    }

    async fn query<T: FromRedisValue>(&self, key: &str, command: &Cmd) -> RedisResult<T> {
        let answer = self.calls.ask(slot_of(key), command, DEADLINE).await?;
        Ok(from_redis_value(answer)?)
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        key: &str,
        arguments: &[impl redis::ToRedisArgs + Sync],
    ) -> Result<T, KvError> {
        let answer = within(DEADLINE, async {
            let by_hash = script_command("EVALSHA", &script.hash, key, arguments);
            match self.query(key, &by_hash).await {
                // A restarted server has forgotten the script; sending its text teaches it again.
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    let by_text = script_command("EVAL", script.text, key, arguments);
                    self.query(key, &by_text).await
                }
                result => result,
            }
        });
        answer.await.map_err(KvError)
    }
}

#[async_trait]
impl Kv for RedisKv {
    #[tracing::instrument(level = "debug", skip_all)]
    async fn set(&self, key: &str, value: &[u8], time: Duration) -> Result<(), KvError> {
        let key = self.key('v', key);
        self.ask(&key, redis::cmd("SET").arg(&key).arg(value).arg("PX").arg(ttl(time))).await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        time: Duration,
    ) -> Result<bool, KvError> {
        let key = self.key('v', key);
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(value).arg("PX").arg(ttl(time)).arg("NX");
        self.ask(&key, &command).await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let key = self.key('v', key);
        self.ask(&key, redis::cmd("GET").arg(&key)).await
    }

    #[tracing::instrument(level = "debug", skip_all, fields(keys = keys.len()))]
    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        let mut all = Vec::with_capacity(keys.len());
        for part in keys.chunks(PIPELINE) {
            all.extend(try_join_all(part.iter().map(|key| self.get(key))).await?);
        }
        Ok(all)
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let key = self.key('v', key);
        self.ask(&key, redis::cmd("GETDEL").arg(&key)).await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn remove_if(&self, key: &str, value: &[u8]) -> Result<bool, KvError> {
        self.run(&self.remove_if, &self.key('v', key), &[value]).await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn hit(&self, key: &str, limits: &[Limit]) -> Result<Hit, KvError> {
        let arguments: Vec<u64> = limits
            .iter()
            .flat_map(|limit| [u64::from(limit.count), ttl(limit.window) * 1_000])
            .collect();
        if arguments.is_empty() {
            return Ok(Hit::Allowed);
        }
        let wait: u64 = self.run(&self.hit, &self.key('h', key), &arguments).await?;
        Ok(if wait == 0 { Hit::Allowed } else { Hit::Refused(Duration::from_micros(wait)) })
    }

    // The connection is shared, and what is asked at the same time goes in one write.
    #[tracing::instrument(level = "debug", skip_all, fields(fields = fields.len()))]
    async fn set_fields(&self, fields: &[Field], time: Duration) -> Result<(), KvError> {
        let life = ttl(time).to_string();
        for part in fields.chunks(PIPELINE) {
            let writes = part.iter().map(|field| async {
                let key = self.key('f', &field.key);
                let arguments = [field.name.as_bytes(), &field.value, life.as_bytes()];
                self.run::<u64>(&self.set_field, &key, &arguments).await
            });
            try_join_all(writes).await?;
        }
        Ok(())
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn remove_field(&self, key: &str, name: &str) -> Result<(), KvError> {
        let key = self.key('f', key);
        self.ask(&key, redis::cmd("HDEL").arg(&key).arg(name)).await
    }

    #[tracing::instrument(level = "debug", skip_all, fields(keys = keys.len()))]
    async fn fields(&self, keys: &[String]) -> Result<Vec<Vec<Field>>, KvError> {
        let mut all = Vec::with_capacity(keys.len());
        for part in keys.chunks(PIPELINE) {
            let reads = part.iter().map(|key| async move {
                let nothing: [&[u8]; 0] = [];
                let found: Vec<(String, Vec<u8>)> =
                    self.run(&self.fields, &self.key('f', key), &nothing).await?;
                let field = |(name, value)| Field { key: key.clone(), name, value };
                Ok::<_, KvError>(found.into_iter().map(field).collect())
            });
            all.extend(try_join_all(reads).await?);
        }
        Ok(all)
    }

    async fn ping(&self) -> Result<(), KvError> {
        self.calls.ping().await.map_err(KvError)
    }
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }
}

fn script_command(
    verb: &str,
    script: &str,
    key: &str,
    arguments: &[impl redis::ToRedisArgs],
) -> Cmd {
    let mut command = redis::cmd(verb);
    command.arg(script).arg(1).arg(key);
    for argument in arguments {
        command.arg(argument);
    }
    command
}

impl fmt::Debug for RedisKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cluster = self.calls.directory().servers().is_cluster();
        let mut debug = f.debug_struct("RedisKv");
        debug.field("namespace", &self.namespace).field("cluster", &cluster);
        debug.finish_non_exhaustive()
    }
}
