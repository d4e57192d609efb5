//! Editing, deleting, reacting.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId, ErrorCode, WireError};
use serde_json::{Value, json};

use super::place::Place;
use super::stores::Store;
use crate::conversations::{Retention, Role};
use crate::delivery::retention;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft};
use crate::messages::body::{MessageBody, ReplyTo};
use crate::messages::delete::{self, Delete, For};
use crate::messages::edit::{self, Edit};
use crate::messages::react::{self, Op, Reaction};
use crate::messages::send::{self, Send};
use crate::messages::write::Arrived;
use crate::messages::write::{WriteError, Written};

async fn edit(
    place: &Place,
    who: &Identity,
    (conversation, message): (ConversationId, EntryId),
    id: EntryId,
    text: &str,
) -> Result<Written, WriteError> {
    let edit = Edit { id, conversation, message, text: text.to_owned(), formatting: vec![] };
    edit::take(&place.chat, who, Arrived::now(&place.chat), edit).await?.written(&place.chat).await
}

async fn delete(
    place: &Place,
    who: &Identity,
    (conversation, message): (ConversationId, EntryId),
    id: EntryId,
) -> Result<Written, WriteError> {
    let delete = Delete { id, conversation, message, whom: For::Everyone };
    delete::take(&place.chat, who, Arrived::now(&place.chat), delete)
        .await?
        .written(&place.chat)
        .await
}

async fn react(
    place: &Place,
    who: &Identity,
    (conversation, message): (ConversationId, EntryId),
    id: EntryId,
    emoji: &str,
) -> Result<Written, WriteError> {
    let reaction = Reaction { id, conversation, message, emoji: emoji.to_owned(), op: Op::Add };
    react::take(&place.chat, who, Arrived::now(&place.chat), reaction)
        .await?
        .written(&place.chat)
        .await
}

/// An answer that quotes what it answers.
async fn answer(place: &Place, who: &Identity, to: &Entry, excerpt: &str) -> Entry {
    let reply = ReplyTo { id: to.id, sender_id: to.sender, excerpt: excerpt.to_owned() };
    let body =
        MessageBody { text: "yes".to_owned(), reply_to: Some(reply), ..MessageBody::default() };
    let send = Send { id: place.entry_id(), conversation: to.conversation, body };
    send::send(&place.chat, who, send).await.unwrap().entry
}

fn code(outcome: Result<Written, WriteError>) -> ErrorCode {
    WireError::from(outcome.unwrap_err()).code
}

#[tokio::test]
async fn what_is_about_a_message_that_failed_for_now_waits_for_it() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let [message, correction, removal] = std::array::from_fn(|_| place.entry_id());
    place.chat.appender.not_submitted(talk, ann.user, message);
    let early = edit(&place, &ann, (talk, message), correction, "better").await;
    assert_eq!(code(early), ErrorCode::ServiceUnavailable, "it is still to come");
    let early = delete(&place, &ann, (talk, message), removal).await;
    assert_eq!(code(early), ErrorCode::ServiceUnavailable);
    let other = edit(&place, &bob, (talk, message), place.entry_id(), "not mine").await;
    assert_eq!(code(other), ErrorCode::NotFound);
    place.send(&ann, talk, message, "good").await.unwrap();
    edit(&place, &ann, (talk, message), correction, "better").await.unwrap();
    delete(&place, &ann, (talk, message), removal).await.unwrap();
}

/// Everything that the log holds of a conversation, as text.
async fn held(place: &Place, id: ConversationId) -> String {
    let entries = place.chat.log.entries(id, 0, 1_000).await.unwrap();
    let data = entries.into_iter().filter_map(|entry| entry.data);
    data.map(|data| data.get().to_owned()).collect::<Vec<_>>().join("\n")
}

fn parsed(entry: &Entry) -> Value {
    serde_json::from_str(entry.data.as_ref().unwrap().get()).unwrap()
}

