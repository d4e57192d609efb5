use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use kernel::{ErrorCode, WireError};

use crate::WebError;
use crate::site::site;

/// Read and thrown away above the limit, so that the client is still listening when it is told.
const DRAIN_BYTES: usize = 2 * 1_024 * 1_024;
/// A body that takes longer is refused: somebody is holding the connection.
const DEADLINE: Duration = Duration::from_secs(30);

/// Reads the body before anything else is done with the request, so that every refusal finds the client done with sending.
/// Uploads (multipart) are read by their handlers, which have limits of their own.
pub(crate) async fn read_first(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !has_body(&request) || request.content_type().starts_with("multipart/") {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let limit = site(request.request())?.body_limit;
    match collect(request.take_payload(), limit).await {
        Ok(body) => {
            let payload = Box::pin(stream::iter([Ok(body)]));
            request.set_payload(Payload::Stream { payload });
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(error) => {
            let mut response = WebError(error).error_response();
            response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
            Ok(request.into_response(response))
        }
    }
}

fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let sends = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    sends && !request.head().upgrade()
}

/// The whole body, if it is within the limit.
pub(crate) async fn collect(payload: Payload, limit: usize) -> Result<Bytes, WireError> {
    tokio::time::timeout(DEADLINE, read(payload, limit)).await.unwrap_or_else(|_| {
        Err(WireError::invalid("body", "did not arrive in time; send it without pauses"))
    })
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, WireError> {
    let mut body = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| WireError::invalid("body", "was cut off"))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            body.extend_from_slice(&chunk);
        } else {
            body.clear();
        }
        if seen > limit.saturating_add(DRAIN_BYTES) {
            break;
        }
    }
    if seen > limit {
        let message = format!("the body is larger than {limit} bytes; send less at once");
        return Err(WireError::new(ErrorCode::PayloadTooLarge, message));
    }
    Ok(body.freeze())
}
