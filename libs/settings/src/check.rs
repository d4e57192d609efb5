use std::ops::RangeInclusive;

use ipnet::IpNet;
use toml::{Table, Value};
use url::Url;

use crate::layers::{Origins, bad_value, leaf};
use crate::{Origin, SecretKey, SettingsError};

const YEARS_10: i64 = 315_360_000;
const MANY: i64 = 1_000_000_000;

/// Every number and what it may be.
pub(crate) const RANGES: &[(&str, RangeInclusive<i64>)] = &[
    ("server.workers", 0..=1_024),
    ("server.body_limit_bytes", 1_024..=16_777_216),
    ("server.shutdown_s", 1..=3_600),
    ("user.login.code_ttl_s", 1..=3_600),
    ("user.login.challenges", 1..=100),
    ("user.login.tries_per_challenge", 1..=MANY),
    ("user.login.tries_per_day", 1..=MANY),
    ("user.login.sends_per_minute", 1..=MANY),
    ("user.login.sends_per_hour", 1..=MANY),
    ("user.login.sends_per_day", 1..=MANY),
    ("user.login.sends_per_hour_per_network", 1..=MANY),
    ("user.login.session_idle_s", 1..=YEARS_10),
    // Longer than a device in use may go without being noted as seen: the longest `tokens.access_ttl_s`, and an hour.
    ("user.devices.idle_s", 172_800..=YEARS_10),
    ("user.devices.web_idle_s", 172_800..=YEARS_10),
    ("user.devices.sweep_s", 1..=86_400),
    ("user.devices.per_person", 1..=1_000),
    ("user.devices.sessions_per_person", 1..=10_000),
    ("user.contacts.per_person", 1..=100_000),
    ("user.contacts.requests_waiting", 1..=100_000),
    ("user.contacts.blocks_per_person", 1..=100_000),
    ("user.contacts.requests_per_day", 1..=MANY),
    ("user.contacts.changes_per_minute", 1..=MANY),
    ("user.limits.searches_per_minute", 1..=MANY),
    ("user.limits.changes_per_minute", 1..=MANY),
    ("chat.user_service_timeout_ms", 10..=60_000),
    ("chat.limits.sends_per_second", 1..=MANY),
    ("chat.limits.sends_burst", 1..=MANY),
    ("chat.limits.changes_per_minute", 1..=MANY),
    ("chat.limits.text_chars", 1..=100_000),
    // Within them the message's header is there, however soon it was delivered.
    ("chat.limits.edit_window_s", 1..=86_400),
    ("chat.limits.delete_window_s", 1..=86_400),
    ("chat.limits.fold_entries", 1..=100_000),
    ("chat.limits.group_members", 2..=100_000),
    ("chat.limits.members_per_call", 1..=1_000),
    ("chat.limits.title_chars", 1..=1_000),
    ("chat.limits.conversations_per_person", 1..=1_000_000),
    ("chat.limits.sockets_per_person", 1..=1_000_000),
    ("chat.limits.socket_queue_bytes", 65_536..=67_108_864),
    ("chat.limits.frame_bytes", 1_024..=1_048_576),
    ("chat.limits.answer_bytes", 16_384..=1_048_576),
    ("chat.limits.answer_entries", 1..=1_000),
    ("chat.sockets.ping_interval_s", 1..=3_600),
    ("chat.sockets.ping_timeout_s", 1..=3_600),
    ("chat.sockets.connect_timeout_s", 1..=3_600),
    ("chat.sockets.entering", 1..=100_000),
    ("chat.sockets.upgrade_timeout_s", 1..=3_600),
    ("chat.sockets.body_timeout_s", 1..=3_600),
    ("chat.sockets.farewell_timeout_s", 1..=60),
    ("chat.sockets.queue_packets", 16..=1_000_000),
    ("chat.sockets.events_in_flight", 1..=10_000),
    ("chat.sockets.per_address", 1..=MANY),
    ("chat.sockets.drain_spread_ms", 0..=600_000),
    ("chat.delivery.fold_ms", 0..=10_000),
    ("chat.delivery.fold_most_ms", 0..=10_000),
    ("chat.delivery.cap_s", 1..=YEARS_10),
    // A header answers retried sends, and cached heads rely on it outliving them.
    ("chat.delivery.header_s", 86_400..=YEARS_10),
    ("chat.delivery.sweep_ms", 100..=3_600_000),
    ("chat.log.head_cache_s", 1..=600),
    ("chat.log.append_timeout_ms", 100..=60_000),
    ("chat.live.reread_s", 1..=3_600),
    ("chat.live.read_note_ms", 0..=60_000),
    ("chat.live.event_bytes", 0..=1_048_576),
    ("chat.receipts.single_ms", 0..=60_000),
    ("chat.receipts.counted_ms", 0..=600_000),
    ("chat.receipts.queue", 1..=10_000_000),
    ("chat.presence.lease_s", 3..=3_600),
    ("chat.presence.reread_s", 1..=3_600),
    ("chat.presence.last_seen_s", 60..=315_360_000),
    ("chat.presence.spread_ms", 0..=60_000),
    ("chat.presence.grace_ms", 0..=600_000),
    ("chat.presence.tick_ms", 10..=60_000),
    ("chat.presence.batch", 1..=10_000),
    ("chat.presence.watched", 0..=2_000),
    ("chat.typing.again_ms", 0..=60_000),
    ("chat.typing.life_ms", 500..=60_000),
    ("chat.typing.people", 0..=1_000),
    ("chat.typing.all", 0..=1_000_000),
    ("chat.delivery.queue", 1..=1_000_000),
    ("chat.log.queue", 1..=100_000),
    ("chat.log.queue_all", 1..=1_000_000),
    ("chat.log.writes", 1..=64),
    ("mail.timeout_ms", 100..=120_000),
    ("fanout.queue", 1..=1_048_576),
    ("fanout.heartbeat_ms", 50..=60_000),
    ("fanout.silence_ms", 100..=600_000),
    ("bus.confirm_timeout_ms", 100..=60_000),
    ("tokens.access_ttl_s", 1..=86_400),
];

