//! Who may write and read while people come and go, and what is left when a call dies half-way.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, ErrorCode, WireError};
use serde_json::json;

use super::place::Place;
use crate::conversations::Role;
use crate::conversations::changes::store::{Begun, Change, Fate, Op, Turn};
use crate::conversations::people::{add, leave, remove, roles};
use crate::delivery::retention;
use crate::delivery::store::Owner;
use crate::log::store::{Appended, Draft, Head};
use crate::messages::history;

/// Longer than any call may take.
const LONG: Duration = Duration::from_mins(1);

fn change(place: &Place, id: ConversationId, op: Op, who: &Identity, by: &Identity) -> Change {
    Change {
        conversation: id,
        user: who.user,
        op,
        role: Role::Member,
        was: Role::Member,
        by: by.user,
        entry: place.entry_id(),
        digest: [3; 32],
        at: place.chat.clock.now(),
    }
}

async fn begin(place: &Place, change: &Change, who: &Identity) -> Change {
    match place.chat.changes.begin(change, &[who.device]).await.unwrap() {
        Begun::Yes(change) => change,
        other => panic!("{other:?}"),
    }
}

/// Writes the entry of a change and nothing else, as a call that died right after.
async fn append(place: &Place, change: &Change) -> Head {
    let data = json!({ "op": change.op.as_str(), "userId": change.user, "role": change.role, "by": change.by });
    let draft = Draft {
        id: change.entry,
        conversation: change.conversation,
        kind: crate::log::entry::EntryType::Member,
        sender: change.by,
        created_at: change.at,
        digest: change.digest,
        target: None,
        checked: u64::MAX,
        retention: crate::conversations::Retention::Relay,
        withheld_from: None,
        data: serde_json::value::to_raw_value(&data).unwrap(),
    };
    match &place.chat.log.append(&[draft]).await[0] {
        Appended::Stored(entry) => Head::at(entry),
        other => panic!("{other:?}"),
    }
}

async fn sweep_later(place: &Place) {
    place.clock.advance(LONG);
    retention::sweep(&place.chat).await.unwrap();
    let now = place.chat.clock.now().plus(LONG);
    assert!(place.chat.changes.unfinished(now, 10).await.unwrap().is_empty());
    assert!(place.chat.changes.unfinished_turns(now, 10).await.unwrap().is_empty());
}

async fn ops(place: &Place, id: ConversationId) -> Vec<String> {
    let data = place.data(id).await;
    data.iter().map(|data| data["op"].as_str().unwrap_or("title").to_owned()).collect()
}

#[tokio::test]
async fn who_was_sent_away_neither_writes_nor_reads_from_a_remembered_yes() {
    let place = Place::new().await;
    let [ann, bob, cid] = [(); 3].map(|()| place.person());
    let choir = place.group(&ann, &[&bob, &cid]).await;
    place.say(&bob, choir, "remembered").await;
    history::range(&place.chat, &bob, choir, (0, u64::MAX), 10).await.unwrap();
    let remembered = place.chat.members.require(choir, bob.user).await.unwrap();
    remove::remove(&place.chat, &ann, choir, bob.user, place.entry_id()).await.unwrap();
    // This instance may remember; the log and the head do not.
    let draft = place.send(&bob, choir, place.entry_id(), "late").await;
    assert_eq!(WireError::from(draft.unwrap_err()).code, ErrorCode::NotFound);
    let read = history::range(&place.chat, &bob, choir, (0, u64::MAX), 10).await;
    assert_eq!(WireError::from(read.unwrap_err()).code, ErrorCode::NotFound);
    assert!(remembered.checked < 3, "{remembered:?}");
    let seen = place.chat.members.look_again(choir, cid.user).await.unwrap();
    assert_eq!(seen.checked, 3);
    place.say(&cid, choir, "still here").await;
    place.bring(&ann, choir, &[&bob]).await;
    place.say(&bob, choir, "back").await;
    assert_eq!(ops(&place, choir).await, ["title", "title", "removed", "title", "joined", "title"]);
}

#[tokio::test]
async fn a_look_that_the_conversation_does_not_count_yet_reaches_to_the_end_of_the_log() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    // A writer that died before it raised the head.
    let cid = place.person();
    let join = begin(&place, &change(&place, choir, Op::Joined, &cid, &ann), &cid).await;
    let head = append(&place, &join).await;
    assert_eq!(place.chat.conversations.get(choir).await.unwrap().unwrap().head_mseq, 0);
    let seen = place.chat.members.look_again(choir, bob.user).await.unwrap();
    assert_eq!(seen.checked, head.mseq);
    place.say(&bob, choir, "not stuck").await;
}

