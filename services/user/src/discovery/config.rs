use serde::Serialize;
use settings::Settings;
use utoipa::ToSchema;

use crate::profiles;

/// The version of the wire contract.
const VERSION: u32 = 1;

/// Limits and features. Clients pass over what they do not know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientConfig {
    /// The wire version; also `v` in a socket's `auth`.
    v: u32,
    /// How log-in behaves.
    login: LoginConfig,
    /// What is refused above.
    limits: ClientLimits,
    /// What is there.
    features: Features,
    /// For Web Push; null while there is none.
    push_key: Option<String>,
}

/// How log-in behaves. Seconds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LoginConfig {
    /// How long a code is good.
    code_expires_in: u64,
    /// How long an access token is good.
    access_expires_in: u64,
    /// Tries that one code allows.
    tries: u32,
}

/// What is refused above.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClientLimits {
    /// Code points of a message.
    text_chars: usize,
    /// Bytes of one frame to the socket.
    frame_bytes: usize,
    /// Bytes of one request body.
    body_bytes: usize,
    /// Conversations of one person.
    conversations: u32,
    /// Sockets of one person.
    sockets: usize,
    /// Sends a second on average.
    sends_per_second: u32,
    /// Sends at once.
    sends_burst: u32,
    /// Seconds that undelivered content is kept.
    content_kept: u64,
    /// Code points of a name.
    name_chars: usize,
    /// Characters of a username, at most.
    username_chars: usize,
    /// Code points of words about oneself.
    bio_chars: usize,
    /// Code points that a search needs.
    search_chars: usize,
}

/// What is there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Features {
    /// Log-in with a password.
    password: bool,
    /// Uploads.
    attachments: bool,
    /// Web Push.
    push: bool,
}

/// What a client must know of these settings.
pub(super) fn client_config(settings: &Settings) -> ClientConfig {
    let (login, chat) = (&settings.user.login, &settings.chat);
    ClientConfig {
        v: VERSION,
        login: LoginConfig {
            code_expires_in: login.code_ttl_s,
            access_expires_in: settings.tokens.access_ttl_s,
            tries: login.tries_per_challenge,
        },
        limits: ClientLimits {
            text_chars: chat.limits.text_chars,
            frame_bytes: chat.limits.frame_bytes,
            body_bytes: settings.server.body_limit_bytes,
            conversations: chat.limits.conversations_per_person,
            sockets: chat.limits.sockets_per_person,
            sends_per_second: chat.limits.sends_per_second,
            sends_burst: chat.limits.sends_burst,
            content_kept: chat.delivery.cap_s,
            name_chars: profiles::NAME,
            username_chars: *profiles::USERNAME.end(),
            bio_chars: profiles::BIO,
            search_chars: profiles::SHORTEST,
        },
        features: Features { password: false, attachments: false, push: false },
        push_key: None,
    }
}
