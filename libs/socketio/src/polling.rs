//! A session over requests: a GET takes what is queued, or waits for it; a POST brings what the client says.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header;
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::time::{sleep, timeout};

use crate::CloseReason;
use crate::codec::engine::{self, Part};
use crate::engine::Shared;
use crate::http::Refused;
use crate::keeper;
use crate::link::Link;
use crate::machine::transport;
use crate::queue::{Polled, Queue};

/// How long a GET waits while a websocket is being tried: the client changes over when it comes back.
const PROBING: Duration = Duration::from_millis(50);

/// Begins a session.
pub(crate) fn open(shared: &Shared, link: &Arc<Link>) -> HttpResponse {
    keeper::keep(link);
    let sid = link.sid.written(&shared.config.instance);
    answer(Delivery::new(&link.queue, engine::open(&sid, &["websocket"], &shared.config)))
}

/// A GET.
pub(crate) async fn poll(link: &Link) -> Result<HttpResponse, Refused> {
    let probing = begin(link, link.queue.begin_poll())?;
    let waiting = Waiting(Some(&link.queue));
    let polled = tokio::select! {
        biased;
        polled = poll_fn(|context| link.queue.poll_packets(context)) => polled,
        () = sleep(PROBING), if probing => Polled::Packets(Bytes::from_static(engine::NOOP)),
    };
    waiting.end();
    match polled {
        Polled::Packets(packets) => {
            let bytes = u64::try_from(packets.len()).unwrap_or(u64::MAX);
            metrics::counter!("socket_bytes_out").increment(bytes);
            Ok(answer(Delivery::new(&link.queue, packets)))
        }
        Polled::Moved => Err(Refused::BadRequest),
        Polled::Gone => Err(Refused::UnknownSession),
    }
}

/// A POST.
pub(crate) async fn post(link: &Arc<Link>, payload: Payload) -> Result<HttpResponse, Refused> {
    begin(link, link.queue.begin_post())?;
    let _posting = Posting(&link.queue);
    let heard = tokio::select! {
        biased;
        heard = hear(link, payload) => heard,
        reason = link.queue.closing() => Err(reason),
    };
    match heard {
        Ok(()) => Ok(HttpResponse::Ok().content_type("text/html").body("ok")),
        Err(reason) => {
            link.queue.close(reason);
            match reason {
                CloseReason::ClientClosed => {
                    Ok(HttpResponse::Ok().content_type("text/html").body("ok"))
                }
                CloseReason::TooLarge => Err(Refused::TooLarge),
                _ => Err(Refused::BadRequest),
            }
        }
    }
}

/// A client that has two requests of a kind under way breaks the protocol.
fn begin<T>(link: &Link, begun: Result<T, transport::Refused>) -> Result<T, Refused> {
    begun.map_err(|refused| {
        if refused == transport::Refused::Overlap {
            link.queue.close(CloseReason::ProtocolError);
        }
        Refused::BadRequest
    })
}

async fn hear(link: &Arc<Link>, payload: Payload) -> Result<(), CloseReason> {
    let config = &link.shared.config;
    let body = timeout(config.body_timeout, read(payload, config.max_payload_bytes))
        .await
        .unwrap_or(Err(CloseReason::ProtocolError))?;
    for part in engine::parts(&body) {
        match part.ok_or(CloseReason::ProtocolError)? {
            Part::Text(text) => link.text(&text).await?,
            Part::Binary(bytes) => link.binary(bytes)?,
        }
    }
    Ok(())
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, CloseReason> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| CloseReason::TransportClosed)?;
        if body.len() + chunk.len() > limit {
            return Err(CloseReason::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn answer(delivery: Delivery) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=UTF-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(delivery)
}

/// A GET that waits. If its client goes, what it would have taken would be lost with the next: the session ends.
struct Waiting<'a>(Option<&'a Queue>);

impl Waiting<'_> {
    fn end(mut self) {
        if let Some(queue) = self.0.take() {
            queue.end_poll();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.end_poll();
            queue.close(CloseReason::TransportClosed);
        }
    }
}

struct Posting<'a>(&'a Queue);

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.0.end_post();
    }
}

/// Packets on their way in an answer. If nobody takes them the session ends: they are not in the queue any more.
struct Delivery {
    queue: Arc<Queue>,
    packets: Option<Bytes>,
}

impl Delivery {
    fn new(queue: &Arc<Queue>, packets: Bytes) -> Self {
        Self { queue: Arc::clone(queue), packets: Some(packets) }
    }
}

impl MessageBody for Delivery {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        let bytes = self.packets.as_ref().map_or(0, Bytes::len);
        BodySize::Sized(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(self.packets.take().map(Ok))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if self.packets.is_some() {
            self.queue.close(CloseReason::TransportClosed);
        }
    }
}
