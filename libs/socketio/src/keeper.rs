//! Keeps one session: minds its deadlines and ends it, whatever carries it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use tokio::time::{Instant, sleep_until, timeout};

use crate::CloseReason;
use crate::link::{Link, Stay};
use crate::queue::Call;

/// The keeper's place in a session. However it goes, the service hears that the session ended.
pub(crate) struct Seat(Stay);

impl Seat {
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        Self(Stay::new(link))
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        self.0.link()
    }

    /// Minds the deadlines until the session is to end. Answers why.
    pub(crate) async fn mind(&self) -> CloseReason {
        let link = self.link();
        let mut alarm = std::pin::pin!(sleep_until(link.set_alarm()));
        loop {
            tokio::select! {
                biased;
                call = link.queue.called() => match call {
                    Call::Close(reason) => return reason,
                    Call::Part(ids) => link.part(ids),
                    Call::Rethink => {}
                },
                () = &mut alarm => {
                    if let Some(reason) = link.tick(Instant::now()) {
                        return reason;
                    }
                }
            }
            let deadline = link.set_alarm();
            if deadline != alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
        }
    }

    /// Says goodbye and gives the place up; a client that has to fetch the goodbye is waited for.
    pub(crate) async fn leave(self, reason: CloseReason, patience: Option<Duration>) {
        let link = self.link();
        link.end(reason);
        tracing::debug!(%reason, "session closed");
        if let Some(patience) = patience.filter(|_| reason.is_told()) {
            // Whoever does not fetch it in time has lost the connection.
            let _ = timeout(patience, link.queue.spent()).await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Only a handler that panicked, or the end of the process, leaves the session open.
        self.link().queue.close(CloseReason::Internal);
        self.link().end(self.link().queue.reason().unwrap_or(CloseReason::Internal));
        self.link().shared.registry.unlist(self.link());
    }
}

/// Keeps a session of long polling. It goes on when a websocket carries the session.
pub(crate) fn keep(link: &Arc<Link>) {
    let seat = Seat::new(link);
    rt::spawn(async move {
        let reason = seat.mind().await;
        let patience = seat.link().shared.config.farewell_timeout;
        seat.leave(reason, Some(patience)).await;
    });
}
