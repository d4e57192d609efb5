use std::fmt;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use crate::layers::Origins;
use crate::{BackendUrl, SecretKey};

/// Every setting, typed. `default.toml` in this crate says what each means; the fields are named as the keys are, with
/// their unit at the end of the name.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[server]`
    pub server: Server,
    /// `[user]`
    pub user: User,
    /// `[chat]`
    pub chat: Chat,
    /// `[mail]`
    pub mail: Mail,
    /// `[kv]`
    pub kv: Kv,
    /// `[fanout]`
    pub fanout: Fanout,
    /// `[bus]`
    pub bus: Bus,
    /// `[blobs]`
    pub blobs: Blobs,
    /// `[tokens]`
    pub tokens: Tokens,
    /// `[telemetry]`
    pub telemetry: Telemetry,
    #[serde(skip)]
    pub(crate) origins: Origins,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Whether mistakes are forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Pages on this machine may call the API; mail can be read at `/dev/mailbox`.
    Development,
    /// Sample secrets and an empty `allowed_origins` are refused.
    Production,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person at a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// What holds for every HTTP listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Server {
    pub listen: String,
    pub data: PathBuf,
    pub environment: Environment,
    pub allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub workers: usize,
    pub body_limit_bytes: usize,
    pub shutdown_s: u64,
}

/// The user service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct User {
    pub listen: String,
    pub grpc: String,
    pub store: BackendUrl,
    pub login: Login,
    pub devices: Devices,
    pub contacts: Contacts,
    pub limits: UserLimits,
}

/// Codes by mail and the sessions they open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Login {
    pub code_ttl_s: u64,
    pub challenges: u32,
    pub tries_per_challenge: u32,
    pub tries_per_day: u32,
    pub sends_per_minute: u32,
    pub sends_per_hour: u32,
    pub sends_per_day: u32,
    pub sends_per_hour_per_network: u32,
    pub session_idle_s: u64,
}

/// How long devices live, and how many one person has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Devices {
    pub idle_s: u64,
    pub web_idle_s: u64,
    pub sweep_s: u64,
    pub per_person: u32,
    pub sessions_per_person: u32,
}

/// Contacts and blocks of one person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Contacts {
    pub per_person: u32,
    pub requests_waiting: u32,
    pub blocks_per_person: u32,
    pub requests_per_day: u32,
    pub changes_per_minute: u32,
}

/// Limits of the user service for one person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct UserLimits {
    pub searches_per_minute: u32,
    pub changes_per_minute: u32,
}

/// The chat service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Chat {
    pub listen: String,
    pub grpc: String,
    pub store: BackendUrl,
    pub user_service: String,
    pub user_service_timeout_ms: u64,
    pub limits: ChatLimits,
    pub sockets: Sockets,
    pub delivery: Delivery,
    pub log: Log,
    pub live: Live,
    pub receipts: Receipts,
    pub presence: Presence,
    pub typing: Typing,
}

/// Limits of the chat service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct ChatLimits {
    pub sends_per_second: u32,
    pub sends_burst: u32,
    pub changes_per_minute: u32,
    pub text_chars: usize,
    pub edit_window_s: u64,
    pub delete_window_s: u64,
    pub fold_entries: u32,
    pub conversations_per_person: u32,
    pub group_members: u32,
    pub members_per_call: usize,
    pub title_chars: usize,
    pub sockets_per_person: usize,
    pub socket_queue_bytes: usize,
    pub frame_bytes: usize,
    pub answer_bytes: usize,
    pub answer_entries: u32,
}

/// The socket engine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Sockets {
    pub instance: String,
    pub ping_interval_s: u64,
    pub ping_timeout_s: u64,
    pub connect_timeout_s: u64,
    pub entering: usize,
    pub upgrade_timeout_s: u64,
    pub body_timeout_s: u64,
    pub farewell_timeout_s: u64,
    pub queue_packets: usize,
    pub events_in_flight: usize,
    pub per_address: usize,
    pub drain_spread_ms: u64,
}

/// How long content and headers are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Delivery {
    pub fold_ms: u64,
    pub fold_most_ms: u64,
    pub queue: usize,
    pub cap_s: u64,
    pub header_s: u64,
    pub sweep_ms: u64,
}

/// The conversation log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Log {
    pub head_cache_s: u64,
    pub append_timeout_ms: u64,
    pub queue: usize,
    pub queue_all: usize,
    pub writes: usize,
}

/// Live events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Live {
    pub reread_s: u64,
    pub read_note_ms: u64,
    pub event_bytes: usize,
}

/// How far others have come.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Receipts {
    pub single_ms: u64,
    pub counted_ms: u64,
    pub queue: usize,
}

/// Who is here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Presence {
    pub lease_s: u64,
    pub reread_s: u64,
    pub last_seen_s: u64,
    pub spread_ms: u64,
    pub grace_ms: u64,
    pub tick_ms: u64,
    pub batch: usize,
    pub watched: usize,
}

/// Who writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Typing {
    pub again_ms: u64,
    pub life_ms: u64,
    pub people: usize,
    pub all: usize,
}

/// The mail worker.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Mail {
    pub listen: String,
    pub url: BackendUrl,
    pub from: String,
    pub timeout_ms: u64,
}

/// Short-lived keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Kv {
    pub url: BackendUrl,
    pub namespace: String,
}

/// Live events between instances.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Fanout {
    pub url: BackendUrl,
    pub namespace: String,
    pub queue: usize,
    pub heartbeat_ms: u64,
    pub silence_ms: u64,
}

/// Durable jobs and events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Bus {
    pub url: BackendUrl,
    pub namespace: String,
    pub confirm_timeout_ms: u64,
}

/// Uploaded files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Blobs {
    pub url: BackendUrl,
}

/// Tokens and the keys behind them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Tokens {
    pub issuer: String,
    pub audience: String,
    pub access_ttl_s: u64,
    pub signing_key: SecretKey,
    pub pepper: SecretKey,
    pub seal_key: SecretKey,
    pub digest_key: SecretKey,
}

/// Logs and traces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are documented in default.toml, once")]
pub struct Telemetry {
    pub format: LogFormat,
    pub filter: String,
    pub otlp: String,
}
