use std::time::Duration;

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use uuid::Uuid;

use crate::Message;

const ATTEMPT: &str = "x-attempt";
const EXPIRES_AT: &str = "x-expires-at";
const TRACEPARENT: &str = "traceparent";
/// Set by quorum queues: how often the message was handed out before without being settled.
const DELIVERY_COUNT: &str = "x-delivery-count";
const PERSISTENT: u8 = 2;
/// The broker closes the channel on more. Milliseconds, about 50 days; our own header tells the true time.
const LONGEST_EXPIRY: i64 = u32::MAX as i64;

/// A message as it lies in a queue: what the consumer needs beside the payload is in the properties.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    id: Uuid,
    topic: String,
    pub(super) payload: Bytes,
    traceparent: Option<String>,
    pub(super) attempt: u32,
    /// How often it was handed out for this attempt before.
    pub(super) unsettled: i64,
    /// Milliseconds since 1970 UTC. The broker's own expiry ends with the first queue, so that we carry ours along.
    pub(super) expires_at: Option<i64>,
}

impl Envelope {
    pub(super) fn seal(message: Message, now: i64) -> Self {
        let millis = |ttl: Duration| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        Self {
            id: message.id,
            topic: message.topic,
            payload: message.payload,
            traceparent: message.traceparent,
            attempt: 1,
            unsettled: 0,
            expires_at: message.ttl.map(|ttl| now.saturating_add(millis(ttl))),
        }
    }

    /// Reads a delivery. `None` if it was not published by us.
    pub(super) fn read(properties: &BasicProperties, payload: Bytes) -> Option<Self> {
        let headers = properties.headers().clone().unwrap_or_default();
        let header = |name: &str| headers.inner().get(name).cloned();
        let number = |name| header(name).and_then(|value| integer(&value));
        Some(Self {
            id: Uuid::parse_str(properties.message_id().as_ref()?.as_str()).ok()?,
            topic: properties.kind().as_ref()?.as_str().to_owned(),
            payload,
            traceparent: header(TRACEPARENT).and_then(|value| match value {
                AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
                _ => None,
            }),
            attempt: number(ATTEMPT).and_then(|attempt| u32::try_from(attempt).ok()).unwrap_or(1),
            unsettled: number(DELIVERY_COUNT).unwrap_or(0),
            expires_at: number(EXPIRES_AT),
        })
    }

    /// Something that was not published by us.
    pub(super) fn alien(payload: Bytes) -> Self {
        let (id, topic) = (Uuid::nil(), String::new());
        Self { id, topic, payload, traceparent: None, attempt: 1, unsettled: 0, expires_at: None }
    }

    /// What is published with the payload. The broker removes it from the queue it goes to after `removed_in` milliseconds.
    pub(super) fn properties(&self, removed_in: Option<i64>) -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert(ATTEMPT.into(), AMQPValue::LongLongInt(i64::from(self.attempt)));
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT.into(), AMQPValue::LongString(traceparent.as_str().into()));
        }
        if let Some(at) = self.expires_at {
            headers.insert(EXPIRES_AT.into(), AMQPValue::LongLongInt(at));
        }
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(self.id.to_string().into())
            .with_type(self.topic.as_str().into())
            .with_headers(headers);
        match removed_in {
            Some(millis) => {
                properties.with_expiration(millis.clamp(0, LONGEST_EXPIRY).to_string().into())
            }
            None => properties,
        }
    }

    /// The same for the next attempt.
    pub(super) fn again(&self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), unsettled: 0, ..self.clone() }
    }

    /// Milliseconds that are left of its time to live; 0 or less when it is over.
    pub(super) fn left(&self, now: i64) -> Option<i64> {
        self.expires_at.map(|at| at - now)
    }

    pub(super) fn message(&self, now: i64) -> Message {
        let left = self.left(now).map(|left| u64::try_from(left).unwrap_or(0));
        Message {
            id: self.id,
            topic: self.topic.clone(),
            payload: self.payload.clone(),
            traceparent: self.traceparent.clone(),
            ttl: left.map(Duration::from_millis),
        }
    }
}

fn integer(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::LongLongInt(number) => Some(*number),
        AMQPValue::LongInt(number) => Some(i64::from(*number)),
        AMQPValue::LongUInt(number) => Some(i64::from(*number)),
        AMQPValue::ShortInt(number) => Some(i64::from(*number)),
        AMQPValue::ShortUInt(number) => Some(i64::from(*number)),
        AMQPValue::ShortShortInt(number) => Some(i64::from(*number)),
        AMQPValue::ShortShortUInt(number) => Some(i64::from(*number)),
        _ => None,
    }
}
