//! The history with edits and reactions applied.

use kernel::{ConversationId, ErrorCode, WireError};

use super::place::Place;
use super::stores::Store;
use crate::conversations::Retention;
use crate::log::entry::EntryType;
use crate::log::store::{Appended, Draft};
use crate::messages::folded::{self, Folded, From};

async fn walk(place: &Place, who: &auth::Identity, id: ConversationId, down: bool) -> Vec<Folded> {
    let mut all = Vec::new();
    let mut at = if down { From::Before(u64::MAX) } else { From::After(0) };
    loop {
        let page = folded::page(&place.chat, who, id, at, 7).await.unwrap();
        assert!(page.data.len() <= 7 && page.data.is_sorted_by_key(|one| one.entry.seq));
        if down {
            all.splice(0..0, page.data);
        } else {
            all.extend(page.data);
        }
        let Some(next) = page.next_cursor else { return all };
        let next = next.parse().unwrap();
        at = if down { From::Before(next) } else { From::After(next) };
    }
}

async fn paged(place: &Place) {
    let (ann, bob) = (place.person(), place.person());
    let talk = place.archive(&ann, &bob).await;
    let mut expected = Vec::new();
    for number in 0..20_u32 {
        let message = place.say(&ann, talk, &format!("message {number}")).await;
        expected.push(message.seq);
        // After some, more reactions than one page looks through.
        let reactions = if number % 10 == 5 { 1_100 } else { 1 };
        let drafts: Vec<Draft> = (0..reactions)
            .map(|count| Draft {
                id: place.entry_id(),
                conversation: talk,
                kind: EntryType::Reaction,
                sender: if count % 2 == 0 { bob.user } else { ann.user },
                created_at: place.clock_now(),
                digest: [1; 32],
                target: Some(message.id),
                checked: u64::MAX,
                retention: Retention::Archive,
                withheld_from: None,
                data: serde_json::value::RawValue::from_string(
                    r#"{"emoji":"👍","op":"add"}"#.to_owned(),
                )
                .unwrap(),
            })
            .collect();
        for drafts in drafts.chunks(500) {
            let submit = |draft: &Draft| place.chat.appender.submit(draft.clone());
            let waiting: Vec<_> = drafts.iter().map(submit).collect();
            for appended in waiting {
                assert!(matches!(appended.await.unwrap(), Appended::Stored(_)));
            }
        }
    }
    for down in [true, false] {
        let all = walk(place, &bob, talk, down).await;
        let seqs: Vec<u64> = all.iter().map(|message| message.entry.seq).collect();
        assert_eq!(seqs, expected, "down: {down}");
        for (number, message) in all.iter().enumerate() {
            let who = if number % 10 == 5 { vec![bob.user, ann.user] } else { vec![bob.user] };
            assert_eq!(message.reactions.len(), 1);
            assert_eq!(message.reactions[0].user_ids, who);
        }
    }
    let eve = place.person();
    let refused = folded::page(&place.chat, &eve, talk, From::After(0), 7).await.unwrap_err();
    assert_eq!(WireError::from(refused).code, ErrorCode::NotFound);
    let beyond = folded::page(&place.chat, &bob, talk, From::After(u64::MAX), 7).await.unwrap();
    assert!(beyond.data.is_empty() && beyond.next_cursor.is_none());
}

#[tokio::test]
async fn every_message_is_on_one_page_in_both_directions() {
    for store in [Store::Sqlite, Store::Mongo] {
        paged(&Place::on(store).await).await;
    }
}