#[tokio::test]
async fn one_edits_ones_own_message_for_a_while_and_a_retry_gets_the_first_result() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let first = place.say(&ann, talk, "helo").await;
    let it = (talk, first.id);
    let id = place.entry_id();
    let edited = edit(&place, &ann, it, id, "hello").await.unwrap();
    assert_eq!((edited.entry.seq, edited.entry.count, edited.repeated), (2, 1, false));
    assert_eq!(edited.entry.event(), "message:edited");
    let data = json!({ "messageId": first.id, "text": "hello", "formatting": [] });
    assert_eq!(parsed(&edited.entry), data);
    assert_eq!(code(edit(&place, &ann, it, id, "hallo").await), ErrorCode::Conflict);
    let other = place.entry_id();
    assert_eq!(code(edit(&place, &bob, it, other, "bye").await), ErrorCode::Forbidden);
    assert_eq!(code(edit(&place, &ann, it, other, " ").await), ErrorCode::ValidationError);
    let itself = (talk, edited.entry.id);
    assert_eq!(code(edit(&place, &ann, itself, other, "x").await), ErrorCode::Forbidden);
    let eve = place.person();
    assert_eq!(code(edit(&place, &eve, it, other, "x").await), ErrorCode::NotFound);

    // Delivered and forgotten, and yet the header says whose it is.
    for who in [&ann, &bob] {
        place.stored(who, talk, 2).await.unwrap();
    }
    assert_eq!(place.contents(talk).await, [false, false]);
    let again = edit(&place, &ann, it, other, "hello!").await.unwrap();
    assert_eq!(again.entry.seq, 3);

    place.later(Duration::from_mins(16)).await;
    let late = place.entry_id();
    assert_eq!(code(edit(&place, &ann, it, late, "late").await), ErrorCode::Forbidden);
    let retry = edit(&place, &ann, it, id, "hello").await.unwrap();
    assert!(retry.repeated && retry.entry.seq == 2 && retry.entry.data.is_none());
}

#[tokio::test]
async fn a_message_that_is_unknown_is_told_from_one_that_is_forgotten() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let unknown = (talk, place.entry_id());
    assert_eq!(code(edit(&place, &ann, unknown, place.entry_id(), "x").await), ErrorCode::NotFound);
    assert_eq!(code(delete(&place, &ann, unknown, place.entry_id()).await), ErrorCode::NotFound);
    place.later(Duration::from_mins(16)).await;
    assert_eq!(code(edit(&place, &ann, unknown, place.entry_id(), "x").await), ErrorCode::Gone);
    assert_eq!(code(delete(&place, &ann, unknown, place.entry_id()).await), ErrorCode::NotFound);
    place.later(Duration::from_hours(24)).await;
    assert_eq!(code(delete(&place, &ann, unknown, place.entry_id()).await), ErrorCode::Gone);
}

#[tokio::test]
async fn a_deletion_leaves_nothing_of_the_message() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let first = place.say(&ann, talk, "a secret").await;
    let it = (talk, first.id);
    edit(&place, &ann, it, place.entry_id(), "a secret, edited").await.unwrap();
    let quoting = answer(&place, &bob, &first, "a secret").await;
    let other = place.say(&ann, talk, "harmless").await;
    assert_eq!(held(&place, talk).await.matches("secret").count(), 3);
    assert_eq!(code(delete(&place, &bob, it, place.entry_id()).await), ErrorCode::Forbidden);

    let id = place.entry_id();
    let deleted = delete(&place, &ann, it, id).await.unwrap();
    assert_eq!(parsed(&deleted.entry), json!({ "messageId": first.id }));
    assert!(!held(&place, talk).await.contains("secret"));
    assert_eq!(place.contents(talk).await, [false, false, true, true, true]);
    let quoting = place.chat.entries.find(talk, quoting.id).await.unwrap().unwrap();
    assert_eq!(parsed(&quoting)["replyTo"]["excerpt"], "");
    assert_eq!(parsed(&quoting)["text"], "yes");
    assert!(place.chat.entries.unfinished_deletions(10).await.unwrap().is_empty());

    let again = delete(&place, &ann, it, id).await.unwrap();
    assert!(again.repeated && again.entry == deleted.entry);
    assert_eq!(code(delete(&place, &ann, it, place.entry_id()).await), ErrorCode::Gone);
    assert_eq!(code(edit(&place, &ann, it, place.entry_id(), "secret").await), ErrorCode::Gone);
    // Whoever quotes it without having heard of the deletion says nothing of it either.
    answer(&place, &bob, &first, "a secret").await;
    assert!(!held(&place, talk).await.contains("secret"));

    place.later(Duration::from_hours(25)).await;
    let late = delete(&place, &ann, (talk, other.id), place.entry_id()).await;
    assert_eq!(code(late), ErrorCode::Forbidden);
}

