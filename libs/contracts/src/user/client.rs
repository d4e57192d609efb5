use std::time::Duration;

use async_trait::async_trait;
use kernel::{UserId, WireError};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use super::TRACEPARENT;
use super::convert::{bytes, ids};
use crate::generated::user as wire;
use crate::generated::user::user_directory_client::UserDirectoryClient;
use crate::{DirectoryError, LiveDevice, Profile, PublicKey, Relations, UserDirectory};

/// How often an idle connection is tried, and how long the answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// The largest answer: all relations of somebody whom about 900 000 people block. Nothing else comes near it.
const ANSWER_BYTES: usize = 16 << 20;

/// The user service of another process.
#[derive(Debug, Clone)]
pub struct GrpcUserDirectory {
    client: UserDirectoryClient<Channel>,
    timeout: Duration,
}

impl GrpcUserDirectory {
    /// Connects to `url` (`http://host:port`) when first used and again whenever the connection is lost. No call takes
    /// longer than `timeout`, connecting included.
    pub fn connect_lazy(url: &str, timeout: Duration) -> Result<Self, DirectoryError> {
        let unusable = |error| DirectoryError::Unavailable(format!("{url} is not usable: {error}"));
        let channel = Endpoint::from_shared(url.to_owned())
            .map_err(unusable)?
            .connect_timeout(timeout)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .connect_lazy();
        let client = UserDirectoryClient::new(channel).max_decoding_message_size(ANSWER_BYTES);
        Ok(Self { client, timeout })
    }

    async fn answer<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, DirectoryError> {
        let answer = timeout(self.timeout, call).await.map_err(|_| {
            let millis = self.timeout.as_millis();
            DirectoryError::Unavailable(format!("no answer within {millis} ms"))
        })?;
        Ok(answer?.into_inner())
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        // The service, too, stops working on what nobody waits for any more.
        request.set_timeout(self.timeout);
        let trace = runtime::current_traceparent().and_then(|trace| trace.parse().ok());
        if let Some(trace) = trace {
            request.metadata_mut().insert(TRACEPARENT, trace);
        }
        request
    }
}

#[async_trait]
impl UserDirectory for GrpcUserDirectory {
    #[tracing::instrument(skip_all, fields(users = users.len()), err(level = "warn"))]
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, DirectoryError> {
        let user_ids = users.iter().copied().map(bytes).collect();
        let mut client = self.client.clone();
        let call = client.profiles(self.request(wire::ProfilesRequest { user_ids }));
        read_all(self.answer(call).await?.profiles)
    }

    #[tracing::instrument(skip_all, fields(users = users.len()), err(level = "warn"))]
    async fn live_devices(&self, users: &[UserId]) -> Result<Vec<LiveDevice>, DirectoryError> {
        let user_ids = users.iter().copied().map(bytes).collect();
        let mut client = self.client.clone();
        let call = client.live_devices(self.request(wire::LiveDevicesRequest { user_ids }));
        read_all(self.answer(call).await?.devices)
    }

    #[tracing::instrument(skip(self), err(level = "info"))]
    async fn may_talk(&self, from: UserId, to: UserId) -> Result<bool, DirectoryError> {
        let message = wire::MayTalkRequest { from_user_id: bytes(from), to_user_id: bytes(to) };
        let mut client = self.client.clone();
        let call = client.may_talk(self.request(message));
        Ok(self.answer(call).await?.allowed)
    }

    #[tracing::instrument(skip(self), err(level = "warn"))]
    async fn relations(&self, user: UserId) -> Result<Relations, DirectoryError> {
        let mut client = self.client.clone();
        let call = client.relations(self.request(wire::RelationsRequest { user_id: bytes(user) }));
        let answer = self.answer(call).await?;
        let read = |field, list: &[Vec<u8>]| ids(field, list).map_err(|error| senseless(&error));
        Ok(Relations {
            contacts: read("contactIds", &answer.contact_ids)?,
            blocked: read("blockedIds", &answer.blocked_ids)?,
            blocked_by: read("blockedByIds", &answer.blocked_by_ids)?,
        })
    }

    #[tracing::instrument(skip(self), err(level = "warn"))]
    async fn signing_keys(&self) -> Result<Vec<PublicKey>, DirectoryError> {
        let mut client = self.client.clone();
        let call = client.signing_keys(self.request(wire::SigningKeysRequest {}));
        read_all(self.answer(call).await?.keys)
    }
}

/// An answer that does not hold what it must counts as none.
fn read_all<W, T: TryFrom<W, Error = WireError>>(rows: Vec<W>) -> Result<Vec<T>, DirectoryError> {
    let rows: Result<Vec<T>, WireError> = rows.into_iter().map(T::try_from).collect();
    rows.map_err(|error| senseless(&error))
}

fn senseless(error: &WireError) -> DirectoryError {
    DirectoryError::Unavailable(format!("an answer that makes no sense: {error}"))
}
