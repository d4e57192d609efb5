//! Groups: made, changed, left, removed.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, ErrorCode, PageLimit, UserId, WireError};
use serde_json::{Value, json};

use super::place::Place;
use crate::conversations::create_group::{NewGroup, create_group};
use crate::conversations::error::ConversationError;
use crate::conversations::people::{add, leave, list, remove, roles};
use crate::conversations::view::{self, ConversationView};
use crate::conversations::{Kind, Retention, Role, delete, rename};
use crate::log::entry::{Entry, EntryType};

impl Place {
    pub fn new_group(&self, title: &str, others: &[&Identity]) -> NewGroup {
        NewGroup {
            id: ConversationId::from_uuid(self.entry_id().uuid()),
            title: title.to_owned(),
            members: others.iter().map(|other| other.user).collect(),
            retention: Retention::Relay,
        }
    }

    /// A group that the first one owns.
    pub async fn group(&self, owner: &Identity, others: &[&Identity]) -> ConversationId {
        let group = self.new_group("Choir", others);
        create_group(&self.chat, owner, group).await.unwrap().conversation.id
    }

    pub async fn bring(&self, by: &Identity, id: ConversationId, who: &[&Identity]) -> Vec<Entry> {
        let users: Vec<UserId> = who.iter().map(|who| who.user).collect();
        add::add(&self.chat, by, id, &users, self.entry_id()).await.unwrap()
    }

    pub async fn role(&self, by: &Identity, id: ConversationId, who: &Identity, role: Role) {
        let key = self.entry_id();
        roles::set_role(&self.chat, by, id, (who.user, role), key).await.unwrap();
    }

    pub async fn data(&self, id: ConversationId) -> Vec<Value> {
        let entries = self.chat.log.entries(id, 0, 1_000).await.unwrap();
        let data = |entry: &Entry| {
            entry.data.as_deref().map(|data| serde_json::from_str(data.get()).unwrap())
        };
        entries.iter().map(|entry| data(entry).unwrap_or_default()).collect()
    }

    /// Whether the conversation is in the person's list.
    pub async fn lists(&self, who: &Identity, id: ConversationId) -> bool {
        let ids = self.chat.conversations.conversations_of(who.user, 10).await.unwrap();
        ids.contains(&id)
    }

    async fn see(
        &self,
        who: &Identity,
        id: ConversationId,
    ) -> Result<ConversationView, ConversationError> {
        view::of(&self.chat, who.user, id).await
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, ConversationError>) -> ErrorCode {
    WireError::from(outcome.unwrap_err()).code
}

#[tokio::test]
async fn a_group_is_made_once_under_its_id() {
    let place = Place::new().await;
    let (ann, bob, cid) = (place.person(), place.person(), place.person());
    let group = place.new_group("  Choir ", &[&bob, &cid, &bob, &ann]);
    let made = create_group(&place.chat, &ann, group.clone()).await.unwrap();
    assert!(made.created);
    let view = made.conversation;
    assert_eq!((view.id, view.kind, view.title.as_deref()), (group.id, Kind::Group, Some("Choir")));
    assert_eq!(
        (view.member_count, view.members.len(), view.head.seq, view.head.count),
        (3, 3, 1, 0)
    );
    let owners = view.members.iter().filter(|member| member.role == Role::Owner);
    assert_eq!(owners.map(|member| member.user.id).collect::<Vec<_>>(), [ann.user]);
    assert_eq!(place.data(group.id).await, [json!({ "title": "Choir" })]);

    let again = create_group(&place.chat, &ann, group.clone()).await.unwrap();
    assert!(!again.created && again.conversation.id == group.id);
    let other = NewGroup { title: "Band".to_owned(), ..group.clone() };
    assert_eq!(code(create_group(&place.chat, &ann, other).await), ErrorCode::Conflict);
    assert_eq!(code(create_group(&place.chat, &bob, group).await), ErrorCode::Conflict);
    assert_eq!(place.data(view.id).await.len(), 1);
}

#[tokio::test]
async fn a_group_that_cannot_be_is_refused() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let group = place.new_group("Choir", &[&bob]);
    let v4 = "7b1c8a52-9a0d-4f6e-8d2c-0a1b2c3d4e5f".parse().unwrap();
    for bad in [
        NewGroup { id: v4, ..group.clone() },
        NewGroup { title: " ".to_owned(), ..group.clone() },
        NewGroup { title: "a\0b".to_owned(), ..group.clone() },
        NewGroup { title: "é".repeat(101), ..group.clone() },
        NewGroup {
            members: (0..1_000).map(|_| UserId::from_uuid(place.entry_id().uuid())).collect(),
            ..group.clone()
        },
    ] {
        assert_eq!(code(create_group(&place.chat, &ann, bad).await), ErrorCode::ValidationError);
    }
    let stranger = UserId::from_uuid(place.entry_id().uuid());
    let unknown = NewGroup { members: vec![bob.user, stranger], ..group.clone() };
    assert_eq!(code(create_group(&place.chat, &ann, unknown).await), ErrorCode::NotFound);
    assert_eq!(code(place.see(&ann, group.id).await), ErrorCode::NotFound);
    create_group(&place.chat, &ann, NewGroup { title: "é".repeat(100), ..group }).await.unwrap();
}

