//! Opens a person's own conversation, which exists once.

use kernel::{ConversationId, DeviceId, UserId};
use uuid::Uuid;

use crate::chat::Chat;
use crate::conversations::create::new_epoch;
use crate::conversations::store::{NewConversation, Party};
use crate::conversations::{Kind, Retention, Role};
use crate::store::StoreError;

/// Makes ids of people's own conversations; never changes, or people would get a second one.
const OWN: Uuid = Uuid::from_u128(0x2c8e_91d4_57b0_5a63_8f1d_06a9_c4e7_b352);

/// The id of the person's own conversation.
pub fn id(user: UserId) -> ConversationId {
    ConversationId::from_uuid(Uuid::new_v5(&OWN, user.uuid().as_bytes()))
}

/// Sees to it that the person has a conversation of their own, in which their live devices have cursors. `device` is one
/// that is known to be live.
pub async fn ensure(
    chat: &Chat,
    user: UserId,
    device: Option<DeviceId>,
) -> Result<ConversationId, StoreError> {
    let id = id(user);
    if chat.conversations.get(id).await?.is_some() {
        return Ok(id);
    }
    let new = NewConversation {
        id,
        kind: Kind::Own,
        title: None,
        maker: None,
        parties: vec![Party {
            user,
            role: Role::Owner,
            devices: live_devices(chat, user, device).await,
        }],
        retention: Retention::Relay,
        epoch: new_epoch(&*chat.random),
        now: chat.clock.now(),
    };
    if chat.conversations.create(&new).await? {
        chat.announcer.added(user, id).await;
        metrics::counter!("conversations_created_total", "kind" => "self").increment(1);
        tracing::info!(user_id = %user, "a person's own conversation opened");
    }
    Ok(id)
}

/// While the user service is out of reach the person's other devices start when they register, at the floor. Without any
/// device a placeholder holds the floor until then.
async fn live_devices(chat: &Chat, user: UserId, device: Option<DeviceId>) -> Vec<DeviceId> {
    let live = chat.people.live_devices(&[user]).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "devices that are not registered yet are not waited for");
        Vec::new()
    });
    let mut devices: Vec<DeviceId> = live.into_iter().map(|owner| owner.device).collect();
    devices.extend(device.filter(|device| !devices.contains(device)));
    devices
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};

    use super::*;

    #[test]
    fn everybody_has_one_of_their_own() {
        let random = SeededRandom::new(3);
        let person = || UserId::new_v7(Timestamp::from_millis(1), &random);
        let (ann, bob) = (person(), person());
        assert_eq!(id(ann), id(ann));
        assert_ne!(id(ann), id(bob));
        assert_eq!(id(ann).uuid().get_version_num(), 5);
    }
}
