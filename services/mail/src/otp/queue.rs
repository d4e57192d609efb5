//! The door for codes that are to be mailed.

use std::sync::Arc;

use bus::{Consumer, Delivery, Settle};
use contracts::events::Event;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::send::{Mailer, Outcome};

/// Sends codes, one after the other, until told to stop; the one in hand is finished first.
pub(crate) async fn consume(
    mailer: Arc<Mailer>,
    mut consumer: Box<dyn Consumer>,
    stop: CancellationToken,
) {
    loop {
        let delivery = tokio::select! {
            () = stop.cancelled() => return,
            delivery = consumer.next() => delivery,
        };
        let Some(delivery) = delivery else { return };
        let span = tracing::info_span!(
            "mail",
            topic = %delivery.message.topic,
            event_id = %delivery.message.id,
            attempt = delivery.attempt,
            trace_id = tracing::field::Empty
        );
        let trace = delivery.message.traceparent.clone().unwrap_or_default();
        runtime::continue_trace(&span, &trace);
        handle(&mailer, delivery).instrument(span).await;
    }
}

async fn handle(mailer: &Mailer, delivery: Delivery) {
    let message = &delivery.message;
    let how = match Event::decode(&message.topic, &message.payload) {
        Ok(Event::SendOtp(otp)) => match mailer.send(message.id, &otp).await {
            Ok(Outcome::Sent) => {
                tracing::info!("code mailed");
                Settle::Done
            }
            Ok(Outcome::Expired) => {
                tracing::info!("a code expired before it could be mailed");
                Settle::Done
            }
            Err(error) if error.is_temporary() => {
                tracing::warn!(%error, "a code could not be mailed yet");
                Settle::Retry
            }
            Err(error) => {
                tracing::error!(%error, "a code cannot be mailed and is set aside");
                Settle::Reject
            }
        },
        Ok(_) => {
            tracing::error!("an event that is not for this service is set aside");
            Settle::Reject
        }
        Err(error) => {
            tracing::error!(%error, "an event makes no sense and is set aside");
            Settle::Reject
        }
    };
    if let Err(error) = delivery.settle(how).await {
        tracing::warn!(%error, "a code will be mailed again");
    }
}
