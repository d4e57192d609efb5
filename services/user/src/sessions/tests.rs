use std::time::Duration;

use auth::{AuthError, Gate};
use contracts::events::Event;
use kernel::{SessionId, UserId};

use super::end::{EndError, end, log_out};
use super::refresh::{RefreshError, Tokens, issue, refresh};
use crate::outbox::Outbox;
use crate::testing::{World, device, session, sign_in, user, world};

/// Somebody is in.
async fn come_in(world: &World, n: u128) -> Tokens {
    let mut sign_in = sign_in(&format!("p{n}@example.org"), n, None);
    sign_in.cause.at = world.ports.clock.now();
    sign_in.session.expires_at = sign_in.cause.at.plus(world.ports.session_idle());
    let nonce = sign_in.session.nonce;
    world.ports.accounts.sign_in(sign_in).await.unwrap();
    issue(&world.ports, (user(n), session(n), device(n)), &nonce, 1).unwrap()
}

fn gate(world: &World) -> Gate {
    let ports = &world.ports;
    Gate::new(ports.issuer.clone(), "restante", "restante", ports.kv.clone(), world.clock.clone())
}

async fn is_revoked(world: &World, tokens: &Tokens) -> bool {
    matches!(gate(world).admit(&tokens.access).await, Err(AuthError::Revoked))
}

async fn told(world: &World) -> Vec<(UserId, SessionId)> {
    let mut told = Vec::new();
    for message in world.outbox.waiting(100).await.unwrap() {
        match Event::decode(&message.topic, &message.payload).unwrap() {
            Event::SessionRevoked(event) => told.push((event.user, event.session)),
            other => panic!("{other:?}"),
        }
    }
    told
}

#[tokio::test]
async fn a_token_gives_its_successor_and_access() {
    let world = world(&[]).await;
    let first = come_in(&world, 1).await;
    world.clock.advance(Duration::from_mins(10));
    let second = refresh(&world.ports, &first.refresh).await.unwrap();
    assert_ne!(second.refresh, first.refresh);
    assert_eq!(second.expires_in.as_secs(), 900);
    let identity = gate(&world).admit(&second.access).await.unwrap();
    assert_eq!((identity.user, identity.session), (user(1), session(1)));
    assert_eq!(identity.device, device(1));
    refresh(&world.ports, &second.refresh).await.unwrap();
}

#[tokio::test]
async fn a_lost_reply_logs_nobody_out() {
    let world = world(&[]).await;
    let first = come_in(&world, 1).await;
    let lost = refresh(&world.ports, &first.refresh).await.unwrap();
    let again = refresh(&world.ports, &first.refresh).await.unwrap();
    assert_eq!(again.refresh, lost.refresh);
    refresh(&world.ports, &again.refresh).await.unwrap();
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn a_used_token_ends_the_family_once_its_successor_was_used() {
    let world = world(&[]).await;
    let first = come_in(&world, 1).await;
    let other = come_in(&world, 2).await;
    let second = refresh(&world.ports, &first.refresh).await.unwrap();
    let third = refresh(&world.ports, &second.refresh).await.unwrap();
    assert!(!is_revoked(&world, &third).await);
    let copied = refresh(&world.ports, &first.refresh).await;
    assert!(matches!(copied, Err(RefreshError::Invalid)), "{copied:?}");
    for tokens in [&first, &second, &third] {
        assert!(is_revoked(&world, tokens).await);
        let refused = refresh(&world.ports, &tokens.refresh).await;
        assert!(matches!(refused, Err(RefreshError::Invalid)), "{refused:?}");
    }
    assert_eq!(told(&world).await, [(user(1), session(1))]);
    refresh(&world.ports, &other.refresh).await.unwrap();
}

#[tokio::test]
async fn two_tabs_at_once_get_the_same() {
    let world = world(&[]).await;
    let first = come_in(&world, 1).await;
    let refreshed = || refresh(&world.ports, &first.refresh);
    let (one, two) = tokio::join!(refreshed(), refreshed());
    assert_eq!(one.unwrap().refresh, two.unwrap().refresh);
}

#[tokio::test]
async fn an_idle_session_ends_and_a_used_one_does_not() {
    let world = world(&[("user.login.session_idle_s", "3600")]).await;
    let mut tokens = come_in(&world, 1).await;
    for _ in 0..3 {
        world.clock.advance(Duration::from_mins(59));
        tokens = refresh(&world.ports, &tokens.refresh).await.unwrap();
    }
    world.clock.advance(Duration::from_hours(1));
    let late = refresh(&world.ports, &tokens.refresh).await;
    assert!(matches!(late, Err(RefreshError::Invalid)), "{late:?}");
}

#[tokio::test]
async fn what_we_never_gave_out_is_refused_and_changes_nothing() {
    let world = world(&[]).await;
    let first = come_in(&world, 1).await;
    let ahead = issue(&world.ports, (user(1), session(1), device(1)), &[3; 16], 9).unwrap();
    let foreign = issue(&world.ports, (user(1), session(1), device(1)), &[4; 16], 1).unwrap();
    for token in ["", "x", "{\"$ne\":\"\"}", &ahead.refresh, &foreign.refresh, &first.refresh[1..]]
    {
        let refused = refresh(&world.ports, token).await;
        assert!(matches!(refused, Err(RefreshError::Invalid)), "{refused:?}");
    }
    refresh(&world.ports, &first.refresh).await.unwrap();
}

#[tokio::test]
async fn an_ended_session_is_refused_everywhere() {
    let world = world(&[]).await;
    let (mine, theirs) = (come_in(&world, 1).await, come_in(&world, 2).await);
    let by_another = end(&world.ports, user(2), session(1)).await;
    assert!(matches!(by_another, Err(EndError::NotFound)), "{by_another:?}");
    log_out(&world.ports, user(1), session(1)).await.unwrap();
    log_out(&world.ports, user(1), session(1)).await.unwrap();
    assert!(is_revoked(&world, &mine).await);
    let refused = refresh(&world.ports, &mine.refresh).await;
    assert!(matches!(refused, Err(RefreshError::Invalid)), "{refused:?}");
    assert_eq!(told(&world).await, [(user(1), session(1))]);
    assert!(!is_revoked(&world, &theirs).await);
}