type Rule = fn(&str) -> Result<(), &'static str>;

/// Every text that can be wrong. `server.data`, `telemetry.filter` and the URLs' details are for those who use them.
pub(crate) const TEXTS: &[(&str, Rule)] = &[
    ("server.listen", listen),
    ("server.data", non_empty),
    ("server.environment", environment),
    ("server.allowed_origins", origin),
    ("server.trusted_proxies", network),
    ("user.listen", listen),
    ("user.grpc", listen),
    ("user.store", |url| scheme(url, &["sqlite", "mongodb", "mongodb+srv"])),
    ("chat.listen", listen),
    ("chat.grpc", listen),
    ("chat.sockets.instance", |name| if name.is_empty() { Ok(()) } else { namespace(name) }),
    ("chat.store", |url| scheme(url, &["sqlite", "mongodb", "mongodb+srv"])),
    ("chat.user_service", web_url),
    ("mail.listen", listen),
    ("mail.url", |url| scheme(url, &["folder", "smtp", "smtps"])),
    ("mail.from", mail_from),
    ("kv.url", |url| scheme(url, &["sqlite", "redis", "rediss"])),
    ("kv.namespace", namespace),
    ("fanout.url", |url| scheme(url, &["memory", "redis", "rediss"])),
    ("fanout.namespace", namespace),
    ("bus.url", |url| scheme(url, &["sqlite", "amqp", "amqps"])),
    ("bus.namespace", namespace),
    ("blobs.url", |url| scheme(url, &["file", "s3"])),
    ("tokens.issuer", non_empty),
    ("tokens.audience", non_empty),
    ("tokens.signing_key", key),
    ("tokens.pepper", key),
    ("tokens.seal_key", key),
    ("tokens.digest_key", key),
    ("telemetry.format", format),
    ("telemetry.filter", non_empty),
    ("telemetry.otlp", |url| if url.is_empty() { Ok(()) } else { web_url(url) }),
];