#[tokio::test]
async fn who_is_brought_in_is_there_and_a_retry_brings_nobody_twice() {
    let place = Place::new().await;
    let (ann, bob, cid, dan) = (place.person(), place.person(), place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    let key = place.entry_id();
    let users = [cid.user, dan.user, bob.user];
    let entries = add::add(&place.chat, &ann, choir, &users, key).await.unwrap();
    assert_eq!(entries.len(), 2, "bob was there");
    let entry = entries
        .iter()
        .find(|entry| entry.data.as_ref().unwrap().get().contains(&cid.user.to_string()));
    let told: Value = serde_json::from_str(entry.unwrap().data.as_ref().unwrap().get()).unwrap();
    let expected = json!({ "op": "joined", "userId": cid.user, "role": "member", "by": ann.user });
    assert_eq!((entry.unwrap().event(), told), ("participant:joined", expected));
    assert_eq!(place.see(&cid, choir).await.unwrap().member_count, 4);
    place.say(&cid, choir, "hello").await;

    let again = add::add(&place.chat, &ann, choir, &users, key).await.unwrap();
    assert_eq!(
        again.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
    );
    // A retry does not bring back who was sent away since.
    remove::remove(&place.chat, &ann, choir, cid.user, place.entry_id()).await.unwrap();
    add::add(&place.chat, &ann, choir, &users, key).await.unwrap();
    assert_eq!(code(place.see(&cid, choir).await), ErrorCode::NotFound);
    let other = add::add(&place.chat, &ann, choir, &[dan.user], key).await;
    assert_eq!(code(other), ErrorCode::Conflict);
    assert_eq!(place.data(choir).await.len(), 5);
}

#[tokio::test]
async fn people_come_in_pages() {
    let place = Place::new().await;
    let people: Vec<Identity> = (0..7).map(|_| place.person()).collect();
    let choir = place.group(&people[0], &people[1..].iter().collect::<Vec<_>>()).await;
    let (mut cursor, mut seen) = (None::<String>, Vec::new());
    loop {
        let limit = PageLimit::new(Some(3)).unwrap();
        let page =
            list::people(&place.chat, &people[2], choir, cursor.as_deref(), limit).await.unwrap();
        assert!(page.data.len() <= 3);
        seen.extend(page.data.into_iter().map(|member| member.user.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let mut all: Vec<UserId> = people.iter().map(|person| person.user).collect();
    all.sort_unstable();
    assert_eq!(seen, all);
    let stranger = place.person();
    let refused = list::people(&place.chat, &stranger, choir, None, PageLimit::default()).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    let nonsense =
        list::people(&place.chat, &people[0], choir, Some("x"), PageLimit::default()).await;
    assert_eq!(code(nonsense), ErrorCode::ValidationError);
}

#[tokio::test]
async fn each_may_do_what_their_role_says() {
    let place = Place::new().await;
    let [owner, admin, member, other, new] = [(); 5].map(|()| place.person());
    let choir = place.group(&owner, &[&admin, &member, &other]).await;
    place.role(&owner, choir, &admin, Role::Admin).await;
    let chat = &place.chat;
    let key = || place.entry_id();
    let forbidden = ErrorCode::Forbidden;
    assert_eq!(code(add::add(chat, &member, choir, &[new.user], key()).await), forbidden);
    assert_eq!(code(add::add(chat, &member, choir, &[other.user], key()).await), forbidden);
    assert_eq!(code(remove::remove(chat, &member, choir, other.user, key()).await), forbidden);
    assert_eq!(code(remove::remove(chat, &admin, choir, owner.user, key()).await), forbidden);
    assert_eq!(code(rename::rename(chat, &member, choir, "x", key()).await), forbidden);
    assert_eq!(code(delete::delete(chat, &admin, choir, key()).await), forbidden);
    let set = async |by: &Identity, who: &Identity, role| {
        roles::set_role(chat, by, choir, (who.user, role), key()).await
    };
    assert_eq!(code(set(&admin, &member, Role::Admin).await), forbidden);
    assert_eq!(code(set(&owner, &owner, Role::Member).await), ErrorCode::ValidationError);
    assert_eq!(code(set(&owner, &new, Role::Admin).await), ErrorCode::NotFound);
    assert!(set(&owner, &admin, Role::Admin).await.unwrap().is_none(), "it is so already");

    assert_eq!(add::add(chat, &admin, choir, &[new.user], key()).await.unwrap().len(), 1);
    remove::remove(chat, &admin, choir, other.user, key()).await.unwrap();
    rename::rename(chat, &admin, choir, "Band", key()).await.unwrap();
    assert_eq!(place.see(&member, choir).await.unwrap().title.as_deref(), Some("Band"));
    set(&owner, &member, Role::Owner).await.unwrap();
    set(&owner, &owner, Role::Member).await.unwrap();
    assert_eq!(code(remove::remove(chat, &owner, choir, new.user, key()).await), forbidden);
    remove::remove(chat, &member, choir, admin.user, key()).await.unwrap();
    assert_eq!(place.see(&member, choir).await.unwrap().member_count, 3);
}

#[tokio::test]
async fn nobody_leaves_a_direct_conversation() {
    let place = Place::new().await;
    let (ann, bob, cid) = (place.person(), place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let (chat, key) = (&place.chat, || place.entry_id());
    let forbidden = ErrorCode::Forbidden;
    assert_eq!(code(leave::leave(chat, &ann, talk, key()).await), forbidden);
    assert_eq!(code(remove::remove(chat, &ann, talk, bob.user, key()).await), forbidden);
    assert_eq!(code(add::add(chat, &ann, talk, &[cid.user], key()).await), forbidden);
    assert_eq!(code(rename::rename(chat, &ann, talk, "x", key()).await), forbidden);
    assert_eq!(code(delete::delete(chat, &ann, talk, key()).await), forbidden);
    assert_eq!(code(delete::delete(chat, &cid, talk, key()).await), ErrorCode::NotFound);
}

#[tokio::test]
async fn the_last_owner_is_followed_by_an_admin_then_by_who_is_there_longest() {
    let place = Place::new().await;
    let [owner, first, second] = [(); 3].map(|()| place.person());
    let choir = place.group(&owner, &[]).await;
    for who in [&first, &second] {
        place.clock.advance(Duration::from_secs(1));
        place.bring(&owner, choir, &[who]).await;
    }
    place.role(&owner, choir, &second, Role::Admin).await;
    let role = async |who: &Identity| {
        place.chat.conversations.member(choir, who.user).await.unwrap().map(|member| member.role)
    };
    let (key, again) = (place.entry_id(), place.entry_id());
    leave::leave(&place.chat, &owner, choir, key).await.unwrap();
    assert_eq!(
        (role(&owner).await, role(&first).await, role(&second).await),
        (None, Some(Role::Member), Some(Role::Owner))
    );
    let told = place.data(choir).await;
    assert_eq!(told[told.len() - 2]["op"], "role");
    assert_eq!(
        (&told[told.len() - 1]["op"], &told[told.len() - 1]["role"]),
        (&json!("left"), &json!("owner"))
    );
    assert_eq!(leave::leave(&place.chat, &owner, choir, key).await.unwrap().id, key, "a retry");
    assert_eq!(code(leave::leave(&place.chat, &owner, choir, again).await), ErrorCode::NotFound);
    leave::leave(&place.chat, &second, choir, place.entry_id()).await.unwrap();
    assert_eq!(role(&first).await, Some(Role::Owner));
    place.say(&first, choir, "alone").await;
    leave::leave(&place.chat, &first, choir, place.entry_id()).await.unwrap();
    assert!(place.chat.conversations.get(choir).await.unwrap().is_none(), "nobody is left");
    assert!(
        place
            .chat
            .log
            .entries(choir, 0, 100)
            .await
            .unwrap()
            .iter()
            .all(|entry| entry.data.is_none())
    );
}

#[tokio::test]
async fn a_removed_group_is_gone_for_all_and_so_is_its_content() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    place.say(&bob, choir, "a secret").await;
    let key = place.entry_id();
    delete::delete(&place.chat, &ann, choir, key).await.unwrap();
    assert_eq!(delete::delete(&place.chat, &ann, choir, key).await.unwrap().id, key, "a retry");
    for who in [&ann, &bob] {
        assert_eq!(code(place.see(who, choir).await), ErrorCode::NotFound);
        assert!(!place.lists(who, choir).await);
        let late = place.send(who, choir, place.entry_id(), "late").await;
        assert_eq!(WireError::from(late.unwrap_err()).code, ErrorCode::NotFound);
    }
    let entries = place.chat.log.entries(choir, 0, 100).await.unwrap();
    assert!(entries.len() == 3 && entries.iter().all(|entry| entry.data.is_none()));
    assert_eq!(place.chat.delivery.progress(choir).await.unwrap(), None);
    let again = NewGroup { id: choir, ..place.new_group("Choir", &[&bob]) };
    assert_eq!(code(create_group(&place.chat, &ann, again).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_title_is_an_entry_and_its_retry_the_same() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    let key = place.entry_id();
    let entry = rename::rename(&place.chat, &ann, choir, " Band ", key).await.unwrap();
    assert_eq!(
        (entry.id, entry.kind, entry.event()),
        (key, EntryType::Conversation, "conversation:updated")
    );
    rename::rename(&place.chat, &ann, choir, "Duo", place.entry_id()).await.unwrap();
    assert_eq!(rename::rename(&place.chat, &ann, choir, "Band", key).await.unwrap().seq, entry.seq);
    assert_eq!(
        place.see(&bob, choir).await.unwrap().title.as_deref(),
        Some("Duo"),
        "a retry renames nothing"
    );
    assert_eq!(
        code(rename::rename(&place.chat, &ann, choir, "Trio", key).await),
        ErrorCode::Conflict
    );
    let titles: Vec<_> =
        place.data(choir).await.into_iter().map(|data| data["title"].clone()).collect();
    assert_eq!(titles, ["Choir", "Band", "Duo"]);
}

#[tokio::test]
async fn content_that_only_a_former_member_lacked_goes_at_once() {
    let place = Place::new().await;
    let [ann, bob, cid] = [(); 3].map(|()| place.person());
    let choir = place.group(&ann, &[&bob, &cid]).await;
    place.say(&ann, choir, "hello").await;
    for who in [&ann, &bob] {
        place.stored(who, choir, 2).await.unwrap();
    }
    assert_eq!(place.contents(choir).await, [true, true], "cid has not stored it");
    remove::remove(&place.chat, &ann, choir, cid.user, place.entry_id()).await.unwrap();
    assert_eq!(place.contents(choir).await, [false, false, true]);
}

#[tokio::test]
async fn a_group_has_a_limit_of_people_and_a_person_of_conversations() {
    let place = Place::with(|settings| {
        settings.limits.group_members = 3;
        settings.limits.conversations_per_person = 2;
    })
    .await;
    let [ann, bob, cid, dan] = [(); 4].map(|()| place.person());
    let choir = place.group(&ann, &[&bob]).await;
    let full = add::add(&place.chat, &ann, choir, &[cid.user, dan.user], place.entry_id()).await;
    assert_eq!(code(full), ErrorCode::ValidationError);
    place.bring(&ann, choir, &[&cid]).await;
    let band = place.group(&ann, &[&cid]).await;
    let third = create_group(&place.chat, &dan, place.new_group("Duo", &[&cid])).await;
    assert_eq!(code(third), ErrorCode::ValidationError);
    leave::leave(&place.chat, &cid, band, place.entry_id()).await.unwrap();
    place.group(&dan, &[&cid]).await;
}