#[tokio::test]
async fn an_admin_takes_back_what_others_wrote_in_their_group_and_nowhere_else() {
    for store in [Store::Sqlite, Store::Mongo] {
        let place = Place::on(store).await;
        let (ann, bob, cleo) = (place.person(), place.person(), place.person());
        let choir = place.group(&ann, &[&bob, &cleo]).await;
        let of_cleo = place.say(&cleo, choir, "a secret").await;
        let quoting = answer(&place, &bob, &of_cleo, "a secret").await;
        let early = delete(&place, &bob, (choir, of_cleo.id), place.entry_id()).await;
        assert_eq!(code(early), ErrorCode::Forbidden, "no admin yet");
        place.role(&ann, choir, &bob, Role::Admin).await;
        let id = place.entry_id();
        let deleted = delete(&place, &bob, (choir, of_cleo.id), id).await.unwrap();
        assert_eq!((deleted.entry.sender, deleted.entry.event()), (bob.user, "message:deleted"));
        assert!(!held(&place, choir).await.contains("secret"), "nor in the answer to it");
        let again = delete(&place, &bob, (choir, of_cleo.id), id).await.unwrap();
        assert!(again.repeated && again.entry == deleted.entry);
        assert_eq!(
            code(delete(&place, &cleo, (choir, of_cleo.id), place.entry_id()).await),
            ErrorCode::Gone
        );

        let of_ann = place.say(&ann, choir, "hello").await;
        let by_member = delete(&place, &cleo, (choir, of_ann.id), place.entry_id()).await;
        assert_eq!(code(by_member), ErrorCode::Forbidden);
        delete(&place, &bob, (choir, of_ann.id), place.entry_id()).await.unwrap();
        delete(&place, &ann, (choir, quoting.id), place.entry_id()).await.unwrap();
        let edited = edit(&place, &ann, (choir, quoting.id), place.entry_id(), "no").await;
        assert_eq!(code(edited), ErrorCode::Gone);

        let last = place.say(&ann, choir, "last").await;
        place.role(&ann, choir, &bob, Role::Member).await;
        let demoted = delete(&place, &bob, (choir, last.id), place.entry_id()).await;
        assert_eq!(code(demoted), ErrorCode::Forbidden, "no admin any more");
        let again = delete(&place, &bob, (choir, of_cleo.id), id).await.unwrap();
        assert!(again.repeated, "what was done then keeps its result");
        place.role(&ann, choir, &bob, Role::Admin).await;

        let talk = place.between(&bob, &cleo).await;
        let of_cleo = place.say(&cleo, talk, "hello").await;
        let elsewhere = delete(&place, &bob, (talk, of_cleo.id), place.entry_id()).await;
        assert_eq!(code(elsewhere), ErrorCode::Forbidden);
        place.later(Duration::from_hours(25)).await;
        let late = place.say(&cleo, choir, "late").await;
        place.later(Duration::from_hours(25)).await;
        let late = delete(&place, &bob, (choir, late.id), place.entry_id()).await;
        assert_eq!(code(late), ErrorCode::Forbidden, "for an admin too");
    }
}

#[tokio::test]
async fn for_oneself_alone_it_is_a_note_in_ones_own_conversation() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let message = place.say(&ann, talk, "hello").await.id;
    let mine = Delete { id: place.entry_id(), conversation: talk, message, whom: For::Me };
    let hide = async |who: &Identity, mine| {
        delete::take(&place.chat, who, Arrived::now(&place.chat), mine)
            .await?
            .written(&place.chat)
            .await
    };
    let hidden = hide(&bob, mine).await.unwrap().entry;
    assert_eq!((hidden.conversation, hidden.event()), (crate::own::open::id(bob.user), "account"));
    let data = json!({ "op": "hidden-message", "conversationId": talk, "messageId": message });
    assert_eq!(parsed(&hidden), data);
    assert_eq!(hide(&bob, mine).await.unwrap().entry, hidden);
    let other = Delete { message: place.entry_id(), ..mine };
    assert_eq!(code(hide(&bob, other).await), ErrorCode::Conflict);
    assert_eq!(code(hide(&place.person(), mine).await), ErrorCode::NotFound);
    assert_eq!(place.contents(talk).await, [true], "for others it is still there");
}