#[tokio::test]
async fn a_yes_is_remembered_for_its_time_by_the_clock() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    let before = place.chat.members.require(choir, bob.user).await.unwrap();
    place.role(&ann, choir, &bob, Role::Admin).await;
    assert_eq!(place.chat.members.require(choir, bob.user).await.unwrap(), before);
    place.clock.advance(Duration::from_secs(place.chat.settings.log.head_cache_s));
    let after = place.chat.members.require(choir, bob.user).await.unwrap();
    assert_eq!((before.role, after.role), (Role::Member, Role::Admin));
}

#[tokio::test]
async fn a_join_that_died_after_any_step_is_finished() {
    for steps in 1..=3 {
        let place = Place::new().await;
        let [ann, bob, cid] = [(); 3].map(|()| place.person());
        let choir = place.group(&ann, &[&bob]).await;
        let join = begin(&place, &change(&place, choir, Op::Joined, &cid, &ann), &cid).await;
        if steps >= 2 {
            append(&place, &join).await;
        }
        if steps >= 3 {
            place.chat.changes.finish(&join, 2).await.unwrap();
        }
        place.say(&ann, choir, "while it is unfinished").await;
        retention::sweep(&place.chat).await.unwrap();
        let pending = place.chat.changes.pending(choir, cid.user).await.unwrap();
        assert_eq!(pending.is_some(), steps < 3, "it may be under way");
        sweep_later(&place).await;
        let joined = ops(&place, choir).await.iter().filter(|op| *op == "joined").count();
        assert_eq!(joined, usize::from(steps < 4));
        assert_eq!(place.chat.conversations.get(choir).await.unwrap().unwrap().member_count, 3);
        let owner = Owner { user: cid.user, device: cid.device };
        assert_eq!(place.chat.delivery.cursors(owner, &[choir]).await.unwrap()[&choir], 0);
        place.say(&cid, choir, "here").await;
    }
}

#[tokio::test]
async fn a_removal_that_died_after_any_step_is_finished() {
    for steps in 1..=3 {
        let place = Place::new().await;
        let [ann, bob, cid] = [(); 3].map(|()| place.person());
        let choir = place.group(&ann, &[&bob, &cid]).await;
        let removal = begin(&place, &change(&place, choir, Op::Removed, &cid, &ann), &cid).await;
        let refused = place.send(&cid, choir, place.entry_id(), "late").await;
        if steps == 1 {
            assert!(refused.is_err(), "out from the first step on");
        }
        if steps >= 2 {
            append(&place, &removal).await;
        }
        if steps >= 3 {
            place.chat.changes.finish(&removal, 2).await.unwrap();
        }
        sweep_later(&place).await;
        assert_eq!(ops(&place, choir).await, ["title", "removed"]);
        assert_eq!(place.chat.conversations.get(choir).await.unwrap().unwrap().member_count, 2);
        let owner = Owner { user: cid.user, device: cid.device };
        assert!(place.chat.delivery.cursors(owner, &[choir]).await.unwrap().is_empty());
        assert!(!place.lists(&cid, choir).await);
    }
}

#[tokio::test]
async fn an_owner_whose_leaving_died_leaves_an_owner_behind() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    let leaving = begin(&place, &change(&place, choir, Op::Left, &ann, &ann), &ann).await;
    assert_eq!(leaving.role, Role::Owner);
    sweep_later(&place).await;
    let bobs = place.chat.conversations.member(choir, bob.user).await.unwrap().unwrap();
    assert_eq!(bobs.role, Role::Owner);
    assert_eq!(ops(&place, choir).await, ["title", "role", "left"]);
}

#[tokio::test]
async fn a_title_or_an_end_that_died_half_way_is_finished() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    place.say(&ann, choir, "a secret").await;
    let turn = |fate| Turn {
        conversation: choir,
        fate,
        by: ann.user,
        entry: place.entry_id(),
        digest: [4; 32],
        at: place.chat.clock.now(),
    };
    place.chat.changes.begin_turn(&turn(Fate::Title("Band".to_owned()))).await.unwrap();
    sweep_later(&place).await;
    let conversation = place.chat.conversations.get(choir).await.unwrap().unwrap();
    assert_eq!(conversation.title.as_deref(), Some("Band"));
    place.chat.changes.begin_turn(&turn(Fate::Gone)).await.unwrap();
    sweep_later(&place).await;
    assert!(!place.lists(&bob, choir).await);
    let entries = place.chat.log.entries(choir, 0, 10).await.unwrap();
    assert!(entries.len() == 4 && entries.iter().all(|entry| entry.data.is_none()));
}

