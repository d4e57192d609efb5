//! The use cases over SQLite.

use std::time::Duration;

use kernel::{ErrorCode, Page, UserId, WireError};
use uuid::Uuid;

use super::error::ContactError;
use super::list::{self, Wanted};
use super::rules::Made;
use super::store::List;
use super::view::{ContactState, ContactView};
use super::{accept, block, remove, request, unblock};
use crate::testing::{World, sign_in, user, world};

async fn populated(overrides: &[(&str, &str)]) -> World {
    let world = world(overrides).await;
    for n in 1..=6 {
        let sign_in = sign_in(&format!("p{n}@example.org"), n, None);
        world.ports.accounts.sign_in(sign_in).await.unwrap();
    }
    world
}

async fn ask(
    world: &World,
    from: UserId,
    to: UserId,
    key: u128,
) -> Result<(ContactView, Made), ContactError> {
    world.clock.advance(Duration::from_secs(1));
    request::request(&world.ports, from, to, Uuid::from_u128(key)).await
}

async fn page(
    world: &World,
    who: UserId,
    list: List,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<Page<ContactView>, ContactError> {
    let wanted = Wanted { list, limit, cursor: cursor.map(str::to_owned) };
    list::list(&world.ports, who, wanted).await
}

/// Who is in the list, and what they are.
async fn listed(world: &World, who: UserId, list: List) -> Vec<(String, ContactState)> {
    let page = page(world, who, list, None, None).await.unwrap();
    page.data.into_iter().map(|view| (id_of(&view), view.state)).collect()
}

fn id_of(view: &ContactView) -> String {
    let json = serde_json::to_value(view).unwrap();
    json["user"]["id"].as_str().unwrap().to_owned()
}

fn wire<T: std::fmt::Debug>(answer: Result<T, ContactError>) -> WireError {
    answer.unwrap_err().into()
}

fn field(error: &WireError) -> &str {
    error.details.first().map_or("", |detail| detail.field.as_str())
}

#[tokio::test]
async fn a_request_is_seen_by_both_until_it_is_accepted() {
    let world = populated(&[]).await;
    let (ada, bob) = (user(1), user(2));
    let (view, made) = ask(&world, ada, bob, 1).await.unwrap();
    assert_eq!((view.state, made.changed), (ContactState::Outgoing, true));
    assert_eq!(view.since, world.ports.clock.now());
    let expected = [(bob.to_string(), ContactState::Outgoing)];
    assert_eq!(listed(&world, ada, List::Pending).await, expected);
    let expected = [(ada.to_string(), ContactState::Incoming)];
    assert_eq!(listed(&world, bob, List::Pending).await, expected);
    let view = accept::accept(&world.ports, bob, ada).await.unwrap();
    assert_eq!(view.state, ContactState::Accepted);
    for (who, other) in [(ada, bob), (bob, ada)] {
        assert_eq!(listed(&world, who, List::Pending).await, []);
        let expected = [(other.to_string(), ContactState::Accepted)];
        assert_eq!(listed(&world, who, List::Contacts).await, expected);
    }
    remove::remove(&world.ports, ada, bob).await.unwrap();
    assert_eq!(listed(&world, bob, List::Contacts).await, []);
}

#[tokio::test]
async fn nothing_of_it_is_about_oneself_or_nobody() {
    let world = populated(&[]).await;
    let ports = &world.ports;
    for (other, code, at) in
        [(user(1), ErrorCode::ValidationError, "userId"), (user(99), ErrorCode::NotFound, "userId")]
    {
        let me = user(1);
        let errors = [
            wire(ask(&world, me, other, 1).await),
            wire(accept::accept(ports, me, other).await),
            wire(remove::remove(ports, me, other).await),
            wire(block::block(ports, me, other).await),
            wire(unblock::unblock(ports, me, other).await),
        ];
        for error in errors {
            assert_eq!((error.code, field(&error)), (code, at), "{error:?}");
        }
    }
    let error = wire(accept::accept(ports, user(1), user(2)).await);
    assert_eq!((error.code, field(&error)), (ErrorCode::NotFound, "userId"));
}

#[tokio::test]
async fn the_one_blocked_gets_the_same_answers_and_the_blocker_sees_nothing() {
    let world = populated(&[]).await;
    let (ada, eve, bob) = (user(1), user(2), user(3));
    block::block(&world.ports, ada, eve).await.unwrap();
    let (refused, made) = ask(&world, eve, ada, 1).await.unwrap();
    let (heard, made_there) = ask(&world, eve, bob, 2).await.unwrap();
    assert_eq!((refused.state, made.changed), (heard.state, made_there.changed));
    assert_eq!(listed(&world, eve, List::Pending).await.len(), 2);
    assert_eq!(listed(&world, eve, List::Blocked).await, []);
    assert_eq!(listed(&world, ada, List::Pending).await, []);
    let expected = [(eve.to_string(), ContactState::Blocked)];
    assert_eq!(listed(&world, ada, List::Blocked).await, expected);

    let error = wire(ask(&world, ada, eve, 3).await);
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert!(error.message.contains("unblock"), "{error:?}");
    unblock::unblock(&world.ports, ada, eve).await.unwrap();
    unblock::unblock(&world.ports, ada, eve).await.unwrap();
    assert_eq!(listed(&world, ada, List::Pending).await, [], "what was asked meanwhile is gone");
    ask(&world, eve, ada, 4).await.unwrap();
    assert_eq!(listed(&world, ada, List::Pending).await.len(), 1);
}

#[tokio::test]
async fn pages_join_and_a_bad_one_is_refused() {
    let world = populated(&[]).await;
    for n in 2..=6 {
        ask(&world, user(n), user(1), n).await.unwrap();
    }
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let next = page(&world, user(1), List::Pending, Some(2), cursor.as_deref()).await.unwrap();
        found.extend(next.data.iter().map(id_of));
        cursor = next.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let newest_first: Vec<String> = (2..=6).rev().map(|n| user(n).to_string()).collect();
    assert_eq!(found, newest_first);
    let whole = page(&world, user(1), List::Pending, Some(5), None).await.unwrap();
    assert_eq!(whole.next_cursor, None, "five of five");
    for (limit, cursor, at) in [
        (Some(0), None, "limit"),
        (Some(201), None, "limit"),
        (None, Some(""), "cursor"),
        (None, Some("1"), "cursor"),
        (None, Some("x_x"), "cursor"),
        (None, Some("1_x"), "cursor"),
    ] {
        let error = wire(page(&world, user(1), List::Pending, limit, cursor).await);
        assert_eq!((error.code, field(&error)), (ErrorCode::ValidationError, at));
    }
}

#[tokio::test]
async fn so_many_requests_a_day_and_a_retry_is_none() {
    let world = populated(&[("user.contacts.requests_per_day", "2")]).await;
    ask(&world, user(1), user(2), 2).await.unwrap();
    ask(&world, user(1), user(3), 3).await.unwrap();
    let error = wire(ask(&world, user(1), user(4), 4).await);
    assert_eq!(error.code, ErrorCode::RateLimitExceeded);
    assert!(error.retry_after.is_some_and(|seconds| seconds > 3_600), "{error:?}");
    let (again, made) = ask(&world, user(1), user(2), 2).await.unwrap();
    assert_eq!((again.state, made.changed), (ContactState::Outgoing, true), "as at first");
    let error = wire(ask(&world, user(1), user(3), 2).await);
    assert_eq!(error.code, ErrorCode::Conflict);
    world.clock.advance(Duration::from_hours(24));
    ask(&world, user(1), user(4), 4).await.unwrap();
}

#[tokio::test]
async fn so_many_changes_a_minute() {
    let world = populated(&[("user.contacts.changes_per_minute", "3")]).await;
    for _ in 0..3 {
        block::block(&world.ports, user(1), user(2)).await.unwrap();
    }
    let error = wire(unblock::unblock(&world.ports, user(1), user(2)).await);
    assert_eq!(error.code, ErrorCode::RateLimitExceeded);
    block::block(&world.ports, user(2), user(1)).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    unblock::unblock(&world.ports, user(1), user(2)).await.unwrap();
}

#[tokio::test]
async fn what_is_full_says_so() {
    let limits = [
        ("user.contacts.per_person", "1"),
        ("user.contacts.requests_waiting", "1"),
        ("user.contacts.blocks_per_person", "1"),
    ];
    let world = populated(&limits).await;
    ask(&world, user(1), user(2), 1).await.unwrap();
    block::block(&world.ports, user(1), user(3)).await.unwrap();
    let errors = [
        wire(ask(&world, user(1), user(4), 2).await),
        wire(ask(&world, user(5), user(2), 3).await),
        wire(block::block(&world.ports, user(1), user(4)).await),
    ];
    for (error, remedy) in errors.iter().zip(["remove one", "later", "unblock one"]) {
        assert_eq!(error.code, ErrorCode::ValidationError);
        assert!(error.message.contains(remedy), "{error:?}");
    }
    block::block(&world.ports, user(2), user(6)).await.unwrap();
    assert_eq!(wire(ask(&world, user(6), user(2), 4).await), errors[1], "blocked or not");
}