/// The deletion's entry as it is while whoever makes it has come no further.
async fn deletion(place: &Place, who: &Identity, of: &Entry) -> Entry {
    let data = json!({ "messageId": of.id });
    let draft = Draft {
        id: place.entry_id(),
        conversation: of.conversation,
        kind: EntryType::Delete,
        sender: who.user,
        created_at: place.clock_now(),
        digest: [1; 32],
        target: Some(of.id),
        checked: u64::MAX,
        retention: Retention::Relay,
        withheld_from: None,
        data: serde_json::value::to_raw_value(&data).unwrap(),
    };
    match place.chat.appender.submit(draft).await.unwrap() {
        Appended::Stored(entry) => entry,
        other => panic!("{other:?}"),
    }
}

/// Kills a deletion after so many of its steps, and sweeps.
async fn killed_after(place: &Place, steps: usize) {
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let first = place.say(&ann, talk, "a secret").await;
    edit(place, &ann, (talk, first.id), place.entry_id(), "a secret, edited").await.unwrap();
    let quoting = answer(place, &bob, &first, "a secret").await;
    deletion(place, &ann, &first).await;
    if steps > 0 {
        place.chat.entries.forget(talk, first.id).await.unwrap();
    }
    if steps > 1 {
        let data = json!({ "text": "yes", "replyTo": { "id": first.id, "excerpt": "" } });
        let data = serde_json::value::to_raw_value(&data).unwrap();
        place.chat.entries.rewrite(talk, quoting.seq, &data).await.unwrap();
    }
    assert_eq!(held(place, talk).await.matches("secret").count(), [3, 1, 0][steps]);
    retention::sweep(&place.chat).await.unwrap();
    assert!(!held(place, talk).await.contains("secret"), "killed after {steps} steps");
    let left = place.chat.entries.unfinished_deletions(10).await.unwrap();
    assert!(left.iter().all(|entry| entry.conversation != talk));
}

#[tokio::test]
async fn a_deletion_that_was_killed_half_way_is_finished_by_the_sweep() {
    for store in [Store::Sqlite, Store::Mongo] {
        let place = Place::on(store).await;
        for steps in 0..=2 {
            killed_after(&place, steps).await;
        }
    }
}

#[tokio::test]
async fn a_relay_takes_reactions_to_any_message_and_an_archive_to_its_own() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let forgotten = (talk, place.entry_id());
    let id = place.entry_id();
    let added = react(&place, &bob, forgotten, id, "👍").await.unwrap();
    assert_eq!((added.entry.event(), added.entry.count), ("reaction:added", 0));
    let data = json!({ "messageId": forgotten.1, "emoji": "👍", "op": "add" });
    assert_eq!(parsed(&added.entry), data);
    assert!(react(&place, &bob, forgotten, id, "👍").await.unwrap().repeated);
    assert_eq!(code(react(&place, &bob, forgotten, id, "🎉").await), ErrorCode::Conflict);
    let other = place.entry_id();
    assert_eq!(
        code(react(&place, &bob, forgotten, other, "yes").await),
        ErrorCode::ValidationError
    );

    let archive = place.archive(&ann, &bob).await;
    let message = place.say(&ann, archive, "hello").await;
    react(&place, &bob, (archive, message.id), other, "🎉").await.unwrap();
    let unknown = (archive, place.entry_id());
    assert_eq!(
        code(react(&place, &bob, unknown, place.entry_id(), "🎉").await),
        ErrorCode::NotFound
    );
    delete(&place, &ann, (archive, message.id), place.entry_id()).await.unwrap();
    let late = react(&place, &bob, (archive, message.id), place.entry_id(), "👍").await;
    assert_eq!(code(late), ErrorCode::Gone);
    assert!(react(&place, &bob, (archive, message.id), other, "🎉").await.unwrap().repeated);
}
