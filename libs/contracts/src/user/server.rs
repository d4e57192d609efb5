use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, async_trait};
use tracing::Span;
use tracing::field::Empty;

use super::TRACEPARENT;
use super::convert::{all_bytes, id, ids};
use crate::generated::user as wire;
use crate::generated::user::user_directory_server as generated;
use crate::{DirectoryError, UserDirectory};

/// Answers calls on `listener` from `directory` until `stop`; calls under way are finished.
pub async fn serve_user_directory(
    directory: Arc<dyn UserDirectory>,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .trace_fn(span)
        .add_service(generated::UserDirectoryServer::new(Door { directory }))
        .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
        .await
}

/// One span for each call, in the caller's trace.
fn span(request: &tonic::codegen::http::Request<()>) -> Span {
    let method = request.uri().path();
    let span = tracing::info_span!("grpc", method, trace_id = Empty);
    let caller = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    runtime::continue_trace(&span, caller.unwrap_or_default());
    span.in_scope(|| tracing::info!("asked"));
    span
}

struct Door {
    directory: Arc<dyn UserDirectory>,
}

#[async_trait]
impl generated::UserDirectory for Door {
    async fn profiles(
        &self,
        request: Request<wire::ProfilesRequest>,
    ) -> Result<Response<wire::ProfilesResponse>, Status> {
        let users = ids("userIds", &request.get_ref().user_ids).map_err(DirectoryError::from)?;
        let found = self.directory.profiles(&users).await?;
        let profiles = found.into_iter().map(Into::into).collect();
        Ok(Response::new(wire::ProfilesResponse { profiles }))
    }

    async fn live_devices(
        &self,
        request: Request<wire::LiveDevicesRequest>,
    ) -> Result<Response<wire::LiveDevicesResponse>, Status> {
        let users = ids("userIds", &request.get_ref().user_ids).map_err(DirectoryError::from)?;
        let found = self.directory.live_devices(&users).await?;
        let devices = found.into_iter().map(Into::into).collect();
        Ok(Response::new(wire::LiveDevicesResponse { devices }))
    }

    async fn may_talk(
        &self,
        request: Request<wire::MayTalkRequest>,
    ) -> Result<Response<wire::MayTalkResponse>, Status> {
        let asked = request.get_ref();
        let from = id("fromUserId", &asked.from_user_id).map_err(DirectoryError::from)?;
        let to = id("toUserId", &asked.to_user_id).map_err(DirectoryError::from)?;
        let allowed = self.directory.may_talk(from, to).await?;
        Ok(Response::new(wire::MayTalkResponse { allowed }))
    }

    async fn relations(
        &self,
        request: Request<wire::RelationsRequest>,
    ) -> Result<Response<wire::RelationsResponse>, Status> {
        let user = id("userId", &request.get_ref().user_id).map_err(DirectoryError::from)?;
        let found = self.directory.relations(user).await?;
        Ok(Response::new(wire::RelationsResponse {
            contact_ids: all_bytes(&found.contacts),
            blocked_ids: all_bytes(&found.blocked),
            blocked_by_ids: all_bytes(&found.blocked_by),
        }))
    }

    async fn signing_keys(
        &self,
        _: Request<wire::SigningKeysRequest>,
    ) -> Result<Response<wire::SigningKeysResponse>, Status> {
        let keys = self.directory.signing_keys().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(wire::SigningKeysResponse { keys }))
    }
}