#[tokio::test]
async fn a_retry_carries_on_what_its_first_call_began() {
    let place = Place::new().await;
    let [ann, bob, cid] = [(); 3].map(|()| place.person());
    let choir = place.group(&ann, &[&bob]).await;
    let key = place.entry_id();
    let digest = crate::conversations::retry::digest(&place.chat, "add", &(choir, [cid.user]));
    let join = Change { entry: key, digest, ..change(&place, choir, Op::Joined, &cid, &ann) };
    begin(&place, &join, &cid).await;
    let busy = add::add(&place.chat, &ann, choir, &[cid.user], place.entry_id()).await;
    assert_eq!(WireError::from(busy.unwrap_err()).code, ErrorCode::ServiceUnavailable);
    let entries = add::add(&place.chat, &ann, choir, &[cid.user], key).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [key]);
    assert!(place.chat.changes.pending(choir, cid.user).await.unwrap().is_none());

    let digest = crate::conversations::retry::digest(&place.chat, "leave", &choir);
    let key = place.entry_id();
    let leaving = Change { entry: key, digest, ..change(&place, choir, Op::Left, &cid, &cid) };
    begin(&place, &leaving, &cid).await;
    assert_eq!(leave::leave(&place.chat, &cid, choir, key).await.unwrap().id, key);
    assert_eq!(ops(&place, choir).await, ["title", "joined", "left"]);
}

#[tokio::test]
async fn who_lost_the_right_on_the_way_changes_nothing() {
    let place = Place::new().await;
    let [ann, bob, cid] = [(); 3].map(|()| place.person());
    let choir = place.group(&ann, &[&bob, &cid]).await;
    place.role(&ann, choir, &bob, Role::Admin).await;
    let seen = place.chat.members.look_again(choir, bob.user).await.unwrap();
    // Bob was looked at; then he is no admin any more; then his removal of Cid goes on.
    place.role(&ann, choir, &bob, Role::Member).await;
    let removal = begin(&place, &change(&place, choir, Op::Removed, &cid, &bob), &cid).await;
    let warrant = crate::conversations::changes::append::Warrant::Change(&removal);
    let outcome = crate::conversations::changes::carry::carry_out(
        &place.chat,
        &removal,
        seen.checked,
        warrant,
    )
    .await;
    assert_eq!(WireError::from(outcome.unwrap_err()).code, ErrorCode::Forbidden);
    place.say(&cid, choir, "still here").await;
    assert_eq!(ops(&place, choir).await, ["title", "role", "role", "title"]);
}

#[tokio::test]
async fn two_owners_who_send_each_other_away_leave_one() {
    for _ in 0..5 {
        let place = Place::new().await;
        let [ann, bob, cid] = [(); 3].map(|()| place.person());
        let choir = place.group(&ann, &[&bob, &cid]).await;
        place.role(&ann, choir, &bob, Role::Owner).await;
        let (one, other) = tokio::join!(
            remove::remove(&place.chat, &ann, choir, bob.user, place.entry_id()),
            remove::remove(&place.chat, &bob, choir, ann.user, place.entry_id()),
        );
        sweep_later(&place).await;
        let members = place.chat.conversations.members(choir, None, 10).await.unwrap();
        assert!(members.iter().any(|member| member.role == Role::Owner), "{one:?} {other:?}");
    }
}

#[tokio::test]
async fn two_owners_who_step_down_at_once_leave_one() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let choir = place.group(&ann, &[&bob]).await;
    place.role(&ann, choir, &bob, Role::Owner).await;
    let down = |who: &Identity| {
        let (chat, who, key) = (place.chat.clone(), *who, place.entry_id());
        async move { roles::set_role(&chat, &who, choir, (who.user, Role::Member), key).await }
    };
    let (one, other) = tokio::join!(down(&ann), down(&bob));
    sweep_later(&place).await;
    let members = place.chat.conversations.members(choir, None, 10).await.unwrap();
    assert!(members.iter().any(|member| member.role == Role::Owner), "{one:?} {other:?}");
}
