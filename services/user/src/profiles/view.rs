use contracts::Profile;
use kernel::{Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// What everybody may know of a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView {
    /// Who.
    #[schema(value_type = String, format = Uuid)]
    id: UserId,
    /// Null until they choose one; never derived from the address.
    name: Option<String>,
    /// Null until they choose one; unique, lower case.
    username: Option<String>,
    /// A few words about themself.
    bio: Option<String>,
    /// Where their picture is.
    avatar_url: Option<String>,
    /// When they first logged in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Profile> for UserView {
    fn from(profile: Profile) -> Self {
        Self {
            id: profile.id,
            name: profile.name,
            username: profile.username,
            bio: profile.bio,
            avatar_url: profile.avatar_url,
            created_at: profile.created_at,
        }
    }
}
