//! The door for what other services tell: one instance takes each event, and passes on what all must know.

use std::sync::Arc;

use bus::{Consumer, Delivery, Settle};
use contracts::events::Event;
use kernel::{DeviceId, Timestamp, UserId};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::chat::Chat;
use crate::conversations::blocks;
use crate::delivery::devices;
use crate::delivery::store::Owner;

/// Takes events until told to stop.
pub async fn consume(chat: Arc<Chat>, mut consumer: Box<dyn Consumer>, stop: CancellationToken) {
    loop {
        let delivery = tokio::select! {
            () = stop.cancelled() => return,
            delivery = consumer.next() => delivery,
        };
        let Some(delivery) = delivery else { return };
        let span = tracing::info_span!(
            "event",
            topic = %delivery.message.topic,
            event_id = %delivery.message.id,
            trace_id = tracing::field::Empty
        );
        let trace = delivery.message.traceparent.clone().unwrap_or_default();
        runtime::continue_trace(&span, &trace);
        handle(&chat, delivery).instrument(span).await;
    }
}

async fn handle(chat: &Chat, delivery: Delivery) {
    let how = match Event::decode(&delivery.message.topic, &delivery.message.payload) {
        Ok(event) => act(chat, event).await,
        Err(error) => {
            tracing::error!(%error, "an event makes no sense and is set aside");
            Settle::Reject
        }
    };
    if let Err(error) = delivery.settle(how).await {
        tracing::warn!(%error, "an event will come again");
    }
}

/// First what decides who gets to see what, then that every instance looks at it again.
async fn block(
    chat: &Chat,
    (user, other): (UserId, UserId),
    stands: bool,
    at: Timestamp,
) -> anyhow::Result<()> {
    blocks::set(chat, (user, other), stands, at).await?;
    relate(chat, user, other).await
}

/// Every instance looks again at who may see whom of the two.
async fn relate(chat: &Chat, user: UserId, other: UserId) -> anyhow::Result<()> {
    Ok(chat.announcer.relations(user, other).await?)
}

async fn forget(chat: &Chat, user: UserId, device: DeviceId) -> anyhow::Result<()> {
    devices::forget_unless_live(chat, Owner { user, device }).await?;
    Ok(())
}

/// Everything here may be done twice.
async fn act(chat: &Chat, event: Event) -> Settle {
    let outcome = match event {
        Event::SessionRevoked(event) => {
            // First what closes sockets: it must not wait for the user service.
            if let Err(error) = chat.announcer.revoked(event.user, event.session).await {
                tracing::warn!(%error, "sockets of an ended session are not closed yet");
                return Settle::Retry;
            }
            forget(chat, event.user, event.device).await
        }
        Event::DeviceRemoved(event) => forget(chat, event.user, event.device).await,
        Event::UserUpdated(event) => {
            chat.announcer.profile(event.user).await;
            Ok(())
        }
        Event::UserBlocked(event) => block(chat, (event.user, event.other), true, event.at).await,
        Event::UserUnblocked(event) => {
            block(chat, (event.user, event.other), false, event.at).await
        }
        Event::ContactChanged(event) => relate(chat, event.user, event.other).await,
        Event::SendOtp(_) => return Settle::Reject,
    };
    match outcome {
        Ok(()) => {
            tracing::info!("event handled");
            Settle::Done
        }
        Err(error) => {
            tracing::warn!(%error, "an event could not be handled yet");
            Settle::Retry
        }
    }
}