/// Checks every value by itself.
pub(crate) fn values(table: &Table, origins: &Origins) -> Result<(), SettingsError> {
    let fail = |key: &str, problem: String| {
        Err(bad_value(key, origins.get(key).unwrap_or(&Origin::Default), problem))
    };
    for (key, range) in RANGES {
        match leaf(table, key).and_then(Value::as_integer) {
            Some(number) if range.contains(&number) => {}
            _ => return fail(key, format!("must be {} to {}", range.start(), range.end())),
        }
    }
    for (key, rule) in TEXTS {
        let texts = match leaf(table, key) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text.as_str()],
            _ => return fail(key, "must be text".to_owned()),
        };
        if let Err(problem) = texts.into_iter().try_for_each(rule) {
            return fail(key, problem.to_owned());
        }
    }
    Ok(())
}

fn non_empty(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() { Err("must not be empty") } else { Ok(()) }
}

fn listen(text: &str) -> Result<(), &'static str> {
    let problem = "must be HOST:PORT, such as 127.0.0.1:8080";
    let (host, port) = text.rsplit_once(':').ok_or(problem)?;
    port.parse::<u16>().map_err(|_| problem)?;
    if host.is_empty() { Err(problem) } else { Ok(()) }
}

fn environment(text: &str) -> Result<(), &'static str> {
    let known = matches!(text, "development" | "production");
    if known { Ok(()) } else { Err("must be development or production") }
}

fn format(text: &str) -> Result<(), &'static str> {
    if matches!(text, "pretty" | "json") { Ok(()) } else { Err("must be pretty or json") }
}

fn origin(text: &str) -> Result<(), &'static str> {
    let problem = "must be origins such as https://chat.example, without a path or a wildcard";
    let url = Url::parse(text).map_err(|_| problem)?;
    let same = url.origin().ascii_serialization() == text;
    if same && matches!(url.scheme(), "http" | "https") { Ok(()) } else { Err(problem) }
}

fn network(text: &str) -> Result<(), &'static str> {
    let problem = "must be networks such as 10.0.0.0/8 or ::1/128";
    let network: IpNet = text.parse().map_err(|_| problem)?;
    // Everybody a proxy: then everybody could write the address that limits count by.
    if network.prefix_len() == 0 { Err("must not be the whole internet") } else { Ok(()) }
}

fn web_url(text: &str) -> Result<(), &'static str> {
    let problem = "must be a URL such as http://127.0.0.1:9081";
    let url = Url::parse(text).map_err(|_| problem)?;
    let known = matches!(url.scheme(), "http" | "https") && url.has_host();
    if known { Ok(()) } else { Err(problem) }
}

fn mail_from(text: &str) -> Result<(), &'static str> {
    let plain = text.is_ascii() && !text.chars().any(|c| c.is_ascii_control());
    let problem = "must be an ASCII mail address such as Restante <restante@example.org>";
    if plain && text.contains('@') { Ok(()) } else { Err(problem) }
}

fn namespace(text: &str) -> Result<(), &'static str> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(()) } else { Err("must be 1 to 64 letters, digits, `_` or `-`") }
}

fn key(text: &str) -> Result<(), &'static str> {
    let problem = "must be 32 bytes in base64, for instance from `openssl rand -base64 32`";
    SecretKey::parse(text).map(|_| ()).ok_or(problem)
}

fn scheme(url: &str, known: &[&str]) -> Result<(), &'static str> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    if !known.contains(&scheme) {
        return Err(match known {
            ["sqlite", "mongodb", ..] => "must be sqlite:PATH or mongodb://HOST/DATABASE",
            ["folder", ..] => "must be folder:PATH, smtp://HOST:PORT or smtps://HOST:PORT",
            ["sqlite", "redis", ..] => "must be sqlite:PATH or redis://HOST:PORT",
            ["memory", ..] => {
                "must be memory:, redis://HOST:PORT or redis://HOST:PORT,HOST:PORT,… (a cluster)"
            }
            ["sqlite", "amqp", ..] => "must be sqlite:PATH or amqp://USER:PASSWORD@HOST:PORT/VHOST",
            _ => "must be file:PATH or s3://BUCKET",
        });
    }
    let local = matches!(scheme, "sqlite" | "folder" | "file");
    if local && (rest.is_empty() || rest.starts_with("//")) {
        return Err("must name a path right after the colon, such as sqlite:./data/restante.db");
    }
    let remote = !local && scheme != "memory";
    if remote && rest.strip_prefix("//").is_none_or(str::is_empty) {
        return Err("must name a host, as in scheme://host:port");
    }
    Ok(())
}
